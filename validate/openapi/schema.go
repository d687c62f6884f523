package openapi

import (
	"regexp"
	"slices"
	"strings"
)

// What the keywords of a schema hold. The rest is copied as it is.
var (
	oneSchema  = []string{"not", "if", "then", "else", "additionalProperties", "unevaluatedProperties", "items", "additionalItems", "unevaluatedItems", "contains", "propertyNames", "contentSchema"}
	schemaList = []string{"allOf", "anyOf", "oneOf", "prefixItems"}
	schemaMap  = []string{"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}

	// annotations say nothing about what is valid.
	annotations = []string{"title", "description", "default", "example", "examples", "deprecated", "externalDocs", "xml", "$comment", "summary", "readOnly", "writeOnly", "nullable", "discriminator", "$anchor"}

	// oldKeywords are those of OpenAPI 3.0. What looks like another is a rule that its
	// author believes in and no reader knows.
	oldKeywords = []string{
		"type", "format", "enum", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems", "minItems",
		"uniqueItems", "maxProperties", "minProperties", "required", "properties", "additionalProperties", "items", "allOf", "anyOf", "oneOf", "not",
	}
)

// schema rewrites the schema at c for the bundle. Within an $id, references and the
// rest are the compiler's business.
func (b *bundle) schema(c cursor, from string, within bool) any {
	m, ok := c.v.(map[string]any)
	if v, isBool := c.v.(bool); isBool && !b.old {
		return v
	}
	if !ok {
		c.fail("must be a schema")
		return true
	}
	if id, ok := m["$id"].(string); ok && !b.old {
		within = true
		b.ids[strings.TrimSuffix(id, "#")] = struct{}{}
	}
	if ref, ok := m["$ref"].(string); ok && b.old {
		return map[string]any{"$ref": b.ref(c, ref, from)}
	}
	out := make(map[string]any, len(m))
	c.members(func(name string, k cursor) { b.keyword(out, name, k, from, within) })
	if within {
		return out
	}
	if b.old {
		if t, ok := out["type"]; ok && !isText(t) {
			c.fail("the type of OpenAPI 3.0 is one text")
			delete(out, "type")
		}
		oldNumbers(out)
		oldNull(m, out)
	}
	b.dropNever(c, out)
	if d, ok := c.get("discriminator"); ok && d.object() {
		b.discriminate(c, d, from, out)
	}
	if b.nullableChoice(m) {
		return map[string]any{"anyOf": []any{map[string]any{"type": "null"}, out}}
	}
	return out
}

// nullableChoice reports whether m is nullable beside a choice. By OpenAPI 3.0.3 that means
// nothing without a type, but authors mean by it what it says.
func (b *bundle) nullableChoice(m map[string]any) bool {
	return b.old && m["nullable"] == true && m["type"] == nil && (m["oneOf"] != nil || m["anyOf"] != nil || m["allOf"] != nil)
}

func (b *bundle) keyword(out map[string]any, name string, k cursor, from string, within bool) {
	switch {
	case !within && (slices.Contains(annotations, name) || strings.HasPrefix(name, "x-")):
	case b.old && !slices.Contains(oldKeywords, name):
		k.failf("%s is not a keyword of OpenAPI 3.0 schemas", name)
	case slices.Contains(oneSchema, name):
		if _, isBool := k.v.(bool); isBool {
			out[name] = k.v
			return
		}
		if _, isList := k.v.([]any); isList {
			out[name] = k.v // an old form of items, for the compiler to refuse
			return
		}
		out[name] = b.schema(k, "", within)
	case slices.Contains(schemaList, name):
		list := []any{}
		if name != "allOf" {
			from = ""
		}
		values, _ := k.v.([]any)
		k.each(func(item cursor) {
			one := b.schema(item, from, within)
			if len(values) > 1 && !within && (name == "anyOf" || name == "oneOf") {
				one = b.probed(item, one)
			}
			list = append(list, one)
		})
		out[name] = list
	case slices.Contains(schemaMap, name):
		b.schemas(out, name, k, within)
	default:
		b.other(out, name, k, from, within)
	}
}

func (b *bundle) schemas(out map[string]any, name string, k cursor, within bool) {
	if !k.object() {
		return
	}
	all := map[string]any{}
	k.members(func(member string, s cursor) {
		switch name {
		case "properties":
			b.shown[member] = struct{}{}
		case "patternProperties":
			if !checkPattern(s, member) {
				return
			}
		}
		if name == "properties" && !within && b.never(s, seen{}) {
			all[member] = map[string]any{"format": b.way.format}
			return
		}
		all[member] = b.schema(s, "", within)
	})
	out[name] = all
}

func (b *bundle) other(out map[string]any, name string, k cursor, from string, within bool) {
	text, _ := k.v.(string)
	switch {
	case name == "pattern":
		if checkPattern(k, text) {
			out[name] = k.v
		}
	case name == "$ref" && !within && text != "":
		out[name] = b.ref(k, text, from)
	case name == "$dynamicRef" && !within && !strings.HasPrefix(text, "#"),
		name == "$dynamicRef" && !within && strings.HasPrefix(text, "#/"):
		out["$ref"] = b.ref(k, text, from)
	default:
		out[name] = k.v
	}
}

// ref is what a reference becomes. c is the place to complain about.
func (b *bundle) ref(c cursor, ref, from string) string {
	if isAbsolute(ref) {
		c.v = ref
		b.far = append(b.far, c)
		return ref
	}
	target, err := c.follow(ref)
	if err != nil {
		c.fail(err.Error())
		return "#"
	}
	return b.add(target, from)
}

func checkPattern(c cursor, pattern string) bool {
	_, err := re2(pattern)
	if err != nil {
		c.failf("pattern %q is not a regular expression of RE2, which runs in linear time: %v", pattern, err)
	}
	return err == nil
}

var unicodeEscape = regexp.MustCompile(`\\(?:\\|u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]+)\})`)

// re2 compiles an expression as JavaScript spells it, as far as RE2 has the same.
func re2(pattern string) (*regexp.Regexp, error) {
	return regexp.Compile(unicodeEscape.ReplaceAllStringFunc(pattern, func(s string) string {
		if s == `\\` {
			return s
		}
		return `\x{` + strings.Trim(s[2:], "{}") + `}`
	}))
}

func isText(v any) bool {
	_, ok := v.(string)
	return ok
}

// oldNumbers turns the flags of OpenAPI 3.0 into numbers.
func oldNumbers(out map[string]any) {
	for _, end := range []struct{ flag, bound string }{{"exclusiveMinimum", "minimum"}, {"exclusiveMaximum", "maximum"}} {
		flag, isFlag := out[end.flag].(bool)
		if !isFlag {
			continue
		}
		delete(out, end.flag)
		if bound, ok := out[end.bound]; ok && flag {
			out[end.flag] = bound
			delete(out, end.bound)
		}
	}
}

// oldNull reads nullable, which means something beside a type only (OpenAPI 3.0.3).
func oldNull(m, out map[string]any) {
	if t, ok := out["type"].(string); ok && m["nullable"] == true {
		out["type"] = []any{t, "null"}
	}
}
