package openapi_test

import (
	"testing"

	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// TestCommas: most readers undo escapes before they cut a list, so that an escaped comma cuts as well.
func TestCommas(t *testing.T) {
	d := parse(t, with("3.1.0", `paths: {"/{ids}": {get: {parameters: [
  {name: ids, in: path, required: true, schema: {type: array, maxItems: 3, items: {type: integer, maximum: 9}}},
  {name: n, in: query, explode: false, schema: {type: array, maxItems: 2, items: {type: integer, maximum: 9}}},
  {name: s, in: query, explode: false, schema: {type: array, maxItems: 2, items: {type: string, maxLength: 5}}},
  {name: e, in: query, explode: false, schema: {type: array, items: {enum: [a, b]}}},
  {name: x, in: query, schema: {type: array, items: {type: string, maxLength: 3}}},
  {name: t, in: query, schema: {type: string, pattern: "^a,b$"}}]}}}`), openapi.Config{})
	for line, want := range map[string]string{
		"/1,2?n=1,2":     "",
		"/1%2C2?n=1%2c2": "",
		"/1,2%2C3":       "",
		"/1%2C99":        "path:ids/1 too_large",
		"/1,2%2C3,4":     "path:ids too_many",
		"/1?n=1%2C99":    "query:n/1 too_large",
		"/1?n=1,2%2C3":   "query:n too_many",
		"/1?n=1%2C":      "query:n/1 wrong_type",
		"/1?n=1%252C2":   "query:n/0 wrong_type",
		"/1?e=a%2Cb":     "",
		"/1?e=a%2Cc":     "query:e/1 not_in_enum",
		"/1?s=a%2Cb":     "",
		"/1?s=a%2Cb%2Cc": "query:s too_many",
		"/1?s=abc%2Cdef": "query:s/0 too_long",
		"/1?x=a%2Cb&x=c": "",
		"/1?t=a%2Cb":     "",
	} {
		if got := verdict(t, decide(d, requestCase{line: "GET " + line}.request())); got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}
