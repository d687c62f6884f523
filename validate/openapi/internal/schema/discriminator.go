package schema

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/internal/wire"
	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// discriminate makes a decision out of a choice: a member says which schema holds, and only
// that one is asked, so that its failures are what the client reads. Without anyOf and
// oneOf, it decides among the schemas that have this one in their allOf.
func (c *Compiler) discriminate(s *Schema, at spec.Cursor) {
	d := &discriminator{property: at.Text("propertyName"), choices: map[string]*Schema{}}
	if d.property == "" {
		at.Fail("needs a propertyName")
		return
	}
	c.Shown[d.property] = struct{}{}
	if s.anyOf != nil || s.oneOf != nil {
		c.implied(s, d)
	} else {
		for _, heir := range append(c.children(s.at), s.at) {
			d.choices[path.Base(heir.Pointer())] = c.Add(heir)
		}
	}
	if mapping, ok := at.Get("mapping"); ok && mapping.Object() {
		mapping.Members(func(value string, k spec.Cursor) {
			if t := c.named(s, k); t != nil {
				d.choices[value] = t
			}
		})
	}
	if k, ok := at.Get("defaultMapping"); ok {
		d.fallback = c.named(s, k)
	}
	d.names = slices.Sorted(maps.Keys(d.choices))
	s.discriminator, s.anyOf, s.oneOf = d, nil, nil
}

// implied names the choices of oneOf and anyOf by what they are called where they stand
// (OpenAPI 3.1 §4.8.25). Those for no object have no name.
func (c *Compiler) implied(s *Schema, d *discriminator) {
	for _, keyword := range []string{"oneOf", "anyOf"} {
		s.at.Items(keyword, func(at spec.Cursor) {
			choice := c.Add(at)
			m, _ := at.Value.(map[string]any)
			ref, ok := m["$ref"].(string)
			switch {
			case !choice.mayBe(Object, 0):
				d.others = append(d.others, choice)
			case !ok:
				at.Fail("beside a discriminator, each choice must be a $ref")
			case d.choices[impliedName(ref)] != nil && d.choices[impliedName(ref)] != choice.ref:
				at.Failf("two choices are called %s: name them in the discriminator's mapping", impliedName(ref))
			default:
				d.choices[impliedName(ref)] = choice.ref
			}
		})
	}
}

// impliedName is the name of a component, dots and all, or that of a file without its
// ending.
func impliedName(ref string) string {
	file, fragment, _ := strings.Cut(ref, "#")
	if fragment != "" {
		return path.Base(fragment)
	}
	return strings.TrimSuffix(path.Base(file), path.Ext(file))
}

// mayBe reports whether a schema can fit a value of a kind, as far as its types tell.
func (s *Schema) mayBe(k Kind, depth int) bool {
	switch {
	case s == nil || depth > 32:
		return true
	case s.always == takesNone, s.types != 0 && !s.types.has(k) && (k != Number || s.types&integerType == 0):
		return s.orNull && k == Null
	case !s.ref.mayBe(k, depth+1):
		return false
	}
	return !slices.ContainsFunc(s.allOf, func(t *Schema) bool { return !t.mayBe(k, depth+1) })
}

// named finds a schema by its name among the components, or by a reference.
func (c *Compiler) named(s *Schema, k spec.Cursor) *Schema {
	ref, ok := k.Value.(string)
	if !ok {
		k.Fail("must be a string")
		return nil
	}
	if !strings.ContainsAny(ref, "/#") {
		if at, err := s.at.Follow("#/components/schemas/" + wire.Escape(ref)); err == nil {
			return c.Add(at)
		}
	}
	return c.find(s.home, k, ref)
}

// children of the schema at a place by inheritance: those that have it in their allOf, and
// theirs.
func (c *Compiler) children(at spec.Cursor) (all []spec.Cursor) {
	if c.heirs == nil {
		c.heirs = map[string][]spec.Cursor{}
		c.inherit(at.Root())
	}
	known := map[string]bool{at.ID(): true}
	for next := slices.Clone(c.heirs[at.ID()]); len(next) > 0; next = next[1:] {
		if id := next[0].ID(); !known[id] {
			known[id] = true
			all = append(all, next[0])
			next = append(next, c.heirs[id]...)
		}
	}
	return all
}

// inherit notes for every component whose allOf it is in.
func (c *Compiler) inherit(root spec.Cursor) {
	components, _ := root.Get("components")
	schemas, _ := components.Get("schemas")
	schemas.Members(func(_ string, heir spec.Cursor) {
		all, _ := heir.Get("allOf")
		all.Each(func(item spec.Cursor) {
			m, _ := item.Value.(map[string]any)
			ref, ok := m["$ref"].(string)
			if !ok {
				return
			}
			if parent, err := heir.Follow(ref); err == nil {
				c.heirs[parent.ID()] = append(c.heirs[parent.ID()], heir)
			}
		})
	})
}
