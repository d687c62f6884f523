package schema

import "testing"

// TestCut_cases are what chance rarely comes upon. left is empty where nothing fits that is
// made by taking members out.
func TestCut_cases(t *testing.T) {
	const closedA = `{"properties": {"a": {}}, "additionalProperties": false}`
	for _, c := range []struct{ name, schema, value, left string }{
		{"nothing to take out", `{"properties": {"a": {}}}`, ` {"a" : 1} `, `{"a" : 1}`},
		{"a name of no letters", `{"properties": {"": {}}}`, `{"":1,"x":2}`, `{"":1}`},
		{"the first of several", `{"properties": {"b": {}}}`, `{"a":1, "b" : [ 2 ] ,"c":{}}`, `{"b":[ 2 ]}`},
		{"a name with escapes", `{"properties": {"é\"": {}}}`, `{"x":0,"\u00e9\"":1}`, `{"\u00e9\"":1}`},
		{"items become the same", `{"uniqueItems": true, "items": {"properties": {"a": {}}}}`, `[{"a":1,"x":1},
			{"a":1,"x":2}]`, ""},
		{"a constant loses a member", `{"const": {"a": 1, "b": 2}, "properties": {"a": {}}}`, `{"a":1,"b":2}`, ""},
		{"a constant without one", `{"const": {"a": 1}, "properties": {"a": {}}}`, `{"a":1,"b":2}`, `{"a":1}`},
		{"one value of a list", `{"enum": [{"a": 1}, 2], "properties": {"a": {}}}`, `{"b":2,"a":1.0}`, `{"a":1.0}`},
		{"names", `{"properties": {"a": {}}, "propertyNames": {"maxLength": 1}}`, `{"a":1,"bb":2}`, `{"a":1}`},
		{"members are counted", `{"properties": {"a": {}}, "maxProperties": 1}`, `{"a":1,"b":2}`, `{"a":1}`},
		{"too few are left", `{"properties": {"a": {}}, "minProperties": 2}`, `{"a":1,"b":2}`, ""},
		{"what is required", `{"properties": {"a": {"writeOnly": true}}, "required": ["a"]}`, `{"a":1}`, `{}`},
		{"an item stays", `{"minItems": 2, "prefixItems": [{"writeOnly": true}, {"type": "string"}]}`, `[1,"a"]`, ""},
		{"a condition as it stands", `{"if": ` + closedA + `, "then": {}, "else": {"properties": {"b": {}}}}`,
			`{"b":1}`, `{"b":1}`},
		{"what must not be", `{"not": ` + closedA + `, "properties": {"b": {}}}`, `{"b":1}`, `{"b":1}`},
		{"an item of the kind", `{"contains": ` + closedA + `, "items": {"properties": {"b": {}}}}`,
			`[{"a":1},{"b":1}]`, `[{"a":1},{"b":1}]`},
		{"beside what is there", `{"properties": {"a": {}}, "dependentRequired": {"a": ["b"]}}`, `{"a":1,"b":2,
			"c":3}`, `{"a":1,"b":2}`},
		{"the choice that leaves most", `{"anyOf": [` + closedA + `, {"properties": {"a": {}, "b": {}},
			"additionalProperties": false}]}`, `{"a":1,"b":2,"c":3}`, `{"a":1,"b":2}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, v := mustCompile(t, []byte(c.schema), Responses, false), parse(t, []byte(c.value))
			verdict := s.Cut(v)
			if verdict.Fits != (c.left != "") {
				t.Fatalf("fits %t: %s: %v", verdict.Fits, v.JSON(), verdict.Failures)
			}
			if left := string(v.JSON()); verdict.Fits && left != c.left {
				t.Errorf("left is %s", left)
			}
		})
	}
}
