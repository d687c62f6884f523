package schema

import (
	"encoding/json"
	"fmt"
	"slices"
)

// keywords adds assertions about a kind.
func (g *generator) keywords(s map[string]any, kind Kind, depth int) {
	switch kind {
	case Number:
		g.numeric(s)
	case String:
		g.textual(s)
	case Array:
		g.array(s, depth)
	case Object:
		g.object(s, depth)
	}
}

func (g *generator) number() json.Number {
	if g.one(2) {
		return json.Number(pick(g, integers))
	}
	return json.Number(pick(g, decimals))
}

func (g *generator) numeric(s map[string]any) {
	for _, keyword := range []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"} {
		if g.one(6) {
			s[keyword] = g.number()
		}
	}
	if g.one(4) {
		s["multipleOf"] = json.Number(pick(g, divisors))
	}
}

func (g *generator) size(most int) json.Number {
	text := fmt.Sprint(g.IntN(most + 1))
	if g.one(8) {
		text += ".0"
	}
	return json.Number(text)
}

func (g *generator) textual(s map[string]any) {
	if g.one(3) {
		s["minLength"] = g.size(3)
	}
	if g.one(3) {
		s["maxLength"] = g.size(6)
	}
	if g.one(3) {
		s["pattern"] = pick(g, patterns)
	}
	if g.one(6) {
		s["format"] = pick(g, sameForms)
	}
}

// names returns up to n names, each once.
func (g *generator) names(n int) (names []any) {
	for range g.IntN(n + 1) {
		if name := pick(g, nameList); !slices.Contains(names, any(name)) {
			names = append(names, name)
		}
	}
	return names
}
