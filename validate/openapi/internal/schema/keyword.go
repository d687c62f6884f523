package schema

import (
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// annotations say nothing about what fits. Their values are not looked at, but for those
// that the project reads elsewhere.
var annotations = []string{
	"title", "description", "default", "example", "examples", "externalDocs", "xml", "$comment", "summary",
	"nullable", "discriminator", "$anchor", "$dynamicAnchor", "$id", "$schema", "$vocabulary", "contentEncoding",
	"contentMediaType", "contentSchema", "exampleSetFlag",
}

// oldKeywords are those of OpenAPI 3.0 (§4.7.24). What looks like another one is a rule that
// its author believes in and no reader knows.
var oldKeywords = []string{
	"type", "format", "enum", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern",
	"maxItems", "minItems", "uniqueItems", "maxProperties", "minProperties", "required", "properties", "additionalProperties", "items", "allOf",
	"anyOf", "oneOf", "not", "title", "description", "default", "example", "examples", "externalDocs", "xml", "nullable", "discriminator",
	"deprecated", "readOnly", "writeOnly",
}

// elsewhere are keywords of drafts before 2019-09, which mean nothing in 2020-12, with what means
// the same there. A schema that relied on one would hold less than its author thinks.
var elsewhere = map[string]string{
	"id":          "$id",
	"divisibleBy": "multipleOf",
	"disallow":    "not",
	"extends":     "allOf",
}

// keyword compiles one member of a schema.
func (c *Compiler) keyword(s *Schema, name string, k spec.Cursor) {
	switch {
	case strings.HasPrefix(name, "x-"):
	case c.old && !slices.Contains(oldKeywords, name):
		k.Failf("%s is not a keyword of OpenAPI 3.0 schemas%s", name, maybe(name, oldKeywords))
	case c.scalar(s, name, k), c.array(s, name, k), c.members(s, name, k), c.applicator(s, name, k), c.earlier(s, name, k):
	case name == "deprecated", name == "readOnly", name == "writeOnly", name == "nullable":
		flag, ok := k.Value.(bool)
		if !ok && !c.options.Lenient {
			k.Failf("%s must be true or false", name)
		}
		c.bar(s, flag && name == c.settings.direction.mark)
	case slices.Contains(annotations, name):
		s.encoded = s.encoded || name == "contentEncoding" || name == "contentMediaType"
	case c.options.Lenient:
	case elsewhere[name] != "":
		k.Failf("%s is not a keyword of draft 2020-12: write %s", name, elsewhere[name])
	default:
		k.Failf("%s is not a keyword of draft 2020-12%s; extensions begin with x-", name, maybe(name, known))
	}
}

// known are the keywords that a misspelt one may mean.
var known = []string{
	"type", "enum", "const", "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
	"minItems", "maxItems", "uniqueItems", "prefixItems", "items", "contains", "minContains", "maxContains", "unevaluatedItems",
	"minProperties", "maxProperties", "properties", "required", "patternProperties", "additionalProperties", "propertyNames",
	"unevaluatedProperties", "dependentRequired", "dependentSchemas", "allOf", "anyOf", "oneOf", "not", "if", "then", "else",
	"$ref", "$dynamicRef", "$defs", "readOnly", "writeOnly", "discriminator", "description", "title",
}

// maybe is the known word that a misspelt one is closest to, in words, or "".
func maybe(name string, known []string) string {
	for _, k := range known {
		if strings.EqualFold(k, name) || oneEdit(k, name) {
			return "; did you mean " + k + "?"
		}
	}
	return ""
}

// oneEdit reports whether one letter more, less or other makes one word of the other, or
// two that changed places.
func oneEdit(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch len(b) - len(a) {
	case 0:
		return i < len(a) && (a[i+1:] == b[i+1:] || i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:])
	case 1:
		return a[i:] == b[i+1:]
	}
	return false
}

// array compiles what is about arrays.
func (c *Compiler) array(s *Schema, name string, k spec.Cursor) bool {
	switch name {
	case "minItems":
		s.minItems = size(k)
	case "maxItems":
		s.maxItems = size(k)
	case "minContains":
		s.minContains = size(k)
	case "maxContains":
		s.maxContains = size(k)
	case "uniqueItems":
		s.unique = flagOf(k)
	case "prefixItems":
		s.prefix = c.list(s, k)
	case "items":
		if _, isList := k.Value.([]any); isList && !c.old {
			s.prefix = c.list(s, k) // of drafts before 2020-12
			break
		}
		s.items = c.schema(k, s.home)
	case "contains":
		s.contains = c.schema(k, s.home)
	case "unevaluatedItems":
		s.unevaluatedItems = c.schema(k, s.home)
		c.settings.unevaluated = true
	default:
		return false
	}
	return true
}

func flagOf(k spec.Cursor) bool {
	flag, ok := k.Value.(bool)
	if !ok {
		k.Fail("must be true or false")
	}
	return flag
}

// list compiles a list of schemas, which is not empty.
func (c *Compiler) list(s *Schema, k spec.Cursor) (list []*Schema) {
	values, ok := k.Value.([]any)
	if !ok || len(values) == 0 {
		k.Fail("must be an array of schemas, at least one")
	}
	k.Each(func(item spec.Cursor) { list = append(list, c.schema(item, s.home)) })
	return list
}

// members compiles what is about the members of objects.
func (c *Compiler) members(s *Schema, name string, k spec.Cursor) bool {
	switch name {
	case "minProperties":
		s.minProperties = size(k)
	case "maxProperties":
		s.maxProperties = size(k)
	case "properties":
		if k.Object() {
			k.Members(func(name string, at spec.Cursor) {
				c.Shown[name] = struct{}{}
				s.property(name).schema = c.schema(at, s.home)
			})
		}
	case "required":
		if _, isFlag := k.Value.(bool); isFlag {
			k.Fail("must be an array of the names of members, and stands beside properties")
			break
		}
		s.required = texts(k)
		for _, name := range s.required {
			s.property(name).required = true
		}
	case "patternProperties":
		if k.Object() {
			k.Members(func(text string, at spec.Cursor) {
				t := c.schema(at, s.home)
				if p := c.pattern(at, text); p != nil {
					s.patterns = append(s.patterns, patternProperty{p, t})
				} else {
					s.unnamed = append(s.unnamed, t)
				}
			})
		}
	case "additionalProperties":
		s.additional = c.maybeBool(s, k)
	case "propertyNames":
		s.names = c.schema(k, s.home)
	case "unevaluatedProperties":
		s.unevaluated = c.schema(k, s.home)
		c.settings.unevaluated = true
	case "dependentRequired":
		if k.Object() {
			k.Members(func(name string, at spec.Cursor) {
				s.dependentRequired = append(s.dependentRequired, dependency{name: name, required: texts(at)})
			})
		}
	case "dependentSchemas":
		if k.Object() {
			k.Members(func(name string, at spec.Cursor) {
				s.dependentSchemas = append(s.dependentSchemas, dependency{name: name, schema: c.schema(at, s.home)})
			})
		}
	default:
		return false
	}
	return true
}

// maybeBool compiles a schema that may be a boolean in OpenAPI 3.0 too.
func (c *Compiler) maybeBool(s *Schema, k spec.Cursor) *Schema {
	if v, ok := k.Value.(bool); ok && c.old {
		t := c.blank(k, s.home)
		if t.always = takesNone; v {
			t.always = takesAll
		}
		return t
	}
	return c.schema(k, s.home)
}

func (s *Schema) property(name string) *property {
	if s.properties == nil {
		s.properties = map[string]*property{}
	}
	p, ok := s.properties[name]
	if !ok {
		p = &property{}
		s.properties[name] = p
	}
	return p
}

// applicator compiles what asks other schemas about the same value.
func (c *Compiler) applicator(s *Schema, name string, k spec.Cursor) bool {
	switch name {
	case "$ref":
		c.reference(s.home, k, func(t *Schema) { s.ref = t })
	case "$dynamicRef":
		c.settings.dynamic = true
		c.reference(s.home, k, func(t *Schema) { s.dynamic = &dynamicRef{t, anchorOf(k.Value, t)} })
	case "allOf":
		s.allOf = c.list(s, k)
	case "anyOf":
		s.anyOf = c.list(s, k)
	case "oneOf":
		s.oneOf = c.list(s, k)
	case "not":
		s.not = c.schema(k, s.home)
	case "if":
		s.cond = c.schema(k, s.home)
	case "then":
		s.then = c.schema(k, s.home)
	case "else":
		s.otherwise = c.schema(k, s.home)
	case "$defs", "definitions":
		if k.Object() {
			k.Members(func(_ string, at spec.Cursor) { c.schema(at, s.home) })
		}
	default:
		return false
	}
	return true
}

// anchorOf is the name by which a $dynamicRef looks for the outermost schema: that of its
// fragment, where the schema it leads to has it as its $dynamicAnchor.
func anchorOf(ref any, target *Schema) string {
	text, _ := ref.(string)
	_, fragment, _ := strings.Cut(text, "#")
	if m, ok := target.at.Value.(map[string]any); ok && fragment != "" && m["$dynamicAnchor"] == fragment {
		return fragment
	}
	return ""
}
