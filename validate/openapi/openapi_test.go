package openapi_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

func shop(t testing.TB, cfg openapi.Config) *openapi.Document {
	t.Helper()
	d, err := openapi.Load("testdata/shop", "openapi.yaml", cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// request builds the request of a case as a server gets it.
func (c requestCase) request() *http.Request {
	method, target, _ := strings.Cut(c.line, " ")
	r := httptest.NewRequest("GET", "/", nil)
	path, query, _ := strings.Cut(target, "?")
	r.Method, r.Host, r.URL.Path, r.URL.RawPath, r.URL.RawQuery = method, "api.example", path, path, query
	for line := range strings.Lines(c.header) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		r.Header.Add(name, value)
	}
	if c.body != "" {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(c.body)), int64(len(c.body))
	}
	return r
}

// decide is what Handler does, without its answer.
func decide(d *openapi.Document, r *http.Request) error {
	op, values, err := d.Match(r.Method, r.Host, r.URL.RawPath)
	if err != nil {
		return err
	}
	return op.Check(r, values)
}

// verdict writes an error as a case's want.
func verdict(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	p, ok := errors.AsType[*problem.Problem](err)
	if !ok {
		t.Fatalf("%v is no problem", err)
	}
	if len(p.Errors) == 0 {
		return p.Code
	}
	if p.Status != 422 {
		t.Errorf("status %d with fields", p.Status)
	}
	var lines []string
	for _, f := range p.Errors {
		place := f.Pointer
		if f.In != "" {
			place = f.In + ":" + f.Parameter + f.Pointer
		}
		lines = append(lines, place+" "+f.Code)
	}
	return strings.Join(lines, "\n")
}

func TestRequests(t *testing.T) {
	d := shop(t, openapi.Config{})
	for _, c := range requestCases {
		t.Run(c.name, func(t *testing.T) {
			r := c.request()
			err := decide(d, r)
			if got := verdict(t, err); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if err == nil {
				left, _ := io.ReadAll(r.Body)
				if string(left) != c.body {
					t.Errorf("the next reader gets %q", left)
				}
				return
			}
			if said := answer(err); strings.Contains(said, canary) {
				t.Errorf("the answer quotes the request: %s", said)
			}
		})
	}
}

// answer is everything an answer and a log could hold.
func answer(err error) string {
	w := httptest.NewRecorder()
	problem.Write(w, httptest.NewRequest("GET", "/", nil), problem.From(err))
	return w.Body.String() + err.Error() + fmt.Sprintf("%v", w.Header())
}

// TestConcurrent: one document serves all requests at once, and says of each the same.
func TestConcurrent(t *testing.T) {
	d := shop(t, openapi.Config{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for _, c := range requestCases {
				if got := verdict(t, decide(d, c.request())); got != c.want {
					t.Errorf("%s: got %s", c.name, got)
				}
			}
		})
	}
	wg.Wait()
}
