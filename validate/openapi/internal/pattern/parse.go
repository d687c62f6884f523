package pattern

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

const (
	// maxText is how many bytes one expression may have.
	maxText = 64 << 10
	// maxDepth is how many groups may be open at once.
	maxDepth = 250
	// unbounded is the most of a repetition that has no most, as in regexp/syntax.
	unbounded = -1
	// maxCount is what larger counts of a repetition are read as. It is more than any program may have.
	maxCount = 1 << 30
)

// ErrUnsupported is wrapped by the errors of expressions that mean something, and that are not matched here.
var ErrUnsupported = errors.New("is not supported")

func unsupported(format string, args ...any) error {
	return fmt.Errorf(format+" %w", append(args, ErrUnsupported)...)
}

// look is a lookahead or a lookbehind.
type look struct {
	behind, not bool
	body        *syntax.Regexp
}

// tree is an expression that was read. The lookarounds are in order: each comes after those that it holds. Where one is
// asked, the tree has a capture with its number.
type tree struct {
	root  *syntax.Regexp
	looks []look
}

// parser reads one expression. What is wrong ends it by a panic with a failure.
type parser struct {
	text    string
	at      int
	lenient bool // the u flag forbids it
	unused  bool // the tree is of no use: no set is made that takes time

	fold, dotAll bool // the flags i and s, where the parser is
	depth        int
	groups       int // capturing groups in the whole text
	looks        []look
}

// failure is the panic of a parser.
type failure struct{ error }

func (p *parser) fail(err error) { panic(failure{err}) }

func (p *parser) failf(format string, args ...any) {
	p.fail(fmt.Errorf("at byte %d: "+format, append([]any{p.at}, args...)...))
}

// parse reads an expression as ECMA-262 has it with the u flag, and otherwise leniently.
func parse(text string, unused bool) (*tree, error) {
	switch {
	case len(text) > maxText:
		return nil, unsupported("an expression of more than %d bytes", maxText)
	case !utf8.ValidString(text):
		return nil, errors.New("is not UTF-8")
	case isDelimited(text):
		return nil, unsupported("a slash before ^, so that no text matches; write the expression without slashes: this")
	}
	t, err := parseAs(text, false, unused)
	if err == nil || errors.Is(err, ErrUnsupported) {
		return t, err
	}
	return parseAs(text, true, unused)
}

// isDelimited reports whether a text is an expression as the source of a program has it, /^…$/. A slash before ^ makes it
// match nothing.
func isDelimited(text string) bool {
	rest, begins := strings.CutPrefix(text, "/^")
	_, flags, ends := strings.Cut(rest, "$/")
	return begins && ends && strings.Trim(flags, "dgimsuvy") == ""
}

func parseAs(text string, lenient, unused bool) (t *tree, err error) {
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(failure)
			if !ok {
				panic(r)
			}
			t, err = nil, f.error
		}
	}()
	p := &parser{text: text, lenient: lenient, unused: unused, groups: countGroups(text)}
	root := p.disjunction()
	if p.at < len(text) {
		p.failf("a ) without its (")
	}
	return &tree{root, p.looks}, nil
}

// countGroups returns how many capturing groups an expression has: a number up to it is a backreference.
func countGroups(text string) (n int) {
	class := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
		case c == '(':
			rest := text[i+1:]
			named := strings.HasPrefix(rest, "?<") && !strings.HasPrefix(rest, "?<=") && !strings.HasPrefix(rest, "?<!") ||
				strings.HasPrefix(rest, "?P<")
			if named || !strings.HasPrefix(rest, "?") {
				n++
			}
		}
	}
	return n
}

// rest is what is not read yet.
func (p *parser) rest() string { return p.text[p.at:] }

// take reads a text, if it comes next.
func (p *parser) take(text string) bool {
	if !strings.HasPrefix(p.rest(), text) {
		return false
	}
	p.at += len(text)
	return true
}

// next reads one character. There must be one.
func (p *parser) next() rune {
	r, size := utf8.DecodeRuneInString(p.rest())
	p.at += size
	return r
}

// peek is the next byte, 0 at the end.
func (p *parser) peek() byte {
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

func empty() *syntax.Regexp { return &syntax.Regexp{Op: syntax.OpEmptyMatch} }

// disjunction reads alternatives up to a closing parenthesis or the end.
func (p *parser) disjunction() *syntax.Regexp {
	if p.depth++; p.depth > maxDepth {
		p.fail(unsupported("an expression with more than %d groups in each other", maxDepth))
	}
	fold, dotAll := p.fold, p.dotAll
	all := []*syntax.Regexp{p.alternative()}
	for p.take("|") {
		all = append(all, p.alternative())
	}
	p.fold, p.dotAll = fold, dotAll
	p.depth--
	if len(all) == 1 {
		return all[0]
	}
	return &syntax.Regexp{Op: syntax.OpAlternate, Sub: all}
}

// alternative reads terms one after another.
func (p *parser) alternative() *syntax.Regexp {
	var all []*syntax.Regexp
	for p.at < len(p.text) && p.peek() != '|' && p.peek() != ')' {
		all = append(all, p.term())
	}
	switch len(all) {
	case 0:
		return empty()
	case 1:
		return all[0]
	}
	return &syntax.Regexp{Op: syntax.OpConcat, Sub: all}
}

// term reads an assertion, or an atom with its quantifier.
func (p *parser) term() *syntax.Regexp {
	var atom *syntax.Regexp
	quantifiable := true
	switch {
	case p.take("^"):
		atom, quantifiable = &syntax.Regexp{Op: syntax.OpBeginText}, false
	case p.take("$"):
		atom, quantifiable = &syntax.Regexp{Op: syntax.OpEndText}, false
	case p.take("("):
		atom, quantifiable = p.group()
	case p.take("."):
		atom = p.dot().node()
	case p.take("["):
		atom = p.class().node()
	case p.take(`\`):
		atom, quantifiable = p.atomEscape()
	default:
		atom = p.character()
	}
	min, max, ok := p.quantifier()
	switch {
	case !ok:
		return atom
	case !quantifiable:
		p.failf("a quantifier after an assertion")
	}
	return &syntax.Regexp{Op: syntax.OpRepeat, Min: min, Max: max, Sub: []*syntax.Regexp{atom}}
}

func (p *parser) dot() set {
	if p.dotAll {
		return anything
	}
	return lineEnds.negate()
}

// character reads a character that stands for itself.
func (p *parser) character() *syntax.Regexp {
	before := p.at
	if _, _, ok := p.quantifier(); ok {
		p.at = before
		p.failf("a quantifier with nothing to repeat")
	}
	p.at = before
	r := p.next()
	if strings.ContainsRune("*+?", r) || !p.lenient && strings.ContainsRune("{}]", r) {
		p.at = before
		p.failf("%q must have a backslash before it", r)
	}
	return p.literal(r)
}

func (p *parser) literal(r rune) *syntax.Regexp {
	if 0xD800 <= r && r <= 0xDFFF { // half of a surrogate pair is no character
		return &syntax.Regexp{Op: syntax.OpNoMatch}
	}
	re := &syntax.Regexp{Op: syntax.OpLiteral, Rune: []rune{r}}
	if p.fold {
		re.Flags = syntax.FoldCase
	}
	return re
}

// quantifier reads *, +, ?, {n}, {n,} or {n,m}, lazy or not: which text is found first makes no difference here.
func (p *parser) quantifier() (least, most int, ok bool) {
	switch {
	case p.take("*"):
		least, most = 0, unbounded
	case p.take("+"):
		least, most = 1, unbounded
	case p.take("?"):
		least, most = 0, 1
	case p.peek() == '{':
		if least, most, ok = p.braces(); !ok {
			return 0, 0, false
		}
	default:
		return 0, 0, false
	}
	if !p.take("?") && p.peek() == '+' && p.lenient {
		p.fail(unsupported("a possessive quantifier"))
	}
	return least, most, true
}

// braces reads {n}, {n,} or {n,m}, and {,m} where that is lenient. Nothing is read where ok is false.
func (p *parser) braces() (least, most int, ok bool) {
	before := p.at
	p.at++
	least, some := p.count()
	if most = least; p.take(",") {
		var bounded bool
		if most, bounded = p.count(); !bounded {
			most = unbounded
		}
		some = some || bounded && p.lenient
	}
	if !some || !p.take("}") {
		p.at = before
		return 0, 0, false
	}
	if most != unbounded && most < least {
		p.at = before
		p.failf("a repetition of at least %d and at most %d", least, most)
	}
	return least, most, true
}

// count reads a decimal number.
func (p *parser) count() (n int, ok bool) {
	for ; '0' <= p.peek() && p.peek() <= '9'; p.at++ {
		n, ok = min(n*10+int(p.peek()-'0'), maxCount), true
	}
	return n, ok
}
