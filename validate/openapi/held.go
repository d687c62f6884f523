package openapi

import (
	"bufio"
	"errors"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/problem"
)

// held is the ResponseWriter of an answer that is held to the document. It has no Unwrap:
// whoever got at the writer behind it would get around it.
type held struct {
	w      http.ResponseWriter
	r      *http.Request
	op     *Operation
	mode   Mode
	before http.Header // what was set before the handler ran

	wrote   bool
	open    bool        // whether there is a body is yet to be seen
	pass    bool        // what is written goes to the client
	keep    bool        // what is written is kept, to be looked into
	media   *media      // of what is kept
	fields  http.Header // as they were with the status, where the answer waits
	data    []byte
	own     bool // a problem is written on purpose
	gone    bool // the connection is the handler's
	verdict Verdict
}

// errReplaced is what a handler gets that goes on to write what nobody will read.
var errReplaced = errors.New("openapi: the answer is not as the document describes it, and was replaced")

// run calls next. A handler that gives up as nobody reads its answer any more has not
// failed: the client has a whole answer, and a proxy aborts in no other way.
func (h *held) run(next http.Handler) {
	defer func() {
		if v := recover(); v != nil && (v != http.ErrAbortHandler || !h.verdict.Replaced) {
			panic(v)
		}
	}()
	next.ServeHTTP(h, h.r)
}

// Header returns the fields of the answer.
func (h *held) Header() http.Header { return h.w.Header() }

// Problem notes that a problem follows that our own code writes.
func (h *held) Problem() { h.own = !h.wrote }

// WriteHeader decides what becomes of the answer.
func (h *held) WriteHeader(status int) {
	if h.wrote {
		return
	}
	if status < 200 && status != http.StatusSwitchingProtocols {
		h.w.WriteHeader(status)
		return
	}
	h.wrote, h.verdict.Status = true, status
	fields := h.Header()
	none := h.r.Method == http.MethodHead || bodyless(status) || fields.Get("Content-Length") == "0"
	switch {
	case h.own:
		h.start()
	case none || fields["Content-Type"] != nil || fields["Content-Length"] != nil:
		h.decide(none)
	default: // it is not said yet whether there will be a body
		h.open, h.fields = true, maps.Clone(fields)
		if h.mode == ResponsesReport {
			h.start()
		}
	}
}

// start sends the head of the answer, after which its body passes.
func (h *held) start() {
	if !h.pass {
		h.pass = true
		h.w.WriteHeader(h.verdict.Status)
	}
}

// decide says what becomes of an answer with a body, or none.
func (h *held) decide(none bool) {
	if h.open && !h.pass {
		h.restore()
	}
	h.open = false
	switch code := h.look(none); {
	case code != "" && h.refuses(code):
		h.replace(code)
	case h.keep && h.mode != ResponsesReport:
		h.fields = maps.Clone(h.Header())
	default:
		h.verdict.Code = code
		h.start()
	}
}

// restore puts back the fields as they were with the status.
func (h *held) restore() {
	fields := h.Header()
	clear(fields)
	maps.Copy(fields, h.fields)
}

// look says what can be said before there is a body.
func (h *held) look(none bool) (code string) {
	status, fields := h.verdict.Status, h.Header()
	head := h.r.Method == http.MethodHead
	m, code := h.op.expect(status, fields.Get("Content-Type"), none)
	switch {
	case len(fields["Content-Type"]) > 1: // each reader believes another one
		return AnswerMediaType
	case head && code == AnswerEmpty:
		return ""
	case code != "" || m == nil:
		return code
	case encoded(fields):
		return AnswerEncoded
	}
	if n, err := strconv.ParseInt(fields.Get("Content-Length"), 10, 64); err == nil && n > h.op.doc.cfg.AnswerLimit {
		return AnswerTooLarge
	}
	h.media, h.keep = m, true
	return ""
}

func encoded(h http.Header) bool {
	return slices.ContainsFunc(h["Content-Encoding"], func(s string) bool { return !strings.EqualFold(strings.TrimSpace(s), "identity") })
}

// refuses reports whether an answer with this failure stays inside. To be shaped is to lose
// members: whatever else is wrong may hold what is not described. An empty answer holds
// nothing.
func (h *held) refuses(code string) bool {
	switch h.mode {
	case ResponsesEnforce:
		return true
	case ResponsesShape:
		return code != AnswerMembers && code != AnswerEmpty
	}
	return false
}

// replace answers with a problem in place of what the handler says.
func (h *held) replace(code string) {
	p := undeclared
	if s := h.verdict.Status; h.mode == ResponsesShape && s >= 400 && s < 500 {
		p = problem.New(s, "answer_withheld", "The service behind this address refused the request, in a form that is not passed on.")
	}
	h.verdict.Code, h.verdict.Replaced = code, true
	h.keep, h.data = false, nil
	fields := h.Header()
	clear(fields)
	maps.Copy(fields, h.before)
	problem.Write(h.w, h.r, p)
	// Whoever goes on to write is cut off, and the client is to have this whole.
	http.NewResponseController(h.w).Flush()
}

var undeclared = problem.New(http.StatusBadGateway, "answer_undeclared", "The service behind this address gave an answer that its description does not have.")

// Write sends, keeps or drops a part of the body.
func (h *held) Write(b []byte) (int, error) {
	if !h.wrote {
		h.WriteHeader(http.StatusOK)
	}
	if h.open && len(b) > 0 {
		h.decide(false)
	}
	switch {
	case h.open:
		return 0, nil
	case h.keep && int64(len(h.data)+len(b)) > h.op.doc.cfg.AnswerLimit:
		h.keep, h.data = false, nil
		if h.mode != ResponsesReport {
			h.replace(AnswerTooLarge)
			return 0, errReplaced
		}
		h.verdict.Code = AnswerTooLarge
	case h.keep && !h.pass:
		h.data = append(h.data, b...)
		return len(b), nil
	}
	if !h.pass {
		return 0, errReplaced
	}
	n, err := h.w.Write(b)
	if h.keep {
		h.data = append(h.data, b[:n]...)
	}
	return n, err
}

// end judges what was kept.
func (h *held) end() {
	if h.gone {
		return
	}
	if !h.wrote {
		h.WriteHeader(http.StatusOK)
	}
	if h.open {
		h.decide(true)
	}
	if !h.keep {
		return
	}
	whole := h.fields.Get("Content-Length")
	h.verdict.Body = h.data
	switch {
	case whole != "" && whole != strconv.Itoa(len(h.data)):
		h.verdict.Code = AnswerMalformed
	case len(h.data) == 0:
		h.verdict.Code = AnswerEmpty
	default:
		h.op.read(&h.verdict, h.media)
	}
	switch {
	case h.mode == ResponsesReport:
	case h.verdict.Code != "" && h.refuses(h.verdict.Code):
		h.replace(h.verdict.Code)
	default:
		h.send()
	}
	h.data, h.verdict.Body = nil, nil
}

// send sends the answer that has waited. Trailer fields are left out, as they are about
// what the handler has written.
func (h *held) send() {
	h.restore()
	fields := h.Header()
	delete(fields, "Trailer")
	if h.verdict.Removed > 0 {
		for _, name := range []string{"Content-Digest", "Content-Md5", "Digest", "Repr-Digest"} {
			delete(fields, name)
		}
		// What was changed on the way is another representation, and yet as fresh as the
		// API's own (RFC 9110 §8.8.1).
		if tag := fields.Get("Etag"); strings.HasPrefix(tag, `"`) {
			fields["Etag"] = []string{"W/" + tag}
		}
	}
	fields["Content-Length"] = []string{strconv.Itoa(len(h.verdict.Body))}
	h.start()
	h.w.Write(h.verdict.Body)
}

// Flush sends what has been written, where it is not waiting to be looked into.
func (h *held) Flush() { h.FlushError() }

// FlushError is Flush for http.ResponseController.
func (h *held) FlushError() error {
	if !h.wrote {
		h.WriteHeader(http.StatusOK)
	}
	if !h.pass {
		return nil
	}
	return http.NewResponseController(h.w).Flush()
}

// Hijack hands over the connection, for a protocol that nobody looks into: where the
// document describes a 101, or answers are but reported.
func (h *held) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	described := h.op.answers.find(http.StatusSwitchingProtocols) != nil
	if !described && h.mode != ResponsesReport {
		return nil, nil, errNoSwitch
	}
	conn, rw, err := http.NewResponseController(h.w).Hijack()
	if err == nil {
		h.gone, h.wrote = true, true
		h.verdict.Status = http.StatusSwitchingProtocols
		if !described {
			h.verdict.Code = AnswerStatus
		}
	}
	return conn, rw, err
}

var errNoSwitch = errors.New("openapi: the document describes no 101 here")

// SetReadDeadline is for http.ResponseController, as the next two are.
func (h *held) SetReadDeadline(t time.Time) error {
	return http.NewResponseController(h.w).SetReadDeadline(t)
}

// SetWriteDeadline reaches the server's writer.
func (h *held) SetWriteDeadline(t time.Time) error {
	return http.NewResponseController(h.w).SetWriteDeadline(t)
}

// EnableFullDuplex reaches the server's writer.
func (h *held) EnableFullDuplex() error {
	return http.NewResponseController(h.w).EnableFullDuplex()
}
