package openapi_test

import (
	"net/url"
	"testing"

	"github.com/sallyport-dev/sallyport/internal/samples"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// looseNames are what common readers take for the described name count, as the name is after decoding. What is not
// described is free to be called anything else.
var looseNames = map[string]bool{
	"count[]": true, "count[$gt]": true, "count[0]": true, "count[x": true, "count[": true, "count]": true, "[count]": true,
	" count": true, "\tcount": true, "count ": true, "\ncount": true, "count\x00": true, "count\x00x": true, "COUNT": true,
	"Count": true, "count.x": true, ".count": true, "filter.count": true, "filter[count]": true, "!count": true, "?count": true,
	"count(1i)": true, "count;": true, "_method": true, "_METHOD": true,

	"counts": false, "count_": false, "_count": false, "account": false, "cou nt": false, "count-x": false, "count=": false,
	"ｃount": false, "_": false, "": false, "utm.source": false, "x[y]": false, "[]": false, ".": false,
}

func TestLooseNames(t *testing.T) {
	const params = `paths: {/q: {post: {parameters: [
  {name: count, in: query, schema: {type: integer, maximum: 9}}, {name: KIND, in: query, schema: {type: string}},
  {name: "page[size]", in: query, schema: {type: integer}}, {name: a.b, in: query, schema: {type: string}},
  {name: ſet, in: query, schema: {type: string}}]}}}`
	forms := parse(t, samples.FormDocument, openapi.Config{})
	queries := parse(t, with("3.1.0", params), openapi.Config{InsecureIgnoreUnknownQuery: true})
	names := map[string]bool{}
	for name, loose := range looseNames {
		names[name] = loose
		f := samples.FormOf(name, samples.FormField(`name="kind"`, "user"), samples.FormField(`name="`+name+`"`, "999"))
		if err := decide(forms, formRequest("/free", f).request()); loose != (err != nil) && name != "" {
			t.Errorf("part %q: %v", name, err)
		}
		form := requestCase{
			line: "POST /free", header: "Content-Type: application/x-www-form-urlencoded",
			body: "kind=user&" + url.QueryEscape(name) + "=999",
		}
		if got := verdict(t, decide(forms, form.request())); loose != (got != "") {
			t.Errorf("form member %q: %s", name, got)
		}
	}

	for name, loose := range map[string]bool{ // of names that are written in other ways themselves
		"kind": true, "page": true, "page[x]": true, "page.size": true, "page[size][]": true, "a_b": true, "a b": true, "a[b": true,
		"a": true, "Set": true, "SET": true, "size": false, "pages": false, "b": false,
	} {
		names[name] = loose
	}
	for name, loose := range names {
		q := requestCase{line: "POST /q?" + url.QueryEscape(name) + "=999"}
		got := verdict(t, decide(queries, q.request()))
		if loose != (got != "") {
			t.Errorf("parameter %q: %q", name, got)
		}
	}
	for query, want := range map[string]string{
		"count=5&page%5Bsize%5D=1&a.b=x&KIND=y": "", "count=999": "query:count too_large", "count[]=999": "query:count[] bad_name",
	} {
		if got := verdict(t, decide(queries, requestCase{line: "POST /q?" + query}.request())); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
}

// TestLooseNames_objects: the members of an object in a query are held to the same.
func TestLooseNames_objects(t *testing.T) {
	const params = `paths: {/q: {get: {parameters: [
  {name: deep, in: query, style: deepObject, schema: {type: object, properties: {a: {type: integer}}, additionalProperties: true}},
  {name: n, in: query, schema: {type: integer}},
  {name: rest, in: query, schema: {type: object, properties: {m: {type: integer}}, additionalProperties: {type: string}}}]}}}`
	d := parse(t, with("3.1.0", params), openapi.Config{})
	for query, want := range map[string]string{
		"deep[a]=1&deep[b]=x&n=1&m=2&other=x": "",
		"deep[A]=x":                           "query:deep/A bad_name",
		"deep[%20a]=x":                        "query:deep/ a bad_name",
		"deep[a.b]=x":                         "query:deep/a.b bad_name",
		"n[]=x":                               "query:rest/n[] bad_name",
		"m.x=x":                               "query:rest/m.x bad_name",
		"N=x":                                 "query:rest/N bad_name",
	} {
		if got := verdict(t, decide(d, requestCase{line: "GET /q?" + query}.request())); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
}
