package validate

import (
	"fmt"
	"regexp/syntax"
	"strings"
	"unicode"
)

// portablePattern writes a Go regular expression in what it has in common with
// ECMA-262, which is the language of a schema's pattern: characters, classes of ranges,
// groups that capture nothing, repetition, ^, $ and \b. So \s and (?i), which mean
// something else there or nothing, are written out.
func portablePattern(text string) (string, bool) {
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return "", false
	}
	var b strings.Builder
	ok := portable(&b, tree)
	return b.String(), ok
}

var signs = map[syntax.Op]string{
	syntax.OpNoMatch: `[^\s\S]`, syntax.OpEmptyMatch: `(?:)`, syntax.OpAnyChar: `[\s\S]`, syntax.OpAnyCharNotNL: `[^\n]`,
	syntax.OpBeginText: `^`, syntax.OpEndText: `$`, syntax.OpWordBoundary: `\b`, syntax.OpNoWordBoundary: `\B`,
	syntax.OpStar: `*`, syntax.OpPlus: `+`, syntax.OpQuest: `?`,
}

func portable(b *strings.Builder, re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			literal(b, r, re.Flags&syntax.FoldCase != 0)
		}
	case syntax.OpCharClass:
		writeClass(b, re.Rune)
	case syntax.OpConcat:
		return every(b, re.Sub, "")
	case syntax.OpAlternate, syntax.OpCapture:
		b.WriteString("(?:")
		ok := every(b, re.Sub, "|")
		b.WriteString(")")
		return ok
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		b.WriteString("(?:")
		ok := portable(b, re.Sub[0])
		b.WriteString(")" + repetition(re))
		return ok
	default:
		b.WriteString(signs[re.Op])
		return signs[re.Op] != "" // else (?m)^ or (?m)$
	}
	return true
}

func every(b *strings.Builder, list []*syntax.Regexp, between string) bool {
	ok := true
	for i, re := range list {
		if i > 0 {
			b.WriteString(between)
		}
		ok = portable(b, re) && ok
	}
	return ok
}

func repetition(re *syntax.Regexp) string {
	switch {
	case re.Op != syntax.OpRepeat:
		return signs[re.Op]
	case re.Max < 0:
		return fmt.Sprintf("{%d,}", re.Min)
	case re.Max == re.Min:
		return fmt.Sprintf("{%d}", re.Min)
	}
	return fmt.Sprintf("{%d,%d}", re.Min, re.Max)
}

// literal writes one character, or all that fold to it.
func literal(b *strings.Builder, r rune, fold bool) {
	list := []rune{r, r}
	for o := unicode.SimpleFold(r); fold && o != r; o = unicode.SimpleFold(o) {
		list = append(list, o, o)
	}
	if len(list) > 2 {
		writeClass(b, list)
		return
	}
	character(b, r, `^$\.*+?()[]{}|/`)
}

// writeClass writes pairs of first and last characters. A surrogate is no character.
func writeClass(b *strings.Builder, pairs []rune) {
	b.WriteByte('[')
	for i := 0; i < len(pairs); i += 2 {
		first, last := pairs[i], pairs[i+1]
		if 0xD800 <= first && first <= 0xDFFF {
			first = 0xE000
		}
		if 0xD800 <= last && last <= 0xDFFF {
			last = 0xD7FF
		}
		if first > last {
			continue
		}
		character(b, first, `^\[]-`)
		if last > first {
			b.WriteByte('-')
			character(b, last, `^\[]-`)
		}
	}
	b.WriteByte(']')
}

// character writes r by itself where it is printed and means nothing there.
func character(b *strings.Builder, r rune, special string) {
	switch {
	case strings.ContainsRune(special, r):
		b.WriteString(`\` + string(r))
	case r < ' ' || 0x7F <= r && r <= 0xA0:
		fmt.Fprintf(b, `\x%02X`, r)
	default:
		b.WriteRune(r)
	}
}
