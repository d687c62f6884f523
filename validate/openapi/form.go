package openapi

import (
	"strings"

	"github.com/sallyport-dev/sallyport/problem"
)

func (m *media) form(c *check, data []byte) *problem.Problem {
	defer c.cfg.checking(len(data))()
	text := string(data)
	pairs, p := appendPairs(nil, text, c.cfg.Parts)
	switch {
	case p == badQuery, !assigned(text):
		return badForm
	case p != nil:
		return p
	}
	if v, ok := form(c, m.shape, m.members, pairs); ok {
		m.rule.check(v, &c.failures)
	}
	return nil
}

// assigned reports whether each pair of a form has an equals sign, as every client writes it. Starlette leaves out one
// at the end that has none, and others take it for an empty text.
func assigned(form string) bool {
	for one := range strings.SplitSeq(form, "&") {
		if one != "" && strings.IndexByte(one, '=') < 0 {
			return false
		}
	}
	return true
}

// form reads pairs into an object: those that the document describes in their style, and the others as texts, for the
// schema to judge.
func form(c *check, s *shape, members []*param, pairs []pair) (map[string]any, bool) {
	object, fine := map[string]any{}, true
	for _, spread := range []bool{false, true} { // an object that is spread out leaves alone what others are called
		for _, p := range members {
			if p.spread() == spread && !p.into(object, c, pairs) {
				fine = false
			}
		}
	}

	var known aliases
	for _, one := range pairs {
		if one.used {
			continue
		}
		if known == nil {
			known = aliasesOf(members)
			known.declare(methodOverride)
		}
		text, ok := unescape(one.value)
		_, twice := object[one.name]
		switch {
		case !ok:
			c.add([]string{one.name}, badText.code, badText.detail)
		case twice:
			c.add([]string{one.name}, CodeDuplicate, "must stand once")
		case known.take(one.name):
			c.add([]string{one.name}, CodeBadName, looseName)
		default:
			object[one.name] = s.member(one.name).reading(text)
			continue
		}
		fine = false
	}
	return object, fine
}

// into reads the pairs that are p's into the object, and reports whether they could be read.
func (p *param) into(object map[string]any, c *check, pairs []pair) bool {
	var mine []int
	for i := range pairs {
		if !pairs[i].used && p.owns(pairs[i].name) {
			mine, pairs[i].used = append(mine, i), true
		}
	}
	if len(mine) == 0 {
		return true
	}
	r := p.gather(c, pairs, mine)
	if r.code != "" {
		c.add([]string{p.name}, r.code, r.detail)
		return false
	}
	object[p.name] = p.shape.within(r.readings)
	return true
}
