package pattern

import (
	"regexp/syntax"
	"strings"
	"unicode"
)

// group reads what follows an opening parenthesis, and reports whether a quantifier may follow.
func (p *parser) group() (atom *syntax.Regexp, quantifiable bool) {
	switch {
	case p.take("?="):
		return p.look(look{}), p.lenient
	case p.take("?!"):
		return p.look(look{not: true}), p.lenient
	case p.take("?<="):
		return p.look(look{behind: true}), false
	case p.take("?<!"):
		return p.look(look{behind: true, not: true}), false
	case p.take("?:"):
	case p.take("?<"), p.lenient && p.take("?P<"):
		p.name()
	case p.take("?"):
		return p.flags()
	}
	return p.closed(p.disjunction()), true
}

// closed reads the closing parenthesis of a group.
func (p *parser) closed(re *syntax.Regexp) *syntax.Regexp {
	if !p.take(")") {
		p.failf("a ( without its )")
	}
	return re
}

// look reads the body of a lookaround.
func (p *parser) look(l look) *syntax.Regexp {
	l.body = p.closed(p.disjunction())
	return p.ask(l)
}

// ask adds a lookaround, and returns the tree that asks whether it holds.
func (p *parser) ask(l look) *syntax.Regexp {
	p.looks = append(p.looks, l)
	return &syntax.Regexp{Op: syntax.OpCapture, Cap: len(p.looks) - 1, Sub: []*syntax.Regexp{empty()}}
}

// name reads the name of a group, and its >. ECMA-262 has identifiers; escapes in them are left out.
func (p *parser) name() {
	name, _, ok := strings.Cut(p.rest(), ">")
	for i, r := range name {
		start := r == '$' || r == '_' || unicode.IsLetter(r)
		if !start && (i == 0 || !unicode.IsDigit(r) && !unicode.IsMark(r)) {
			ok = false
		}
	}
	if !ok || name == "" {
		p.failf("a group whose name is no identifier")
	}
	p.at += len(name) + len(">")
}

// flags reads (?i:…) and (?s-i:…), and where it is lenient (?i), which holds up to the end of the group.
func (p *parser) flags() (atom *syntax.Regexp, quantifiable bool) {
	text := p.rest()[:max(strings.IndexAny(p.rest(), ":)"), 0)]
	fold, dotAll := p.fold, p.dotAll
	on, off, _ := strings.Cut(text, "-")
	switch known := strings.Trim(on+off, "is") == "" && on+off != ""; {
	case !known && !p.lenient:
		p.failf("a group that is none")
	case !known:
		p.fail(unsupported("the group (?%.1s", p.rest()))
	}
	p.fold = (p.fold || strings.Contains(on, "i")) && !strings.Contains(off, "i")
	p.dotAll = (p.dotAll || strings.Contains(on, "s")) && !strings.Contains(off, "s")

	p.at += len(text)
	if p.take(":") {
		atom = p.closed(p.disjunction())
		p.fold, p.dotAll = fold, dotAll
		return atom, true
	}
	if !p.take(")") || !p.lenient {
		p.failf("flags without a group of their own")
	}
	return empty(), false
}
