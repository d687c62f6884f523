package openapi

import "slices"

// readOnly reports whether the schema at c marks what the server alone sets.
func readOnly(c cursor, depth int) bool {
	m, _ := c.v.(map[string]any)
	if m["readOnly"] == true || depth == 16 {
		return m["readOnly"] == true
	}
	found := false
	all, _ := c.get("allOf")
	all.each(func(s cursor) { found = found || readOnly(s, depth+1) })
	if ref, ok := m["$ref"].(string); ok && !found {
		target, err := c.follow(ref)
		found = err == nil && readOnly(target, depth+1)
	}
	return found
}

// dropReadOnly takes members that are never in a request off the required ones.
func (b *bundle) dropReadOnly(c cursor, out map[string]any) {
	required, ok := out["required"].([]any)
	if !ok {
		return
	}
	never := readOnlyMembers(c, 0)
	left := slices.DeleteFunc(slices.Clone(required), func(name any) bool {
		s, _ := name.(string)
		return slices.Contains(never, s)
	})
	if out["required"] = left; len(left) == 0 {
		delete(out, "required")
	}
}

func readOnlyMembers(c cursor, depth int) (names []string) {
	if depth == 16 {
		return nil
	}
	properties, _ := c.get("properties")
	properties.members(func(name string, s cursor) {
		if readOnly(s, 0) {
			names = append(names, name)
		}
	})
	all, _ := c.get("allOf")
	all.each(func(s cursor) { names = append(names, readOnlyMembers(s, depth+1)...) })
	if m, _ := c.v.(map[string]any); m["$ref"] != nil {
		if ref, ok := m["$ref"].(string); ok {
			if target, err := c.follow(ref); err == nil {
				names = append(names, readOnlyMembers(target, depth+1)...)
			}
		}
	}
	return names
}
