package openapi

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// The codes of a [Verdict].
const (
	AnswerStatus    = "undeclared_status"     // a status that is not described
	AnswerMediaType = "undeclared_media_type" // a media type that is not, or a body where none is
	AnswerMembers   = "undeclared_members"    // members that are not described, or are writeOnly
	AnswerInvalid   = "invalid_answer"        // JSON that does not fit its schema
	AnswerEmpty     = "empty_answer"          // no body where JSON is described
	AnswerEncoded   = "encoded_answer"        // JSON with a Content-Encoding
	AnswerTooLarge  = "answer_too_large"      // more than AnswerLimit
	AnswerMalformed = "malformed_answer"      // no JSON in the strict sense of package validate, or broken off
	AnswerComplex   = "answer_too_complex"    // could be meant in too many ways
	AnswerUnread    = "unreadable_answer"     // a media type that cannot be looked into, and a schema that asks for more than a text
)

// answerCodes are all of them, for the counters.
var answerCodes = [...]string{AnswerStatus, AnswerMediaType, AnswerMembers, AnswerInvalid, AnswerEmpty, AnswerEncoded, AnswerTooLarge, AnswerMalformed, AnswerComplex, AnswerUnread}

// Verdict is what the document says of an answer.
type Verdict struct {
	// Status is that of the answer.
	Status int
	// Code is what is wrong, or "" where nothing is or nothing was looked at.
	Code string
	// Failures are the places in the body, at most [validate.MaxErrors]. They hold no value,
	// and no name that the document does not have and that may not be shown.
	Failures []problem.Field
	// Removed is how many members were taken out of Body.
	Removed int
	// Body is the answer's body without what is not described. It is the one that was given
	// where nothing was taken out.
	Body []byte
	// Replaced says that the client got a problem in place of the answer.
	Replaced bool
}

// Reason is the code, and the first places with theirs, for the audit log. Items of a list
// are not told apart there, so that a list is one thing to say.
func (v Verdict) Reason() string {
	var places []string
	for _, f := range v.Failures {
		one := index.ReplaceAllString(f.Pointer, "/*") + " " + f.Code
		if len(places) < maxPlaces && !slices.Contains(places, one) {
			places = append(places, one)
		}
	}
	text := v.Code + " in a " + strconv.Itoa(v.Status)
	if len(places) > 0 {
		text += ": " + strings.Join(places, ", ")
	}
	return text
}

const maxPlaces = 4

var index = regexp.MustCompile(`/[0-9]+\b`)

// CheckAnswer says what the document says of an answer with a body. Without
// [Config].Responses it says nothing.
func (o *Operation) CheckAnswer(status int, contentType string, body []byte) Verdict {
	v := Verdict{Status: status, Body: body}
	if o.answers == nil {
		return v
	}
	m, code := o.expect(status, contentType, len(body) == 0)
	if v.Code = code; code == "" && m != nil {
		o.read(&v, m)
	}
	return v
}

// expect finds the media type of an answer, and its code where it is not described or cannot
// be looked into. What is described as a text or as bytes alone is nil.
func (o *Operation) expect(status int, contentType string, empty bool) (*media, string) {
	a := o.answers.find(status)
	if a == nil {
		return nil, AnswerStatus
	}
	name := mediaName(contentType)
	m := a.find(name)
	switch {
	case empty && (name == "" || isJSONType(name)) && a.find("") != nil && !bodyless(status):
		return nil, AnswerEmpty
	case empty && (name == "" || len(a.media) == 0):
		return nil, ""
	case m == nil:
		return nil, AnswerMediaType
	case empty, m.rule.schema == nil:
		return nil, ""
	case name == "", isJSONType(name):
		return m, ""
	case o.doc.cfg.InsecureUncheckedBodies, m.name == name && streams(name):
		return nil, ""
	case m.structural:
		return nil, AnswerUnread
	}
	return nil, ""
}

// streams reports whether a media type is a sequence of values without an end. Its schema is
// about one of them, or about nothing that is defined, and none is looked into.
func streams(name string) bool {
	switch name {
	case "text/event-stream", "application/jsonl", "application/x-ndjson", "application/json-seq", "application/x-jsonlines":
		return true
	}
	return false
}

// bodyless reports whether answers of this status never have a body (RFC 9112 §6.3). A 205
// should not have one, and has one where a handler writes it.
func bodyless(status int) bool { return status < 200 || status == 204 || status == 304 }

// read looks into JSON, and takes out of it what is not described.
func (o *Operation) read(v *Verdict, m *media) {
	defer o.doc.answer.checking(len(v.Body))()
	f := failures{shown: o.doc.shown}
	value, p, ok := parse(v.Body, &o.doc.answer, &o.doc.answerLimits, &f)
	if p != nil || !ok {
		v.Code, v.Failures = AnswerMalformed, f.fields
		if p != nil {
			v.Failures = []problem.Field{{Code: p.Code, Detail: p.Detail}}
		}
		return
	}
	fits, tooComplex := m.rule.schema.Fits(value)
	if fits || tooComplex {
		if tooComplex {
			v.Code = AnswerComplex
		}
		return
	}

	cut := m.rule.schema.Cut(value)
	switch v.Removed = cut.Removed; {
	case cut.TooComplex:
		v.Code, v.Removed = AnswerComplex, 0
		return
	case v.Removed > 0:
		v.Code, v.Body = AnswerMembers, value.JSON()
	}
	if !cut.Fits {
		v.Code = AnswerInvalid
	}
	f.addAll(cut.Failures, cut.More)
	v.Failures = f.fields
}

// answerConfig is how much an answer may be: the upstream is trusted with more than a
// client.
func answerConfig(c Config) (Config, wire.Limits) {
	a := Config{large: c.large, Depth: maxAnswerDepth, Text: int(c.AnswerLimit), Items: int(c.AnswerLimit), Values: int(c.AnswerLimit)}
	return a, wire.NewLimits(c.AnswerLimit, a.Depth, false)
}

const maxAnswerDepth = 200
