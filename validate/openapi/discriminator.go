package openapi

import (
	"path"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

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
	choices := map[string]string{}
	var others []any
	if one || several {
		others = b.choices(c, from+self, choices)
	} else {
		b.inherit(c, from+self, choices)
	}
	b.mapped(c, d, from+self, choices)
	all, _ := out["allOf"].([]any)
	values := []any{}
	for _, name := range sortedKeys(choices) {
		values = append(values, name)
		is := map[string]any{"type": "object", "properties": map[string]any{property: map[string]any{"const": name}}, "required": []any{property}}
		all = append(all, map[string]any{"$comment": decided, "if": is, "then": map[string]any{"$ref": choices[name]}})
	}
	known := map[string]any{"properties": map[string]any{property: map[string]any{"enum": values}}, "required": []any{property}}
	if otherwise := d.text("defaultMapping"); otherwise != "" {
		known = map[string]any{"if": known, "else": map[string]any{"$ref": b.named(c, d, from+self, otherwise)}}
	}
	object := map[string]any{"type": "object"}
	if len(others) > 0 { // what is no object has no names
		out["allOf"] = append(all, map[string]any{"if": object, "then": known, "else": map[string]any{"anyOf": others}})
		return
	}
	out["allOf"] = append(all, object, known)
}

// decided marks what a discriminator decides about, for who looks for members that no
// choice speaks of. No document has it, as comments are left out.
const decided = "\x00decided"

// choices are the schemas of oneOf or anyOf by their names. others are those that are for
// no object.
func (b *bundle) choices(c cursor, from string, choices map[string]string) (others []any) {
	for _, keyword := range []string{"oneOf", "anyOf"} {
		c.items(keyword, func(s cursor) {
			m, _ := s.v.(map[string]any)
			ref, ok := m["$ref"].(string)
			switch {
			case m["type"] == "null":
				others = append(others, map[string]any{"type": "null"})
			case !ok:
				s.fail("beside a discriminator, each choice must be a $ref")
			case b.noObject(s):
				others = append(others, map[string]any{"$ref": b.ref(s, ref, from)})
			default:
				choices[strings.TrimSuffix(path.Base(ref), path.Ext(ref))] = b.ref(s, ref, from)
			}
		})
	}
	return others
}

// noObject reports whether a choice is for another type.
func (b *bundle) noObject(c cursor) bool {
	for range 32 {
		c, _ = b.behind(c)
	}
	m, _ := c.v.(map[string]any)
	kind, _ := m["type"].(string)
	return kind != "" && kind != "object"
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

// children of the schema at c by inheritance: those that have it in their allOf, and
// theirs.
func (b *bundle) children(c cursor) []cursor {
	if b.heirs == nil {
		b.heirs = map[string][]cursor{}
		root := cursor{b.l, c.src, "", c.src.tree}
		components, _ := root.get("components")
		schemas, _ := components.get("schemas")
		schemas.members(func(_ string, s cursor) {
			list, _ := s.get("allOf")
			items, _ := list.v.([]any)
			for _, item := range items {
				if m, ok := item.(map[string]any); ok {
					if ref, ok := m["$ref"].(string); ok {
						if parent, err := s.follow(ref); err == nil {
							b.heirs[parent.id()] = append(b.heirs[parent.id()], s)
						}
					}
				}
			}
		})
	}
	var all []cursor
	known := []string{c.id()}
	for next := slices.Clone(b.heirs[c.id()]); len(next) > 0; next = next[1:] {
		if !slices.Contains(known, next[0].id()) {
			known = append(known, next[0].id())
			all = append(all, next[0])
			next = append(next, b.heirs[next[0].id()]...)
		}
	}
	return all
}
