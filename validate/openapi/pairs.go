package openapi

import (
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/validate"
)

// pairs checks a value that is spread over the pairs of a query.
func (p *param) pairs(c *check, pairs []pair) {
	var few [8]int
	mine := few[:0]
	for i := range pairs {
		if !pairs[i].used && p.owns(pairs[i].name) {
			mine, pairs[i].used = append(mine, i), true
		}
	}
	switch {
	case len(mine) == 0:
		p.absent(c)
	case len(mine) == 1 && p.plain():
		p.check(c, pairs[mine[0]].value, p.decoder())
	default:
		p.judge(c, p.gather(c, pairs, mine))
	}
}

// gather reads the pairs whose numbers are in mine, of which there is at least one.
func (p *param) gather(c *check, pairs []pair, mine []int) read {
	switch {
	case p.style == styleDeep && !p.asJSON:
		return p.deep(c, pairs, mine)
	case p.spread():
		return p.object(c, pairs, mine)
	case p.explode && !p.scalar() && p.shape.list:
		parts := make([]string, 0, len(mine))
		for _, i := range mine {
			if len(pairs[i].value) > 3*c.cfg.Text {
				return c.tooLong()
			}
			parts = append(parts, pairs[i].value)
		}
		if len(mine) > 1 {
			return p.listed(c, parts, "%", p.decoder()) // no text stands for several
		}
		return p.listed(c, parts, parts[0], p.decoder())
	case len(mine) > 1:
		return bad(CodeDuplicate, "must stand once")
	}
	return p.one(c, pairs[mine[0]].value, p.decoder())
}

// spread reports whether the members stand under their own names.
func (p *param) spread() bool {
	return p.explode && p.style == styleForm && p.shape.object && !p.scalar() && !p.shape.list
}

func (p *param) owns(name string) bool {
	switch {
	case p.style == styleDeep && !p.asJSON:
		rest, ok := strings.CutPrefix(name, p.name)
		if rest == "" {
			return ok && (p.shape.untyped() || p.shape.text || p.shape.number || p.shape.boolean)
		}
		_, fine := brackets(rest)
		return ok && fine
	case !p.spread():
		return name == p.name
	}
	_, named := p.shape.members[name]
	return (named || p.shape.others != nil) && !slices.Contains(p.taken, name)
}

func (p *param) absent(c *check) {
	if !p.required {
		return
	}
	if p.spread() {
		p.judge(c, read{readings: []any{map[string]any{}}})
		return
	}
	p.judge(c, bad(validate.CodeRequired, "must be present"))
}

// object reads a=1&b=2.
func (p *param) object(c *check, pairs []pair, mine []int) read {
	m := map[string]any{}
	var known aliases
	for _, i := range mine {
		name := pairs[i].name
		if _, named := p.shape.members[name]; !named {
			if known == nil {
				known = p.aliases()
			}
			if known.take(name) {
				return bad(CodeBadName, looseName).below(name)
			}
		}

		text, ok := p.decoder()(pairs[i].value)
		switch {
		case !ok:
			return badText
		case len(text) > c.cfg.Text:
			return c.tooLong()
		}
		s := p.shape.member(name)
		before, twice := m[name]
		switch {
		case s != nil && s.list:
			list, _ := before.([]any)
			m[name] = append(list, s.items.reading(text))
		case twice:
			return bad(CodeDuplicate, "must stand once").below(name)
		default:
			m[name] = s.reading(text)
		}
	}
	return read{readings: []any{m}}
}

// aliases declares the members of an object, and the names that its members must leave alone.
func (p *param) aliases() aliases {
	a := aliases{}
	for name := range p.shape.members {
		a.declare(name)
	}
	if p.spread() {
		for _, name := range p.taken {
			a.declare(name)
		}
	}
	return a
}
