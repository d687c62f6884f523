package schema

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// judged are schemas and values that fit. Judging them allocates nothing.
var judged = []struct{ name, schema, value string }{
	{"object", `{"type": "object", "required": ["id", "name"], "properties": {"id": {"type": "integer",
		"minimum": 1}, "name": {"type": "string", "minLength": 1, "maxLength": 80}, "tags": {"type": "array",
		"items": {"type": "string"}}}}`,
		`{"id": 7, "name": "a", "tags": ["x", "y"]}`},
	{"array", `{"type": "array", "minItems": 1, "maxItems": 9, "prefixItems": [{"type": "integer"}],
		"items": {"type": ["string", "null"]}}`, `[1, "a", null]`},
	{"anyOf", `{"anyOf": [{"type": "string"}, {"required": ["a"], "properties": {"a": {"const": 1}}},
		{"required": ["b"], "properties": {"b": {"enum": [1, "x", {"y": [2]}]}}}]}`, `{"b": {"y": [2.0]}}`},
	{"oneOf", `{"oneOf": [{"required": ["kind"], "properties": {"kind": {"const": "cat"},
		"lives": {"type": "integer"}}}, {"required": ["kind"], "properties": {"kind": {"const": "dog"},
		"tricks": {"type": "integer"}}}]}`, `{"kind": "dog", "tricks": 3}`},
	{"allOf and not", `{"allOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}],
		"not": {"required": ["c"]}}`, `{"a": 1, "b": 2}`},
	{"condition", `{"properties": {"a": {}, "b": {}}, "if": {"required": ["a"]}, "then": {"required": ["b"]},
		"else": {"required": ["c"]}}`, `{"a": 1, "b": 2}`},
	{"pattern", `{"type": "string", "pattern": "^[a-z]+-\\d{2,4}$"}`, `"abc-123"`},
	{"patternProperties", `{"patternProperties": {"^x-": {"type": "string"}},
		"additionalProperties": {"type": "integer"}}`, `{"x-a": "b", "c": 1}`},
	{"propertyNames", `{"propertyNames": {"maxLength": 3, "pattern": "^[a-z]*$"}, "additionalProperties": true}`,
		`{"abc": 1, "d": 2}`},
	{"formats", `{"prefixItems": [{"format": "uuid"}, {"format": "date-time"}, {"format": "date"},
		{"format": "email"}, {"format": "ipv4"}, {"format": "ipv6"}, {"format": "hostname"}, {"format": "byte"},
		{"format": "duration"}, {"format": "json-pointer"}, {"format": "int32"}, {"format": "double"}]}`,
		`["2a5c8e6e-2d0c-4f2e-8f8c-0a4b7d9e1f00", "2026-01-31T09:30:00Z", "2026-01-31", "a@b.example", "192.0.2.1",
			"2001:db8::1", "a.example", "aGk=", "P3DT12H", "/a/b", 7, 1.5]`},
	{"time of day", `{"format": "time"}`, `"09:30:00Z"`},
	{"uniqueItems", `{"uniqueItems": true}`, `[1, 1.5, "1", {"a": 1, "b": 2}, {"a": 2, "b": 1}, [1], [1, 1], null,
		false]`},
	{"multipleOf", `{"items": {"multipleOf": 0.01}}`, `[0.07, 19.99, 1e2, -3, 0]`},
	{"numbers", `{"items": {"minimum": -1e10, "exclusiveMaximum": 9007199254740993}}`, `[9007199254740992, 1.5e3,
		-0.0]`},
	{"contains", `{"contains": {"const": 3}, "minContains": 1, "maxContains": 2}`, `[1, 3, 2, 3]`},
	{"unevaluatedProperties", `{"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": false}`, `{"a": 1}`},
	{"unevaluatedItems", `{"allOf": [{"prefixItems": [{}]}], "unevaluatedItems": {"type": "integer"}}`, `["a", 1, 2]`},
	{"dependents", `{"properties": {"a": {}, "b": {}}, "dependentRequired": {"a": ["b"]},
		"dependentSchemas": {"b": {"required": ["a"]}}}`, `{"a": 1, "b": 2}`},
	{"recursion", `{"$defs": {"t": {"properties": {"v": {"type": "integer"}, "l": {"$ref": "#/$defs/t"},
		"r": {"$ref": "#/$defs/t"}}}}, "$ref": "#/$defs/t"}`, `{"v": 1, "l": {"v": 2, "l": {"v": 3}}, "r": {"v": 4}}`},
	{"$dynamicRef", `{"$id": "https://a.example/list", "$dynamicAnchor": "node",
		"properties": {"v": {"type": "integer"}, "next": {"$dynamicRef": "#node"}}}`, `{"v": 1, "next": {"v": 2,
		"next": {"v": 3}}}`},
	{"discriminator", `{"components": {"schemas": {"Cat": {"required": ["kind"], "properties": {"kind": {},
		"lives": {"type": "integer"}}}, "Dog": {"required": ["kind"], "properties": {"kind": {},
		"tricks": {"type": "integer"}}}}},
		"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
			"discriminator": {"propertyName": "kind"}}`, `{"kind": "Dog", "tricks": 3}`},
	{"large", `{"type": "array", "items": {"type": "object", "required": ["id"],
		"properties": {"id": {"type": "integer"}, "name": {"type": "string"}, "on": {"type": "boolean"}}}}`,
		"[" + strings.Repeat(`{"id": 1, "name": "a", "on": true},`, 500) + `{"id": 2}]`},
}

// TestFits_allocations has one exception, which the table of formats shows: uri, iri and
// what is like them are read by net/url.
func TestFits_allocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, c := range judged {
		for _, open := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, open %t", c.name, open), func(t *testing.T) {
				s, v := mustCompile(t, []byte(c.schema), Requests, open), parse(t, []byte(c.value))
				if verdict := s.Judge(v); !verdict.Fits {
					t.Fatal(verdict.Failures)
				}
				if n := testing.AllocsPerRun(100, func() { s.Fits(v); s.Judge(v) }); n > 0 {
					t.Errorf("%v allocations", n)
				}
			})
		}
	}
}

// allocated is how many bytes the program has allocated so far.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
