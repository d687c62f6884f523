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

	find := c.named
	switch {
	case s.anyOf != nil && s.oneOf != nil:
		at.Fail("decides between the choices of anyOf or of oneOf, and not of both: put one of the two into an allOf")
		return
	case s.anyOf != nil || s.oneOf != nil:
		listed := c.implied(s, d)
		find = func(s *Schema, k spec.Cursor) *Schema { return c.mapped(s, c.named(s, k), listed) }
	default:
		c.inherited(s, at, d)
	}

	if mapping, ok := at.Get("mapping"); ok && mapping.Object() {
		mapping.Members(func(value string, k spec.Cursor) {
			if t := find(s, k); t != nil {
				d.choices[value] = t
			}
		})
	}
	if k, ok := at.Get("defaultMapping"); ok {
		d.fallback = find(s, k)
	}
	d.names = slices.Sorted(maps.Keys(d.choices))
	s.discriminator, s.anyOf, s.oneOf = d, nil, nil
}

// implied names the choices of oneOf and anyOf by what they are called where they stand
// (OpenAPI 3.1 §4.8.25), and returns them by the schemas that they refer to. Those for no
// object have no name.
func (c *Compiler) implied(s *Schema, d *discriminator) map[*Schema]*Schema {
	listed := map[*Schema]*Schema{}
	for _, keyword := range []string{"oneOf", "anyOf"} {
		s.at.Items(keyword, func(at spec.Cursor) {
			choice := c.Add(at)
			m, _ := at.Value.(map[string]any)
			ref, ok := m["$ref"].(string)
			switch name := impliedName(ref); {
			case !choice.mayBe(Object, 0):
				d.others = append(d.others, choice)
			case !ok:
				at.Fail("beside a discriminator, each choice must be a $ref")
			case d.choices[name] != nil:
				at.Failf("two choices are called %s: name them in the discriminator's mapping", name)
			default:
				d.choices[name] = c.whole(choice, m)
				if choice.ref != nil {
					listed[choice.ref.end()] = d.choices[name]
				}
			}
		})
	}
	return listed
}

// whole is what a choice asks for: the schema that its $ref names, and what stands beside it.
func (c *Compiler) whole(choice *Schema, m map[string]any) *Schema {
	if choice.ref == nil || choice.barred || !c.old && len(m) > 1 {
		return choice
	}
	return choice.ref
}

// end is the schema that s refers to, if it is a $ref and nothing else, or several that follow
// each other.
func (s *Schema) end() *Schema {
	for range 16 {
		if m, _ := s.at.Value.(map[string]any); s.ref == nil || len(m) > 1 {
			break
		}
		s = s.ref
	}
	return s
}

// mapped is what a mapping to t asks for. Where t is none of the choices, one of them has to
// hold as well: a mapping lets in nothing that oneOf and anyOf refuse.
func (c *Compiler) mapped(s, t *Schema, listed map[*Schema]*Schema) *Schema {
	if t == nil {
		return nil
	}
	if choice, ok := listed[t.end()]; ok {
		return choice
	}
	both := c.blank(s.at, s.home)
	both.allOf, both.anyOf, both.oneOf = []*Schema{t}, s.anyOf, s.oneOf
	return both
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

// heir is a component by its name.
type heir struct {
	name string
	at   spec.Cursor
}

// inherited names the schemas that have s in their allOf, and s itself.
func (c *Compiler) inherited(s *Schema, at spec.Cursor, d *discriminator) {
	for _, root := range []spec.Cursor{c.loader.Entry(), s.at.Root()} {
		c.inherit(root)
	}
	all := append(c.children(s.at), c.components[s.at.ID()]...)
	if len(c.components[s.at.ID()]) == 0 {
		all = append(all, heir{path.Base(s.at.Pointer()), s.at})
	}
	for _, h := range all {
		t := c.Add(h.at)
		if before := d.choices[h.name]; before != nil && before != t {
			at.Failf("two schemas that may be meant are called %s: rename one of them", h.name)
		}
		d.choices[h.name] = t
	}
}

// children of the schema at a place by inheritance: those that have it in their allOf, and
// theirs.
func (c *Compiler) children(at spec.Cursor) (all []heir) {
	known := map[string]bool{at.ID(): true}
	for next := slices.Clone(c.heirs[at.ID()]); len(next) > 0; next = next[1:] {
		if id := next[0].at.ID(); !known[id] {
			known[id] = true
			all = append(all, c.components[id]...)
			next = append(next, c.heirs[id]...)
		}
	}
	return all
}

// inherit notes the components of a file, and for each whose allOf it is in.
func (c *Compiler) inherit(root spec.Cursor) {
	if c.searched[root.ID()] {
		return
	}
	c.searched[root.ID()] = true
	components, _ := root.Get("components")
	schemas, _ := components.Get("schemas")
	schemas.Members(func(name string, at spec.Cursor) {
		h := heir{name, c.behind(at)}
		c.components[h.at.ID()] = append(c.components[h.at.ID()], h)
		all, _ := h.at.Get("allOf")
		all.Each(func(item spec.Cursor) {
			m, _ := item.Value.(map[string]any)
			ref, ok := m["$ref"].(string)
			if !ok {
				return
			}
			if parent, err := item.Follow(ref); err == nil {
				id := c.behind(parent).ID()
				c.heirs[id] = append(c.heirs[id], h)
			}
		})
	})
}

// behind is the schema that a place refers to, by a $ref alone or by several that follow
// each other.
func (c *Compiler) behind(at spec.Cursor) spec.Cursor {
	for range 16 {
		m, _ := at.Value.(map[string]any)
		ref, ok := m["$ref"].(string)
		if !ok || len(m) > 1 {
			break
		}
		next, err := at.Follow(ref)
		if err != nil {
			break
		}
		at = next
	}
	return at
}
