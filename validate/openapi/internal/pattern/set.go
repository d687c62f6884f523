package pattern

import (
	"regexp/syntax"
	"slices"
	"unicode"
)

// set is a set of characters: pairs of first and last ones, in order once it is clean.
type set []rune

func one(r rune) set { return set{r, r} }

// clean puts the pairs in order, and makes one of those that touch.
func (s set) clean() set {
	pairs := slices.Collect(slices.Chunk(s, 2))
	slices.SortFunc(pairs, func(a, b set) int { return int(a[0] - b[0]) })
	out := make(set, 0, len(s))
	for _, p := range pairs {
		if n := len(out); n > 0 && p[0] <= out[n-1]+1 {
			out[n-1] = max(out[n-1], p[1])
			continue
		}
		out = append(out, p[0], p[1])
	}
	return out
}

// negate returns the characters that are not in s.
func (s set) negate() set {
	var out set
	next := rune(0)
	for s = s.clean(); len(s) > 0; s = s[2:] {
		if s[0] > next {
			out = append(out, next, s[0]-1)
		}
		next = s[1] + 1
	}
	if next <= unicode.MaxRune {
		out = append(out, next, unicode.MaxRune)
	}
	return out
}

// without returns the characters of s that are not in t.
func (s set) without(t set) set { return append(s.negate(), t...).negate() }

// fold adds the characters that differ from one of s in case alone (Unicode's simple folding).
func (s set) fold() set {
	s = s.clean()
	out := slices.Clone(s)
	for _, c := range unicode.CaseRanges {
		for r := rune(c.Lo); r <= rune(c.Hi); r++ {
			if !s.has(r) {
				continue
			}
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				out = append(out, f, f)
			}
		}
	}
	return out.clean()
}

// has reports whether a character is in s, which must be clean.
func (s set) has(r rune) bool {
	low, high := 0, len(s)/2
	for low < high {
		switch middle := (low + high) / 2; {
		case r < s[2*middle]:
			high = middle
		case r > s[2*middle+1]:
			low = middle + 1
		default:
			return true
		}
	}
	return false
}

// node returns the syntax tree that matches a character of s.
func (s set) node() *syntax.Regexp {
	if s = s.clean(); len(s) == 0 {
		return &syntax.Regexp{Op: syntax.OpNoMatch}
	}
	return &syntax.Regexp{Op: syntax.OpCharClass, Rune: s}
}

// tableSet returns the characters of a table.
func tableSet(tables ...*unicode.RangeTable) set {
	var s set
	for _, t := range tables {
		for _, r := range t.R16 {
			s = s.addStride(rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
		for _, r := range t.R32 {
			s = s.addStride(rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
	}
	return s.clean()
}

func (s set) addStride(low, high, stride rune) set {
	if stride == 1 {
		return append(s, low, high)
	}
	for r := low; r <= high; r += stride {
		s = append(s, r, r)
	}
	return s
}
