package openapi

import (
	"regexp"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
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
func (b *bundle) schema(c spec.Cursor, from string, within bool) any {
	m, ok := c.Value.(map[string]any)
	if v, isBool := c.Value.(bool); isBool && !b.old {
		return v
	}
	if !ok {
		c.Fail("must be a schema")
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
	c.Members(func(name string, k spec.Cursor) { b.keyword(out, name, k, from, within) })
	if within {
		return out
	}
	if b.old {
		if t, ok := out["type"]; ok && !isText(t) {
			c.Fail("the type of OpenAPI 3.0 is one text")
			delete(out, "type")
		}
		oldNumbers(out)
		oldNull(m, out)
	}
	b.dropNever(c, out)
	if d, ok := c.Get("discriminator"); ok && d.Object() {
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

func (b *bundle) keyword(out map[string]any, name string, k spec.Cursor, from string, within bool) {
	switch {
	case !within && (slices.Contains(annotations, name) || strings.HasPrefix(name, "x-")):
	case b.old && !slices.Contains(oldKeywords, name):
		k.Failf("%s is not a keyword of OpenAPI 3.0 schemas", name)
	case slices.Contains(oneSchema, name):
		if _, isBool := k.Value.(bool); isBool {
			out[name] = k.Value
			return
		}
		if _, isList := k.Value.([]any); isList {
			out[name] = k.Value // an old form of items, for the compiler to refuse
			return
		}
		out[name] = b.schema(k, "", within)
	case slices.Contains(schemaList, name):
		list := []any{}
		if name != "allOf" {
			from = ""
		}
		values, _ := k.Value.([]any)
		k.Each(func(item spec.Cursor) {
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

func (b *bundle) schemas(out map[string]any, name string, k spec.Cursor, within bool) {
	if !k.Object() {
		return
	}
	all := map[string]any{}
	k.Members(func(member string, s spec.Cursor) {
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

func (b *bundle) other(out map[string]any, name string, k spec.Cursor, from string, within bool) {
	text, _ := k.Value.(string)
	switch {
	case name == "pattern":
		if checkPattern(k, text) {
			out[name] = k.Value
		}
	case name == "$ref" && !within && text != "":
		out[name] = b.ref(k, text, from)
	case name == "$dynamicRef" && !within && !strings.HasPrefix(text, "#"),
		name == "$dynamicRef" && !within && strings.HasPrefix(text, "#/"):
		out["$ref"] = b.ref(k, text, from)
	default:
		out[name] = k.Value
	}
}

// ref is what a reference becomes. c is the place to complain about.
func (b *bundle) ref(c spec.Cursor, ref, from string) string {
	if isAbsolute(ref) {
		c.Value = ref
		b.far = append(b.far, c)
		return ref
	}
	target, err := c.Follow(ref)
	if err != nil {
		c.Fail(err.Error())
		return "#"
	}
	return b.add(target, from)
}

func checkPattern(c spec.Cursor, pattern string) bool {
	_, err := re2(pattern)
	if err != nil {
		c.Failf("pattern %q is not a regular expression of RE2, which runs in linear time: %v", pattern, err)
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
