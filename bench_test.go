package sallyport_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// nothing is a ResponseWriter that keeps nothing.
type nothing struct{ h http.Header }

func (n *nothing) Header() http.Header         { return n.h }
func (n *nothing) Write(b []byte) (int, error) { return len(b), nil }
func (n *nothing) WriteHeader(int)             {}

// BenchmarkGate is one request through the whole Gate, beside the handler alone. What is
// refused has to be cheaper than what is let in ("token").
func BenchmarkGate(b *testing.B) {
	body := []byte("fine")
	mux := http.NewServeMux()
	for _, pattern := range []string{"GET /health", "GET /notes"} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { w.Write(body) })
	}
	log, err := audit.New(audit.Config{Out: io.Discard, App: "test"})
	if err != nil {
		b.Fatal(err)
	}
	gate := newWorld(b, mux, func(c *sallyport.Config) {
		routes(c)
		c.Limit, c.ClientLimit, c.Audit = "1000000000 per 1s", "1000000000 per 1s", log
	})
	limited := newWorld(b, mux, func(c *sallyport.Config) {
		c.Limit, c.ClientLimit, c.Audit = "1 per 1h", "1000000000 per 1s", log
	})
	documented := func(mode openapi.Mode) http.Handler {
		const doc = "openapi: 3.1.1\npaths: {/notes: {get: {responses: {'200': {description: fine, content: {application/json: {schema: {type: object, properties: {id: {}}}}}}}}}}"
		d, err := openapi.Parse([]byte(doc), openapi.Config{Responses: mode})
		if err != nil {
			b.Fatal(err)
		}
		answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Write([]byte(`{"id":1,"hash":"x"}`))
		})
		return newWorld(b, answer, func(c *sallyport.Config) {
			c.OpenAPI, c.Limit, c.ClientLimit, c.Audit = d, "1000000000 per 1s", "1000000000 per 1s", log
		})
	}
	flooded := newWorld(b, mux, func(c *sallyport.Config) { c.ClientLimit, c.Audit = "1 per 1h", log })
	for _, c := range []struct {
		name    string
		handler http.Handler
		target  string
		fields  http.Header
	}{
		{"bare", mux, "/health", nil},
		{"public", gate, "/health", nil},
		{"token", gate, "/notes", as("u1")},
		{"document", documented(openapi.ResponsesOff), "/notes", as("u1")},
		{"document, report", documented(openapi.ResponsesReport), "/notes", as("u1")},
		{"document, shape", documented(openapi.ResponsesShape), "/notes", as("u1")},
		{"refused/no token", gate, "/notes", nil},
		{"refused/bad signature", gate, "/notes", bearer(badTokens()["bit flipped"])},
		{"refused/malformed", gate, "/notes", bearer("guess")},
		{"refused/caller's limit", limited, "/notes", as("u1")},
		{"refused/client's limit", flooded, "/notes", as("u1")},
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
