package schema

import "fmt"

type shape struct{ name, schema string }

// holding has a schema hold for each item of lists in lists.
func holding(t string) string {
	return `{"if": {"type": "array"}, "then": {"items": {"$ref": "#"}}, "else": {"$ref": "#/$defs/t"},
		"$defs": {"t": ` + t + `}}`
}

const again = `{"properties": {"k": {"$ref": "#/$defs/t"}, "l": {"$ref": "#/$defs/t"}, "r": {"$ref": "#/$defs/t"}}}`

// shapes are schemas as documents have them, and as nobody should write them.
func shapes() []shape {
	required := func(n int) string {
		return `"required": [` + repeat(n, ",", func(i int) string { return fmt.Sprintf(`"r%d"`, i) }) + `]`
	}
	properties := func(n int) string {
		return `"properties": {` + repeat(n, ",",
			func(i int) string { return fmt.Sprintf(`"m%d": {"type": "string"}`, i) }) + `}`
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
	components := `"components": {"schemas": {` + repeat(20, ",",
		func(i int) string { return fmt.Sprintf(`"T%d": %s`, i, object(i)) }) + `}}`
	return []shape{
		{"40 required", holding(`{` + required(40) + `}`)},
		{"200 required", holding(`{` + required(200) + `, ` + properties(8) + `}`)},
		{"closed", holding(`{"additionalProperties": false, ` + properties(40) + `}`)},
		{"anyOf of 50", holding(choice("anyOf", 50, object))},
		{"oneOf of 50", holding(choice("oneOf", 50, object))},
		{"anyOf of 50, 200 required each", holding(choice("anyOf", 50, always(`{`+required(200)+`}`)))},
		{"oneOf of 8, 8 members", holding(choice("oneOf", 8, object))},
		{"nested choices", holding(choice("anyOf", 4, nested(nested(object))))},
		{"anyOf of three itself", holding(choice("anyOf", 3, always(again)))},
		{"oneOf of three itself", holding(choice("oneOf", 3, always(again)))},
		{"allOf of three itself", holding(choice("allOf", 3, always(again)))},
		{"itself and a text", holding(`{"anyOf": [{"type": "string", "minLength": 99, "maxLength": 99999,
			"pattern": "b$"}, ` + again + `, ` + again + `]}`)},
		{"itself in lists", holding(choice("anyOf", 3, always(`{"properties": {"k": {"type": "array",
			"items": {"$ref": "#/$defs/t"}}}}`)))},
		{"if, then, else false", holding(`{"properties": {"k": {"if": {"$ref": "#/$defs/t"},
			"then": {"$ref": "#/$defs/t"}, "else": false}}}`)},
		{"if, then, not not", holding(`{"properties": {"k": {"if": {"$ref": "#/$defs/t"},
			"then": {"$ref": "#/$defs/t"}, "else": false, "not": {"not": {"$ref": "#/$defs/t"}}}}}`)},
		{"not not", holding(`{"not": {"not": ` + again + `}, "allOf": [` + again + `]}`)},
		{"loop and dynamic", `{"$id": "https://a.example/r",
			"$defs": {"loop": {"properties": {"q": {"$ref": "#/$defs/loop"}}}, "t": {"$dynamicAnchor": "T",
			"anyOf": [` +
			repeat(3, ",", always(`{"properties": {"k": {"$dynamicRef": "#T"}, "l": {"$dynamicRef": "#T"}}}`)) +
			`]}}, "allOf": [{"$ref": "#/$defs/loop"}, {"$ref": "#/$defs/t"}]}`},
		{"dynamic lists", `{"$id": "https://a.example/n", "$dynamicAnchor": "N", "anyOf": [` + repeat(3, ",",
			func(i int) string {
				return fmt.Sprintf(`{"type": "array", "maxItems": %d, "items": {"$dynamicRef": "#N"}}`, 1000+i)
			}) + `, {"type": "integer"}]}`},
		{"asks itself", `{"allOf": [{"$ref": "#"}]}`},
		{"asks itself by choice", `{"anyOf": [{"$ref": "#"}, {"type": "object"}]}`},
		{"20 patternProperties", holding(`{"patternProperties": {` + repeat(20, ",",
			func(i int) string { return fmt.Sprintf(`"^(a|m)+.*%d$": {"type": "string"}`, i) }) + `}}`)},
		{"pattern", holding(`{"items": {"pattern": "x"}, "pattern": "^(([a-z])+.)+[A-Z]([a-z])+$"}`)},
		{"large pattern", holding(`{"pattern": "[a-z].{0,900}$"}`)},
		{"counted pattern", holding(`{"pattern": "^[a-z].{0,900}$", "items": {"pattern": "^([a-z]{1,30}[.]){0,30}[a-z]{1,30}$"}}`)},
		{"uniqueItems", `{"uniqueItems": true, "items": {"$ref": "#"}}`},
		{"50 uniqueItems", choice("anyOf", 50, always(`{"uniqueItems": true, "maxItems": 1}`))},
		{"50 uniqueItems that nearly hold", choice("anyOf", 50, always(`{"uniqueItems": true, "contains": false}`))},
		{"propertyNames", holding(`{"propertyNames": {"anyOf": [{"pattern": "^[a-f]+$"}, {"maxLength": 3},
			{"format": "uuid"}]}, "additionalProperties": {"$ref": "#"}}`)},
		{"contains", `{"contains": {"$ref": "#"}, "items": {"$ref": "#"}, "minContains": 0, "maxContains": 900}`},
		{"unevaluatedProperties", holding(choice("allOf", 10, always(`{"allOf": [{`+properties(8)+`}],
			"unevaluatedProperties": {"$ref": "#"}}`)))},
		{"unevaluatedItems", `{"allOf": [` + repeat(10, ",", always(`{"allOf": [{"prefixItems": [true]}],
			"unevaluatedItems": {"$ref": "#"}}`)) + `]}`},
		{"discriminator", `{` + components + `, "if": {"type": "array"}, "then": {"items": {"$ref": "#"}},
			"else": {"oneOf": [` + repeat(20, ",", func(i int) string {
			return fmt.Sprintf(`{"$ref": "#/components/schemas/T%d"}`, i)
		}) + `], "discriminator": {"propertyName": "kind"}}}`},
		{"format regex", `{"items": {"format": "regex"}}`},
		{"50 formats of addresses", `{"items": ` + choice("anyOf", 50, always(`{"format": "uri",
			"maxLength": 9}`)) + `}`},
		{"enum of 500 objects", holding(`{"enum": [` + repeat(500, ",",
			func(i int) string { return fmt.Sprintf(`{"a": %d, "b": [1], "c": {}}`, i) }) + `]}`)},
		{"const of 1000 members", holding(`{"anyOf": [` + repeat(20, ",", always(`{"const": `+members(1000,
			"1")+`}`)) + `]}`)},
		{"dependentSchemas", holding(`{"dependentSchemas": {"k": ` + again + `, "l": ` + again + `, "r": ` + again +
			`}, "dependentRequired": {"k": ["x"], "m1": ["x", "y"]}}`)},
		{"references", `{"if": {"type": "array"}, "then": {"items": {"$ref": "#"}}, "else": {"$ref": "#/$defs/d0"},
			"$defs": {` +
			repeat(100, ",", func(i int) string { return fmt.Sprintf(`"d%d": {"$ref": "#/$defs/d%d"}`, i, i+1) }) +
			`, "d100": {"additionalProperties": {"$ref": "#"}}}}`},
		{"multipleOf", holding(choice("anyOf", 20, func(i int) string {
			return fmt.Sprintf(`{"type": "number", "multipleOf": 0.0%d}`, 1000003+i)
		}))},
		{"itself in seven ways", holding(choice("anyOf", 7, func(i int) string {
			return fmt.Sprintf(`{"additionalProperties": {"$ref": "#/$defs/t"}, "maxProperties": %d}`, 1000-i)
		}))},
		{"a list of itself", choice("oneOf", 2, func(i int) string {
			return fmt.Sprintf(`{"type": "array",
			"items": {"$ref": "#"}, "minItems": %d}`, i)
		})},
		{"text in choices", holding(choice("anyOf", 50, func(i int) string {
			return fmt.Sprintf(`{"type": "string",
			"minLength": 7%d000}`, i)
		}))},
		{"definitions", holding(`{"type": "object", ` + properties(200) + `, ` +
			required(200) + `, "additionalProperties": false}`)},
	}
}
