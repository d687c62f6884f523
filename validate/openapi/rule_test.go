package openapi

import (
	"encoding/json"
	"testing"
)

// quickSchemas are plain enough for the quick way, or look so.
var quickSchemas = []string{
	`{"type":"integer"}`, `{"type":"integer","minimum":-3,"maximum":12}`, `{"type":"integer","format":"int32"}`, `{"type":"integer","format":"int64","maximum":9223372036854775807}`,
	`{"type":"integer","minimum":0.5}`, `{"type":"integer","multipleOf":3}`, `{"type":"integer","enum":[1,2]}`, `{"type":"integer","exclusiveMaximum":5}`, `{"type":"integer","not":{"const":3}}`,
	`{"type":"boolean"}`, `{"type":"boolean","const":true}`, `{"type":"boolean","enum":[false]}`,
	`{"type":"string"}`, `{"type":"string","minLength":2,"maxLength":3}`, `{"type":"string","pattern":"^[a-z]+$"}`, `{"type":"string","format":"date"}`, `{"type":"string","enum":["a","12","true"]}`,
	`{"enum":["a","b"]}`, `{"enum":["a",1]}`, `{"type":"string","anyOf":[{"maxLength":1},{"minLength":4}]}`, `{"type":["string","null"]}`, `{}`, `true`, `false`,
	`{"$ref":"#/$defs/a","$defs":{"a":{"type":"integer","minimum":5}}}`, `{"$ref":"#/$defs/a","maxLength":1,"$defs":{"a":{"type":"string"}}}`, `{"type":"string","if":{"minLength":2},"then":{"maxLength":3}}`,
	`{"type":"string","format":"uuid","$ref":"#/$defs/a","$defs":{"a":{"maxLength":2}}}`, `{"type":"string","contentEncoding":"base64"}`,
}

var quickTexts = []string{"", "0", "-0", "1", "3", "5", "12", "13", "-3", "-4", "+1", "01", "1.0", "1e2", "2147483647", "2147483648", "999999999999999999", "9223372036854775807", "9223372036854775808",
	"true", "false", "TRUE", "null", "a", "ab", "abc", "abcd", "A1", "2026-01-31", "2026-02-30", "\xff", "é", "a\n"}

// quickAgrees: what the quick way takes, the schema takes.
func quickAgrees(t *testing.T, r *rule, schema, text string) (taken bool) {
	t.Helper()
	if !r.text(text) {
		return false
	}
	var v any = text
	switch r.quick.kind {
	case "integer":
		v = json.Number(text)
	case "boolean":
		v = text == "true"
	}
	if err := r.schema.Validate(v); err != nil {
		t.Errorf("%s takes %q, and the schema says %v", schema, text, err)
	}
	return true
}

func TestQuick(t *testing.T) {
	taken := 0
	for _, schema := range quickSchemas {
		r, errs := alone([]byte(schema), nil, false)
		if len(errs) > 0 {
			t.Fatal(schema, errs)
		}
		for _, text := range quickTexts {
			if quickAgrees(t, r, schema, text) {
				taken++
			}
		}
	}
	if taken < 50 {
		t.Errorf("the quick way takes %d texts only", taken)
	}
}

func FuzzQuick(f *testing.F) {
	var rules []*rule
	for _, schema := range quickSchemas {
		r, _ := alone([]byte(schema), nil, false)
		rules = append(rules, r)
	}
	for _, text := range quickTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for i, r := range rules {
			quickAgrees(t, r, quickSchemas[i], text)
		}
	})
}
