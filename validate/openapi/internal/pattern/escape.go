package pattern

import (
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// atomEscape reads what follows a backslash outside of a class, and reports whether a quantifier may follow.
func (p *parser) atomEscape() (atom *syntax.Regexp, quantifiable bool) {
	if s, ok := p.setEscape(); ok {
		return s.node(), true
	}
	switch c := p.peek(); {
	case p.take("b"):
		return p.boundary(false), false
	case p.take("B"):
		return p.boundary(true), false
	case p.lenient && p.take("A"):
		return &syntax.Regexp{Op: syntax.OpBeginText}, false
	case p.lenient && (p.take("z") || p.take("Z")):
		return &syntax.Regexp{Op: syntax.OpEndText}, false
	case c == 'k' && (!p.lenient || strings.HasPrefix(p.rest(), "k<")):
		p.fail(unsupported("a backreference"))
	case '1' <= c && c <= '9':
		before := p.at
		n, _ := p.count()
		if p.at = before; n <= p.groups {
			p.fail(unsupported("a backreference"))
		}
	}
	return p.literal(p.characterEscape(false)), true
}

// boundary returns the assertion \b, or \B. With the flag i, two more letters are of words.
func (p *parser) boundary(not bool) *syntax.Regexp {
	switch {
	case p.fold:
		word := p.folded(wordChars).node()
		before, after := p.ask(look{behind: true, body: word}), p.ask(look{body: word})
		notBefore, notAfter := p.ask(look{behind: true, not: true, body: word}), p.ask(look{not: true, body: word})
		if not {
			after, notAfter = notAfter, after
		}
		return &syntax.Regexp{Op: syntax.OpAlternate, Sub: []*syntax.Regexp{
			{Op: syntax.OpConcat, Sub: []*syntax.Regexp{before, notAfter}},
			{Op: syntax.OpConcat, Sub: []*syntax.Regexp{notBefore, after}},
		}}
	case not:
		return &syntax.Regexp{Op: syntax.OpNoWordBoundary}
	}
	return &syntax.Regexp{Op: syntax.OpWordBoundary}
}

// setEscape reads an escape that stands for a set of characters.
func (p *parser) setEscape() (s set, ok bool) {
	c := p.peek()
	switch c {
	case 'd', 'D':
		s = digits
	case 's', 'S':
		s = whiteSpace
	case 'w', 'W':
		s = p.folded(wordChars)
	case 'p', 'P':
		s = p.property()
	default:
		return nil, false
	}
	if c != 'p' && c != 'P' {
		p.at++
	}
	if c < 'a' {
		s = s.negate()
	}
	return p.folded(s), true
}

// folded adds to s, with the flag i, the characters that differ in case alone.
func (p *parser) folded(s set) set {
	if p.fold && !p.unused {
		return s.fold()
	}
	return s
}

// property reads p{Name}, P{Name=Value} and, where that is lenient, pL.
func (p *parser) property() set {
	p.at++
	name := p.rest()[:min(1, len(p.rest()))]
	if p.take("{") {
		var ok bool
		if name, _, ok = strings.Cut(p.rest(), "}"); !ok {
			p.failf("a property without its }")
		}
		p.at += len("}")
	} else if !p.lenient {
		p.failf("a property without its {")
	}
	made, ok := property(name, p.lenient)
	switch {
	case !ok && !p.lenient:
		p.failf("a property that is none")
	case !ok:
		p.fail(unsupported(`the property \p{%s}`, name))
	}
	p.at += len(name)
	if p.unused {
		return anything
	}
	return made()
}

// characterEscape reads an escape that stands for one character.
func (p *parser) characterEscape(class bool) rune {
	if p.at == len(p.text) {
		p.failf("a backslash at the end")
	}
	switch r := p.next(); r {
	case 't':
		return '\t'
	case 'n':
		return '\n'
	case 'v':
		return '\v'
	case 'f':
		return '\f'
	case 'r':
		return '\r'
	case 'c':
		if c := p.peek(); 'a' <= c|0x20 && c|0x20 <= 'z' {
			p.at++
			return rune(c & 31)
		}
	case 'x':
		if p.lenient && p.peek() == '{' {
			return p.braced()
		}
		if r, ok := p.hex(2); ok {
			return r
		}
	case 'u':
		if p.peek() == '{' {
			return p.braced()
		}
		if r, ok := p.unit(); ok {
			return r
		}
	case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return p.octal(r)
	case '-':
		if class || p.lenient {
			return r
		}
	default:
		if strings.ContainsRune(`^$\.*+?()[]{}|/`, r) || p.lenient && !isLetter(r) {
			return r
		}
	}
	p.at--
	if p.lenient {
		p.fail(unsupported(`the escape \%s`, p.text[p.at:p.at+1]))
	}
	p.failf("an escape that is none with the u flag")
	return 0
}

func isLetter(r rune) bool { return r < utf8.RuneSelf && 'a' <= r|0x20 && r|0x20 <= 'z' }

// octal reads \0, and what Annex B has of other digits: the octal number of a byte, or the digit itself.
func (p *parser) octal(first rune) rune {
	digit := func() bool { return '0' <= p.peek() && p.peek() <= '9' }
	switch {
	case first == '0' && !digit():
		return 0
	case !p.lenient:
		p.failf("a backreference to a group that there is not")
	case first >= '8':
		return first
	}
	n := first - '0'
	for range 2 {
		if c := rune(p.peek()); '0' <= c && c <= '7' && n*8+c-'0' <= 0xFF {
			n = n*8 + c - '0'
			p.at++
			continue
		}
		break
	}
	return n
}

// hex reads so many hexadecimal digits.
func (p *parser) hex(n int) (rune, bool) {
	if len(p.rest()) < n {
		return 0, false
	}
	v, err := strconv.ParseUint(p.rest()[:n], 16, 32)
	if err != nil {
		return 0, false
	}
	p.at += n
	return rune(v), true
}

// braced reads {1F600}.
func (p *parser) braced() rune {
	digits, _, ok := strings.Cut(p.rest()[1:], "}")
	v, err := strconv.ParseUint(digits, 16, 64)
	if !ok || err != nil || v > utf8.MaxRune {
		p.failf("a code point that is none")
	}
	p.at += len(digits) + len("{}")
	return rune(v)
}

// unit reads the digits of \uXXXX, and a second such escape where the two are a surrogate pair.
func (p *parser) unit() (rune, bool) {
	high, ok := p.hex(4)
	if !ok || !utf16.IsSurrogate(high) {
		return high, ok
	}
	before := p.at
	if p.take(`\u`) {
		if low, ok := p.hex(4); ok {
			if r := utf16.DecodeRune(high, low); r != utf8.RuneError {
				return r, true
			}
		}
	}
	p.at = before
	return high, true
}
