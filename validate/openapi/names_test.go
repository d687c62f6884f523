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

// TestLooseNames_json: encoding/json and the readers of .NET find a member without regard to case.
func TestLooseNames_json(t *testing.T) {
	const schemas = `
components: {schemas: {Base: {type: object, properties: {limit: {type: integer, maximum: 9}, Key: {type: string}}}}}
paths: {/q: {post: {requestBody: {content: {application/json: {schema: {
  type: object, properties: {count: {type: integer, maximum: 9}, deep: {type: array, items: {$ref: "#/components/schemas/Base"}}},
  allOf: [{$ref: "#/components/schemas/Base"}, {properties: {KEY: {type: string}}}], additionalProperties: true,
  not: {properties: {other: {type: integer}}, required: [other]}}}}}}},
  /closed: {post: {requestBody: {content: {application/json: {schema: {properties: {count: {type: integer}}}}}}}},
  /patterns: {post: {requestBody: {content: {application/json: {schema: {
  properties: {count: {type: integer}}, patternProperties: {"^C": {}}, unevaluatedProperties: {type: integer}}}}}}},
  /map: {post: {requestBody: {content: {application/json: {schema: {additionalProperties: {type: integer}}}}}}}}`
	for _, open := range []bool{false, true} {
		d := parse(t, with("3.1.0", schemas), openapi.Config{InsecureUnknownMembers: open})
		for _, c := range []struct{ path, body, want string }{
			{"/q", `{"count":1,"limit":2,"key":3}`, "/key bad_name"},
			{"/q", `{"count":1,"limit":2,"Key":"a","KEY":"b"}`, ""},
			{"/q", `{"COUNT":999}`, "/COUNT bad_name"},
			{"/q", `{"count":1,"Count":999}`, "/Count bad_name"},
			{"/q", `{"c\u006fUnt":999}`, "/coUnt bad_name"},
			{"/q", `{"Limit":999}`, "/Limit bad_name"},
			{"/q", `{"counts":999,"coun":1,"c-ount":2,"x":{"COUNT":3},"OTHER":1}`, ""},
			{"/q", `{"ſlimit":999,"lımit":1}`, ""},
			{"/patterns", `{"Count":999}`, "/Count bad_name"},
			{"/patterns", `{"Counts":"x","d":1}`, ""},
			{"/map", `{"a":1,"A":2}`, ""},
		} {
			got := verdict(t, decide(d, requestCase{line: "POST " + c.path, header: jsonType, body: c.body}.request()))
			if got != c.want {
				t.Errorf("open %v: %s %s: got %q, want %q", open, c.path, c.body, got, c.want)
			}
		}
	}
	d := parse(t, with("3.1.0", schemas), openapi.Config{})
	for body, want := range map[string]string{
		`{"COUNT":1}`:                      "/COUNT unknown_member",
		`{"deep":[{"limit":1,"Limit":2}]}`: "/deep unknown_member",
	} {
		if got := verdict(t, decide(d, requestCase{line: "POST /closed", header: jsonType, body: body}.request())); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
}
