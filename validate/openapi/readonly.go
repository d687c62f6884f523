package openapi

import "slices"

// seen are places that were looked at, so that each is looked at once however schemas
// refer to each other.
type seen map[string]bool

// before reports whether c was there before, and notes it.
func (s seen) before(c cursor) bool {
	id := c.id()
	before := s[id]
	s[id] = true
	return before
}

// readOnly reports whether the schema at c marks what the server alone sets.
func readOnly(c cursor, been seen) bool {
	m, _ := c.v.(map[string]any)
	if m["readOnly"] == true || been.before(c) {
		return m["readOnly"] == true
	}
	found := false
	all, _ := c.get("allOf")
	all.each(func(s cursor) { found = found || readOnly(s, been) })
	if ref, ok := m["$ref"].(string); ok && !found {
		target, err := c.follow(ref)
		found = err == nil && readOnly(target, been)
	}
	return found
}

// dropReadOnly takes members that are never in a request off the required ones.
func (b *bundle) dropReadOnly(c cursor, out map[string]any) {
	required, ok := out["required"].([]any)
	if !ok {
		return
	}
	never := readOnlyMembers(c, seen{})
	left := slices.DeleteFunc(slices.Clone(required), func(name any) bool {
		s, _ := name.(string)
		return slices.Contains(never, s)
	})
	if out["required"] = left; len(left) == 0 {
		delete(out, "required")
	}
}

func readOnlyMembers(c cursor, been seen) (names []string) {
	if been.before(c) {
		return nil
	}
	properties, _ := c.get("properties")
	properties.members(func(name string, s cursor) {
		if readOnly(s, seen{}) {
			names = append(names, name)
		}
	})
	all, _ := c.get("allOf")
	all.each(func(s cursor) { names = append(names, readOnlyMembers(s, been)...) })
	if m, _ := c.v.(map[string]any); m["$ref"] != nil {
		if ref, ok := m["$ref"].(string); ok {
			if target, err := c.follow(ref); err == nil {
				names = append(names, readOnlyMembers(target, been)...)
			}
		}
	}
	return names
}
