package schema

import (
	"slices"

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// recursive is the name of the anchor that $recursiveAnchor makes. No other has it.
const recursive = "#"

// earlier compiles the keywords that draft 2019-09 has otherwise than 2020-12. They are read as what they became there.
func (c *Compiler) earlier(s *Schema, name string, k spec.Cursor) bool {
	switch name {
	case "$recursiveAnchor": // see enter
		flagOf(k)
	case "$recursiveRef":
		c.recursiveRef(s, k)
	case "additionalItems":
		if siblings, _ := s.at.Get("items"); siblings.Value != nil {
			if _, isList := siblings.Value.([]any); isList {
				s.items = c.schema(k, s.home)
			}
		}
	case "dependencies":
		if k.Object() {
			k.Members(func(name string, at spec.Cursor) {
				if _, isList := at.Value.([]any); isList {
					s.dependentRequired = append(s.dependentRequired, dependency{name: name, required: texts(at)})
					return
				}
				s.dependentSchemas = append(s.dependentSchemas, dependency{name: name, schema: c.schema(at, s.home)})
			})
		}
	default:
		return false
	}
	return true
}

// recursiveRef compiles a $recursiveRef (JSON Schema 2019-09 §8.2.4.2.1): the schema that it is in, the innermost one with
// $recursiveAnchor or an $id, or without any the outermost. One with both may be replaced by an outer one.
func (c *Compiler) recursiveRef(s *Schema, k spec.Cursor) {
	if k.Value != "#" {
		k.Fail(`must be "#"`)
		return
	}
	target, anchor := s.at, ""
	for _, at := range slices.Backward(s.at.Path()) {
		m, _ := at.Value.(map[string]any)
		_, hasID := m["$id"].(string)
		if isAnchor := m["$recursiveAnchor"] == true; isAnchor || hasID {
			if target = at; isAnchor && hasID {
				anchor = recursive
			}
			break
		}
		if _, compiled := c.schemas[at.ID()]; compiled {
			target = at
		}
	}
	c.settings.dynamic = true
	c.later(func() { s.dynamic = &dynamicRef{c.schema(target, s.home), anchor} })
}
