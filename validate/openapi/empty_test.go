package openapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// once is a reader that is not one of those whose length net/http knows.
type once struct{ io.Reader }

// TestEmptyBody: a body of unknown length that turns out to be empty is no body. Over HTTP/1.1 it is a chunked body
// of no chunks, over HTTP/2 an empty DATA frame that ends the request.
func TestEmptyBody(t *testing.T) {
	const doc = `paths:
  /none: {get: {}, delete: {}, post: {}}
  /optional: {post: {requestBody: {content: {application/json: {schema: {type: object}}}}}}
  /required: {post: {requestBody: {required: true, content: {application/json: {schema: {type: object}}}}}}
  /stream: {post: {requestBody: {required: true, content: {application/octet-stream: {}}}}}`
	d := parse(t, with("3.1.0", doc), openapi.Config{})
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil || len(data) == 0 && r.ContentLength > 0 {
			t.Errorf("the next reader gets %v, and a length of %d", err, r.ContentLength)
		}
		w.Write(data)
	})
	server := httptest.NewUnstartedServer(d.Handler(next))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	plain := httptest.NewServer(d.Handler(next))
	defer plain.Close()

	for _, c := range []struct {
		line, contentType, body string
		want                    int
	}{
		{"GET /none", "", "", 200},
		{"DELETE /none", "", "", 200},
		{"POST /none", "application/json", "", 200},
		{"POST /none", "", "x", 400},
		{"GET /none", "", "{}", 400},
		{"POST /optional", "", "", 200},
		{"POST /optional", "application/json", "", 200},
		{"POST /optional", "application/json", "{}", 200},
		{"POST /optional", "", "{}", 415},
		{"POST /required", "", "", 400},
		{"POST /required", "application/json", "", 400},
		{"POST /required", "application/json", "{}", 200},
		{"POST /stream", "application/octet-stream", "", 400},
		{"POST /stream", "application/octet-stream", "bytes", 200},
	} {
		for _, s := range []*httptest.Server{plain, server} {
			method, path, _ := strings.Cut(c.line, " ")
			req, err := http.NewRequest(method, s.URL+path, once{strings.NewReader(c.body)})
			if err != nil {
				t.Fatal(err)
			}
			req.ContentLength, req.TransferEncoding = -1, []string{"chunked"}
			if c.contentType != "" {
				req.Header.Set("Content-Type", c.contentType)
			}
			res, err := s.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if res.StatusCode != c.want || c.want == 200 && string(body) != c.body {
				t.Errorf("%s %s of %q by %s: %d %s", res.Proto, c.line, c.body, c.contentType, res.StatusCode, body)
			}
		}
	}
}
