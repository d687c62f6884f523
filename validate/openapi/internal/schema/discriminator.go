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
// oneOf, it decides among the schemas that have this one in their allOf. Where it does not tell the choices apart, oneOf or
// anyOf holds as if it were not there: it is a hint, and what they ask is the rule (OpenAPI 3.1 §4.8.25).
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
		return // of which it decides is not said
	case s.anyOf != nil || s.oneOf != nil:
		listed, ok := c.implied(s, d)
		if !ok || !c.leads(s, at) {
			return
		}
		find = func(s *Schema, k spec.Cursor) *Schema { return c.mapped(s, c.named(s, k), listed) }
	default:
		if c.inherited(s, at, d); len(d.choices) == 1 && !c.leads(s, at) {
			return // there is nothing to decide among
		}
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

// addMapped compiles the schemas that the mapping of a discriminator names.
func (c *Compiler) addMapped(s *Schema, at spec.Cursor) {
	eachMapped(at, func(k spec.Cursor) {
		if c.leadsTo(s, k) {
			c.named(s, k)
		}
	})
}

// leads reports whether a discriminator names schemas that there are. Bundlers leave names of files in it that they have
// taken the schemas out of.
func (c *Compiler) leads(s *Schema, at spec.Cursor) bool {
	all := true
	eachMapped(at, func(k spec.Cursor) {
		if !c.leadsTo(s, k) {
			all = false
			k.Warnf("%v leads to nothing, and so the discriminator decides nothing", k.Value)
		}
	})
	return all
}

func (c *Compiler) leadsTo(s *Schema, k spec.Cursor) bool {
	ref, isText := k.Value.(string)
	if _, err := s.at.Follow("#/components/schemas/" + wire.Escape(ref)); err == nil && !strings.ContainsAny(ref, "/#") {
		return true
	}
	absolute, err := resolve(s.home.base, ref)
	if err == nil && c.resources[absolute] != nil {
		return true
	}
	_, err = k.Follow(ref)
	return err == nil || !isText
}

func eachMapped(at spec.Cursor, f func(spec.Cursor)) {
	if k, ok := at.Get("defaultMapping"); ok {
		f(k)
	}
	if mapping, ok := at.Get("mapping"); ok && mapping.Object() {
		mapping.Members(func(_ string, k spec.Cursor) { f(k) })
	}
}

// implied names the choices of oneOf and anyOf, and returns them by the schemas that they refer to. A choice is named by
// the values that it allows the property to have, and otherwise by what it is called where it stands (OpenAPI 3.1
// §4.8.25). Those for no object have no name. It reports false where the choices have no names, or one is that of two.
func (c *Compiler) implied(s *Schema, d *discriminator) (listed map[*Schema]*Schema, ok bool) {
	listed, ok = map[*Schema]*Schema{}, true
	for _, keyword := range []string{"oneOf", "anyOf"} {
		s.at.Items(keyword, func(at spec.Cursor) {
			choice := c.Add(at)
			m, _ := at.Value.(map[string]any)
			if !choice.mayBe(Object, 0) {
				d.others = append(d.others, choice)
				return
			}

			names := choice.member(d.property, 0).texts(0)
			if ref, isRef := m["$ref"].(string); isRef && names == nil {
				names = []string{impliedName(ref)}
			}
			whole := c.whole(choice, m)
			for _, name := range names {
				ok = ok && d.choices[name] == nil
				d.choices[name] = whole
			}
			if ok = ok && names != nil; choice.ref != nil {
				listed[choice.ref.end()] = whole
			}
		})
	}
	return listed, ok
}

// member returns what s says of a member, itself or by what it refers to, nil where it says nothing.
func (s *Schema) member(name string, depth int) *Schema {
	if s == nil || depth > 32 {
		return nil
	}
	if p := s.properties[name]; p != nil && p.schema != nil {
		return p.schema
	}
	if t := s.ref.member(name, depth+1); t != nil {
		return t
	}
	for _, part := range s.allOf {
		if t := part.member(name, depth+1); t != nil {
			return t
		}
	}
	return nil
}

// texts returns the values that const or enum allow, where all of them are texts.
func (s *Schema) texts(depth int) (list []string) {
	switch {
	case s == nil || depth > 32:
		return nil
	case s.constant != nil && s.constant.Kind() == String:
		return []string{s.constant.nodes[0].text}
	case s.enum != nil && len(s.enum.values) == 0:
		return slices.Sorted(maps.Keys(s.enum.texts))
	}
	if list = s.ref.texts(depth + 1); list != nil {
		return list
	}
	for _, part := range s.allOf {
		if list = part.texts(depth + 1); list != nil {
			break
		}
	}
	return list
}

// whole is what a choice asks for: the schema that its $ref names, and what stands beside it.
func (c *Compiler) whole(choice *Schema, m map[string]any) *Schema {
	if choice.ref == nil || choice.barred || len(m) > 1 {
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
