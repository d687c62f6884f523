package validate_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate"
)

// difference is one way in which the schema is wider than the reader, with its reason.
type difference struct {
	name, why string
	explains  func(f problem.Field, value jsontext.Value) bool
}

var differences = []difference{
	{"spelling of whole numbers", "1.0 and 1e3 are integers to JSON Schema; the reader takes one spelling of each number", func(f problem.Field, value jsontext.Value) bool {
		return f.Code == validate.CodeWrongType && value.Kind() == '0' && bytes.ContainsAny(value, ".eE")
	}},
	{"size of bytes", "a schema counts the characters of base64, which come in groups of four for up to three bytes", func(f problem.Field, value jsontext.Value) bool {
		return (f.Code == validate.CodeTooShort || f.Code == validate.CodeTooLong) && strings.HasSuffix(f.Pointer, "/bytes")
	}},
	{"hosts and ports", "no pattern of the common subset tells every IPv6 address, every port under 65536, or a host of 253 characters", func(f problem.Field, value jsontext.Value) bool {
		return f.Code == validate.CodeNotURL && oddHost.Match(value)
	}},
	{"a type's own method", "what UnmarshalText or UnmarshalJSON refuses is not in the Go type", func(f problem.Field, _ jsontext.Value) bool {
		return f.Code == validate.CodeBadValue
	}},
	{"rounding", "a number between a bound and the next that the Go type holds is rounded to the bound or away from it", func(f problem.Field, value jsontext.Value) bool {
		return (f.Code == validate.CodeTooSmall || f.Code == validate.CodeTooLarge || f.Code == validate.CodeWrongType) && len(value) > 15 && value.Kind() == '0'
	}},
}

var oddHost = regexp.MustCompile(`^"https?://(?:\[|[^/?#]*:[0-9]{5}|[^/?#]{254})`)

// valueAt returns the JSON at a pointer.
func valueAt(data []byte, pointer string) jsontext.Value {
	value := jsontext.Value(data)
	for token := range jsontext.Pointer(pointer).Tokens() {
		var object map[string]jsontext.Value
		var list []jsontext.Value
		var i int
		switch {
		case json.Unmarshal(value, &object) == nil:
			value = object[token]
		case json.Unmarshal(value, &list) == nil:
			fmt.Sscan(token, &i)
			value = list[i]
		}
	}
	return value
}

// schemaFor compiles T's schema with another's implementation.
func schemaFor[T any](t testing.TB) *jsonschema.Schema {
	t.Helper()
	schema, err := validate.SchemaOf[T]()
	if err != nil {
		t.Fatal(err)
	}
	return compileSchema(t, schema)
}

func compileSchema(t testing.TB, schema validate.Schema) *jsonschema.Schema {
	t.Helper()
	text, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("schema.json")
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return compiled
}

// hugeExponent is a number that would fill the memory when it is written out.
var hugeExponent = regexp.MustCompile(`[eE][+-]?[0-9]{4,}`)

// sameVerdict holds the reader and the schema to one verdict, and returns the names of
// the differences that were needed for it.
func sameVerdict[T any](t testing.TB, schema *jsonschema.Schema, data []byte) (needed []string) {
	t.Helper()
	_, err := validate.Decode[T](data)
	if err != nil && problem.From(err).Status != 422 || hugeExponent.Match(data) {
		return nil // no JSON that a schema could speak about
	}
	doc, parseErr := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if parseErr != nil {
		t.Fatalf("%s: the reader read on, and the schema's parser not: %v", data, parseErr)
	}
	schemaErr := schema.Validate(doc)
	switch {
	case (err == nil) == (schemaErr == nil):
		return nil
	case err == nil && longNumber.Match(data) && numeric(schemaErr):
		return []string{"rounding"}
	case err == nil:
		t.Fatalf("%s: accepted, and refused by the schema: %v", data, schemaErr)
	}
	for _, f := range problem.From(err).Errors {
		name := ""
		for _, d := range differences {
			if name == "" && d.explains(f, valueAt(data, f.Pointer)) {
				name = d.name
			}
		}
		if name == "" {
			t.Fatalf("%s: %s %s, and accepted by the schema", data, f.Pointer, f.Code)
		}
		needed = append(needed, name)
	}
	return needed
}

var longNumber = regexp.MustCompile(`[0-9.]{15}|[0-9][eE]`)

func numeric(err error) bool {
	return strings.Contains(err.Error(), "minimum") || strings.Contains(err.Error(), "maximum")
}

func TestSchemaOf(t *testing.T) {
	needed := map[string]bool{}
	schema := schemaFor[everything](t)
	compared := 0
	for _, c := range append(decodeCases, schemaCases...) {
		for _, name := range sameVerdict[everything](t, schema, []byte(c.body)) {
			needed[name] = true
		}
		compared++
	}
	for _, d := range differences {
		if !needed[d.name] {
			t.Errorf("nothing shows the difference %q", d.name)
		}
	}
	t.Logf("%d bodies", compared)
}

// schemaCases are what decodeCases has no row for.
var schemaCases = []decodeCase{
	{"five bytes", with(`"bytes":"AAECAwQ="`), "/bytes too_long"},
	{"port", with(`"web":"https://a.example:65536/"`), "/web not_url"},
	{"IPv6", with(`"web":"https://[1:2]/"`), "/web not_url"},
	{"rounded to a bound", with(`"ratio":1.0000000000000000000001e300`), ""},
	{"long local part", with(`"email":"` + strings.Repeat("a", 65) + `@b.example"`), "/email not_email"},
	{"nil for a map", with(`"deep":{"a":null}`), "/deep/a null_not_allowed"},
}

// Every value of the tables at every member: most are of the wrong type there, and some
// are of the right type by chance.
func TestSchemaEverywhere(t *testing.T) {
	pool := map[string]bool{}
	names := map[string]bool{}
	for _, c := range append(decodeCases, schemaCases...) {
		var object map[string]jsontext.Value
		if json.Unmarshal([]byte(c.body), &object) == nil {
			for name, value := range object {
				names[name], pool[string(value)] = true, true
			}
		}
	}
	for _, text := range validate.FormatTexts() {
		if quoted, err := jsontext.AppendQuote(nil, text); err == nil {
			pool[string(quoted)] = true
		}
	}
	schema, compared := schemaFor[everything](t), 0
	for name := range names {
		quoted, err := jsontext.AppendQuote(nil, name)
		if err != nil {
			t.Fatal(err)
		}
		for value := range pool {
			body := with(string(quoted) + ":" + value)
			if name == "name" {
				body = `{"name":` + value + `}`
			}
			sameVerdict[everything](t, schema, []byte(body))
			compared++
		}
	}
	t.Logf("%d bodies: %d values at %d members", compared, len(pool), len(names))
}

func FuzzSchema(f *testing.F) {
	for _, c := range append(decodeCases, schemaCases...) {
		f.Add([]byte(c.body))
	}
	schema, groups := schemaFor[everything](f), schemaFor[grouped](f)
	f.Fuzz(func(t *testing.T, data []byte) {
		sameVerdict[everything](t, schema, data)
		sameVerdict[grouped](t, groups, data)
	})
}

// grouped has what everything has not.
type grouped struct {
	A map[string]string                  `json:"a" validate:"keys(max=9,pattern=^(?:x|[)\\]]{1,2}|\\))$),each(max=9,pattern=^[^]()[:digit:]]+(a)?$),max=5"`
	B string                             `json:"b" validate:"max=9,uuid,pattern=^(?i:straße\\s)?.\\b[\\x{1F600}-\\x{1F64F}]*$"`
	C []bool                             `json:"c" validate:"optional,unique,min=1"`
	D uint64                             `json:"d" validate:"max=18446744073709551614"`
	E float32                            `json:"e" validate:"min=-.5"`
	F *part                              `json:"f"`
	G struct{ H []jsontext.Value }       `json:"g" validate:"optional"`
	I map[string]struct{ J *netip.Addr } `json:"i" validate:"optional"`
	K *time.Time                         `json:"k" validate:"optional"`
}

type page struct {
	Items []ring `json:"items"`
	Next  string `json:"next,omitempty"`
}

// Names of definitions, and what cannot be said.
func TestSchemas(t *testing.T) {
	all := validate.NewSchemas("#/x/")
	all.Reserve("ring", validate.Schema{"const": 1})
	schema, err := all.Read(reflect.TypeFor[[]ring]())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(validate.Schema{"s": schema, "x": all.Definitions()})
	const want = `{"s":{"items":{"$ref":"#/x/ring2"},"maxItems":1000,"type":"array"},"x":{"ring":{"const":1},"ring2":{"additionalProperties":false,"properties":{"next":{"anyOf":[{"$ref":"#/x/ring2"},{"type":"null"}]}},"type":"object"}}}`
	if err != nil || canonical(t, text) != want {
		t.Errorf("got\n%s\nwant\n%s", canonical(t, text), want)
	}
	if _, err := all.Written(reflect.TypeFor[page]()); err == nil || !strings.Contains(err.Error(), "has to be optional") {
		t.Errorf("a member that may be left out is promised: %v", err)
	}
	if _, err := validate.SchemaOf[struct{ A any }](); err == nil {
		t.Error("a type without a shape has a schema")
	}
	if _, err := validate.SchemaOf[struct {
		A string `validate:"max=9,pattern=^(?m:^a$)$"`
	}](); err == nil || !strings.Contains(err.Error(), "A \"pattern=") {
		t.Errorf("(?m) has a schema: %v", err)
	}
	if _, err := all.Read(reflect.TypeFor[page]()); err != nil {
		t.Errorf("an error stays: %v", err)
	}
}

func canonical(t *testing.T, text jsontext.Value) string {
	t.Helper()
	if err := text.Canonicalize(); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSchemasRequest(t *testing.T) {
	type in struct {
		Query search
		Body  part
	}
	params, body, err := validate.NewSchemas("#/").Request(reflect.TypeFor[in]())
	if err != nil || len(params) != 11 || params[0].Name != "q" || params[0].In != "query" || !params[0].Required || params[1].Required || params[5].Schema["type"] != "boolean" || body["$ref"] != "#/part" {
		t.Errorf("%+v, %v, %v", params, body, err)
	}
	if _, body, err := validate.NewSchemas("#/").Request(reflect.TypeFor[struct{}]()); body != nil || err != nil {
		t.Errorf("a body nobody asked for: %v, %v", body, err)
	}
	if _, _, err := validate.NewSchemas("#/").Request(reflect.TypeFor[struct{ Path search }]()); err == nil {
		t.Error("a list in the path")
	}
}
