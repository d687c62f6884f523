package openapi

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// Mode is what becomes of an answer that is not as the document says.
type Mode string

// The modes.
const (
	// ResponsesOff looks at no answer.
	ResponsesOff Mode = ""
	// ResponsesReport lets every answer pass as it is, and counts those that are not as
	// described.
	ResponsesReport Mode = "report"
	// ResponsesShape takes out of JSON what the document does not describe, and members
	// that are writeOnly. An answer that is otherwise not as described does not pass, nor
	// does one that it cannot look into: a 4xx keeps its status, and any other is a 502.
	ResponsesShape Mode = "shape"
	// ResponsesEnforce answers 502 in place of every answer that is not as described.
	ResponsesEnforce Mode = "enforce"
)

// answers are the responses of an operation.
type answers struct {
	exact     map[int]*answer
	ranges    [6]*answer // 2XX at 2
	otherwise *answer
	json      bool // some are JSON: the upstream is asked for them whole and plain
}

// answer is one response.
type answer struct {
	media []*media // exact types first; none where no body is described
}

func (w *walker) answersOf(op *Operation, c spec.Object) {
	responses, ok := c.Child("responses")
	if !ok {
		return
	}
	all := &answers{exact: map[int]*answer{}}
	responses.Named(func(status string, c spec.Object) {
		a := &answer{}
		if w.out != nil {
			a = w.answer(c)
		}
		n, err := strconv.Atoi(status)
		switch {
		case status == "default":
			all.otherwise = a
		case len(status) == 3 && err == nil && n >= 100 && n <= 599:
			all.exact[n] = a
		case len(status) == 3 && status[0] >= '1' && status[0] <= '5' && strings.EqualFold(status[1:], "xx"):
			all.ranges[status[0]-'0'] = a
		default:
			c.Place.Failf("%q is no status: write 200, 2XX or default", status)
		}
		all.json = all.json || a.json()
	})
	if w.out != nil {
		op.answers = all
	}
}

func (w *walker) answer(c spec.Object) *answer {
	a := &answer{}
	eachMedia(c, func(name string, c spec.Object) {
		m := &media{name: name}
		onlyWhole(name, c)
		if at, ok := c.Get("schema"); ok {
			w.schema(m, w.out.Add(at))
		}
		a.media = append(a.media, m)
	})
	slices.SortStableFunc(a.media, byRange)
	return a
}

// json reports whether the answer may be JSON.
func (a *answer) json() bool {
	return slices.ContainsFunc(a.media, func(m *media) bool { return isJSONType(m.name) || strings.Contains(m.name, "*") })
}

// find is the response for a status: the most particular one. Another protocol is not
// what a default is about, as nobody looks into it. A 304 says that the answer
// to a GET is as it was (RFC 9110 §15.4.5), and needs no description of its own.
func (all *answers) find(status int) *answer {
	if a := all.exact[status]; a != nil {
		return a
	}
	if status < 100 || status > 599 {
		return nil
	}
	if a := all.ranges[status/100]; a != nil {
		return a
	}
	if status < 200 {
		return nil
	}
	if status == 304 && all.otherwise == nil && all.find(200) != nil {
		return &answer{}
	}
	return all.otherwise
}

// find is the entry for a media type. An answer that names none is read as the JSON that
// is described, by its name or within a range.
func (a *answer) find(name string) *media {
	if name != "" {
		return findMedia(a.media, name)
	}
	if i := slices.IndexFunc(a.media, func(m *media) bool { return isJSONType(m.name) }); i >= 0 {
		return a.media[i]
	}
	return findMedia(a.media, "application/json")
}

// AnswerStats is how many answers of an operation were not as described, in one way.
type AnswerStats struct {
	// Operation is the method and the path template, below the first base.
	Operation string `json:"operation"`
	// Code is that of the [Verdict].
	Code string `json:"code"`
	// Count is since the document was loaded.
	Count int64 `json:"count"`
}

// Answers counts what [Operation.Serve] has found, in the order of the operations.
func (d *Document) Answers() []AnswerStats {
	list := []AnswerStats{}
	for _, o := range d.operations {
		for i, code := range answerCodes {
			if n := o.counts[i].Load(); n > 0 {
				list = append(list, AnswerStats{o.Method + " " + o.Paths()[0], code, n})
			}
		}
	}
	return list
}

func (o *Operation) count(code string) {
	if i := slices.Index(answerCodes[:], code); i >= 0 {
		o.counts[i].Add(1)
	}
}
