package schema

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

func (g *generator) nearArray(parts []map[string]any, depth int) any {
	length := g.IntN(4)
	if g.one(10) {
		length += g.IntN(8)
	}
	for _, p := range parts {
		length = max(length, whole(p, "minItems"))
		if most := whole(p, "maxItems"); most >= 0 && !g.one(8) {
			length = min(length, most)
		}
	}
	list := []any{}
	for i := range length {
		var all []any
		for _, p := range parts {
			prefix, _ := p["prefixItems"].([]any)
			switch {
			case i < len(prefix):
				all = append(all, prefix[i])
			case p["items"] != nil:
				all = append(all, p["items"])
			case p["unevaluatedItems"] != nil && g.one(2):
				all = append(all, p["unevaluatedItems"])
			}
			if p["contains"] != nil && (i == 0 || g.one(3)) {
				all = append(all, p["contains"])
			}
		}
		list = append(list, g.nearAll(all, depth))
	}
	return list
}

// nearAll makes a value for several schemas at once.
func (g *generator) nearAll(all []any, depth int) any {
	if g.left--; depth <= 0 || len(all) == 0 || g.left < 0 {
		return g.any(0)
	}
	return g.near(map[string]any{"allOf": all}, depth-1)
}

func (g *generator) nearObject(parts []map[string]any, depth int) any {
	names := map[string]bool{}
	for _, p := range parts {
		properties, _ := p["properties"].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			if g.one(2) && depth > 0 {
				names[name] = true
			}
		}
		if list, ok := p["required"].([]any); ok {
			for _, name := range list {
				names[name.(string)] = true
			}
		}
		if g.one(4) {
			names[pick(g, nameList)] = true
		}
	}
	m := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		m[name] = g.nearAll(g.schemasOf(parts, name), depth)
	}
	return m
}

// schemasOf are the schemas of a member.
func (g *generator) schemasOf(parts []map[string]any, name string) (all []any) {
	for _, p := range parts {
		before := len(all)
		if properties, _ := p["properties"].(map[string]any); properties[name] != nil {
			all = append(all, properties[name])
		}
		byPattern, _ := p["patternProperties"].(map[string]any)
		for _, source := range slices.Sorted(maps.Keys(byPattern)) {
			if g.matcher(source).MatchString(name) {
				all = append(all, byPattern[source])
			}
		}
		for _, keyword := range []string{"additionalProperties", "unevaluatedProperties"} {
			if p[keyword] != nil && len(all) == before {
				all = append(all, p[keyword])
			}
		}
	}
	return all
}

// mutate returns v with one place changed.
func (g *generator) mutate(v any) any {
	switch v := v.(type) {
	case []any:
		if i := len(v); i > 0 && !g.one(3) {
			list := slices.Clone(v)
			i = g.IntN(i)
			list[i] = g.mutate(list[i])
			return list
		}
		return g.mutateArray(v)
	case map[string]any:
		m := maps.Clone(v)
		name := pick(g, nameList)
		if len(m) > 0 && !g.one(5) {
			name = pick(g, slices.Sorted(maps.Keys(m)))
		}
		switch old, there := m[name]; {
		case there && g.one(4):
			delete(m, name)
		case there:
			m[name] = g.mutate(old)
		default:
			m[name] = g.any(1)
		}
		return m
	case string:
		if g.one(2) {
			return v + pick(g, wordList)
		}
	case json.Number:
		if g.one(3) {
			return respell(v)
		}
		return g.number()
	}
	return g.any(1)
}

// strew returns v with members added to some of its objects.
func (g *generator) strew(v any) any {
	switch v := v.(type) {
	case []any:
		list := []any{}
		for _, item := range v {
			list = append(list, g.strew(item))
		}
		return list
	case map[string]any:
		m := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			m[name] = g.strew(v[name])
		}
		if name := pick(g, nameList); m[name] == nil && !g.one(3) {
			m[name] = g.any(1)
		}
		return m
	}
	return v
}

func (g *generator) mutateArray(v []any) any {
	list := slices.Clone(v)
	switch n := len(list); {
	case n > 1 && g.one(3):
		i, j := g.IntN(n), g.IntN(n)
		list[i], list[j] = list[j], list[i]
	case n > 0 && g.one(2):
		return append(list, pick(g, list))
	case n > 0:
		return list[:n-1]
	}
	return append(list, g.any(1))
}

// respell writes a whole number in another way.
func respell(n json.Number) json.Number {
	if strings.ContainsAny(string(n), ".eE") {
		return n
	}
	return n + ".0"
}

// text writes a value, the members in any order, some characters escaped.
func (g *generator) text(v any) []byte { return g.write(nil, v) }

func (g *generator) write(b []byte, v any) []byte {
	switch v := v.(type) {
	case []any:
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = g.write(b, item)
		}
		return append(b, ']')
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		g.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		b = append(b, '{')
		for i, name := range names {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(g.write(b, name), ':')
			if g.one(8) {
				b = append(b, ' ')
			}
			b = g.write(b, v[name])
		}
		return append(b, '}')
	case string:
		if v == "a" && g.one(4) {
			return append(b, `"\u0061"`...)
		}
	}
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return append(b, text...)
}
