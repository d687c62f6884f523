package openapi

import (
	"slices"

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// seen are places that were looked at, so that each is looked at once however schemas
// refer to each other.
type seen map[string]bool

// before reports whether c was there before, and notes it.
func (s seen) before(c spec.Cursor) bool {
	id := c.ID()
	before := s[id]
	s[id] = true
	return before
}

// never reports whether the schema at c marks what the server alone sets, in requests, or
// the client alone, in answers.
func (b *bundle) never(c spec.Cursor, been seen) bool {
	m, _ := c.Value.(map[string]any)
	if marked := m[b.way.mark] == true; marked || been.before(c) {
		return marked
	}
	found := false
	all, _ := c.Get("allOf")
	all.Each(func(s spec.Cursor) { found = found || b.never(s, been) })
	if ref, ok := m["$ref"].(string); ok && !found {
		target, err := c.Follow(ref)
		found = err == nil && b.never(target, been)
	}
	return found
}

// dropNever takes members that are never there off the required ones.
func (b *bundle) dropNever(c spec.Cursor, out map[string]any) {
	required, ok := out["required"].([]any)
	if !ok {
		return
	}
	never := b.neverMembers(c, seen{})
	left := slices.DeleteFunc(slices.Clone(required), func(name any) bool {
		s, _ := name.(string)
		return slices.Contains(never, s)
	})
	if out["required"] = left; len(left) == 0 {
		delete(out, "required")
	}
}

func (b *bundle) neverMembers(c spec.Cursor, been seen) (names []string) {
	if been.before(c) {
		return nil
	}
	properties, _ := c.Get("properties")
	properties.Members(func(name string, s spec.Cursor) {
		if b.never(s, seen{}) {
			names = append(names, name)
		}
	})
	all, _ := c.Get("allOf")
	all.Each(func(s spec.Cursor) { names = append(names, b.neverMembers(s, been)...) })
	if m, _ := c.Value.(map[string]any); m["$ref"] != nil {
		if ref, ok := m["$ref"].(string); ok {
			if target, err := c.Follow(ref); err == nil {
				names = append(names, b.neverMembers(target, been)...)
			}
		}
	}
	return names
}
