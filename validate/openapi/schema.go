package openapi

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/internal/wire"
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
	b.dropReadOnly(c, out)
	if d, ok := c.get("discriminator"); ok && d.object() {
		b.discriminate(c, d, from, out)
	}
	return out
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
		k.each(func(item cursor) { list = append(list, b.schema(item, from, within)) })
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
		if name == "properties" && !within && readOnly(s, 0) {
			all[member] = map[string]any{"format": formatReadOnly}
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

// readOnly reports whether the schema at c marks what the server alone sets.
func readOnly(c cursor, depth int) bool {
	m, _ := c.v.(map[string]any)
	if m["readOnly"] == true || depth == 16 {
		return m["readOnly"] == true
	}
	found := false
	all, _ := c.get("allOf")
	all.each(func(s cursor) { found = found || readOnly(s, depth+1) })
	if ref, ok := m["$ref"].(string); ok && !found {
		target, err := c.follow(ref)
		found = err == nil && readOnly(target, depth+1)
	}
	return found
}

// dropReadOnly takes members that are never in a request off the required ones.
func (b *bundle) dropReadOnly(c cursor, out map[string]any) {
	required, ok := out["required"].([]any)
	if !ok {
		return
	}
	never := readOnlyMembers(c, 0)
	left := slices.DeleteFunc(slices.Clone(required), func(name any) bool {
		s, _ := name.(string)
		return slices.Contains(never, s)
	})
	if out["required"] = left; len(left) == 0 {
		delete(out, "required")
	}
}

func readOnlyMembers(c cursor, depth int) (names []string) {
	if depth == 16 {
		return nil
	}
	properties, _ := c.get("properties")
	properties.members(func(name string, s cursor) {
		if readOnly(s, 0) {
			names = append(names, name)
		}
	})
	all, _ := c.get("allOf")
	all.each(func(s cursor) { names = append(names, readOnlyMembers(s, depth+1)...) })
	if m, _ := c.v.(map[string]any); m["$ref"] != nil {
		if ref, ok := m["$ref"].(string); ok {
			if target, err := c.follow(ref); err == nil {
				names = append(names, readOnlyMembers(target, depth+1)...)
			}
		}
	}
	return names
}

// discriminate replaces a choice by a decision: the member says which schema holds, and
// only that one is asked, so that its failures are what the client reads.
func (b *bundle) discriminate(c, d cursor, from string, out map[string]any) {
	property, self := d.text("propertyName"), "\x00"+c.id()+"\x00"
	if property == "" {
		d.fail("needs a propertyName")
		return
	}
	b.shown[property] = struct{}{}
	_, one := out["oneOf"]
	_, several := out["anyOf"]
	delete(out, "oneOf")
	delete(out, "anyOf")
	if strings.Contains(from, self) {
		return
	}
	types, choices := []any{"object"}, map[string]string{}
	if one || several {
		types = b.choices(c, from+self, types, choices)
	} else {
		b.inherit(c, from+self, choices)
	}
	b.mapped(c, d, from+self, choices)
	all, _ := out["allOf"].([]any)
	values := []any{}
	for _, name := range sortedKeys(choices) {
		values = append(values, name)
		is := map[string]any{"properties": map[string]any{property: map[string]any{"const": name}}, "required": []any{property}}
		all = append(all, map[string]any{"if": is, "then": map[string]any{"$ref": choices[name]}})
	}
	known := map[string]any{"properties": map[string]any{property: map[string]any{"enum": values}}, "required": []any{property}}
	if otherwise := d.text("defaultMapping"); otherwise != "" {
		known = map[string]any{"if": known, "else": map[string]any{"$ref": b.named(c, d, from+self, otherwise)}}
	}
	known["type"] = types
	out["allOf"] = append(all, known)
}

// choices are the schemas of oneOf or anyOf by their names. types gains null where one
// of them is just that.
func (b *bundle) choices(c cursor, from string, types []any, choices map[string]string) []any {
	for _, keyword := range []string{"oneOf", "anyOf"} {
		c.items(keyword, func(s cursor) {
			m, _ := s.v.(map[string]any)
			ref, ok := m["$ref"].(string)
			switch {
			case m["type"] == "null":
				types = []any{"object", "null"}
			case !ok:
				s.fail("beside a discriminator, each choice must be a $ref")
			default:
				choices[strings.TrimSuffix(path.Base(ref), path.Ext(ref))] = b.ref(s, ref, from)
			}
		})
	}
	return types
}

// inherit finds the schemas that have this one in their allOf, and itself.
func (b *bundle) inherit(c cursor, from string, choices map[string]string) {
	for _, s := range append(b.children(c), c) {
		choices[path.Base(s.pointer)] = b.add(s, from)
	}
}

// mapped adds the names of the discriminator's mapping.
func (b *bundle) mapped(c, d cursor, from string, choices map[string]string) {
	mapping, ok := d.get("mapping")
	if !ok || !mapping.object() {
		return
	}
	mapping.members(func(value string, m cursor) {
		ref, ok := m.v.(string)
		if !ok {
			m.fail("must be a text")
			return
		}
		choices[value] = b.named(c, m, from, ref)
	})
}

// named finds a schema by its name among the components, or by a reference.
func (b *bundle) named(c, at cursor, from, ref string) string {
	name := "#/components/schemas/" + wire.Escape(ref)
	if target, err := c.follow(name); err == nil && !strings.ContainsAny(ref, "/#") {
		return b.add(target, from)
	}
	target, err := at.follow(ref)
	if err != nil {
		at.fail(err.Error())
		return "#"
	}
	return b.add(target, from)
}
