package sallyport_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sallyport-dev/sallyport"
)

// nothing is a ResponseWriter that keeps nothing.
type nothing struct{ h http.Header }

func (n *nothing) Header() http.Header         { return n.h }
func (n *nothing) Write(b []byte) (int, error) { return len(b), nil }
func (n *nothing) WriteHeader(int)             {}

// BenchmarkGate is one request through the whole Gate, beside the handler alone.
func BenchmarkGate(b *testing.B) {
	body := []byte("fine")
	mux := http.NewServeMux()
	for _, pattern := range []string{"GET /health", "GET /notes"} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { w.Write(body) })
	}
	gate := newWorld(b, mux, func(c *sallyport.Config) {
		routes(c)
		c.Limit, c.ClientLimit, c.Audit = "1000000000 per 1s", "1000000000 per 1s", nil
	})
	limited := newWorld(b, mux, func(c *sallyport.Config) { c.Limit, c.Audit = "1 per 1h", nil })
	for _, c := range []struct {
		name    string
		handler http.Handler
		target  string
		fields  http.Header
	}{
		{"bare", mux, "/health", nil},
		{"public", gate, "/health", nil},
		{"token", gate, "/notes", as("u1")},
		{"refused/no token", gate, "/notes", nil},
		{"refused/bad signature", gate, "/notes", bearer(badTokens()["bit flipped"])},
		{"refused/malformed", gate, "/notes", bearer("guess")},
		{"refused/limit", limited, "/notes", nil},
		{"refused/path", gate, "/a/../b", nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := httptest.NewRequest("GET", "/", nil)
			r.URL.Path, r.RequestURI = c.target, c.target
			for name, values := range c.fields {
				r.Header[name] = values
			}
			w := &nothing{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.h)
				c.handler.ServeHTTP(w, r)
			}
		})
	}
}

// BenchmarkFlood is what each further request costs of a client that asks too often.
func BenchmarkFlood(b *testing.B) {
	gate, w, r, _ := flood(b)
	b.ReportAllocs()
	for b.Loop() {
		clear(w.h)
		gate.ServeHTTP(w, r)
	}
}
