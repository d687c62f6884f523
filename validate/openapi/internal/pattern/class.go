package pattern

import "strings"

// class reads what follows an opening bracket.
func (p *parser) class() set {
	var s set
	not := p.take("^")
	for !p.take("]") {
		if p.at == len(p.text) {
			p.failf("a [ without its ]")
		}
		s = append(s, p.classRange()...)
	}
	if s = p.folded(s.clean()); not {
		s = s.negate()
	}
	return s
}

// classRange reads one character or set, or two characters with a hyphen between them.
func (p *parser) classRange() set {
	low, single := p.classAtom()
	if !strings.HasPrefix(p.rest(), "-") || strings.HasPrefix(p.rest(), "-]") {
		return low
	}
	p.at++
	if p.at == len(p.text) {
		p.failf("a [ without its ]")
	}
	high, singleHigh := p.classAtom()
	switch {
	case single && singleHigh && low[0] <= high[0]:
		return set{low[0], high[0]}
	case single && singleHigh:
		p.failf("a range that ends before it begins")
	case !p.lenient:
		p.failf("a range with a set at one end")
	}
	return append(append(set{'-', '-'}, low...), high...)
}

// classAtom reads one character or set within brackets, and reports whether it is a single character.
func (p *parser) classAtom() (s set, single bool) {
	if p.lenient {
		if s, ok := p.posix(); ok {
			return s, false
		}
		if strings.HasPrefix(p.rest(), "&&") {
			p.fail(unsupported("an intersection of classes"))
		}
	}
	if !p.take(`\`) {
		return one(p.next()), true
	}
	if s, ok := p.setEscape(); ok {
		return s, false
	}
	if p.take("b") {
		return one('\b'), true
	}
	return one(p.characterEscape(true)), true
}

// posix reads a class of POSIX, such as [:alpha:].
func (p *parser) posix() (set, bool) {
	name, _, ok := strings.Cut(strings.TrimPrefix(p.rest(), "[:"), ":]")
	if s, known := posix[name]; ok && known && p.take("[:") {
		p.at += len(name) + len(":]")
		return s, true
	}
	return nil, false
}
