package schema

import (
	"fmt"
	"slices"

	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// asking is one schema that is asked about one value.
type asking struct {
	*reading
	m     map[string]any
	home  int
	place string
	v     any
	ok    bool
	said  []spoken
}

// hold asks a schema and keeps what it says where it holds.
func (a *asking) hold(s any, place string, v any) bool {
	ok, said := a.asks(s, place, v)
	a.said = append(a.said, said...)
	return ok
}

// must is hold for a schema that has to.
func (a *asking) must(s any, place string, v any) {
	if s != nil && !a.hold(s, place, v) {
		a.ok = false
	}
}

func (a *asking) inPlace() {
	if ref, is := a.m["$ref"].(string); is {
		t, _ := a.target(ref, a.home)
		a.must(t, a.place, a.v)
	}
	if ref, is := a.m["$dynamicRef"].(string); is {
		a.must(a.dynamicTarget(ref, a.home), a.place, a.v)
	}
	if list, is := a.m["allOf"].([]any); is {
		for _, t := range list {
			a.must(t, a.place, a.v)
		}
	}
	if list, is := a.m["anyOf"].([]any); is && a.count(list) == 0 {
		a.ok = false
	}
	if list, is := a.m["oneOf"].([]any); is && a.count(list) != 1 {
		a.ok = false
	}
	if t, is := a.m["not"]; is {
		if held, _ := a.asks(t, a.place, a.v); held {
			a.ok = false
		}
	}
	if t, is := a.m["if"]; is {
		if a.hold(t, a.place, a.v) {
			a.must(a.m["then"], a.place, a.v)
		} else {
			a.must(a.m["else"], a.place, a.v)
		}
	}
}

func (a *asking) count(list []any) (held int) {
	for _, t := range list {
		if a.hold(t, a.place, a.v) {
			held++
		}
	}
	return held
}

// within reports whether n is in the bounds of two keywords.
func (a *asking) within(n int, least, most string) bool {
	top := whole(a.m, most)
	return n >= whole(a.m, least) && (top < 0 || n <= top)
}

func (a *asking) say(place string, what speech) { a.said = append(a.said, spoken{place, what}) }

func (a *asking) array(v []any) {
	a.ok = a.ok && a.within(len(v), "minItems", "maxItems")
	if a.m["uniqueItems"] == true {
		for i := range v {
			a.ok = a.ok && !slices.ContainsFunc(v[:i], func(other any) bool { return same(other, v[i]) })
		}
	}
	prefix, _ := a.m["prefixItems"].([]any)
	held := 0
	for i, item := range v {
		at := fmt.Sprintf("%s/%d", a.place, i)
		switch {
		case i < len(prefix):
			a.must(prefix[i], at, item)
			a.say(at, describes)
		case a.m["items"] != nil:
			a.must(a.m["items"], at, item)
			a.say(at, describes)
		}
		if a.m["contains"] != nil && a.hold(a.m["contains"], at, item) {
			a.say(at, describes)
			held++
		}
	}
	if a.m["contains"] != nil {
		least := 1
		if a.m["minContains"] != nil {
			least = 0
		}
		a.ok = a.ok && held >= least && a.within(held, "minContains", "maxContains")
	}
	for i, item := range v {
		at := fmt.Sprintf("%s/%d", a.place, i)
		if a.m["unevaluatedItems"] != nil && !slices.Contains(a.said, spoken{at, describes}) {
			a.must(a.m["unevaluatedItems"], at, item)
			a.say(at, describes)
		}
	}
}

func (a *asking) object(v map[string]any) {
	a.ok = a.ok && a.within(len(v), "minProperties", "maxProperties")
	properties, _ := a.m["properties"].(map[string]any)
	byPattern, _ := a.m["patternProperties"].(map[string]any)
	if len(properties)+len(byPattern) > 0 || a.m["additionalProperties"] != nil || a.m["unevaluatedProperties"] != nil {
		a.say(a.place, encloses)
	}
	a.names(v)

	for name, member := range v {
		at, named := a.place+"/"+wire.Escape(name), false
		if s, is := properties[name]; is {
			named = true
			a.must(s, at, member)
		}
		for source, s := range byPattern {
			if a.matcher(source).MatchString(name) {
				named = true
				a.must(s, at, member)
			}
		}
		if !named && a.m["additionalProperties"] != nil {
			named = true
			a.must(a.m["additionalProperties"], at, member)
		}
		if named {
			a.say(at, describes)
		}
		if s, is := a.m["propertyNames"]; is {
			if held, _ := a.asks(s, at, name); !held {
				a.ok = false
			}
		}
	}
	for name, member := range v {
		at := a.place + "/" + wire.Escape(name)
		if a.m["unevaluatedProperties"] != nil && !slices.Contains(a.said, spoken{at, describes}) {
			a.must(a.m["unevaluatedProperties"], at, member)
			a.say(at, describes)
		}
	}
}

// names asks the keywords that are about the names of members.
func (a *asking) names(v map[string]any) {
	require := func(list any) {
		for _, name := range list.([]any) {
			if _, there := v[name.(string)]; !there {
				a.ok = false
			}
			a.say(a.place+"/"+wire.Escape(name.(string)), knows)
		}
	}
	if list, is := a.m["required"]; is {
		require(list)
	}
	byName, _ := a.m["dependentRequired"].(map[string]any)
	for name, list := range byName {
		if _, there := v[name]; there {
			require(list)
		}
	}
	schemas, _ := a.m["dependentSchemas"].(map[string]any)
	for name, s := range schemas {
		if _, there := v[name]; there {
			a.must(s, a.place, a.v)
		}
	}
}
