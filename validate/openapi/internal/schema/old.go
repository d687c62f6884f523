package schema

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// besideRef are the keywords that may stand beside a $ref of OpenAPI 3.0, which says that
// all of them are ignored (§4.7.23).
var besideRef = []string{
	"$ref", "title", "description", "default", "example", "examples", "externalDocs", "xml", "nullable", "deprecated", "discriminator", "summary",
}

// oldReference compiles a $ref of OpenAPI 3.0. What stands beside it is ignored by the letter, and is held all the same,
// as authors mean it and as later versions have it; a rule that the target does not have too is told.
func (c *Compiler) oldReference(s *Schema, m map[string]any) {
	beside := map[string]spec.Cursor{}
	s.at.Members(func(name string, k spec.Cursor) {
		switch {
		case name == "$ref":
			c.reference(s.home, k, func(t *Schema) {
				s.ref = t
				said, _ := t.at.Value.(map[string]any)
				for _, name := range slices.Sorted(maps.Keys(beside)) {
					if !reflect.DeepEqual(said[name], beside[name].Value) {
						beside[name].Warnf("OpenAPI 3.0 ignores %s beside a $ref, and it is held here: put both into an allOf", name)
					}
				}
			})
		case name == "readOnly", name == "writeOnly":
			c.bar(s, flagOf(k) && name == c.settings.direction.mark)
		case slices.Contains(besideRef, name), strings.HasPrefix(name, "x-"):
		default:
			beside[name] = k
			c.keyword(s, name, k)
		}
	})
	c.oldTypes(s, m)
}

// oldTypes reads what OpenAPI 3.0 has beside the keywords of JSON Schema: flags that make
// a bound exclusive, and nullable.
func (c *Compiler) oldTypes(s *Schema, m map[string]any) {
	if m["exclusiveMinimum"] == true {
		s.above, s.minimum = s.minimum, nil
	}
	if m["exclusiveMaximum"] == true {
		s.below, s.maximum = s.maximum, nil
	}
	if m["nullable"] != true {
		return
	}
	// By 3.0.3 nullable means something beside a type alone. Beside a choice it is what
	// authors mean by it.
	if s.types != 0 {
		s.types |= 1 << Null
		return
	}
	s.orNull = s.allOf != nil || s.anyOf != nil || s.oneOf != nil
}
