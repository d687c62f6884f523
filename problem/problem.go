// Package problem writes errors to clients, as RFC 9457 problem details. It is the
// only place in the module that does.
//
// A problem has two audiences. The client gets the public half: type, title, status,
// detail, a code for programs, the request's id, and for bad input the place of each
// failure as a JSON Pointer. The cause, with whatever an internal error says, stays
// on the server: it is reachable by errors.Is and errors.As, and never written.
//
// It fails when composed wrongly in one way: an error text passed as Detail. Detail
// goes to the client; wrap the error with [Problem.Because] instead. Nor does a
// problem ever hold the value that was refused, which may be a password.
package problem

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport-dev/sallyport/visit"
)

// ContentType is the media type of every answer written here.
const ContentType = "application/problem+json"

// Problem is one error answer. It is an error itself, so a handler may return it.
type Problem struct {
	// Type is a URI that names the kind of problem; empty means "about:blank",
	// where the title is the status's own phrase (RFC 9457 §4.2.1).
	Type string
	// Title is a short text for people, the same for every problem of the type.
	Title string
	// Status is the HTTP status, 400 to 599.
	Status int
	// Detail tells the client what to do about it. It is public: it holds no
	// internal text and no value the client sent.
	Detail string
	// Code is a stable word for programs, such as "invalid_token".
	Code string
	// Errors lists every bad field of the input.
	Errors []Field
	// ViolatedPolicies names the rate-limit policies a 429 is about.
	ViolatedPolicies []string
	// Header holds fields to send along, such as Allow or Retry-After.
	Header http.Header

	cause      error
	challenges []Bearer // of Challenge
}

// Field is one bad value in the input.
type Field struct {
	// In is empty for the body, or else query, path, header or cookie.
	In string `json:"in,omitempty"`
	// Parameter is the name of the parameter, where In is not empty.
	Parameter string `json:"parameter,omitempty"`
	// Pointer is the JSON Pointer (RFC 6901) of the value in the body, or within the
	// parameter's value, "" being the whole of it.
	Pointer string `json:"pointer"`
	// Code is a stable word for programs, such as "too_short".
	Code string `json:"code"`
	// Detail says what is asked. It never holds the value that was sent.
	Detail string `json:"detail"`
}

// New returns a problem with a status, a code and a detail for the client.
func New(status int, code, detail string) *Problem {
	return &Problem{Status: status, Code: code, Detail: detail}
}

// Because returns a copy of p that wraps cause, which is for the log only.
func (p *Problem) Because(cause error) *Problem {
	q := *p
	q.cause = cause
	return &q
}

// With returns a copy of p that sends the header field along.
func (p *Problem) With(name, value string) *Problem {
	q := *p
	if q.Header = p.Header.Clone(); q.Header == nil {
		q.Header = http.Header{}
	}
	q.Header.Add(name, value)
	return &q
}

// errNil is the cause of the 500 for a nil *Problem that became an error.
var errNil = errors.New("problem: a nil *Problem was returned as an error")

// Error describes the problem for a developer, cause included.
func (p *Problem) Error() string {
	if p == nil {
		return errNil.Error()
	}
	s := strconv.Itoa(p.Status) + " " + p.Code
	if p.Detail != "" {
		s += ": " + p.Detail
	}
	if p.cause != nil {
		s += ": " + p.cause.Error()
	}
	return s
}

// Reason describes the problem for the audit log: the cause, or else which limit it is
// about, or the codes of what was wrong. The detail and the pointers are left out: a
// client may choose a name or a number in them, and with it what counts as another event.
func (p *Problem) Reason() string {
	switch {
	case p == nil:
		return errNil.Error()
	case p.cause != nil:
		return p.cause.Error()
	case len(p.ViolatedPolicies) > 0:
		return "policy " + strings.Join(p.ViolatedPolicies, ",")
	}
	var b strings.Builder
	b.WriteString(p.Code)
	for i, f := range p.Errors {
		b.WriteString(separator(i, ": ") + f.Code)
	}
	return b.String()
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error {
	if p == nil {
		return nil
	}
	return p.cause
}

// IsNil reports whether err is no error: nil, or a nil *Problem, which a function that
// returns a *Problem for success becomes when its result is returned as an error.
func IsNil(err error) bool {
	p, ok := err.(*Problem)
	return err == nil || ok && p == nil
}

// RetryAfter returns a copy of p with a Retry-After field in whole seconds, rounded
// up, and at least one (RFC 9110 §10.2.3).
func (p *Problem) RetryAfter(d time.Duration) *Problem {
	return p.With("Retry-After", strconv.FormatInt(max(1, int64((d+time.Second-1)/time.Second)), 10))
}

// From turns any error into the problem the client gets: the Problem in its chain,
// a 413 for a body over its limit, and otherwise a 500 that says nothing. A nil *Problem in
// the chain says that nothing is wrong, and an error that something is: a 500 too.
func From(err error) *Problem {
	p, ok := errors.AsType[*Problem](err)
	switch {
	case ok && p != nil:
		return p
	case ok:
		return Internal.Because(errNil)
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return TooLarge(tooLarge.Limit).Because(err)
	}
	return Internal.Because(err)
}

// own are the fields every problem is sent with; what is left of an earlier handler's
// answer is taken back.
var (
	contentType = []string{ContentType}
	noStore     = []string{"no-store"}
	takenBack   = []string{
		"Content-Encoding", "Content-Range", "Etag", "Last-Modified", "Trailer",
		"Content-Digest", "Repr-Digest", "Digest", // RFC 9530 §2, §3: of the body that is not sent
		"Cdn-Cache-Control", "Surrogate-Control", "Expires", // RFC 9213 §2.1: they outrank Cache-Control
	}
)

// Write sends p as the answer to r, with the id of r's visit as the instance. The
// answer is never cached: it is about one request. A body that an earlier handler
// announced is taken back. A nil p is sent as [Internal].
func Write(w http.ResponseWriter, r *http.Request, p *Problem) {
	if p == nil {
		p = Internal
	}
	body := p.body(r)
	send(w, r, p, []string{strconv.Itoa(len(body))}, body)
}

// Prepared is a problem that was made once and is sent often.
type Prepared struct {
	problem *Problem
	length  []string
	body    []byte
}

// Prepare returns p as it is sent again and again. It names no instance. p must not be
// changed after that.
func (p *Problem) Prepare() *Prepared {
	body := p.text("")
	return &Prepared{p, []string{strconv.Itoa(len(body))}, body}
}

// Write sends the problem as the answer to r. It does not allocate once the header has
// room.
func (p *Prepared) Write(w http.ResponseWriter, r *http.Request) {
	send(w, r, p.problem, p.length[:1:1], p.body)
}

// Noter is a ResponseWriter that holds what a handler answers to rules, and is told of the
// problems that our own code writes, to which they do not apply. [Write] finds it behind
// writers that have Unwrap.
type Noter interface {
	http.ResponseWriter
	// Problem says that what is written next is a problem, whole.
	Problem()
}

func note(w http.ResponseWriter) {
	for {
		if n, ok := w.(Noter); ok {
			n.Problem()
			return
		}
		inner, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return
		}
		w = inner.Unwrap()
	}
}

func send(w http.ResponseWriter, r *http.Request, p *Problem, length []string, body []byte) {
	note(w)
	h := w.Header()
	for _, name := range takenBack {
		delete(h, name)
	}
	for name, values := range p.Header {
		h[name] = slices.Clip(values) // shared: who appends gets a copy
	}
	h["Content-Type"], h["Cache-Control"], h["Content-Length"] = contentType, noStore, length
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}

// body is the JSON form, with the id of r's visit.
func (p *Problem) body(r *http.Request) []byte {
	if v := visit.From(r.Context()); v != nil {
		return p.text(v.ID)
	}
	return p.text("")
}

// text is the JSON form, written by hand as refusing has to be cheap. The order of the
// members is the one RFC 9457 uses in its examples.
func (p *Problem) text(id string) []byte {
	b := make([]byte, 0, 512)
	b = appendText(b, `{"type":`, cmp.Or(p.Type, "about:blank"))
	b = appendText(b, `,"title":`, cmp.Or(p.Title, http.StatusText(p.Status)))
	b = strconv.AppendInt(append(b, `,"status":`...), int64(p.Status), 10)
	if p.Detail != "" {
		b = appendText(b, `,"detail":`, p.Detail)
	}
	if id != "" {
		b = appendText(b, `,"instance":`, "urn:sallyport:request:"+id)
	}
	if p.Code != "" {
		b = appendText(b, `,"code":`, p.Code)
	}
	for i, f := range p.Errors {
		b = append(b, separator(i, `,"errors":[`)...)
		b = append(b, '{')
		if f.In != "" {
			b = append(appendText(appendText(b, `"in":`, f.In), `,"parameter":`, f.Parameter), ',')
		}
		b = appendText(b, `"pointer":`, f.Pointer)
		b = appendText(b, `,"code":`, f.Code)
		b = append(appendText(b, `,"detail":`, f.Detail), '}')
	}
	if len(p.Errors) > 0 {
		b = append(b, ']')
	}
	for i, name := range p.ViolatedPolicies {
		b = appendText(b, separator(i, `,"violated-policies":[`), name)
	}
	if len(p.ViolatedPolicies) > 0 {
		b = append(b, ']')
	}
	return append(b, "}\n"...)
}

func separator(i int, first string) string {
	if i == 0 {
		return first
	}
	return ","
}

// appendText appends a member's name and its text. What is not UTF-8 can only be our
// own mistake; AppendQuote writes U+FFFD for it.
func appendText(b []byte, name, text string) []byte {
	b, _ = jsontext.AppendQuote(append(b, name...), text)
	return b
}

// Handler turns a function that may fail into a handler: the error it returns is
// written as the problem [From] makes of it. It must not have written an answer when
// it returns an error. A nil *Problem returned as the error is success, as with [IsNil].
func Handler(f func(w http.ResponseWriter, r *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := f(w, r)
		if IsNil(err) {
			return
		}
		p := From(err)
		if v := visit.From(r.Context()); v != nil {
			v.Note(p.Reason())
		}
		Write(w, r, p)
	})
}
