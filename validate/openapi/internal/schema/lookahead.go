package schema

import "strings"

// lookahead is a lookahead at the beginning of a text, where it asks something of the whole: RE2 has none, and needs
// none there. Documents have them for passwords, and pydantic for its decimals.
type lookahead struct {
	text    string
	not     bool
	pattern *pattern
}

// asked reports whether the lookaheads of p hold for s.
func (p *pattern) asked(s string) bool {
	for i := range p.asks {
		if p.asks[i].pattern.re.MatchString(s) == p.asks[i].not {
			return false
		}
	}
	return true
}

// lookaheads takes (?=…) and (?!…) off a pattern, where they follow its anchor ^ at once and the pattern is no choice:
// ^(?=a)b matches what both ^(?:a) and ^b match. Others stay where they are, for RE2 to refuse.
func lookaheads(text string) (asks []lookahead, rest string) {
	rest, anchored := strings.CutPrefix(text, "^")
	if !anchored || !strings.HasPrefix(rest, "(?=") && !strings.HasPrefix(rest, "(?!") || isChoice(text) {
		return nil, text
	}
	for strings.HasPrefix(rest, "(?=") || strings.HasPrefix(rest, "(?!") {
		end := groupEnd(rest)
		if end < 0 || end < len(rest) && strings.IndexByte("*+?{", rest[end]) >= 0 {
			return nil, text
		}
		asks = append(asks, lookahead{text: "^(?:" + rest[len("(?="):end-1] + ")", not: rest[2] == '!'})
		rest = rest[end:]
	}
	return asks, "^" + rest
}

// groupEnd returns where the group ends that text begins with, or -1.
func groupEnd(text string) int {
	end := -1
	eachOutside(text, func(i, depth int) bool {
		if text[i] == ')' && depth == 0 {
			end = i + 1
		}
		return end < 0
	})
	return end
}

// isChoice reports whether a pattern has a bar outside of all groups.
func isChoice(text string) bool {
	found := false
	eachOutside(text, func(i, depth int) bool {
		found = found || text[i] == '|' && depth == 0
		return !found
	})
	return found
}

// eachOutside calls f for the bytes of a pattern that are neither escaped nor in brackets, with the number of groups
// that are open behind it, until f returns false.
func eachOutside(text string, f func(i, depth int) bool) {
	depth, class := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
			continue
		case class:
			class = c != ']'
			continue
		case c == '[':
			class = true
		case c == '(':
			depth++
		case c == ')':
			depth--
		}
		if !f(i, depth) {
			return
		}
	}
}
