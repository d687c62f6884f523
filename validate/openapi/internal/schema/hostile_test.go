package schema

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const (
	// refusalBytes is what judging one body may allocate, at the default bounds.
	refusalBytes = 12 << 20
	// refusalStep is the work of the step that is refused: a long text under a large pattern.
	refusalStep = 4_000_000
)

// read parses a body within the default bounds.
func (b body) read(t testing.TB) *Value {
	t.Helper()
	v, over, p := Parse([]byte(b.text), defaults())
	if over != nil || p != nil {
		t.Fatalf("%s is not within the bounds: %v %v", b.name, over, p)
	}
	return v
}

// TestHostile judges the worst bodies by all shapes of schemas: what it allocates is bounded,
// and so is its work.
func TestHostile(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates, and takes minutes here")
	}
	var values []*Value
	bodies := worst()
	for _, b := range bodies {
		values = append(values, b.read(t))
	}
	most, refused := uint64(0), 0
	for _, sh := range shapes() {
		s := mustCompile(t, []byte(sh.schema), Requests, false)
		for i, v := range values {
			before := allocated()
			verdict := s.Judge(v)
			bytes := allocated() - before
			if most = max(most, bytes); !verdict.Fits {
				refused++
			}
			if bytes > refusalBytes {
				t.Errorf("%s, %s: allocates %d bytes", sh.name, bodies[i].name, bytes)
			}
			if left := leftOver(s, v); left < -refusalStep {
				t.Errorf("%s, %s: %d units of work past the budget", sh.name, bodies[i].name, -left)
			}
		}
	}
	t.Logf("%d refusals, of which the largest allocates %d bytes", refused, most)
}

// leftOver is the work that a walk leaves which is to say why a value does not fit.
func leftOver(s *Schema, v *Value) int {
	r := start(s, v)
	defer r.done()
	v.forget()
	r.out = &report{}
	r.below(s, 0)
	return r.left
}

// TestHonest: large bodies that somebody may well send are judged to the end.
func TestHonest(t *testing.T) {
	eight := func(tell string) func(int) string {
		return func(i int) string {
			return fmt.Sprintf(`{"type": "object", "required": ["kind", "a", "b"], "properties": {"kind": `+tell+`,
				"a": {"type": "integer"},
				"b": {"type": "string", "maxLength": 20}, "c": {"format": "date"}, "d": {"type": "number"},
					"e": {"type": "boolean"},
				"f": {"items": {"type": "string"}}, "g": {"type": ["string", "null"]}}}`, i)
		}
	}
	item := func(i int) string {
		return fmt.Sprintf(`{"kind": "k%d", "a": 1, "b": "x", "c": "2026-01-31", "d": 1.5, "e": true, "f": ["x"],
			"g": null}`, 7-i%2)
	}
	for _, c := range []struct{ name, schema, value string }{
		{"990 items, 8 choices", `{"items": {"oneOf": [` + repeat(8, ",", eight(`{"const": "k%d"}`)) + `]}}`,
			list(990, item)},
		{"990 items, 30 choices", `{"items": {"oneOf": [` + repeat(30, ",", eight(`{"const": "k%d"}`)) + `]}}`,
			list(990, item)},
		{"990 items, 30 choices that all hold", `{"items": {"anyOf": [` + repeat(30, ",",
			eight(`{"maxLength": 2%d}`)) + `]}}`, list(990, item)},
		{"9,000 values", `{"items": {"items": {"type": "integer", "multipleOf": 0.5}}}`, list(9, always(list(999,
			always("1"))))},
		{"1,000 objects, each once", `{"uniqueItems": true}`, worst()[15].text},
		{"a tree of 64 levels", `{"$defs": {"t": {"type": "object", "properties": {"k": {"$ref": "#/$defs/t"},
			"v": {"type": "string"}}}}, "$ref": "#/$defs/t"}`, nest(63, `{"v": "a", "k": `, "{}", "}")},
		{"an expression of 64 levels", `{"$defs": {"t": {"anyOf": [{"type": "integer"}, ` + repeat(4, ",",
			func(i int) string {
				return fmt.Sprintf(`{"type": "object", "required": ["op"],
				"properties": {"args": {"items": {"$ref": "#/$defs/t"}}, "op": {"const": "op%d"}}}`, i)
			}) + `]}}, "$ref": "#/$defs/t"}`, nest(31, `{"args": [`, "1", `], "op": "op3"}`)},
		{"allOf of 10, nothing else", `{"items": {"allOf": [` + repeat(10, ",",
			func(i int) string { return fmt.Sprintf(`{"properties": {"m%d": {"type": "integer"}}}`, i) }) + `],
			"unevaluatedProperties": false}}`, list(900, always(members(10, "1")))},
		{"1 MB of text", `{"items": {"pattern": "^[a-z0-9 ]*$", "maxLength": 70000}}`, list(16,
			always(`"`+strings.Repeat("abc ", 16000)+`"`))},
		{"60 KB of base64 by a pattern",
			`{"properties": {"b": {"pattern": "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"}}}`,
			`{"b": "` + strings.Repeat("abcd", 15000) + `"}`},
		{"60 KB of addresses by a pattern",
			`{"properties": {"b": {"pattern": "^([a-z0-9._%+-]+@[a-z0-9.-]+\\.[a-z]{2,}(,|$))*$"}}}`, `{"b": "` +
				strings.Repeat("abcd@example.com,", 3500) + `"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, open := range []bool{false, true} {
				s := mustCompile(t, []byte(c.schema), Requests, open)
				if verdict := s.Judge(body{c.name, c.value}.read(t)); !verdict.Fits {
					t.Errorf("open %t: %v", open, verdict.Failures)
				}
			}
		})
	}
}

// BenchmarkHostile finds the worst body for each shape. It prints what that takes, reading
// included, and what is allocated for each byte.
func BenchmarkHostile(b *testing.B) {
	bodies := worst()
	for _, sh := range shapes() {
		b.Run(sh.name, func(b *testing.B) {
			s := mustCompile(b, []byte(sh.schema), Requests, false)
			var took, perByte, most float64
			for b.Loop() {
				took, perByte, most = 0, 0, 0
				for _, body := range bodies {
					one, bytes := refuse(b, s, body)
					took, perByte = max(took, one), max(perByte, one/float64(len(body.text)))
					most = max(most, bytes/float64(len(body.text)))
				}
			}
			b.ReportMetric(took/1e6, "worst-ms")
			b.ReportMetric(perByte, "worst-ns/byte")
			b.ReportMetric(most, "worst-B/byte")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// refuse reads and judges a body: the better time of two, and what is allocated.
func refuse(b *testing.B, s *Schema, one body) (ns, bytes float64) {
	b.Helper()
	for i := range 2 {
		before, start := allocated(), time.Now()
		s.Judge(one.read(b))
		took := float64(time.Since(start).Nanoseconds())
		if bytes = float64(allocated() - before); i == 0 || took < ns {
			ns = took
		}
	}
	return ns, bytes
}
