package openapi

import (
	"path"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/internal/wire"
	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// discriminate replaces a choice by a decision: the member says which schema holds, and
// only that one is asked, so that its failures are what the client reads.
func (b *bundle) discriminate(c, d spec.Cursor, from string, out map[string]any) {
	property, self := d.Text("propertyName"), "\x00"+c.ID()+"\x00"
	if property == "" {
		d.Fail("needs a propertyName")
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
	if otherwise := d.Text("defaultMapping"); otherwise != "" {
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
func (b *bundle) choices(c spec.Cursor, from string, choices map[string]string) (others []any) {
	for _, keyword := range []string{"oneOf", "anyOf"} {
		c.Items(keyword, func(s spec.Cursor) {
			m, _ := s.Value.(map[string]any)
			ref, ok := m["$ref"].(string)
			switch {
			case m["type"] == "null":
				others = append(others, map[string]any{"type": "null"})
			case !ok:
				s.Fail("beside a discriminator, each choice must be a $ref")
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
func (b *bundle) noObject(c spec.Cursor) bool {
	for range 32 {
		c, _ = b.behind(c)
	}
	m, _ := c.Value.(map[string]any)
	kind, _ := m["type"].(string)
	return kind != "" && kind != "object"
}

// inherit finds the schemas that have this one in their allOf, and itself.
func (b *bundle) inherit(c spec.Cursor, from string, choices map[string]string) {
	for _, s := range append(b.children(c), c) {
		choices[path.Base(s.Pointer())] = b.add(s, from)
	}
}

// mapped adds the names of the discriminator's mapping.
func (b *bundle) mapped(c, d spec.Cursor, from string, choices map[string]string) {
	mapping, ok := d.Get("mapping")
	if !ok || !mapping.Object() {
		return
	}
	mapping.Members(func(value string, m spec.Cursor) {
		ref, ok := m.Value.(string)
		if !ok {
			m.Fail("must be a text")
			return
		}
		choices[value] = b.named(c, m, from, ref)
	})
}

// named finds a schema by its name among the components, or by a reference.
func (b *bundle) named(c, at spec.Cursor, from, ref string) string {
	name := "#/components/schemas/" + wire.Escape(ref)
	if target, err := c.Follow(name); err == nil && !strings.ContainsAny(ref, "/#") {
		return b.add(target, from)
	}
	target, err := at.Follow(ref)
	if err != nil {
		at.Fail(err.Error())
		return "#"
	}
	return b.add(target, from)
}

// children of the schema at c by inheritance: those that have it in their allOf, and
// theirs.
func (b *bundle) children(c spec.Cursor) []spec.Cursor {
	if b.heirs == nil {
		b.heirs = map[string][]spec.Cursor{}
		root := c.Root()
		components, _ := root.Get("components")
		schemas, _ := components.Get("schemas")
		schemas.Members(func(_ string, s spec.Cursor) {
			list, _ := s.Get("allOf")
			items, _ := list.Value.([]any)
			for _, item := range items {
				if m, ok := item.(map[string]any); ok {
					if ref, ok := m["$ref"].(string); ok {
						if parent, err := s.Follow(ref); err == nil {
							b.heirs[parent.ID()] = append(b.heirs[parent.ID()], s)
						}
					}
				}
			}
		})
	}
	var all []spec.Cursor
	known := []string{c.ID()}
	for next := slices.Clone(b.heirs[c.ID()]); len(next) > 0; next = next[1:] {
		if !slices.Contains(known, next[0].ID()) {
			known = append(known, next[0].ID())
			all = append(all, next[0])
			next = append(next, b.heirs[next[0].ID()]...)
		}
	}
	return all
}
