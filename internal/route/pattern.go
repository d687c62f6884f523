// Package route holds the one table of routes: patterns of net/http.ServeMux and path
// templates of OpenAPI, and what is declared for each.
//
// A lookup has two results. The first is the entry that holds by what the request says:
// the most specific one, by ServeMux's rules of precedence. The others are the entries
// that another program would choose for the same request, because it compares paths
// without regard to case, undoes escapes before it compares or leaves them, makes no
// difference of a slash at the end, or has wildcards that match nothing. A rule that is kept to one spelling only is no rule
// for such a program, so whoever decides by this table must look at them all.
//
// It does not clean paths: an empty segment matches no wildcard as it is written, and a dot
// segment must be refused before. See [Scan].
package route

import (
	"net/url"
	"slices"
	"strings"
)

// Pattern is a parsed pattern or template. The zero Pattern matches nothing.
type Pattern struct {
	text     string // as it was written
	method   string // empty for any
	host     string // lower case; empty for any
	segments []segment
	end      ending
	rest     string // the name of the wildcard for what remains, if it has one
	template bool
}

// ending is how the path of a pattern ends.
type ending uint8

const (
	closed  ending = iota // "/a"
	slashed               // "/a/{$}", or "/a/" of a template
	open                  // "/a/" or "/a/{rest...}": everything below
)

// segment is a literal, which is one text, or the texts around one or more wildcards,
// such as "" and ".json" around {id}. All texts are without escapes.
type segment struct {
	texts, folded []string
	names         []string
}

func newSegment(texts, names []string) segment {
	s := segment{texts: texts, names: names, folded: make([]string, len(texts))}
	for i, text := range texts {
		s.folded[i] = fold(text)
	}
	return s
}

func (s *segment) literal() bool { return len(s.names) == 0 }

// wild reports whether the segment is one wildcard and nothing else.
func (s *segment) wild() bool { return len(s.names) == 1 && s.texts[0] == "" && s.texts[1] == "" }

// size is how much text is around the wildcards.
func (s *segment) size() (n int) {
	for _, text := range s.texts {
		n += len(text)
	}
	return n
}

// String returns the pattern as it was written.
func (p Pattern) String() string { return p.text }

// Method returns the method, which is empty for any.
func (p Pattern) Method() string { return p.method }

// Host returns the host, which is empty for any.
func (p Pattern) Host() string { return p.host }

// Names returns the names of the wildcards, from left to right.
func (p Pattern) Names() (names []string) {
	for i := range p.segments {
		names = append(names, p.segments[i].names...)
	}
	if p.rest != "" {
		names = append(names, p.rest)
	}
	return names
}

// Has reports whether the pattern has a wildcard of that name.
func (p Pattern) Has(name string) bool { return name != "" && slices.Contains(p.Names(), name) }

// Shape returns a text that is the same for two patterns if and only if they match the
// same paths: what distinguishes them are at most the names of their wildcards.
func (p Pattern) Shape() string {
	var b strings.Builder
	for i := range p.segments {
		b.WriteByte('/')
		for j, text := range p.segments[i].texts {
			if j > 0 {
				b.WriteString("{}")
			}
			b.WriteString(url.PathEscape(text)) // so that no text looks like a wildcard
		}
	}
	b.WriteString([...]string{closed: "", slashed: "/", open: "/{...}"}[p.end])
	return b.String()
}

// Sample returns an escaped path that the pattern matches, with an x for each wildcard.
func (p Pattern) Sample() string {
	var b strings.Builder
	for i := range p.segments {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(strings.Join(p.segments[i].texts, "x")))
	}
	if p.end != closed {
		b.WriteByte('/')
	}
	return b.String()
}

// Value returns the value of the wildcard name in an escaped path that the pattern
// matches, in whatever spelling, with escapes undone. ok is false for a name the pattern
// does not have, and for a value that is not well encoded.
func (p Pattern) Value(path, name string) (value string, ok bool) {
	values, ok := p.Values(path, nil)
	i := slices.Index(p.Names(), name)
	if !ok || i < 0 || name == "" {
		return "", false
	}
	value, err := url.PathUnescape(values[i])
	return value, err == nil
}

// Values appends the values of the wildcards to values, from left to right and as they
// stand in the path, still escaped. ok is false for a path that the pattern does not
// match, and for one that another program may cut in another way.
func (p Pattern) Values(path string, values []string) (all []string, ok bool) {
	rest, more := strings.CutPrefix(path, "/")
	more = more && rest != "" // the root has no segments
	for i := range p.segments {
		if !more {
			return values, false
		}
		var raw string
		raw, rest, more = strings.Cut(rest, "/")
		switch s := &p.segments[i]; {
		case s.literal():
		case s.wild():
			values = append(values, raw)
		default:
			if values, ok = s.cut(raw, values); !ok {
				return values, false
			}
		}
	}
	if p.rest != "" {
		values = append(values, rest)
	}
	return values, true
}
