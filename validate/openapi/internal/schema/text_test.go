package schema

import (
	"encoding/json"
	"testing"
)

// textSchemas can be told from a text alone, or look so.
var textSchemas = []string{
	`{"type":"integer"}`, `{"type":"integer","minimum":-3,"maximum":12}`, `{"type":"integer","format":"int32"}`,
	`{"type":"integer","format":"int64","maximum":9223372036854775807}`, `{"type":"integer","minimum":0.5}`, `{"type":"integer","multipleOf":3}`,
	`{"type":"integer","enum":[1,2]}`, `{"type":"integer","exclusiveMaximum":5}`, `{"type":"integer","not":{"const":3}}`,
	`{"type":"boolean"}`, `{"type":"boolean","const":true}`, `{"type":"boolean","enum":[false]}`,
	`{"type":"string"}`, `{"type":"string","minLength":2,"maxLength":3}`, `{"type":"string","pattern":"^[a-z]+$"}`,
	`{"type":"string","format":"date"}`, `{"type":"string","enum":["a","12","true"]}`, `{"enum":["a","b"]}`, `{"enum":["a",1]}`,
	`{"type":"string","anyOf":[{"maxLength":1},{"minLength":4}]}`, `{"type":["string","null"]}`, `{}`, `true`, `false`,
	`{"$ref":"#/$defs/a","$defs":{"a":{"type":"integer","minimum":5}}}`,
	`{"$ref":"#/$defs/a","maxLength":1,"$defs":{"a":{"type":"string"}}}`, `{"type":"string","if":{"minLength":2},"then":{"maxLength":3}}`,
	`{"type":"string","format":"uuid","$ref":"#/$defs/a","$defs":{"a":{"maxLength":2}}}`, `{"type":"string","contentEncoding":"base64"}`,
}

var sampleTexts = []string{
	"", "0", "-0", "1", "3", "5", "12", "13", "-3", "-4", "+1", "01", "1.0", "1e2", "2147483647", "2147483648", "999999999999999999",
	"9223372036854775807", "9223372036854775808", "true", "false", "TRUE", "null", "a", "ab", "abc", "abcd", "A1", "2026-01-31", "2026-02-30", "é", "a\n",
}

// agrees fails where a text fits by itself that does not fit as a value.
func agrees(t *testing.T, s *Schema, written, text string) (fits bool) {
	t.Helper()
	if !s.FitsText(text) {
		return false
	}
	for _, v := range []any{text, json.Number(text), text == "true"} {
		if _, isNumber := v.(json.Number); isNumber && !IsNumber(text) {
			continue
		}
		if fits, _ := s.Fits(From(v)); fits {
			return true
		}
	}
	t.Errorf("%s takes %q as a text, and as no value", written, text)
	return true
}

func TestFitsText(t *testing.T) {
	taken := 0
	for _, written := range textSchemas {
		s := compile(t, []byte(written), Options{})
		for _, text := range sampleTexts {
			if !agrees(t, s, written, text) {
				continue
			}
			taken++
			if n := testing.AllocsPerRun(5, func() { s.FitsText(text) }); n > 0 && !raceEnabled {
				t.Errorf("%s: %q takes %v allocations", written, text, n)
			}
		}
	}
	if taken < 150 {
		t.Errorf("only %d texts are taken", taken)
	}
}

func FuzzFitsText(f *testing.F) {
	var all []*Schema
	for _, written := range textSchemas {
		all = append(all, compile(f, []byte(written), Options{}))
	}
	for _, text := range sampleTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for i, s := range all {
			agrees(t, s, textSchemas[i], text)
		}
	})
}
