package schema

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// pattern is a regular expression of the document. JSON Schema 2020-12 §6.3.3 means those of
// ECMA-262; they run in RE2, whose time is linear in the text.
type pattern struct {
	text string
	re   *regexp.Regexp
	size int // how many instructions a character may cost, see width
	asks []lookahead
}

// The sets of ECMA-262 that RE2 has otherwise: its white space holds no U+00A0, and its dot
// takes a carriage return.
const (
	ecmaSpace    = `\t\n\v\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}`
	ecmaNotSpace = `\x{0}-\x{8}\x{e}-\x{1f}!-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}` +
		`\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff}`
	ecmaDot = `[^\n\r\x{2028}\x{2029}]`
)

func newPattern(text string) (*pattern, error) {
	asks, rest := lookaheads(text)
	p, err := compilePlain(rest)
	if err != nil {
		return nil, err
	}
	p.text = text
	for _, ask := range asks {
		if ask.pattern, err = compilePlain(ask.text); err != nil {
			return nil, err
		}
		p.size += ask.pattern.size
		p.asks = append(p.asks, ask)
	}
	return p, nil
}

// compilePlain compiles what RE2 can express.
func compilePlain(text string) (*pattern, error) {
	written := fromECMA(text)
	re, err := regexp.Compile(written)
	if err != nil {
		return nil, err
	}
	parsed, err := syntax.Parse(written, syntax.Perl)
	if err != nil {
		return nil, err
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, err
	}
	return &pattern{text: text, re: re, size: width(prog)}, nil
}

// fromECMA rewrites what RE2 spells or means otherwise. What RE2 lacks stays as it is, for
// RE2 to refuse.
func fromECMA(text string) string {
	var b strings.Builder
	class := false // inside of brackets
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			i += escape(&b, text[i+1:], class)
		case c == '.' && !class:
			b.WriteString(ecmaDot)
		case !class && strings.HasPrefix(text[i:], "[]"): // nothing
			b.WriteString(`[^\x{0}-\x{10ffff}]`)
			i++
		case !class && strings.HasPrefix(text[i:], "[^]"): // anything
			b.WriteString(`(?s:.)`)
			i += 2
		case c == '[' && class:
			b.WriteString(`\[`) // RE2 would look for [:alpha:]
		default:
			class = c == '[' || class && c != ']'
			b.WriteByte(c)
		}
	}
	return b.String()
}

// escape rewrites an escape, of which rest is what follows the backslash. It returns how
// many bytes of rest it has taken.
func escape(b *strings.Builder, rest string, class bool) int {
	set := func(s string) {
		if class {
			b.WriteString(s)
			return
		}
		b.WriteString("[" + s + "]")
	}
	switch c := rest[0]; {
	case c == 's':
		set(ecmaSpace)
	case c == 'S':
		set(ecmaNotSpace)
	case c == '/', c == '-':
		b.WriteString(`\` + rest[:1])
	case c == 'u' && len(rest) > 1 && rest[1] == '{':
		if end := strings.IndexByte(rest, '}'); end > 0 {
			b.WriteString(`\x` + rest[1:end+1])
			return end + 1
		}
		b.WriteString(`\u`)
	case c == 'u' && len(rest) >= 5:
		return unit(b, rest)
	case c == 'c' && len(rest) > 1 && isLetter(rest[1]):
		fmt.Fprintf(b, `\x%02x`, rest[1]&31)
		return 2
	case c == '0' && (len(rest) == 1 || rest[1] < '0' || rest[1] > '9'):
		b.WriteString(`\x00`)
	case c == 'b' && class:
		b.WriteString(`\x08`)
	default:
		b.WriteString(`\` + rest[:1])
	}
	return 1
}

// unit rewrites \uXXXX, of which two may be one character.
func unit(b *strings.Builder, rest string) int {
	high, err := strconv.ParseUint(rest[1:5], 16, 16)
	if err != nil {
		b.WriteString(`\u`)
		return 1
	}
	if len(rest) >= 11 && rest[5:7] == `\u` {
		low, err := strconv.ParseUint(rest[7:11], 16, 16)
		if c := utf16.DecodeRune(rune(high), rune(low)); err == nil && c != utf8.RuneError {
			fmt.Fprintf(b, `\x{%x}`, c)
			return 11
		}
	}
	fmt.Fprintf(b, `\x{%x}`, high)
	return 5
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// matches counts its work before it is done.
func (p *pattern) matches(r *run, s string) bool {
	return r.afford(1+(len(s)+1)*p.size/16) && p.re.MatchString(s) && p.asked(s)
}
