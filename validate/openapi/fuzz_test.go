package openapi_test

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// FuzzRequest: no request panics, an answer never holds a text that was sent and is too
// long to be there by chance, and what is accepted reaches the next reader as it was.
func FuzzRequest(f *testing.F) {
	d := shop(f, openapi.Config{})
	for _, c := range requestCases {
		f.Add(c.line, c.header, c.body)
	}
	f.Fuzz(func(t *testing.T, line, header, body string) {
		r := requestCase{line: line, header: header, body: body}.request()
		err := decide(d, r)
		if err == nil {
			if left, _ := io.ReadAll(r.Body); string(left) != body {
				t.Errorf("the next reader gets %q of %q", left, body)
			}
			return
		}
		if len(body) > 64 && !strings.Contains(body, "\"") && strings.Contains(answer(err), body) {
			t.Errorf("the answer quotes the body: %s", answer(err))
		}
		_ = verdict(t, err)
	})
}

// FuzzDocument: no document panics, and what loads serves no path that begins otherwise.
func FuzzDocument(f *testing.F) {
	for _, c := range documentCases {
		f.Add([]byte(c.doc))
	}
	f.Add([]byte(people))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := openapi.Parse(data, openapi.Config{Responses: openapi.ResponsesShape})
		if err != nil {
			return
		}
		for _, op := range d.Operations() {
			op.CheckAnswer(200, "application/json", []byte(`[{"a":{"b":[1]},"kind":"cat"}]`))
			path := strings.NewReplacer("{", "", "}", "").Replace(op.Path)
			if op, values, err := d.Match(op.Method, "", path); err == nil {
				_ = op.Check(httptest.NewRequest("GET", "/?a=1&b[c]=2", strings.NewReader("{}")), values)
			}
		}
	})
}
