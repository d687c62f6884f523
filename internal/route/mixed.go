package route

import (
	"slices"
	"strings"
)

// fits reports whether s is the texts with something between each two of them.
func fits(texts []string, s string) bool { return split(texts, s, nil) }

// split cuts s into the texts and what is between them, which is never empty, and as
// short as the text after it allows. That misses nothing: with a longer one, less would
// be left for the texts that follow. What is between them is appended to values, if that
// is not nil.
func split(texts []string, s string, values *[]string) bool {
	s, ok := strings.CutPrefix(s, texts[0])
	last := len(texts) - 1
	if !ok || last == 0 {
		return ok && s == ""
	}
	add := func(value string) {
		if values != nil {
			*values = append(*values, value)
		}
	}
	for _, text := range texts[1:last] {
		if s == "" {
			return false
		}
		i := strings.Index(s[1:], text)
		if i < 0 {
			return false
		}
		add(s[:i+1])
		s = s[i+1+len(text):]
	}
	s, ok = strings.CutSuffix(s, texts[last])
	add(s)
	return ok && s != ""
}

// needs returns the liberties without which the spelling does not fit the segment. ok is
// false when it does not fit with all of them either.
func (s *segment) needs(sp *spelling) (need reading, ok bool) {
	same := sp.plain == sp.decoded
	switch {
	case fits(s.texts, sp.plain):
		return 0, true
	case !same && fits(s.texts, sp.decoded):
		return decodes, true
	case fits(s.folded, fold(sp.plain)):
		return folds, true
	case !same && fits(s.folded, fold(sp.decoded)):
		return decodes | folds, true
	}
	return 0, false
}

// cut appends the values of the segment's wildcards as they stand in raw, one for each
// name. ok is false when raw, and raw without its escapes, would be cut in two ways: two
// programs would then get other values.
func (s *segment) cut(raw string, values []string) (all []string, ok bool) {
	all = values
	ok = split(s.texts, raw, &all)
	if !strings.Contains(raw, "%") {
		return all, ok
	}
	decoded, isDecoded := s.cutDecoded(raw, nil)
	switch {
	case !isDecoded:
		return all, ok
	case ok:
		return all, slices.Equal(all[len(values):], decoded)
	}
	return append(values, decoded...), true
}

// cutDecoded is split for a text that is escaped.
func (s *segment) cutDecoded(raw string, values []string) ([]string, bool) {
	units := cutUnits(raw)
	from, ok := units.skip(0, s.texts[0])
	last := len(s.texts) - 1
	for i := 1; ok && i <= last; i++ {
		to := from + 1
		if i == last {
			to = max(to, len(units)-len(s.texts[last]))
		}
		end := to
		for end, ok = units.skip(to, s.texts[i]); !ok && i < last && to < len(units); {
			to++
			end, ok = units.skip(to, s.texts[i])
		}
		if ok {
			values, from = append(values, units.raw(raw, from, to)), end
		}
	}
	return values, ok && from == len(units)
}

// unit is one byte of a decoded text, and where it begins in the escaped one.
type unit struct {
	c  byte
	at int
}

type units []unit

func cutUnits(raw string) (all units) {
	for i := 0; i < len(raw); i++ {
		u := unit{raw[i], i}
		if raw[i] == '%' && i+2 < len(raw) {
			u.c = unhex(raw[i+1])<<4 | unhex(raw[i+2])
			i += 2
		}
		all = append(all, u)
	}
	return all
}

// skip returns the place after text, if it stands at from.
func (u units) skip(from int, text string) (end int, ok bool) {
	if from+len(text) > len(u) {
		return from, false
	}
	for i := range len(text) {
		if u[from+i].c != text[i] {
			return from, false
		}
	}
	return from + len(text), true
}

// raw returns the escaped text of a part.
func (u units) raw(raw string, from, to int) string {
	if to == len(u) {
		return raw[u[from].at:]
	}
	return raw[u[from].at:u[to].at]
}
