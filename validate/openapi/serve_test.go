package openapi_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// guarded is a server with a document in front of its handler.
type guarded struct {
	*httptest.Server
	running sync.WaitGroup
}

// stop waits for the handlers, those with a connection of their own too.
func (g *guarded) stop() {
	g.Close()
	g.running.Wait()
}

// behind serves a handler at every operation of people, in a mode.
func behind(t testing.TB, mode openapi.Mode, limit int64, h http.HandlerFunc) (*openapi.Document, *guarded) {
	d := parse(t, people, openapi.Config{Responses: mode, AnswerLimit: limit})
	next, s := d.Handler(h), &guarded{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.running.Add(1)
		defer s.running.Done()
		w.Header().Set("X-Gate", "1")
		next.ServeHTTP(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return d, s
}

// got is what a client sees: "status type body", and "cut" at the end where the
// connection broke off.
func got(t testing.TB, s *guarded, method, path string) (string, http.Header) {
	t.Helper()
	r, err := http.NewRequest(method, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip")
	r.Header.Set("Range", "bytes=0-5")
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return "cut", nil
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	text := string(body)
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json") && strings.Contains(text, `"about:blank"`) {
		_, text, _ = strings.Cut(text, `"code":"`)
		text, _, _ = strings.Cut(text, `"`)
	}
	if res.Header.Get("X-Gate") != "1" {
		t.Errorf("a field set before is lost: %v", res.Header)
	}
	text = fmt.Sprintf("%d %s", res.StatusCode, text)
	if err != nil {
		text += " cut"
	}
	return text, res.Header
}

const (
	leak   = `[{"id":1,"hash":"$2b$"}]`
	shaped = `[{"id":1}]`
)

// sending writes an answer with fields, given as name and value.
func sending(status int, body string, fields ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < len(fields); i += 2 {
			w.Header().Set(fields[i], fields[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

const asJSON = "application/json"

// modeCases are answers, and what a client sees of them in each mode. Where shape and
// enforce are empty it is the same as with report. code is what is counted in report.
var modeCases = []struct {
	name, request          string
	answer                 http.HandlerFunc
	report, shape, enforce string
	code                   string
}{
	{"as described", "GET /people", sending(200, shaped, "Content-Type", asJSON), "200 " + shaped, "", "", ""},
	{"spelled in its own way", "GET /people", sending(200, " [ {\"id\": 1e0 } ]\n", "Content-Type", asJSON), "200  [ {\"id\": 1e0 } ]\n", "", "", ""},
	{"a leak", "GET /people", sending(200, leak, "Content-Type", asJSON), "200 " + leak, "200 " + shaped, "502 answer_undeclared", "undeclared_members"},
	{"a leak of known length", "GET /people", sending(200, leak, "Content-Type", asJSON, "Content-Length", fmt.Sprint(len(leak))), "200 " + leak, "200 " + shaped, "502 answer_undeclared", "undeclared_members"},
	{"a leak of no type", "GET /people", sending(200, leak, "Content-Type", ""), "200 " + leak, "200 " + shaped, "502 answer_undeclared", "undeclared_members"},
	{"a leak in pieces", "GET /people", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", asJSON)
		for _, piece := range strings.SplitAfter(leak, ",") {
			io.Copy(w, strings.NewReader(piece))
			w.(http.Flusher).Flush()
		}
		w.WriteHeader(404)
	}, "200 " + leak, "200 " + shaped, "502 answer_undeclared", "undeclared_members"},
	{"a leak as a page", "GET /people", sending(200, leak, "Content-Type", "text/html"), "200 " + leak, "502 answer_undeclared", "502 answer_undeclared", "undeclared_media_type"},
	{"a leak in a refusal", "GET /people", sending(403, `{"title":"no","stack":1}`, "Content-Type", "application/problem+json"), `403 {"title":"no","stack":1}`, `403 {"title":"no"}`, "502 answer_undeclared", "undeclared_members"},
	{"a refusal of another type", "GET /people", sending(403, `{"stack":1}`, "Content-Type", asJSON), `403 {"stack":1}`, "403 answer_withheld", "502 answer_undeclared", "undeclared_media_type"},
	{"wrong, and no leak", "GET /people", sending(200, `[{"name":"Ada"}]`, "Content-Type", asJSON), `200 [{"name":"Ada"}]`, "502 answer_undeclared", "502 answer_undeclared", "invalid_answer"},
	{"another type than described", "GET /people", sending(200, `"$2b$"`, "Content-Type", asJSON), `200 "$2b$"`, "502 answer_undeclared", "502 answer_undeclared", "invalid_answer"},
	{"two types, a page first", "GET /people", func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = []string{"text/plain", asJSON}
		sending(500, leak)(w, r)
	}, "500 " + leak, "502 answer_undeclared", "502 answer_undeclared", "undeclared_media_type"},
	{"a range of types, and no JSON", "GET /free", sending(202, "<hash>", "Content-Type", "text/html"), "202 <hash>", "502 answer_undeclared", "502 answer_undeclared", "unreadable_answer"},
	{"no JSON", "GET /people", sending(200, leak+leak, "Content-Type", asJSON), "200 " + leak + leak, "502 answer_undeclared", "502 answer_undeclared", "malformed_answer"},
	{"encoded", "GET /people", sending(200, leak, "Content-Type", asJSON, "Content-Encoding", "br"), "200 " + leak, "502 answer_undeclared", "502 answer_undeclared", "encoded_answer"},
	{"too large", "GET /people", sending(200, strings.Repeat(" ", 200)+leak, "Content-Type", asJSON), "200 " + strings.Repeat(" ", 200) + leak, "502 answer_undeclared", "502 answer_undeclared", "answer_too_large"},
	{"announced as too large", "GET /people", sending(200, strings.Repeat(" ", 200), "Content-Type", asJSON, "Content-Length", "200"), "200 " + strings.Repeat(" ", 200), "502 answer_undeclared", "502 answer_undeclared", "answer_too_large"},
	{"without an end", "GET /people", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", asJSON)
		for range 1 << 20 {
			if _, err := io.WriteString(w, leak); err != nil {
				panic(http.ErrAbortHandler) // as a proxy does
			}
		}
		panic(http.ErrAbortHandler)
	}, "", "502 answer_undeclared", "502 answer_undeclared", ""},
	{"less than announced", "GET /people", sending(200, leak[:9], "Content-Type", asJSON, "Content-Length", fmt.Sprint(len(leak))), "200 " + leak[:9] + " cut", "502 answer_undeclared", "502 answer_undeclared", "malformed_answer"},
	{"broken off", "GET /people", func(w http.ResponseWriter, r *http.Request) {
		sending(200, leak, "Content-Type", asJSON)(w, r)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}, "200 " + leak + " cut", "cut", "cut", ""},
	{"nothing", "GET /people", func(http.ResponseWriter, *http.Request) {}, "200 ", "", "502 answer_undeclared", "empty_answer"},
	{"a status that is not described", "PUT /people", sending(201, `{"hash":1}`, "Content-Type", asJSON), `201 {"hash":1}`, "502 answer_undeclared", "502 answer_undeclared", "undeclared_status"},
	{"such a status, and no JSON", "PUT /people", sending(201, "made", "Content-Type", "text/plain"), "201 made", "502 answer_undeclared", "502 answer_undeclared", "undeclared_status"},
	{"a body where none is", "PUT /people", sending(200, `{"hash":1}`, "Content-Type", asJSON), `200 {"hash":1}`, "502 answer_undeclared", "502 answer_undeclared", "undeclared_media_type"},
	{"no body", "PUT /people", sending(204, ""), "204 ", "", "", ""},
	{"a 205 with a body", "GET /maps", sending(205, `{"a":1,"h":1}`, "Content-Type", asJSON), `205 {"a":1,"h":1}`, `205 {"a":1}`, "502 answer_undeclared", "undeclared_members"},
	{"another name for JSON", "GET /maps", sending(202, `{"a":1,"h":1}`, "Content-Type", "text/json"), `202 {"a":1,"h":1}`, `202 {"a":1}`, "502 answer_undeclared", "undeclared_members"},
	{"no body, and nothing said of it", "PUT /people", sending(200, ""), "200 ", "", "", ""},
	{"a body, and nothing said of it", "PUT /people", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(200)
		w.Header().Set("Content-Type", "image/png")
		w.Write(nil)
		w.(http.Flusher).Flush()
		io.WriteString(w, leak)
	}, "200 " + leak, "502 answer_undeclared", "502 answer_undeclared", "undeclared_media_type"},
	{"JSON, and nothing said of it", "GET /people", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, leak) }, "200 " + leak, "200 " + shaped, "502 answer_undeclared", "undeclared_members"},
	{"not modified", "PUT /people", sending(304, ""), "304 ", "", "", ""},
	{"HEAD", "HEAD /people", sending(200, "", "Content-Type", asJSON, "Content-Length", "24"), "200 ", "", "", ""},
	{"HEAD of no type", "HEAD /people", sending(200, ""), "200 ", "", "", ""},
	{"HEAD of a page", "HEAD /people", sending(200, "", "Content-Type", "text/html"), "200 ", "502 ", "502 ", "undeclared_media_type"},
	{"our own problem", "PUT /people", func(w http.ResponseWriter, r *http.Request) {
		problem.Write(struct{ wrapped }{wrapped{w}}, r, problem.New(503, "down", "Later."))
	}, "503 down", "", "", ""},
	{"what looks like our own", "PUT /people", sending(503, `{"type":"about:blank","code":"down","hash":1}`, "Content-Type", "application/problem+json"), "503 down", "502 answer_undeclared", "502 answer_undeclared", "undeclared_status"},
	{"a problem too late", "GET /people", func(w http.ResponseWriter, r *http.Request) {
		sending(200, leak, "Content-Type", asJSON)(w, r)
		problem.Write(w, r, problem.New(503, "down", ""))
	}, "", "502 answer_undeclared", "502 answer_undeclared", "malformed_answer"},
	{"a stream", "GET /stream", func(w http.ResponseWriter, r *http.Request) {
		sending(200, "data: 1\n\n", "Content-Type", "text/event-stream")(w, r)
		if err := http.NewResponseController(w).Flush(); err != nil {
			panic(err)
		}
		panic(http.ErrAbortHandler) // what was sent has arrived
	}, "200 data: 1\n\n cut", "", "", ""},
	{"a protocol that is described", "GET /pets", hijacker, "101 hello", "", "", ""},
	{"a protocol that is not", "GET /people", hijacker, "101 hello", "500 ", "500 ", "undeclared_status"},
}

type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func hijacker(w http.ResponseWriter, _ *http.Request) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(500)
		return
	}
	defer conn.Close()
	rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nX-Gate: 1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello")
	rw.Flush()
}

func TestModes(t *testing.T) {
	for _, c := range modeCases {
		t.Run(c.name, func(t *testing.T) {
			for mode, want := range map[openapi.Mode]string{openapi.ResponsesOff: c.report, openapi.ResponsesReport: c.report, openapi.ResponsesShape: c.shape, openapi.ResponsesEnforce: c.enforce} {
				if want == "" {
					want = c.report
				}
				if want == "" {
					continue // nothing is promised
				}
				d, s := behind(t, mode, 100, c.answer)
				method, path, _ := strings.Cut(c.request, " ")
				if text, _ := got(t, s, method, path); text != want {
					t.Errorf("%s: got %s, want %s", mode, text, want)
				}
				s.stop()
				code := ""
				for _, one := range d.Answers() {
					code += one.Code
				}
				if mode == openapi.ResponsesReport && code != c.code || mode == openapi.ResponsesOff && code != "" {
					t.Errorf("%s: counted %q, want %q", mode, code, c.code)
				}
			}
		})
	}
}

// TestShapedFields: what speaks of the bytes is true of those that are sent.
func TestShapedFields(t *testing.T) {
	answer := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header["Accept-Encoding"] != nil || r.Header["Range"] != nil {
				t.Errorf("the API is asked for a part, or for it encoded: %v", r.Header)
			}
			sending(200, body, "Content-Type", asJSON, "Etag", `"v1"`, "Repr-Digest", "sha-256=:x:", "Trailer", "X-Sum", "Cache-Control", "private", "X-Gate", "1")(w, r)
			w.Header().Set("X-Sum", "7")
		}
	}
	for body, want := range map[string]string{leak: `W/"v1"  10`, shaped: `"v1" sha-256=:x: 10`} {
		_, s := behind(t, openapi.ResponsesShape, 0, answer(body))
		text, h := got(t, s, "GET", "/people")
		if got := fmt.Sprintf("%s %s %s", h.Get("Etag"), h.Get("Repr-Digest"), h.Get("Content-Length")); got != want || text != "200 "+shaped {
			t.Errorf("%s: %s, %s", body, text, got)
		}
		if h.Get("X-Sum") != "" || h.Get("Cache-Control") != "private" {
			t.Errorf("%s: %v", body, h)
		}
	}
	_, s := behind(t, openapi.ResponsesEnforce, 0, answer(leak))
	if _, h := got(t, s, "GET", "/people"); h.Get("Etag")+h.Get("Repr-Digest")+h.Get("Trailer") != "" || h.Get("Cache-Control") != "no-store" {
		t.Errorf("of the answer that was replaced there is left: %v", h)
	}
}

// TestNoWayAround: nothing that a handler can ask its ResponseWriter for sends bytes that
// nobody looks into.
func TestNoWayAround(t *testing.T) {
	_, s := behind(t, openapi.ResponsesEnforce, 0, func(w http.ResponseWriter, r *http.Request) {
		if u, ok := w.(interface{ Unwrap() http.ResponseWriter }); ok {
			w = u.Unwrap()
		}
		control := http.NewResponseController(w)
		if _, _, err := control.Hijack(); err == nil || errors.Is(err, http.ErrNotSupported) {
			t.Errorf("Hijack: %v", err)
		}
		w.Header().Set("Content-Type", asJSON)
		w.WriteHeader(103)
		w.WriteHeader(200)
		control.Flush()
		if rf, ok := w.(io.ReaderFrom); ok {
			rf.ReadFrom(strings.NewReader(leak))
		} else {
			io.WriteString(w, leak)
		}
		control.Flush()
	})
	if text, _ := got(t, s, "GET", "/people"); text != "502 answer_undeclared" {
		t.Error(text)
	}
}

// TestPanics go on, and nothing of what was said is sent.
func TestPanics(t *testing.T) {
	d := parse(t, people, openapi.Config{Responses: openapi.ResponsesShape})
	h := d.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sending(200, leak, "Content-Type", asJSON)(w, r)
		panic("a bug")
	}))
	w := httptest.NewRecorder()
	defer func() {
		if v := recover(); v != "a bug" || w.Body.Len() > 0 {
			t.Errorf("recovered %v, sent %q", v, w.Body)
		}
	}()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/people", nil))
}
