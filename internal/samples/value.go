// Package samples makes requests out of OpenAPI documents, and breaks them: for tests that
// hold a reader of such documents to what the document says. It reads the document's text by
// itself, and knows nothing of the readers under test.
package samples

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
)

// Maker makes values that fit schemas, out of the document's text alone: it knows nothing
// of the code under test.
type Maker struct {
	doc   map[string]any
	rnd   *rand.Rand
	old   bool   // OpenAPI 3.0
	way   string // what marks members that are not made
	union int    // how many choices the place is within
	spots []spot
}

// spot is a place in a value, outside of choices, and the schema that holds there.
type spot struct {
	at     []string
	schema map[string]any
	value  any
}

// errNot says why no value is made.
var (
	errDeep     = errors.New("the schema is too deep")
	errPattern  = errors.New("the pattern is not one that texts are made for")
	errNegated  = errors.New("not")
	errUnique   = errors.New("no items that differ")
	errExcluded = errors.New("a member that is required and excluded")
	errBounds   = errors.New("bounds that nothing fits")
)

// follow resolves $ref, which this reader knows within the file alone.
func (m *Maker) follow(v any) map[string]any {
	for range 20 {
		s, _ := v.(map[string]any)
		ref, ok := s["$ref"].(string)
		if !ok {
			return s
		}
		v = m.doc
		for token := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			step, _ := v.(map[string]any)
			v = step[strings.NewReplacer("~1", "/", "~0", "~", "%7B", "{", "%7D", "}").Replace(token)]
		}
	}
	return nil
}

// flat is the schema with its allOf merged into it.
func (m *Maker) flat(v any) map[string]any {
	s := m.follow(v)
	all, ok := s["allOf"].([]any)
	if !ok {
		return s
	}
	out := maps.Clone(s)
	delete(out, "allOf")
	for _, one := range all {
		out = merged(out, m.flat(one))
	}
	if s["nullable"] != true { // all of them would have to be
		delete(out, "nullable")
	}
	return out
}

func merged(a, b map[string]any) map[string]any {
	out := maps.Clone(b)
	maps.Copy(out, a)
	members := map[string]any{}
	for _, s := range []map[string]any{a, b} {
		if p, ok := s["properties"].(map[string]any); ok {
			maps.Copy(members, p)
		}
	}
	if len(members) > 0 {
		out["properties"] = members
	}
	x, _ := a["required"].([]any)
	y, _ := b["required"].([]any)
	if both := slices.Concat(x, y); len(both) > 0 {
		out["required"] = both
	}
	return out
}

func (m *Maker) value(schema any, at []string, depth int) (any, error) {
	if schema == true {
		return "x", nil
	}
	s := m.flat(schema)
	switch {
	case depth > 12:
		return nil, errDeep
	case s["not"] != nil:
		return nil, errNegated
	}
	for _, keyword := range []string{"oneOf", "anyOf"} {
		if choices, ok := s[keyword].([]any); ok && len(choices) > 0 {
			return m.choice(s, keyword, choices, at, depth)
		}
	}
	v, err := m.plain(s, at, depth)
	if m.union == 0 && err == nil {
		m.spots = append(m.spots, spot{slices.Clone(at), s, v})
	}
	return v, err
}

func (m *Maker) choice(s map[string]any, keyword string, choices []any, at []string, depth int) (any, error) {
	base := maps.Clone(s)
	if m.old && s["nullable"] == true && m.rnd.IntN(8) == 0 {
		return nil, nil
	}
	delete(base, "nullable")
	delete(base, keyword)
	delete(base, "discriminator")
	m.union++
	defer func() { m.union-- }()
	pick := choices[m.rnd.IntN(len(choices))]
	v, err := m.value(merged(base, m.flat(pick)), at, depth)
	d, _ := s["discriminator"].(map[string]any)
	object, isObject := v.(map[string]any)
	if name, ok := d["propertyName"].(string); ok && isObject {
		object[name] = named(d, pick)
	}
	return v, err
}

// named is the value of a discriminator for a choice.
func named(d map[string]any, choice any) string {
	ref, _ := choice.(map[string]any)["$ref"].(string)
	mapping, _ := d["mapping"].(map[string]any)
	for _, name := range sortedNames(mapping) {
		if mapping[name] == ref {
			return name
		}
	}
	return ref[strings.LastIndexByte(ref, '/')+1:]
}

func (m *Maker) plain(s map[string]any, at []string, depth int) (any, error) {
	if v, ok := s["const"]; ok {
		return v, nil
	}
	if list, ok := s["enum"].([]any); ok && len(list) > 0 {
		return list[m.rnd.IntN(len(list))], nil
	}
	if m.old && s["nullable"] == true && s["type"] != nil && m.rnd.IntN(8) == 0 {
		return nil, nil
	}
	switch m.kind(s) {
	case "null":
		return nil, nil
	case "boolean":
		return m.rnd.IntN(2) == 0, nil
	case "integer", "number":
		return m.number(s)
	case "array":
		return m.array(s, at, depth)
	case "object":
		return m.object(s, at, depth)
	}
	return m.text(s)
}

// kind is one of the types.
func (m *Maker) kind(s map[string]any) string {
	switch t := s["type"].(type) {
	case string:
		return t
	case []any:
		return t[m.rnd.IntN(len(t))].(string)
	}
	switch {
	case s["properties"] != nil, s["additionalProperties"] != nil, s["required"] != nil:
		return "object"
	case s["items"] != nil:
		return "array"
	}
	return "string"
}

// whole reads a bound.
func whole(s map[string]any, name string, otherwise int) int {
	n, ok := s[name].(json.Number)
	if !ok {
		return otherwise
	}
	f, err := n.Float64()
	if err != nil || f > 1<<40 {
		return 1 << 40
	}
	return int(f)
}

func (m *Maker) number(s map[string]any) (any, error) {
	low, high := whole(s, "minimum", -5), whole(s, "maximum", 1<<40)
	if low > high {
		low = high
	}
	if s["minimum"] == nil && high < low {
		low = high - 5
	}
	if s["exclusiveMinimum"] == true || s["exclusiveMinimum"] != nil && s["exclusiveMinimum"] != false {
		low = max(low, whole(s, "exclusiveMinimum", low)) + 1
	}
	n := low + m.rnd.IntN(min(high-low, 1000)+1)
	if step := whole(s, "multipleOf", 1); step > 1 {
		n = (n + step - 1) / step * step
	}
	if n > high {
		return nil, errBounds
	}
	return json.Number(strconv.Itoa(n)), nil
}

const letters = "abcdefghijklmnopqrstuvwxyz"

func (m *Maker) text(s map[string]any) (any, error) {
	low, high := whole(s, "minLength", 1), whole(s, "maxLength", 1<<40)
	format, _ := s["format"].(string)
	text := map[string]string{
		"date-time": "2026-01-31T09:30:00Z", "date": "2026-01-31", "email": "ada@example.com", "uuid": "0b8e1a3c-9b2f-4c63-8f5e-0a4b7c1d2e3f",
		"uri": "https://example.com/a", "url": "https://example.com/a", "hostname": "a.example", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1",
		"byte": base64.StdEncoding.EncodeToString([]byte("bytes!")), "binary": "bytes", "time": "09:30:00Z", "duration": "P1D",
	}[format]
	for range 30 {
		switch pattern, ok := s["pattern"].(string); {
		case ok && text == "":
			tree, err := syntax.Parse(pattern, syntax.Perl)
			if err != nil {
				return nil, errPattern
			}
			if text, ok = m.match(tree.Simplify()); !ok {
				return nil, errPattern
			}
		case text == "":
			text = strings.Repeat(letters, low/26+1)[:max(low, 1)]
			text += letters[:m.rnd.IntN(min(max(high-len(text), 0), 8)+1)]
		}
		if n := len([]rune(text)); n >= low && n <= high {
			return text, nil
		}
		if format != "" {
			break
		}
		text = ""
	}
	return nil, errBounds
}

// match makes a text that an expression matches whole.
func (m *Maker) match(re *syntax.Regexp) (string, bool) {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText:
		return "", true
	case syntax.OpLiteral:
		return string(re.Rune), true
	case syntax.OpCharClass:
		for range 20 {
			i := m.rnd.IntN(len(re.Rune)/2) * 2
			low, high := max(re.Rune[i], '!'), min(re.Rune[i+1], '~')
			if low <= high {
				return string(low + rune(m.rnd.IntN(int(high-low)+1))), true
			}
		}
		return "", false
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return letters[:1], true
	case syntax.OpCapture:
		return m.match(re.Sub[0])
	case syntax.OpStar, syntax.OpQuest, syntax.OpPlus, syntax.OpRepeat:
		low, high := 0, 2
		switch re.Op {
		case syntax.OpPlus:
			low = 1
		case syntax.OpQuest:
			high = 1
		case syntax.OpRepeat:
			low, high = re.Min, max(re.Min, min(re.Max, re.Min+2))
		}
		return m.repeat(re.Sub[0], low+m.rnd.IntN(high-low+1))
	case syntax.OpAlternate:
		return m.match(re.Sub[m.rnd.IntN(len(re.Sub))])
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			s, ok := m.match(sub)
			if !ok {
				return "", false
			}
			b.WriteString(s)
		}
		return b.String(), true
	}
	return "", false
}

func (m *Maker) repeat(re *syntax.Regexp, n int) (string, bool) {
	var b strings.Builder
	for range n {
		s, ok := m.match(re)
		if !ok {
			return "", false
		}
		b.WriteString(s)
	}
	return b.String(), true
}

func (m *Maker) array(s map[string]any, at []string, depth int) (any, error) {
	low := whole(s, "minItems", 0)
	n := low + m.rnd.IntN(min(max(whole(s, "maxItems", low+2)-low, 0), 2)+1)
	list, seen := []any{}, map[string]bool{}
	for tries := 0; len(list) < n; tries++ {
		before := len(m.spots)
		v, err := m.value(s["items"], append(at, strconv.Itoa(len(list))), depth+1)
		switch text, _ := json.Marshal(v); {
		case err != nil:
			return nil, err
		case s["uniqueItems"] == true && seen[string(text)]:
			m.spots = m.spots[:before]
			if tries > 50 && len(list) >= low {
				return list, nil
			} else if tries > 50 {
				return nil, errUnique
			}
		default:
			seen[string(text)] = true
			list = append(list, v)
		}
	}
	return list, nil
}

func (m *Maker) object(s map[string]any, at []string, depth int) (any, error) {
	members, _ := s["properties"].(map[string]any)
	needed, _ := s["required"].([]any)
	v := map[string]any{}
	add := func(name string) (err error) {
		if m.flat(members[name])[m.way] == true {
			return nil
		}
		v[name], err = m.value(members[name], append(at, name), depth+1)
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(needed, any(name)) && (depth > 4 || m.rnd.IntN(2) == 0) && len(v) >= whole(s, "minProperties", 0) {
			continue
		}
		before := len(m.spots)
		if err := add(name); err != nil && slices.Contains(needed, any(name)) {
			return nil, err
		} else if err != nil { // it can do without
			delete(v, name)
			m.spots = m.spots[:before]
		}
	}
	for _, name := range needed {
		if name, _ := name.(string); members[name] == nil {
			if s["additionalProperties"] == false {
				return nil, errExcluded
			}
			v[name] = "x"
			if others, ok := s["additionalProperties"].(map[string]any); ok {
				var err error
				if v[name], err = m.value(others, append(at, name), depth+1); err != nil {
					return nil, err
				}
			}
		}
	}
	if others, ok := s["additionalProperties"].(map[string]any); ok && len(v) < max(whole(s, "minProperties", 0), 1) {
		one, err := m.value(others, append(at, "extra"), depth+1)
		if err != nil {
			return nil, err
		}
		v["extra"] = one
	}
	if len(v) < whole(s, "minProperties", 0) {
		return nil, errBounds
	}
	return v, nil
}

// String is for failures of the test.
func (s spot) String() string { return fmt.Sprintf("/%s %v", strings.Join(s.at, "/"), s.schema) }
