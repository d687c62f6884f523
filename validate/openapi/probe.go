package openapi

import (
	"slices"

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// probed puts what can be told of a choice without going deeper before the choice, so
// that the ones that are not meant cost nothing: {"if": probe, "then": choice, "else":
// false}. The probe asks for nothing that the choice does not ask for too.
func (b *bundle) probed(c spec.Cursor, choice any) any {
	probe := b.probe(c, seen{})
	if len(probe) == 0 {
		return choice
	}
	return map[string]any{"if": probe, "then": choice, "else": false}
}

// probe is a part of the schema at c that does not go deeper than one member.
func (b *bundle) probe(c spec.Cursor, been seen) map[string]any {
	m, _ := c.Value.(map[string]any)
	if m == nil || m["$id"] != nil || b.nullableChoice(m) || been.before(c) {
		return nil
	}
	probe := map[string]any{}
	if target, ok := b.behind(c); ok {
		if b.old {
			return b.probe(target, been)
		}
		require(probe, b.probe(target, been))
	}
	b.flat(m, probe)
	b.probeMembers(c, m, probe)
	all, _ := c.Get("allOf")
	all.Each(func(s spec.Cursor) { require(probe, b.probe(s, been)) })
	return probe
}

func require(probe, also map[string]any) {
	if len(also) > 0 {
		all, _ := probe["allOf"].([]any)
		probe["allOf"] = append(all, also)
	}
}

// behind follows a $ref, where there is one to follow.
func (b *bundle) behind(c spec.Cursor) (spec.Cursor, bool) {
	m, _ := c.Value.(map[string]any)
	ref, ok := m["$ref"].(string)
	if !ok || isAbsolute(ref) {
		return c, false
	}
	target, err := c.Follow(ref)
	return target, err == nil
}

// flat copies the keywords that look at the value alone.
func (b *bundle) flat(m, probe map[string]any) {
	for _, name := range []string{"type", "const", "enum"} {
		if v, ok := m[name]; ok && !(name == "type" && m["nullable"] == true) && !(name == "const" && b.old) {
			probe[name] = v
		}
	}
}

func (b *bundle) probeMembers(c spec.Cursor, m, probe map[string]any) {
	never := b.neverMembers(c, seen{})
	if required, ok := m["required"].([]any); ok {
		left := slices.DeleteFunc(slices.Clone(required), func(name any) bool {
			s, _ := name.(string)
			return slices.Contains(never, s)
		})
		if len(left) > 0 {
			probe["required"] = left
		}
	}
	members := map[string]any{}
	properties, _ := c.Get("properties")
	properties.Members(func(name string, s spec.Cursor) {
		if target, ok := b.behind(s); ok {
			s = target
		}
		flat := map[string]any{}
		if sm, ok := s.Value.(map[string]any); ok && sm["$id"] == nil {
			b.flat(sm, flat)
		}
		members[name] = flat
	})
	if m["additionalProperties"] == false && m["patternProperties"] == nil {
		probe["additionalProperties"] = false
	}
	if len(members) > 0 {
		probe["properties"] = members
	}
}
