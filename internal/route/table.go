package route

import (
	"fmt"
	"slices"
	"strings"
)

// Table holds what is declared for patterns. The zero Table is empty. It is safe for
// concurrent use once nothing is added any more.
type Table[T any] struct {
	root   node[T]
	count  int
	hosted bool // some entry is for one host
}

// Entry is one pattern of a table, and what is declared for it.
type Entry[T any] struct {
	Pattern Pattern
	Value   T
}

// node is one step of the tree of paths, as a program sees them that takes letters
// without regard to case. Every node is reached by one way, so that no path makes a
// lookup cost more than the tree's size.
type node[T any] struct {
	fixed map[string][]edge[T] // by the folded text
	mixed []edge[T]            // the more text, the earlier
	wild  *node[T]
	ends  leaf[T] // of "/a", "/a/{$}"
	below leaf[T] // of "/a/"
}

type edge[T any] struct {
	segment segment
	next    *node[T]
}

// leaf is the entries of one path.
type leaf[T any] struct {
	all    []*Entry[T]            // of any host
	byHost map[string][]*Entry[T] // nil where there is none
}

// Add adds a pattern. It fails where ServeMux panics: when there is another one for the
// same requests, and when some request is for two patterns of which neither is more
// specific.
func (t *Table[T]) Add(p Pattern, value T) (*Entry[T], error) {
	for e := range t.Meeting(&p) {
		if e.Pattern.host != p.host {
			continue
		}
		if err := p.clash(&e.Pattern); err != nil {
			return nil, err
		}
	}
	return t.Insert(p, value), nil
}

// Insert adds a pattern whatever else there is. Of entries that match a request and of
// which none is more specific, that is chosen which has the first literal, or more text
// in the first segment that differs, or was inserted first.
func (t *Table[T]) Insert(p Pattern, value T) *Entry[T] {
	n := &t.root
	for i := range p.segments {
		n = n.step(&p.segments[i])
	}
	e := &Entry[T]{p, value}
	at := &n.ends
	if p.end == open {
		at = &n.below
	}
	at.add(e)
	t.count++
	t.hosted = t.hosted || p.host != ""
	return e
}

// Len returns how many entries there are.
func (t *Table[T]) Len() int { return t.count }

func (l *leaf[T]) add(e *Entry[T]) {
	if host := e.Pattern.host; host != "" {
		if l.byHost == nil {
			l.byHost = map[string][]*Entry[T]{}
		}
		l.byHost[host] = append(l.byHost[host], e)
		return
	}
	l.all = append(l.all, e)
}

// step finds or makes the node behind a segment.
func (n *node[T]) step(s *segment) *node[T] {
	if s.wild() {
		if n.wild == nil {
			n.wild = &node[T]{}
		}
		return n.wild
	}
	list := n.mixed
	if s.literal() {
		list = n.fixed[s.folded[0]]
	}
	for _, e := range list {
		if slices.Equal(e.segment.texts, s.texts) {
			return e.next
		}
	}
	e := edge[T]{*s, &node[T]{}}
	if s.literal() {
		if n.fixed == nil {
			n.fixed = map[string][]edge[T]{}
		}
		n.fixed[s.folded[0]] = append(list, e)
		return e.next
	}
	n.mixed = append(list, e)
	slices.SortStableFunc(n.mixed, func(a, b edge[T]) int { return b.segment.size() - a.segment.size() })
	return e.next
}

// clash says why the two cannot stand in one table.
func (p *Pattern) clash(q *Pattern) error {
	switch p.conflict(q) {
	case Equivalent:
		return fmt.Errorf("is for the same requests as %q; leave one of the two out", q.text)
	case Overlapping:
	default:
		return nil
	}
	if p.paths(q, false) == Overlapping {
		return fmt.Errorf("is for %q as %q is, and neither is more specific; declare a route for what both match",
			p.common(q), q.text)
	}
	wide, narrow := p.text, q.text
	if compareMethods(p.method, q.method) == MoreSpecific {
		wide, narrow = narrow, wide
	}
	return fmt.Errorf("meets %q, and neither is more specific: %q has more methods and %q more paths; "+
		"give both the same method",
		q.text, wide, narrow)
}

// common is a path that both match, of patterns as Parse gives them.
func (p *Pattern) common(q *Pattern) string {
	long, short := p, q
	if len(p.segments) < len(q.segments) {
		long, short = q, p
	}
	var b strings.Builder
	for i := range long.segments {
		s := &long.segments[i]
		if i < len(short.segments) && s.wild() {
			s = &short.segments[i]
		}
		b.WriteByte('/')
		b.WriteString(strings.Join(s.texts, "x"))
	}
	if long.end != closed {
		b.WriteByte('/')
	}
	return b.String()
}
