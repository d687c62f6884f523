package openapi

import (
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// perBody and perValue are how many schemas may be asked about a body, and more for each
// value in it. A schema that holds itself in several of its choices would otherwise be
// asked as many times as there are choices, to the power of the depth, and the client
// chooses the depth.
const (
	perBody  = 10_000
	perValue = 20

	tooMuch = 1 << 40 // where counting ends
)

// work counts beforehand how often schemas will be asked. It is an upper bound: what a
// failure cuts short is counted too, but not the choices that a probe rules out.
type work struct {
	left    int
	circles *circles
}

type asked map[*jsonschema.Schema]int

// flat is a depth at which no document's choices are too many.
const flat = 2

// fits reports whether the work on v is within the bound.
func (r *rule) fits(v any) bool {
	if !deeperThan(flat, v) {
		return true
	}
	w := work{perBody + perValue*weight(v), r.circles}
	w.value(v, asked{r.schema: 1})
	return w.left >= 0
}

func deeperThan(n int, v any) bool {
	if n < 0 {
		return true
	}
	switch v := v.(type) {
	case map[string]any:
		for _, member := range v {
			if deeperThan(n-1, member) {
				return true
			}
		}
	case []any:
		for _, item := range v {
			if deeperThan(n-1, item) {
				return true
			}
		}
	}
	return false
}

func (w *work) value(v any, roots asked) {
	here := asked{}
	for s, n := range roots {
		w.ask(s, v, n, here)
	}
	if w.left < 0 {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			w.value(member, below(here, func(s *jsonschema.Schema, add func(*jsonschema.Schema)) { ofMember(s, name, add) }))
		}
	case []any:
		for i, item := range v {
			w.value(item, below(here, func(s *jsonschema.Schema, add func(*jsonschema.Schema)) { ofItem(s, i, add) }))
		}
	}
}

// ask notes that s is asked n times about v, with every schema it asks about the same
// value. Each call costs at least one, so its own work is bounded too.
func (w *work) ask(s *jsonschema.Schema, v any, n int, here asked) {
	if w.left -= n; w.left < 0 || s == nil {
		return
	}
	here[s] = min(here[s]+n, tooMuch)
	if isProbe(s) {
		if s.If.Validate(v) == nil {
			w.ask(s.Then, v, n, here)
		}
		return
	}
	same(s, func(t *jsonschema.Schema) { w.ask(t, v, n, here) })
	if s.DynamicRef != nil { // what it stands for depends on the way here
		for _, t := range w.circles.dynamic[s.DynamicRef.Anchor] {
			w.ask(t, v, n, here)
		}
	}
}

// isProbe recognises what [bundle.probed] makes.
func isProbe(s *jsonschema.Schema) bool {
	return s.If != nil && s.Then != nil && s.Else != nil && s.Else.Bool != nil && !*s.Else.Bool && s.AllOf == nil && s.AnyOf == nil && s.OneOf == nil && s.Ref == nil
}

func below(here asked, each func(*jsonschema.Schema, func(*jsonschema.Schema))) asked {
	next := asked{}
	for s, n := range here {
		each(s, func(t *jsonschema.Schema) {
			if t != nil {
				next[t] = min(next[t]+n, tooMuch)
			}
		})
	}
	return next
}

// same calls add for every schema that s asks about the same value.
func same(s *jsonschema.Schema, add func(*jsonschema.Schema)) {
	for _, t := range []*jsonschema.Schema{s.Ref, s.Not, s.If, s.Then, s.Else} {
		if t != nil {
			add(t)
		}
	}
	if s.DynamicRef != nil && s.DynamicRef.Anchor == "" {
		add(s.DynamicRef.Ref)
	}
	for _, list := range [][]*jsonschema.Schema{s.AllOf, s.AnyOf, s.OneOf} {
		for _, t := range list {
			add(t)
		}
	}
	for _, t := range s.DependentSchemas {
		add(t)
	}
}

// ofMember calls add for every schema that s asks about a member.
func ofMember(s *jsonschema.Schema, name string, add func(*jsonschema.Schema)) {
	t, named := s.Properties[name]
	if named {
		add(t)
	}
	for re, t := range s.PatternProperties {
		if re.MatchString(name) {
			named = true
			add(t)
		}
	}
	if others, ok := s.AdditionalProperties.(*jsonschema.Schema); ok && !named {
		add(others)
	}
	add(s.UnevaluatedProperties)
}

// ofItem calls add for every schema that s asks about an item.
func ofItem(s *jsonschema.Schema, i int, add func(*jsonschema.Schema)) {
	if i < len(s.PrefixItems) {
		add(s.PrefixItems[i])
	} else {
		add(s.Items2020)
	}
	add(s.Contains)
	add(s.UnevaluatedItems)
}

// circles finds the schemas that hold themselves, over all rules of a document.
type circles struct {
	dynamic  map[string][]*jsonschema.Schema // by $dynamicAnchor
	straight map[*jsonschema.Schema]bool     // true once known to hold no circle, false on the way
	open     bool                            // what the rules say of members that nobody has described
}

// within reports whether a circle can be reached from s.
func (c *circles) within(s *jsonschema.Schema) bool {
	if s == nil {
		return false
	}
	if done, seen := c.straight[s]; seen {
		return !done
	}
	c.straight[s] = false
	if s.DynamicAnchor != "" {
		c.dynamic[s.DynamicAnchor] = append(c.dynamic[s.DynamicAnchor], s)
	}
	found := s.DynamicRef != nil && s.DynamicRef.Anchor != ""
	visit := func(t *jsonschema.Schema) { found = found || c.within(t) }
	same(s, visit)
	for _, t := range s.Properties {
		visit(t)
	}
	for _, t := range s.PatternProperties {
		visit(t)
	}
	others, _ := s.AdditionalProperties.(*jsonschema.Schema)
	for _, t := range append([]*jsonschema.Schema{others, s.UnevaluatedProperties, s.Items2020, s.Contains, s.UnevaluatedItems}, s.PrefixItems...) {
		visit(t)
	}
	c.straight[s] = !found
	return found
}
