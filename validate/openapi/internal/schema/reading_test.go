package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// reading is JSON Schema read as it is written, without a thought of speed: what holds says
// what it has described, and a member is undescribed that none of what holds speaks of.
type reading struct {
	*generator
	homes map[uintptr]int         // the resource of each schema, by its definition
	named map[int]map[string]any  // the schemas that anchors name
	moves map[int]map[string]bool // the anchors among them that are dynamic
	scope []int                   // the resources on the way here
	steps int                     // schemas that may still be asked: choices within choices take many
}

// spoken is something that a schema says of a place.
type spoken struct {
	place string
	what  speech
}

type speech uint8

const (
	describes speech = iota // the schema of a member, or an item
	knows                   // the name of a member alone
	encloses                // which members an object has
)

func newReading(g *generator) *reading {
	r := &reading{generator: g, homes: map[uintptr]int{}, named: map[int]map[string]any{},
		moves: map[int]map[string]bool{}}
	r.walk(g.root, -1)
	return r
}

// walk finds the resources of schemas, and their anchors. What is no schema does not matter.
func (r *reading) walk(v any, home int) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			r.walk(item, home)
		}
	case map[string]any:
		if id, ok := v["$id"].(string); ok && id != base+"root" {
			if _, err := fmt.Sscanf(id, "r%d", &home); err != nil {
				panic(err)
			}
		}
		r.homes[reflect.ValueOf(v).Pointer()] = home
		for _, keyword := range []string{"$anchor", "$dynamicAnchor"} {
			if name, ok := v[keyword].(string); ok {
				if r.named[home] == nil {
					r.named[home], r.moves[home] = map[string]any{}, map[string]bool{}
				}
				r.named[home][name], r.moves[home][name] = v, keyword == "$dynamicAnchor"
			}
		}
		for _, member := range v {
			r.walk(member, home)
		}
	}
}

// target is the schema that a reference means, and its resource.
func (r *reading) target(ref string, home int) (any, int) {
	address, fragment, _ := strings.Cut(ref, "#")
	switch address = strings.TrimPrefix(address, base); address {
	case "":
	case "root":
		home = -1
	default:
		if _, err := fmt.Sscanf(address, "r%d", &home); err != nil {
			panic(err)
		}
	}
	var i int
	switch {
	case fragment == "" && home < 0:
		return r.root, home
	case fragment == "":
		return r.defs[home], home
	case fragment[0] == '/':
		if _, err := fmt.Sscanf(fragment, "/$defs/d%d", &i); err != nil {
			panic(err)
		}
		return r.defs[i], home
	}
	return r.named[home][fragment], home
}

// dynamicTarget is target for a $dynamicRef (core §8.2.3.2).
func (r *reading) dynamicTarget(ref string, home int) any {
	t, home := r.target(ref, home)
	_, name, _ := strings.Cut(ref, "#")
	if !r.moves[home][name] {
		return t
	}
	for _, outer := range r.scope {
		if r.moves[outer][name] {
			return r.named[outer][name]
		}
	}
	return t
}

// asks reports whether s holds for v, and what is spoken where it does.
func (r *reading) asks(s any, place string, v any) (bool, []spoken) {
	m, ok := s.(map[string]any)
	if r.steps--; !ok || r.steps < 0 {
		return s == true, nil
	}
	home := r.homes[reflect.ValueOf(m).Pointer()]
	r.scope = append(r.scope, home)
	defer func() { r.scope = r.scope[:len(r.scope)-1] }()

	a := asking{reading: r, m: m, home: home, place: place, v: v, ok: r.value(m, v)}
	a.inPlace()
	switch v := v.(type) {
	case []any:
		a.array(v)
	case map[string]any:
		a.object(v)
	}
	if !a.ok {
		return false, nil
	}
	return true, a.said
}

// value asks what is about the value alone.
func (r *reading) value(m map[string]any, v any) bool {
	ok := true
	switch t := m["type"].(type) {
	case string:
		ok = isOf(v, t)
	case []any:
		ok = slices.ContainsFunc(t, func(name any) bool { return isOf(v, name.(string)) })
	}
	if c, is := m["const"]; is {
		ok = ok && same(c, v)
	}
	if list, is := m["enum"].([]any); is {
		ok = ok && slices.ContainsFunc(list, func(c any) bool { return same(c, v) })
	}
	switch v := v.(type) {
	case json.Number:
		ok = ok && holdsNumber(m, v)
	case string:
		ok = ok && r.holdsText(m, v)
	}
	return ok
}

func isOf(v any, name string) bool {
	switch v := v.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case json.Number:
		return name == "number" || name == "integer" && rational(v).IsInt()
	case string:
		return name == "string"
	case []any:
		return name == "array"
	}
	return name == "object"
}

// same reports whether two values are the same (core §4.2.2).
func same(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		return ok && rational(a).Cmp(rational(b)) == 0
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, same)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, same)
	}
	switch b.(type) {
	case []any, map[string]any:
		return false
	}
	return a == b
}

// undescribed are the members that nobody speaks of, in objects of which somebody says which
// members they have.
func undescribed(said []spoken, place string, v any) (places []string) {
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			places = append(places, undescribed(said, fmt.Sprintf("%s/%d", place, i), item)...)
		}
	case map[string]any:
		enclosed := slices.Contains(said, spoken{place, encloses})
		for name, member := range v {
			at := place + "/" + wire.Escape(name)
			if enclosed && !slices.Contains(said, spoken{at, describes}) && !slices.Contains(said, spoken{at, knows}) {
				places = append(places, at)
			}
			places = append(places, undescribed(said, at, member)...)
		}
	}
	slices.Sort(places)
	return places
}
