package openapi_test

import (
	"testing"

	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// TestTwofold: what has no type, and is asked as a number and as a text, is held to both wherever it stands: the next
// reader may take it for either.
func TestTwofold(t *testing.T) {
	const part = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"
	const rule = `{minimum: 5, maxLength: 2}`
	d := parse(t, with("3.1.0", `paths: {/a: {get: {responses: {}, parameters: [
  {name: one, in: query, schema: `+rule+`},
  {name: list, in: query, schema: {type: array, items: `+rule+`}},
  {name: cut, in: query, explode: false, schema: {type: array, items: `+rule+`}},
  {name: deep, in: query, style: deepObject, explode: true,
   schema: {type: object, properties: {a: `+rule+`, b: {type: array, items: `+rule+`}}}},
  {name: spread, in: query, schema: {type: object, properties: {x: `+rule+`}}}]},
post: {responses: {}, requestBody: {content: {
  application/x-www-form-urlencoded: {schema: {type: object,
    properties: {a: `+rule+`, l: {type: array, items: `+rule+`}}}},
  multipart/form-data: {schema: {type: object, properties: {a: `+rule+`}}}}}}}}`), openapi.Config{})
	for _, c := range []struct{ line, kind, body, want string }{
		{"GET /a?one=7&list=7&list=x&cut=7,ab&deep[a]=42&deep[b][]=6&x=9", "", "", ""},
		{"GET /a?one=4", "", "", "query:one too_small"},
		{"GET /a?one=100", "", "", "query:one too_long"},
		{"GET /a?list=7&list=4", "", "", "query:list/1 too_small"},
		{"GET /a?list=7&list=100", "", "", "query:list/1 too_long"},
		{"GET /a?cut=100,7", "", "", "query:cut/0 too_long"},
		{"GET /a?deep[a]=100", "", "", "query:deep/a too_long"},
		{"GET /a?deep[b][]=100", "", "", "query:deep/b/0 too_long"},
		{"GET /a?x=100", "", "", "query:spread/x too_long"},
		{"GET /a?x=4", "", "", "query:spread/x too_small"},
		{"POST /a", "application/x-www-form-urlencoded", "a=7&l=8&l=9", ""},
		{"POST /a", "application/x-www-form-urlencoded", "a=4", "/a too_small"},
		{"POST /a", "application/x-www-form-urlencoded", "a=100", "/a too_long"},
		{"POST /a", "application/x-www-form-urlencoded", "l=8&l=100", "/l/1 too_long"},
		{"POST /a", "multipart/form-data; boundary=b", part + "42\r\n--b--\r\n", ""},
		{"POST /a", "multipart/form-data; boundary=b", part + "100\r\n--b--\r\n", "/a too_long"},
	} {
		r := requestCase{line: c.line, body: c.body}
		if c.kind != "" {
			r.header = "Content-Type: " + c.kind
		}
		if got := verdict(t, decide(d, r.request())); got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.line, c.body, got, c.want)
		}
	}
}
