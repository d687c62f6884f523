package problem_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/visit"
)

const canary = "pq: relation users at /srv/app/store.go:42 password=hunter2"

func write(t *testing.T, method string, p *problem.Problem) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, "/", nil)
	r = r.WithContext(visit.With(r.Context(), &visit.Visit{ID: "r-1"}))
	problem.Write(w, r, p)
	return w.Result()
}

func TestWire(t *testing.T) {
	for _, c := range []struct {
		name string
		p    *problem.Problem
		want string
	}{
		{"bare", &problem.Problem{Status: 404}, `{"type":"about:blank","title":"Not Found","status":404,"instance":"urn:sallyport:request:r-1"}`},
		{"whole", &problem.Problem{Type: "https://example.org/x", Title: "T", Status: 422, Detail: "D", Code: "c",
			Errors: []problem.Field{{Pointer: "/a~1b", Code: "too_short", Detail: "must have 3 characters"}}, ViolatedPolicies: []string{"default"}},
			`{"type":"https://example.org/x","title":"T","status":422,"detail":"D","instance":"urn:sallyport:request:r-1","code":"c",` +
				`"errors":[{"pointer":"/a~1b","code":"too_short","detail":"must have 3 characters"}],"violated-policies":["default"]}`},
		{"a parameter", &problem.Problem{Status: 422, Errors: []problem.Field{{In: "query", Parameter: `a"b`, Pointer: "/0", Code: "wrong_type", Detail: "must be an integer"}}},
			`{"type":"about:blank","title":"Unprocessable Entity","status":422,"instance":"urn:sallyport:request:r-1",` +
				`"errors":[{"in":"query","parameter":"a\"b","pointer":"/0","code":"wrong_type","detail":"must be an integer"}]}`},
		{"text that is not UTF-8", &problem.Problem{Status: 400, Detail: "\xff"}, `{"type":"about:blank","title":"Bad Request","status":400,"detail":"�","instance":"urn:sallyport:request:r-1"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := write(t, "GET", c.p)
			body, _ := io.ReadAll(res.Body)
			if got := strings.TrimSpace(string(body)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if res.StatusCode != c.p.Status || res.Header.Get("Content-Type") != "application/problem+json" || res.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%d %v", res.StatusCode, res.Header)
			}
			if res.ContentLength != int64(len(body)) {
				t.Errorf("Content-Length %d for %d bytes", res.ContentLength, len(body))
			}
		})
	}
}

func TestHeadHasNoBody(t *testing.T) {
	res := write(t, "HEAD", problem.NotFound)
	if body, _ := io.ReadAll(res.Body); len(body) != 0 || res.ContentLength <= 0 {
		t.Errorf("%d bytes, Content-Length %d", len(body), res.ContentLength)
	}
}

func TestWriteTakesBackAnEarlierBody(t *testing.T) {
	w := httptest.NewRecorder()
	for _, name := range []string{"Content-Encoding", "Etag", "Last-Modified", "Content-Range", "Trailer",
		"Repr-Digest", "Content-Digest", "Digest", "Cdn-Cache-Control", "Surrogate-Control", "Expires"} {
		w.Header().Set(name, "x")
	}
	w.Header().Set("Content-Length", "3")
	w.Header().Set("Cache-Control", "public, max-age=600")
	problem.Write(w, httptest.NewRequest("GET", "/", nil), problem.NotFound)
	for name, values := range w.Header() {
		switch name {
		case "Content-Type", "Content-Length", "Cache-Control":
		default:
			t.Errorf("%s: %v is left", name, values)
		}
	}
	if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Content-Length") == "3" {
		t.Error(w.Header())
	}
}

func TestTheCauseStaysInside(t *testing.T) {
	cause := errors.New(canary)
	for _, err := range []error{
		cause, problem.Internal.Because(cause), problem.NotFound.Because(cause),
		fmt.Errorf("outer: %w", problem.Forbidden.Because(cause)), &http.MaxBytesError{Limit: 5},
	} {
		p := problem.From(err)
		res := write(t, "GET", p)
		body, _ := io.ReadAll(res.Body)
		if strings.Contains(fmt.Sprint(string(body), res.Header), "hunter2") || strings.Contains(string(body), "store.go") {
			t.Errorf("%v leaks: %s", err, body)
		}
	}
	if !errors.Is(problem.Internal.Because(cause), cause) || !strings.Contains(problem.From(cause).Error(), canary) {
		t.Error("the log cannot see the cause")
	}
	if problem.Internal.Unwrap() != nil {
		t.Error("Because changed the shared value")
	}
}

func TestFrom(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{errors.New("x"), 500},
		{fmt.Errorf("x: %w", problem.NotFound), 404},
		{fmt.Errorf("x: %w", &http.MaxBytesError{Limit: 9}), 413},
		{none, 500},
		{fmt.Errorf("x: %w", none), 500},
		{errors.Join(none, errors.New("x")), 500},
	} {
		p := problem.From(c.err)
		if p == nil || p.Status != c.want || p.Reason() == "" || p.Error() == "" {
			t.Errorf("%v is a %v", c.err, p)
		}
	}
}

// TestChallenge: one challenge, in the realm it was last put into, and no change of what is
// shared.
func TestChallenge(t *testing.T) {
	p := problem.Forbidden.Challenge(problem.Bearer{Realm: "x"}).
		Challenge(problem.Bearer{Error: "insufficient_scope", Description: "Too little", Scope: "a b", MaxAge: 90 * time.Second})
	for _, c := range []struct {
		p    *problem.Problem
		want []string
	}{
		{problem.Forbidden, nil},
		{problem.Forbidden.In("notes"), nil},
		{problem.NotFound.Challenge(problem.Bearer{}), []string{`Bearer realm="api"`}},
		{p, []string{`Bearer realm="api", error="insufficient_scope", error_description="Too little", scope="a b", max_age="90"`}},
		{p.In("my notes").Because(io.EOF), []string{`Bearer realm="my notes", error="insufficient_scope", error_description="Too little", scope="a b", max_age="90"`}},
		{p.Because(io.EOF).With("Retry-After", "1").In(""), []string{`Bearer realm="api", error="insufficient_scope", error_description="Too little", scope="a b", max_age="90"`}},
	} {
		if got := c.p.Header.Values("WWW-Authenticate"); !slices.Equal(got, c.want) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	for realm, want := range map[string]bool{"": true, "my notes": true, `a"`: false, `a\`: false, "a\n": false, "é": false} {
		if got := problem.CheckRealm(realm) == nil; got != want {
			t.Errorf("the realm %q: %v", realm, got)
		}
	}
}

// none is a nil *Problem that has become an error.
var none error = (*problem.Problem)(nil)

// TestNil: a nil *Problem that is returned as an error is success, and within another error
// it is one; nothing panics.
func TestNil(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want int
	}{
		"nil": {nil, 200}, "a nil *Problem": {none, 200}, "a nil *Problem, wrapped": {fmt.Errorf("x: %w", none), 500},
		"a problem": {problem.NotFound, 404},
	} {
		w := httptest.NewRecorder()
		problem.Handler(func(w http.ResponseWriter, _ *http.Request) error {
			if c.want == 200 {
				w.Write([]byte("done"))
			}
			return c.err
		}).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if w.Code != c.want || c.want == 200 && w.Body.String() != "done" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if problem.IsNil(c.err) != (c.want == 200) {
			t.Errorf("%s: IsNil says otherwise", name)
		}
	}
	if errors.Is(none, io.EOF) || none.Error() == "" || errors.Unwrap(none) != nil {
		t.Error("a nil *Problem is another error")
	}
	w := httptest.NewRecorder()
	problem.Write(w, httptest.NewRequest("GET", "/", nil), nil)
	if w.Code != 500 {
		t.Errorf("nil is written as a %d", w.Code)
	}
}

func TestFields(t *testing.T) {
	if got := problem.MethodNotAllowed("GET", "HEAD").Header.Get("Allow"); got != "GET, HEAD" {
		t.Error(got)
	}
	if got := problem.UnsupportedMediaType("application/json").Header.Get("Accept"); got != "application/json" {
		t.Error(got)
	}
	for d, want := range map[time.Duration]string{0: "1", 1: "1", time.Second: "1", time.Second + 1: "2", time.Minute: "60"} {
		if got := problem.Unavailable.RetryAfter(d).Header.Get("Retry-After"); got != want {
			t.Errorf("%v: %s", d, got)
		}
	}
	if problem.Unavailable.Header != nil {
		t.Error("RetryAfter changed the shared value")
	}
}

func TestHandler(t *testing.T) {
	v := &visit.Visit{ID: "r-1"}
	serve := func(f func(http.ResponseWriter, *http.Request) error) *http.Response {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/", nil)
		problem.Handler(f).ServeHTTP(w, r.WithContext(visit.With(r.Context(), v)))
		return w.Result()
	}
	res := serve(func(http.ResponseWriter, *http.Request) error { return errors.New(canary) })
	var p struct {
		Status int    `json:"status"`
		Code   string `json:"code"`
	}
	if err := json.UnmarshalRead(res.Body, &p, json.DefaultOptionsV2()); err != nil || p.Status != 500 || p.Code != "internal_error" || res.StatusCode != 500 {
		t.Errorf("%d %+v %v", res.StatusCode, p, err)
	}
	if v.Reason == "" {
		t.Error("the visit lacks the reason")
	}
	if res := serve(func(w http.ResponseWriter, _ *http.Request) error { w.WriteHeader(204); return nil }); res.StatusCode != 204 {
		t.Errorf("a handler without an error answers %d", res.StatusCode)
	}
}

func ExampleHandler() {
	h := problem.Handler(func(w http.ResponseWriter, r *http.Request) error {
		return problem.NotFound.Because(errors.New("sql: no rows in result set"))
	})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/notes/7", nil))
	fmt.Println(w.Code, w.Body)
	// Output:
	// 404 {"type":"about:blank","title":"Not Found","status":404,"detail":"There is nothing at this address.","code":"not_found"}
}
