package schema

import "maps"

// bar marks a schema whose values do not go the compiler's way.
func (c *Compiler) bar(s *Schema, marked bool) {
	s.barred = s.barred || marked
	c.settings.barred = c.settings.barred || marked
}

// barNames finds, for every schema, the members that do not go the compiler's way, so that
// none of them is required: those that the schema marks itself, or a schema that holds
// with it, by allOf, $ref or whichever choice is taken. "required" may stand in one branch
// and readOnly in another.
func (c *Compiler) barNames() {
	own := map[*Schema][]string{}
	for _, s := range c.schemas {
		for name, p := range s.properties {
			if p.schema.marks() {
				own[s] = append(own[s], name)
			}
		}
	}
	if len(own) == 0 {
		return
	}
	for _, s := range c.schemas {
		names := map[string]struct{}{}
		s.gather(own, names, map[*Schema]bool{})
		if len(names) > 0 {
			s.spared = names
		}
	}
}

// maxSpared bounds how far choices in choices are looked through. Beyond it a member that all
// of them mark stays required.
const maxSpared = 12

// gather adds the marked members of s and of what holds with it.
func (s *Schema) gather(own map[*Schema][]string, to map[string]struct{}, seen map[*Schema]bool) {
	if s == nil || seen[s] {
		return
	}
	seen[s] = true
	for _, name := range own[s] {
		to[name] = struct{}{}
	}
	s.ref.gather(own, to, seen)
	for _, t := range s.allOf {
		t.gather(own, to, seen)
	}
	if len(seen) > maxSpared {
		return
	}
	for _, choices := range [][]*Schema{s.anyOf, s.oneOf, s.discriminator.all()} {
		for name := range inEvery(own, choices, seen) {
			to[name] = struct{}{}
		}
	}
}

// inEvery returns the members that every one of the choices marks, of those for objects.
func inEvery(own map[*Schema][]string, choices []*Schema, seen map[*Schema]bool) map[string]struct{} {
	var common map[string]struct{}
	for _, t := range choices {
		if !t.mayBe(Object, 0) {
			continue
		}
		names := map[string]struct{}{}
		t.gather(own, names, maps.Clone(seen))
		if common == nil {
			common = names
			continue
		}
		maps.DeleteFunc(common, func(name string, _ struct{}) bool {
			_, ok := names[name]
			return !ok
		})
	}
	return common
}

// all are the schemas that a discriminator decides among.
func (d *discriminator) all() (list []*Schema) {
	if d == nil {
		return nil
	}
	for _, name := range d.names {
		list = append(list, d.choices[name])
	}
	return list
}

// marks reports whether a schema, or one that it asks about the same value, is barred.
func (s *Schema) marks() bool {
	return s.some((*Schema).parts, func(t *Schema) bool { return t.barred })
}
