package openapi

import (
	"maps"
	"slices"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sallyport-dev/sallyport/validate"
)

// stray is a member that should not be there.
type stray struct {
	at   []string
	code string // validate.CodeUnknownMember or CodeWriteOnly
}

func (s stray) said() said {
	if s.code == CodeWriteOnly {
		return said{at: s.at, code: s.code, detail: "is for requests alone"}
	}
	return said{at: s.at, code: s.code, detail: unknownMember, leftOver: true}
}

// finder looks for members that no schema speaks of. JSON Schema lets an object have
// them unless it says otherwise; here an object whose schema speaks of members at all has
// those alone.
type finder struct {
	left  int // bounds the work, as choices hold choices
	path  []string
	found []stray
}

// effort bounds how much is asked to find strays: once in all, and for each value. A
// client may cause less of it than the API behind the gate.
type effort struct{ once, each int }

var (
	forRequests = effort{50_000, 2}
	forAnswers  = effort{200_000, 16}
)

// strays are the members of v, and of what is in it, that s does not speak of or that are
// writeOnly, in the order of their places. ok is false where that is too much to find out.
func strays(s *jsonschema.Schema, v any, most effort) (found []stray, ok bool) {
	f := finder{left: most.once + most.each*weight(v)}
	f.value(v, []*jsonschema.Schema{s})
	slices.SortFunc(f.found, func(a, b stray) int { return slices.CompareFunc(a.at, b.at, byNumber) })
	return f.found, f.left >= 0
}

// weight is how many values v is.
func weight(v any) int {
	n := 1
	switch v := v.(type) {
	case map[string]any:
		for _, member := range v {
			n += weight(member)
		}
	case []any:
		for _, item := range v {
			n += weight(item)
		}
	}
	return n
}

// value looks at v, about which all of the schemas speak. Where none does, it is free.
func (f *finder) value(v any, schemas []*jsonschema.Schema) {
	if f.left--; f.left < 0 || len(schemas) == 0 {
		return
	}
	var here []*jsonschema.Schema
	switch v := v.(type) {
	case map[string]any:
		for _, s := range schemas {
			here = f.reach(here, s, v)
		}
		f.object(v, here)
	case []any:
		for _, s := range schemas {
			here = f.reach(here, s, v)
		}
		f.array(v, here)
	}
}

// reach adds s, and every schema that it has speak about the same value.
func (f *finder) reach(here []*jsonschema.Schema, s *jsonschema.Schema, v any) []*jsonschema.Schema {
	if f.left--; f.left < 0 || s == nil || slices.Contains(here, s) {
		return here
	}
	here = append(here, s)
	if isProbe(s) { // which a stray member may have failed
		return f.reach(here, s.Then, v)
	}
	here = f.reach(here, s.Ref, v)
	none := !slices.ContainsFunc(s.AllOf, func(t *jsonschema.Schema) bool { return t.Comment == decided && f.holds(t.If, v) })
	for _, t := range s.AllOf {
		if t.Comment == decided && none {
			t = t.Then // as no name that is known was given, any of them may be meant
		}
		here = f.reach(here, t, v)
	}
	switch {
	case s.If == nil:
	case f.holds(s.If, v):
		here = f.reach(f.reach(here, s.If, v), s.Then, v)
	default:
		here = f.reach(here, s.Else, v)
	}
	for _, choices := range [][]*jsonschema.Schema{s.AnyOf, s.OneOf} {
		for _, t := range f.choose(choices, v) {
			here = f.reach(here, t, v)
		}
	}
	members, _ := v.(map[string]any)
	for name, t := range s.DependentSchemas {
		if _, there := members[name]; there {
			here = f.reach(here, t, v)
		}
	}
	return here
}

// choose finds the choices that are meant: those that hold, or else those that would
// without the members they do not speak of, or else any of them.
func (f *finder) choose(choices []*jsonschema.Schema, v any) (meant []*jsonschema.Schema) {
	for _, s := range choices {
		if f.holds(s, v) {
			meant = append(meant, s)
		}
	}
	switch {
	case meant != nil:
		return meant
	case len(choices) < 2:
		return choices
	}
	for _, s := range choices {
		inner := finder{left: f.left}
		inner.value(v, []*jsonschema.Schema{s})
		if f.left = inner.left; f.left >= 0 && len(inner.found) > 0 && f.holds(s, without(v, cutsOf(inner.found))) {
			meant = append(meant, s)
		}
	}
	if meant == nil {
		return choices
	}
	return meant
}

func (f *finder) holds(s *jsonschema.Schema, v any) bool {
	if f.left -= weight(v); f.left < 0 {
		return false
	}
	return s.Validate(v) == nil
}

func (f *finder) object(v map[string]any, here []*jsonschema.Schema) {
	if !slices.ContainsFunc(here, speaks) {
		return
	}
	for name, member := range v {
		f.path = append(f.path, name)
		schemas, known := ofName(here, name)
		switch {
		case !known:
			f.add(validate.CodeUnknownMember)
		case slices.ContainsFunc(schemas, isWriteOnly):
			f.add(CodeWriteOnly)
		default:
			f.value(member, schemas)
		}
		f.path = f.path[:len(f.path)-1]
	}
}

func (f *finder) add(code string) {
	f.found = append(f.found, stray{slices.Clone(f.path), code})
}

// speaks reports whether s says which members there are.
func speaks(s *jsonschema.Schema) bool {
	return len(s.Properties) > 0 || len(s.PatternProperties) > 0 || s.AdditionalProperties != nil || s.UnevaluatedProperties != nil
}

func isWriteOnly(s *jsonschema.Schema) bool {
	return s.Format != nil && s.Format.Name == formatWriteOnly
}

// ofName are the schemas of a member, which is known where one is, or where it is
// required.
func ofName(here []*jsonschema.Schema, name string) (schemas []*jsonschema.Schema, known bool) {
	for _, s := range here {
		// What $dynamicRef stands for depends on the way here, and so it may be anything.
		known = known || s.DynamicRef != nil || slices.Contains(s.Required, name)
		t, named := s.Properties[name]
		if named {
			schemas = append(schemas, t)
		}
		for re, t := range s.PatternProperties {
			if re.MatchString(name) {
				schemas, named = append(schemas, t), true
			}
		}
		if others, ok := s.AdditionalProperties.(*jsonschema.Schema); ok && !named && !isFalse(others) {
			schemas = append(schemas, others)
		}
		known = known || !named && s.AdditionalProperties == true
	}
	known = known || len(schemas) > 0
	for _, s := range here {
		if t := s.UnevaluatedProperties; t != nil && !known && !isFalse(t) {
			schemas = append(schemas, t)
		}
	}
	return schemas, known || len(schemas) > 0
}

func isFalse(s *jsonschema.Schema) bool { return s.Bool != nil && !*s.Bool }

func (f *finder) array(v []any, here []*jsonschema.Schema) {
	for i, item := range v {
		var schemas []*jsonschema.Schema
		add := func(t *jsonschema.Schema) {
			if t != nil {
				schemas = append(schemas, t)
			}
		}
		for _, s := range here {
			switch {
			case i < len(s.PrefixItems):
				add(s.PrefixItems[i])
			default:
				add(s.Items2020)
			}
			if s.Contains != nil && f.holds(s.Contains, item) {
				add(s.Contains)
			}
		}
		if schemas == nil {
			for _, s := range here {
				add(s.UnevaluatedItems)
			}
		}
		f.path = append(f.path, strconv.Itoa(i))
		f.value(item, schemas)
		f.path = f.path[:len(f.path)-1]
	}
}

// cuts is a tree of places to be taken out: those that lead to nothing more.
type cuts map[string]cuts

func cutsOf(found []stray) cuts {
	root := cuts{}
	for _, s := range found {
		c := root
		for i, name := range s.at {
			if i == len(s.at)-1 {
				c[name] = nil
				break
			}
			if c[name] == nil {
				c[name] = cuts{}
			}
			c = c[name]
		}
	}
	return root
}

// without is v without these places. Only what changes is copied.
func without(v any, c cuts) any {
	if len(c) == 0 {
		return v
	}
	switch v := v.(type) {
	case map[string]any:
		m := maps.Clone(v)
		for name, below := range c {
			if below == nil {
				delete(m, name)
				continue
			}
			m[name] = without(v[name], below)
		}
		return m
	case []any:
		list := slices.Clone(v)
		for index, below := range c {
			if i, err := strconv.Atoi(index); err == nil && i < len(list) && below != nil {
				list[i] = without(list[i], below)
			}
		}
		return list
	}
	return v
}
