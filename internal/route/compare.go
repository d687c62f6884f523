package route

import "slices"

// Relation is what one pattern is to another.
type Relation uint8

const (
	Disjoint     Relation = iota // no request is for both
	Equivalent                   // the same requests are for both
	MoreSpecific                 // the second takes all requests of the first, and more
	MoreGeneral                  // the first takes all requests of the second, and more
	Overlapping                  // some requests are for both, and each has others
)

// and is the relation of two things of which each is related by one of two parts.
func (r Relation) and(other Relation) Relation {
	switch {
	case r == Disjoint || other == Disjoint:
		return Disjoint
	case r == Equivalent || r == other:
		return other
	case other == Equivalent:
		return r
	}
	return Overlapping
}

// Compare says what p is to q, for whoever takes no care of case or of a slash at the end.
// Hosts are left out.
func (p *Pattern) Compare(q *Pattern) Relation {
	return compareMethods(p.method, q.method).and(p.paths(q, true))
}

// conflict is the relation of two patterns as ServeMux has it. It has no paths that are
// the same in two spellings, so that "/a" and "/a/" are disjoint.
func (p *Pattern) conflict(q *Pattern) Relation {
	return compareMethods(p.method, q.method).and(p.paths(q, false))
}

// compareMethods knows that GET is for HEAD as well, and none for all.
func compareMethods(p, q string) Relation {
	switch {
	case p == q:
		return Equivalent
	case p == "", p == "GET" && q == "HEAD":
		return MoreGeneral
	case q == "", q == "GET" && p == "HEAD":
		return MoreSpecific
	}
	return Disjoint
}

func (p *Pattern) paths(q *Pattern, lax bool) Relation {
	rel := p.ends(q, lax)
	for i := range min(len(p.segments), len(q.segments)) {
		if rel == Disjoint {
			return rel
		}
		rel = rel.and(p.segments[i].compare(&q.segments[i], lax))
	}
	return rel
}

// ends compares how many segments the two patterns take, and the slash behind them.
func (p *Pattern) ends(q *Pattern, lax bool) Relation {
	m, n := len(p.segments), len(q.segments)
	switch {
	case p.end != open && q.end != open:
		if m == n && (lax || p.end == q.end) {
			return Equivalent
		}
	case p.end == open && q.end == open:
		switch {
		case m == n:
			return Equivalent
		case m > n:
			return MoreSpecific
		}
		return MoreGeneral
	case q.end == open:
		if m > n || m == n && (lax || p.end == slashed) {
			return MoreSpecific
		}
	case n > m || n == m && (lax || q.end == slashed):
		return MoreGeneral
	}
	return Disjoint
}

// Meet returns the pattern of the paths that both match, for two that match as many
// segments. ok is false where it takes more than a pattern to say which these are.
func (p *Pattern) Meet(q *Pattern) (both Pattern, ok bool) {
	both = *p
	both.segments = slices.Clone(p.segments)
	if len(p.segments) != len(q.segments) {
		return both, false
	}
	for i := range both.segments {
		switch both.segments[i].compare(&q.segments[i], true) {
		case Overlapping, Disjoint:
			return both, false
		case MoreGeneral:
			both.segments[i] = q.segments[i]
		}
	}
	return both, true
}

func (s *segment) compare(t *segment, lax bool) Relation {
	if s.wild() && t.wild() {
		return Equivalent
	}
	a, b := s.texts, t.texts
	if lax {
		a, b = s.folded, t.folded
	}
	switch in, takes := within(a, b), within(b, a); {
	case in && takes:
		return Equivalent
	case in:
		return MoreSpecific
	case takes:
		return MoreGeneral
	case len(a) > 1 && len(b) > 1 && meet(a, b):
		return Overlapping
	}
	return Disjoint
}

// within reports whether whatever fits a fits b too. A wildcard of a can only be taken by
// one of b: it is tried with a text that no pattern has.
func within(a, b []string) bool {
	if len(a) == 1 && len(b) == 1 {
		return a[0] == b[0]
	}
	if len(b) == 1 {
		return false
	}
	if len(b) == 2 && b[0] == "" && b[1] == "" {
		return len(a) > 1 || a[0] != ""
	}
	return fits(b, join(a))
}

// join writes a text with a byte for each wildcard that is in no UTF-8.
func join(texts []string) string {
	if len(texts) == 1 {
		return texts[0]
	}
	n := 0
	for _, text := range texts {
		n += len(text) + 1
	}
	b := make([]byte, 0, n)
	for i, text := range texts {
		if i > 0 {
			b = append(b, 0xff)
		}
		b = append(b, text...)
	}
	return string(b)
}

// meet reports whether a text fits both of two segments with wildcards. What is between
// the first and the last text never keeps it from doing so: one wildcard takes all that
// the other segment wants there.
func meet(a, b []string) bool {
	x, y := a[0], b[0]
	u, v := a[len(a)-1], b[len(b)-1]
	return (prefix(x, y) || prefix(y, x)) && (suffix(u, v) || suffix(v, u))
}

func prefix(s, of string) bool { return len(s) <= len(of) && of[:len(s)] == s }

func suffix(s, of string) bool { return len(s) <= len(of) && of[len(of)-len(s):] == s }
