package openapi

import (
	"slices"
	"strconv"
	"strings"
)

// maxBrackets is how many brackets the name of a pair may have. qs (Express) reads no more by default.
const maxBrackets = 5

const malformedDeep = "must be written name[member]=value, each name once, with at most 5 brackets"

// brackets cuts the rest of a name, such as [a][0], into what stands in its brackets. Empty ones come last.
func brackets(rest string) (names []string, ok bool) {
	for rest != "" {
		name, more, closed := strings.Cut(strings.TrimPrefix(rest, "["), "]")
		if rest[0] != '[' || !closed || strings.Contains(name, "[") || name == "" && more != "" || len(names) == maxBrackets {
			return nil, false
		}
		names, rest = append(names, name), more
	}
	return names, true
}

// branch is what pairs of style deepObject say of one value: texts, or members by their names.
type branch struct {
	texts   []string
	listed  bool // the texts stand at empty brackets
	members map[string]*branch
}

// add adds a pair by the names in its brackets.
func (b *branch) add(names []string, text string) {
	for _, name := range names {
		if name == "" {
			b.listed = true
			break
		}
		if b.members == nil {
			b.members = map[string]*branch{}
		}
		if b.members[name] == nil {
			b.members[name] = &branch{}
		}
		b = b.members[name]
	}
	b.texts = append(b.texts, text)
}

// deep reads name[a]=1&name[b][c]=2 as an object, and name[]=1 or name[0]=1 as a list, as qs, PHP and Rails write them.
func (p *param) deep(c *check, pairs []pair, mine []int) read {
	root := &branch{}
	for _, i := range mine {
		text, ok := p.decoder()(pairs[i].value)
		switch {
		case !ok:
			return badText
		case len(text) > c.cfg.Text:
			return c.tooLong()
		}
		names, _ := brackets(pairs[i].name[len(p.name):])
		root.add(names, text)
	}
	if len(root.texts) == 1 && !root.listed && root.members == nil && !p.shape.list {
		return read{readings: p.shape.readings(root.texts[0])}
	}
	v, r := root.value(p.shape)
	if r.code == "" {
		r.readings = []any{v}
	}
	return r
}

// value reads a branch as its shape says.
func (b *branch) value(s *shape) (any, read) {
	list := s != nil && s.list
	switch {
	case b.texts != nil && b.members != nil:
		return nil, bad(CodeMalformed, malformedDeep)
	case b.listed || list && b.texts != nil:
		return s.array(b.texts), read{}
	case len(b.texts) > 1:
		return nil, bad(CodeDuplicate, "must stand once")
	case b.texts != nil:
		return s.reading(b.texts[0]), read{}
	case (list || s.untyped()) && b.numbered():
		return b.list(s)
	}
	return b.object(s)
}

// numbered reports whether the members are called 0, 1, 2 and so on, without a gap.
func (b *branch) numbered() bool {
	for i := range len(b.members) {
		if b.members[strconv.Itoa(i)] == nil {
			return false
		}
	}
	return true
}

func (b *branch) list(s *shape) (any, read) {
	var items *shape
	if s != nil {
		items = s.items
	}
	list := make([]any, len(b.members))
	for i := range list {
		v, r := b.members[strconv.Itoa(i)].value(items)
		if r.code != "" {
			return nil, r.below(strconv.Itoa(i))
		}
		list[i] = v
	}
	return list, read{}
}

func (b *branch) object(s *shape) (any, read) {
	known := aliases{}
	if s != nil {
		for name := range s.members {
			known.declare(name)
		}
	}
	m := map[string]any{}
	for _, name := range sortedKeys(b.members) {
		declared := s != nil && s.members[name] != nil
		if !declared && known.take(name) {
			return nil, bad(CodeBadName, looseName).below(name)
		}
		v, r := b.members[name].value(s.member(name))
		if r.code != "" {
			return nil, r.below(name)
		}
		m[name] = v
	}
	return m, read{}
}

// below puts a failure one level deeper.
func (r read) below(name string) read {
	r.path = slices.Insert(slices.Clone(r.path), 0, name)
	return r
}
