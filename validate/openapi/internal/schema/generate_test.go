package schema

import (
	"fmt"
	"math/rand/v2"
)

// generator makes schemas of draft 2020-12 and values near them. What it makes follows from
// its seed alone.
//
// A schema that refers to itself does so below a member or an item only: one that asks itself
// about the same value has no meaning (§9.4.1), see the table of differences.
type generator struct {
	*rand.Rand
	root   map[string]any
	defs   []map[string]any // of the root's $defs: d0, d1, …
	own    []bool           // whether a definition is a resource, by an $id of its own
	anchor map[int][]string // the dynamic anchors of a resource by its definition, -1 for the root
	at     int              // the definition that is being made, -1 for the root
	marks  bool             // readOnly and writeOnly are among the keywords
	left   int              // values that the one in the making may still hold

	matchers map[string]matcher
}

const base = "http://generated.example/"

func newGenerator(seed uint64) *generator {
	return &generator{Rand: rand.New(rand.NewPCG(seed, 0)), matchers: map[string]matcher{}}
}

// matcher is a pattern as this package reads it.
func (g *generator) matcher(source string) matcher {
	re, ok := g.matchers[source]
	if !ok {
		var err error
		if re, err = newMatcher(source); err != nil {
			panic(err)
		}
		g.matchers[source] = re
	}
	return re
}

// one reports true once in n times.
func (g *generator) one(n int) bool { return g.IntN(n) == 0 }

func pick[T any](g *generator, of []T) T { return of[g.IntN(len(of))] }

// document makes a schema with its definitions.
func (g *generator) document() map[string]any {
	count := g.IntN(4)
	g.root, g.anchor = map[string]any{}, map[int][]string{}
	g.defs, g.own = make([]map[string]any, count), make([]bool, count)
	resources := g.one(3)
	for i := range g.defs {
		g.defs[i] = map[string]any{}
		if g.own[i] = resources && !g.one(4); g.own[i] {
			g.defs[i]["$id"] = fmt.Sprintf("r%d", i)
			g.plan(i)
		}
	}
	if resources {
		g.root["$id"] = base + "root"
		g.plan(-1)
	}

	g.at = -1
	g.fill(g.root, 3, true)
	if g.one(2) {
		g.object(g.root, 3)
	}
	for i, d := range g.defs {
		g.at = i
		g.fill(d, 2, true)
	}
	g.place()
	return g.root
}

// plan chooses the dynamic anchors of a resource.
func (g *generator) plan(resource int) {
	for _, name := range []string{"n", "m"} {
		if g.one(2) {
			g.anchor[resource] = append(g.anchor[resource], name)
		}
	}
}

// place puts the definitions and the anchors where they belong.
func (g *generator) place() {
	defs := map[string]any{}
	for i, d := range g.defs {
		defs[fmt.Sprintf("d%d", i)] = d
		g.anchors(d, i)
	}
	if len(defs) > 0 {
		g.root["$defs"] = defs
	}
	g.anchors(g.root, -1)
}

// anchors marks a resource, or a schema within, with each of its dynamic anchors.
func (g *generator) anchors(s map[string]any, resource int) {
	g.at = resource
	for _, name := range g.anchor[resource] {
		keyword := "$dynamicAnchor"
		if g.one(6) {
			keyword = "$anchor" // a $dynamicRef to it is a $ref
		}
		if _, taken := s[keyword]; !taken && g.one(2) {
			s[keyword] = name
			continue
		}
		inner := map[string]any{keyword: name}
		g.fill(inner, 1, true) // it may be asked in place of the schema that refers to it
		defs, ok := s["$defs"].(map[string]any)
		if !ok {
			defs = map[string]any{}
			s["$defs"] = defs
		}
		defs["anchor-"+name] = inner
	}
}

// schema makes a schema. inPlace says that it is asked about the value of the schema around.
func (g *generator) schema(depth int, inPlace bool) any {
	switch {
	case g.one(12):
		return true
	case g.one(40):
		return false
	}
	s := map[string]any{}
	g.fill(s, depth, inPlace)
	return s
}

// below makes a schema for a member or an item.
func (g *generator) below(depth int) any { return g.schema(depth-1, false) }

// fill adds keywords to s.
func (g *generator) fill(s map[string]any, depth int, inPlace bool) {
	if !inPlace && g.one(6) {
		if ref, ok := g.dynamicReference(); ok {
			s["$dynamicRef"] = ref
		}
	}
	if g.one(5) {
		if ref, ok := g.reference(inPlace); ok {
			s["$ref"] = ref
		}
	}
	kinds := []Kind{Null, Bool, Number, Number, String, String, Array, Array, Object, Object, Object, Object}
	if depth <= 0 {
		kinds = []Kind{Null, Bool, Number, Number, Number, String, String, String}
	}
	kind := pick(g, kinds)
	if g.one(3) {
		s["type"] = g.types(kind)
	}
	if g.marks && g.one(9) {
		s[pick(g, []string{"readOnly", "writeOnly"})] = true
	}
	g.keywords(s, kind, depth)
	if g.one(6) {
		g.keywords(s, pick(g, kinds), depth)
	}
	if depth > 0 && g.one(2) {
		g.applicator(s, depth)
	}
	if g.one(14) {
		g.listed(s, depth)
	}
}

func (g *generator) types(kind Kind) any {
	names := []string{"null", "boolean", "number", "string", "array", "object", "integer"}
	name := names[kind]
	if kind == Number && g.one(2) {
		name = "integer"
	}
	if !g.one(3) {
		return name
	}
	list := []any{name}
	if other := pick(g, names); other != name {
		list = append(list, other)
	}
	return list
}

// listed adds enum or const.
func (g *generator) listed(s map[string]any, depth int) {
	if g.one(3) {
		s["const"] = g.any(depth)
		return
	}
	var list []any
	for range 1 + g.IntN(4) {
		list = append(list, g.any(depth))
	}
	s["enum"] = list
}

var (
	integers = []string{"0", "1", "2", "3", "5", "10", "-1", "-3", "1.0", "1e1", "9007199254740991",
		"9007199254740992", "9007199254740993", "-9007199254740993", "123456789012345678901234567890"}
	decimals = []string{"-0", "0.0", "1e0", "0.1", "0.3", "1.5", "15e-1", "-2.5", "1e-7", "2.50", "100e-1",
		"0.30000000000000004", "1e22", "1E+2", "9007199254740993.0", "1e300", "1e-300", "123456789.987654321",
		"0.1000000000000000055511151231257827"}
	divisors = []string{"1", "2", "3", "0.1", "0.01", "1.5", "0.3", "7", "1e-3", "2.5e1", "1e2",
		"9007199254740993", "0.07"}
	wordList = []string{"", "a", "b", "ab", "abc", "bca", "é", "e\u0301", "日本", "😀", "😀😀", "a b",
		"a\n", "x\r",
		"\u2028", "\u00a0", "\u0000", "12", "007", "2024-02-29", "2023-02-29", "10.0.0.1", "10.0.0.256", "::1",
		"1::2::3", "a@b.example", "@", "/a/b", "/a~2", "1/a", "a/b", "01#", "2a5c8e6e-2d0c-4f2e-8f8c-0a4b7d9e1f00",
		"2A5C8E6E-2d0c-4f2e-8f8c-0a4b7d9e1f00", "P1D", "P1Y2W", "P", "PT1H30M", "x-y", "2024-02-29T23:59:59Z",
		"2024-02-29T24:00:00Z", "2024-02-29T01:02:03.5+01:00", "23:59:59Z", "01:02:03+24:00",
		"https://a.example/?q#f", "https://a.example/ x", "urn:a:b", "a..b", "-a.example", "a.example"}
	nameList = []string{"a", "a", "b", "b", "c", "d", "ab", "x-1", "é", "😀", "", "A", "a/b", "a~b", "$ref", "type"}
	patterns = []string{"^a", "b$", "^[a-c]+$", `^\d+$`, "^.$", "^.{2,3}$", `^\S*$`, `\s`, "^[^x]*$", "é",
		"^(a|b)*$", "^$", `^\w+$`, `[\s\S]`, ".", `[^\S]`, `^x-`, `^[^]$`, `^\u0061`, `\/`, `^(?:a|bc?){1,2}$`}
	sameForms = []string{"ipv4", "ipv6", "date", "date-time", "time", "duration", "json-pointer",
		"relative-json-pointer", "uuid", "unknown-format"}
)
