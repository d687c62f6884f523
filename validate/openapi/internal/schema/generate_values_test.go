package schema

import (
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"unicode/utf8"
)

const (
	maxParts  = 20 // of the schemas that one value is made for
	maxValues = 50 // that one value holds
)

// any makes some value.
func (g *generator) any(depth int) any {
	n := 6
	if depth <= 0 {
		n = 4
	}
	switch g.IntN(n) {
	case 0:
		return pick(g, []any{nil, true, false})
	case 1:
		return g.number()
	case 4:
		list := []any{}
		for range g.IntN(4) {
			list = append(list, g.any(depth-1))
		}
		return list
	case 5:
		m := map[string]any{}
		for range g.IntN(4) {
			m[pick(g, nameList)] = g.any(depth - 1)
		}
		return m
	}
	return pick(g, wordList)
}

// near makes a value that has a chance to fit s.
func (g *generator) near(s any, depth int) any {
	var parts []map[string]any
	g.gather(s, &parts, 12)
	for _, p := range parts {
		if v, ok := p["const"]; ok {
			return v
		}
		if list, ok := p["enum"].([]any); ok {
			return pick(g, list)
		}
	}

	switch g.kind(parts, depth) {
	case Null:
		return nil
	case Bool:
		return g.one(2)
	case Number:
		return g.nearNumber(parts)
	case String:
		return g.nearText(parts)
	case Array:
		return g.nearArray(parts, depth)
	}
	return g.nearObject(parts, depth)
}

// gather finds the schemas that are to hold for a value, of which a choice has one.
func (g *generator) gather(s any, parts *[]map[string]any, left int) {
	m, ok := s.(map[string]any)
	if !ok || left == 0 || len(*parts) > maxParts {
		return
	}
	*parts = append(*parts, m)
	for _, keyword := range []string{"$ref", "$dynamicRef"} {
		if ref, ok := m[keyword].(string); ok {
			g.gather(g.follow(ref), parts, left-1)
		}
	}
	if list, ok := m["allOf"].([]any); ok {
		for _, t := range list {
			g.gather(t, parts, left-1)
		}
	}
	for _, keyword := range []string{"anyOf", "oneOf"} {
		if list, ok := m[keyword].([]any); ok {
			g.gather(pick(g, list), parts, left-1)
		}
	}
	if _, ok := m["if"]; ok && g.one(2) {
		g.gather(m["if"], parts, left-1)
		g.gather(m["then"], parts, left-1)
	} else if ok {
		g.gather(m["else"], parts, left-1)
	}
	if dependents, ok := m["dependentSchemas"].(map[string]any); ok {
		for _, name := range slices.Sorted(maps.Keys(dependents)) {
			g.gather(dependents[name], parts, left-1)
		}
	}
}

// kind chooses a kind that the types allow and that the keywords speak of.
func (g *generator) kind(parts []map[string]any, depth int) Kind {
	var speak []Kind
	for _, p := range parts {
		switch t := p["type"].(type) {
		case string:
			return kindNamed(t)
		case []any:
			return kindNamed(pick(g, t).(string))
		}
		for _, keyword := range slices.Sorted(maps.Keys(p)) {
			if k, ok := speaksOf[keyword]; ok {
				speak = append(speak, k)
			}
		}
	}
	if speak == nil || g.one(12) {
		return pick(g, []Kind{Null, Bool, Number, Number, String, String, Array, Object})
	}
	return pick(g, speak)
}

func kindNamed(name string) Kind {
	if name == "integer" {
		return Number
	}
	return Kind(slices.Index([]string{"null", "boolean", "number", "string", "array", "object"}, name))
}

var speaksOf = map[string]Kind{
	"minimum": Number, "maximum": Number, "exclusiveMinimum": Number, "exclusiveMaximum": Number, "multipleOf": Number,
	"minLength": String, "maxLength": String, "pattern": String, "format": String,
	"minItems": Array, "maxItems": Array, "uniqueItems": Array, "prefixItems": Array, "items": Array,
	"contains": Array, "unevaluatedItems": Array,
	"properties": Object, "required": Object, "patternProperties": Object, "additionalProperties": Object,
	"unevaluatedProperties": Object,
	"propertyNames":         Object, "minProperties": Object, "maxProperties": Object, "dependentRequired": Object,
	"dependentSchemas": Object,
}

func rational(n any) *big.Rat {
	r, ok := new(big.Rat).SetString(string(n.(json.Number)))
	if !ok {
		panic(n)
	}
	return r
}

func (g *generator) nearNumber(parts []map[string]any) any {
	var n json.Number
	for range 8 {
		if n = g.number(); !slices.ContainsFunc(parts, func(p map[string]any) bool { return !holdsNumber(p, n) }) {
			break
		}
	}
	return n
}

// holdsNumber asks the keywords of numbers of one schema.
func holdsNumber(p map[string]any, n json.Number) bool {
	r := rational(n)
	holds := func(keyword string, ok func(cmp int) bool) bool {
		limit, is := p[keyword]
		return !is || ok(r.Cmp(rational(limit)))
	}
	if m, is := p["multipleOf"]; is && !new(big.Rat).Quo(r, rational(m)).IsInt() {
		return false
	}
	return holds("minimum", func(c int) bool { return c >= 0 }) && holds("maximum",
		func(c int) bool { return c <= 0 }) &&
		holds("exclusiveMinimum", func(c int) bool { return c > 0 }) && holds("exclusiveMaximum",
		func(c int) bool { return c < 0 }) &&
		(p["type"] != "integer" || r.IsInt())
}

func (g *generator) nearText(parts []map[string]any) any {
	text := ""
	for range 12 {
		text = pick(g, wordList)
		if !slices.ContainsFunc(parts, func(p map[string]any) bool { return !g.holdsText(p, text) }) {
			break
		}
	}
	return text
}

// holdsText asks the keywords of strings of one schema.
func (g *generator) holdsText(p map[string]any, text string) bool {
	length := utf8.RuneCountInString(text)
	if name, is := p["format"].(string); is && formats[name] != nil && !formats[name].text(text) {
		return false
	}
	if source, is := p["pattern"].(string); is && !g.matcher(source).MatchString(text) {
		return false
	}
	least, most := whole(p, "minLength"), whole(p, "maxLength")
	return length >= least && (most < 0 || length <= most)
}

// whole is a keyword that counts, or -1.
func whole(p map[string]any, keyword string) int {
	if n, ok := p[keyword]; ok {
		return int(rational(n).Num().Int64())
	}
	return -1
}
