package schema

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/validate"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// defaults are the bounds of a body without any configuration.
func defaults() Bounds {
	l := wire.NewLimits(validate.DefaultLimit, validate.DefaultDepth, false)
	return Bounds{Text: 64 << 10, Items: validate.MaxItems, Values: 10_000, Limits: &l}
}

// repeat joins n texts.
func repeat(n int, sep string, text func(i int) string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = text(i)
	}
	return strings.Join(parts, sep)
}

func same1(text string) func(int) string { return func(int) string { return text } }

// nest puts a value into n others.
func nest(n int, before, value, after string) string {
	return strings.Repeat(before, n) + value + strings.Repeat(after, n)
}

func list(n int, text func(int) string) string { return "[" + repeat(n, ",", text) + "]" }

// members are an object of n members.
func members(n int, value string) string {
	return "{" + repeat(n, ",", func(i int) string { return fmt.Sprintf(`"m%d":%s`, i, value) }) + "}"
}

// tree is a binary tree.
func tree(depth int, leaf string) string {
	if depth == 0 {
		return leaf
	}
	return `{"l":` + tree(depth-1, leaf) + `,"r":` + tree(depth-1, leaf) + `}`
}

type body struct{ name, text string }

// worst are bodies at the default bounds, each of them the worst for some schema.
func worst() []body {
	long := strings.Repeat("a", 63<<10)
	number := strings.Repeat("7", 63)
	backwards := "{" + repeat(1000, ",", func(i int) string { return fmt.Sprintf(`"m%d":1`, 999-i) }) + "}"
	return []body{
		{"27 KB of {}", list(9, same1(list(998, same1("{}"))))},
		{"3 KB of {}", list(1000, same1("{}"))},
		{"objects of 1000 members", list(9, same1(members(1000, "1")))},
		{"k in k", nest(63, `{"k":`, "1", "}")},
		{"k in k, {}", nest(62, `{"k":`, "{}", "}")},
		{"k in k, 12 deep", nest(12, `{"k":`, "1", "}")},
		{"k in lists", nest(31, `{"k":[`, "1", "]}")},
		{"k in k, long text", nest(62, `{"k":`, `"`+long+`"`, "}")},
		{"k in k, 900 members", nest(40, `{"k":`, members(900, "1"), "}")},
		{"k in k, 150 members each", nest(60, strings.TrimSuffix(members(150, "1"), "}")+`,"k":`, "{}", "}")},
		{"lists in lists", nest(63, "[", "1", "]")},
		{"tree", tree(12, "1")},
		{"tree, ends wrong", tree(11, "{}")},
		{"long texts", list(16, same1(`"`+long+`"`))},
		{"long names", "{" + repeat(15, ",", func(i int) string { return fmt.Sprintf(`"%s%d":1`, long, i) }) + "}"},
		{"objects, each once", list(1000, func(i int) string { return fmt.Sprintf(`{"a":%d,"b":[1],"c":{},"d":1,"e":2,"f":3}`, i) })},
		{"objects, the last twice", list(1000, func(i int) string { return fmt.Sprintf(`{"a":%d,"b":[1],"c":{},"d":1,"e":2}`, min(i, 998)) })},
		{"large ones twice", list(2, func(i int) string { return [2]string{members(1000, "1"), backwards}[i] })},
		{"long numbers", list(1000, same1(number))},
		{"long numbers in objects", list(9, same1(members(1000, number)))},
		{"kinds", list(1000, same1(`{"kind":"x","m1":1,"m2":{},"m3":[],"m4":"","m5":null,"k":[{}]}`))},
		{"known kinds", list(1000, same1(`{"kind":"T1","m1":1,"m2":{},"m3":[],"m4":"","m5":null,"k":[{}]}`))},
		{"expressions", list(1000, same1(`"`+strings.Repeat("(a{9}|[b-c]?)", 70)+`"`))},
		{"addresses", list(16, same1(`"https://a.example/`+long[:60<<10]+`"`))},
	}
}

type shape struct{ name, schema string }

// holding has a schema hold for each item of lists in lists.
func holding(t string) string {
	return `{"if": {"type": "array"}, "then": {"items": {"$ref": "#"}}, "else": {"$ref": "#/$defs/t"}, "$defs": {"t": ` + t + `}}`
}

const again = `{"properties": {"k": {"$ref": "#/$defs/t"}, "l": {"$ref": "#/$defs/t"}, "r": {"$ref": "#/$defs/t"}}}`

// shapes are schemas as documents have them, and as nobody should write them.
func shapes() []shape {
	required := func(n int) string {
		return `"required": [` + repeat(n, ",", func(i int) string { return fmt.Sprintf(`"r%d"`, i) }) + `]`
	}
	properties := func(n int) string {
		return `"properties": {` + repeat(n, ",", func(i int) string { return fmt.Sprintf(`"m%d": {"type": "string"}`, i) }) + `}`
	}
	object := func(i int) string {
		return fmt.Sprintf(`{"type": "object", "required": ["kind", "n%d"], %s}`, i, properties(8))
	}
	choice := func(keyword string, n int, of func(int) string) string {
		return `{"` + keyword + `": [` + repeat(n, ",", of) + `]}`
	}
	nested := func(of func(int) string) func(int) string {
		return func(int) string { return choice("anyOf", 4, of) }
	}
	components := `"components": {"schemas": {` + repeat(20, ",", func(i int) string { return fmt.Sprintf(`"T%d": %s`, i, object(i)) }) + `}}`
	ref := same1(`{"$ref": "#/$defs/t"}`)
	return []shape{
		{"40 required", holding(`{` + required(40) + `}`)},
		{"200 required", holding(`{` + required(200) + `, ` + properties(8) + `}`)},
		{"closed", holding(`{"additionalProperties": false, ` + properties(40) + `}`)},
		{"anyOf of 50", holding(choice("anyOf", 50, object))},
		{"oneOf of 50", holding(choice("oneOf", 50, object))},
		{"anyOf of 50, 200 required each", holding(choice("anyOf", 50, func(int) string { return `{` + required(200) + `}` }))},
		{"oneOf of 8, 8 members", holding(choice("oneOf", 8, object))},
		{"nested choices", holding(choice("anyOf", 4, nested(nested(object))))},
		{"anyOf of three itself", holding(choice("anyOf", 3, same1(again)))},
		{"oneOf of three itself", holding(choice("oneOf", 3, same1(again)))},
		{"allOf of three itself", holding(choice("allOf", 3, same1(again)))},
		{"itself and a text", holding(`{"anyOf": [{"type": "string", "minLength": 99, "maxLength": 99999, "pattern": "b$"}, ` + again + `, ` + again + `]}`)},
		{"itself in lists", holding(choice("anyOf", 3, same1(`{"properties": {"k": {"type": "array", "items": {"$ref": "#/$defs/t"}}}}`)))},
		{"if, then, else false", holding(`{"properties": {"k": {"if": {"$ref": "#/$defs/t"}, "then": {"$ref": "#/$defs/t"}, "else": false}}}`)},
		{"if, then, not not", holding(`{"properties": {"k": {"if": {"$ref": "#/$defs/t"}, "then": {"$ref": "#/$defs/t"}, "else": false, "not": {"not": {"$ref": "#/$defs/t"}}}}}`)},
		{"not not", holding(`{"not": {"not": ` + again + `}, "allOf": [` + again + `]}`)},
		{"loop and dynamic", `{"$id": "https://a.example/r", "$defs": {"loop": {"properties": {"q": {"$ref": "#/$defs/loop"}}}, "t": {"$dynamicAnchor": "T", "anyOf": [` +
			repeat(3, ",", same1(`{"properties": {"k": {"$dynamicRef": "#T"}, "l": {"$dynamicRef": "#T"}}}`)) + `]}}, "allOf": [{"$ref": "#/$defs/loop"}, {"$ref": "#/$defs/t"}]}`},
		{"dynamic lists", `{"$id": "https://a.example/n", "$dynamicAnchor": "N", "anyOf": [` + repeat(3, ",", func(i int) string {
			return fmt.Sprintf(`{"type": "array", "maxItems": %d, "items": {"$dynamicRef": "#N"}}`, 1000+i)
		}) + `, {"type": "integer"}]}`},
		{"asks itself", `{"allOf": [{"$ref": "#"}]}`},
		{"asks itself by choice", `{"anyOf": [{"$ref": "#"}, {"type": "object"}]}`},
		{"20 patternProperties", holding(`{"patternProperties": {` + repeat(20, ",", func(i int) string { return fmt.Sprintf(`"^(a|m)+.*%d$": {"type": "string"}`, i) }) + `}}`)},
		{"pattern", holding(`{"items": {"pattern": "x"}, "pattern": "^(([a-z])+.)+[A-Z]([a-z])+$"}`)},
		{"large pattern", holding(`{"pattern": "[a-z].{0,900}$"}`)},
		{"uniqueItems", `{"uniqueItems": true, "items": {"$ref": "#"}}`},
		{"50 uniqueItems", choice("anyOf", 50, same1(`{"uniqueItems": true, "maxItems": 1}`))},
		{"50 uniqueItems that nearly hold", choice("anyOf", 50, same1(`{"uniqueItems": true, "contains": false}`))},
		{"propertyNames", holding(`{"propertyNames": {"anyOf": [{"pattern": "^[a-f]+$"}, {"maxLength": 3}, {"format": "uuid"}]}, "additionalProperties": {"$ref": "#"}}`)},
		{"contains", `{"contains": {"$ref": "#"}, "items": {"$ref": "#"}, "minContains": 0, "maxContains": 900}`},
		{"unevaluatedProperties", holding(choice("allOf", 10, same1(`{"allOf": [{`+properties(8)+`}], "unevaluatedProperties": {"$ref": "#"}}`)))},
		{"unevaluatedItems", `{"allOf": [` + repeat(10, ",", same1(`{"allOf": [{"prefixItems": [true]}], "unevaluatedItems": {"$ref": "#"}}`)) + `]}`},
		{"discriminator", `{` + components + `, "if": {"type": "array"}, "then": {"items": {"$ref": "#"}}, "else": {"oneOf": [` + repeat(20, ",", func(i int) string {
			return fmt.Sprintf(`{"$ref": "#/components/schemas/T%d"}`, i)
		}) + `], "discriminator": {"propertyName": "kind"}}}`},
		{"format regex", `{"items": {"format": "regex"}}`},
		{"50 formats of addresses", `{"items": ` + choice("anyOf", 50, same1(`{"format": "uri", "maxLength": 9}`)) + `}`},
		{"enum of 500 objects", holding(`{"enum": [` + repeat(500, ",", func(i int) string { return fmt.Sprintf(`{"a": %d, "b": [1], "c": {}}`, i) }) + `]}`)},
		{"const of 1000 members", holding(`{"anyOf": [` + repeat(20, ",", same1(`{"const": `+members(1000, "1")+`}`)) + `]}`)},
		{"dependentSchemas", holding(`{"dependentSchemas": {"k": ` + again + `, "l": ` + again + `, "r": ` + again + `}, "dependentRequired": {"k": ["x"], "m1": ["x", "y"]}}`)},
		{"references", `{"if": {"type": "array"}, "then": {"items": {"$ref": "#"}}, "else": {"$ref": "#/$defs/d0"}, "$defs": {` +
			repeat(100, ",", func(i int) string { return fmt.Sprintf(`"d%d": {"$ref": "#/$defs/d%d"}`, i, i+1) }) + `, "d100": {"additionalProperties": {"$ref": "#"}}}}`},
		{"multipleOf", holding(choice("anyOf", 20, func(i int) string {
			return fmt.Sprintf(`{"type": "number", "multipleOf": 0.0%d}`, 1000003+i)
		}) + ``)},
		{"itself in seven ways", holding(choice("anyOf", 7, func(i int) string {
			return fmt.Sprintf(`{"additionalProperties": {"$ref": "#/$defs/t"}, "maxProperties": %d}`, 1000-i)
		}))},
		{"a list of itself", choice("oneOf", 2, func(i int) string { return fmt.Sprintf(`{"type": "array", "items": {"$ref": "#"}, "minItems": %d}`, i) }) + ``},
		{"text in choices", holding(choice("anyOf", 50, func(i int) string { return fmt.Sprintf(`{"type": "string", "minLength": 7%d000}`, i) }))},
		{"definitions", holding(choice("anyOf", 3, ref)[:0] + `{"type": "object", ` + properties(200) + `, ` + required(200) + `, "additionalProperties": false}`)},
	}
}

// refusal is what one refusal has cost.
type refusal struct {
	took      time.Duration
	allocated uint64
	over      int // units of work past the budget
	verdict   Verdict
}

// refuse reads a body and judges it, as one request has it.
func refuse(t testing.TB, s *Schema, b body) (r refusal) {
	t.Helper()
	data := []byte(b.text)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	v, over, p := Parse(data, defaults())
	if p != nil || over != nil {
		t.Fatalf("%s is not within the bounds: %v %v", b.name, over, p)
	}
	r.verdict = s.Judge(v)
	r.took = time.Since(start)
	runtime.ReadMemStats(&after)
	r.allocated = after.TotalAlloc - before.TotalAlloc
	return r
}
