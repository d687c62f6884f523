package route

import (
	"net"
	"slices"
	"strings"
)

// Match is what a table has for a request.
type Match[T any] struct {
	// Entry is the most specific entry that matches the request as it is written; nil if
	// there is none. Precedence is that of ServeMux: an entry for the request's host comes
	// before those for any, and then the more specific one. Of templates, the more specific
	// one comes first, and then the one for the host.
	Entry *Entry[T]
	// Others are the entries that another program may choose, for it takes more liberties
	// with the path, or fewer. Most requests have none.
	Others []Other[T]
	// Widest is the entry for who takes every liberty: it is the same in all spellings of a
	// path. It is Entry or one of Others, and nil only when there are none.
	Widest *Entry[T]
}

// Other is an entry that another program may choose.
type Other[T any] struct {
	*Entry[T]
	// Loose says that the entry does not match the path as it is written.
	Loose bool
}

// Find looks a request up. host is the Host field, with or without a port; path is the
// escaped path.
func (t *Table[T]) Find(method, host, path string) Match[T] {
	if path == "" || path[0] != '/' {
		return Match[T]{}
	}
	q := query{method: method, slash: path[len(path)-1] == '/'}
	if t.hosted {
		q.authority, q.host = hosts(host)
	}
	rest := path[1:]
	if q.slash && rest != "" {
		rest = rest[:len(rest)-1]
	}

	var found hits[T]
	t.root.walk(&q, rest, len(path) > 1, 0, &found)
	switch all := found.all(); {
	case len(all) == 0:
		return Match[T]{}
	case len(all) == 1 && all[0].need&^exactly == 0:
		return Match[T]{Entry: all[0].entry, Widest: all[0].entry}
	default:
		return choose(all)
	}
}

// query is a request that is looked up.
type query struct {
	method          string
	authority, host string // with and without the port
	slash           bool   // the path ends in one
}

// hosts returns the Host field in lower case, and the same without its port.
func hosts(field string) (authority, host string) {
	authority = strings.ToLower(field)
	if strings.IndexByte(authority, ':') < 0 {
		return authority, authority
	}
	if host, _, err := net.SplitHostPort(authority); err == nil {
		if strings.IndexByte(host, ':') >= 0 {
			host = "[" + host + "]"
		}
		return authority, host
	}
	return authority, authority
}

// hit is an entry for which a program needs to take certain liberties.
type hit[T any] struct {
	entry *Entry[T]
	need  reading
}

// hits gathers hits, and allocates nothing for a few.
type hits[T any] struct {
	room [6]hit[T]
	n    int
	more []hit[T] // all of them, once there are too many for room
}

func (h *hits[T]) add(one hit[T]) {
	switch {
	case h.n < len(h.room):
		h.room[h.n] = one
	case h.n == len(h.room):
		h.more = append(append(h.more, h.room[:]...), one)
	default:
		h.more = append(h.more, one)
	}
	h.n++
}

func (h *hits[T]) all() []hit[T] {
	if h.n <= len(h.room) {
		return h.room[:h.n]
	}
	return h.more
}

// walk gathers all entries below n that match rest, which follows a slash, with whatever
// liberties. More says that there is a segment left. What a program reads first that
// prefers literals comes first.
func (n *node[T]) walk(q *query, rest string, more bool, need reading, to *hits[T]) {
	if !more {
		n.ends.take(q, need, to)
		bare := need
		if !q.slash {
			bare |= trims
		}
		n.below.take(q, bare, to)
		return
	}

	segment, tail, more := strings.Cut(rest, "/")
	if n.fixed != nil || n.mixed != nil {
		sp := spell(segment)
		n.literals(q, &sp, tail, more, need, to)
		for i := range n.mixed {
			e := &n.mixed[i]
			if add, ok := e.segment.needs(&sp); ok {
				e.next.walk(q, tail, more, need|add, to)
			}
		}
	}
	if n.wild != nil {
		filled := need
		if segment == "" {
			filled |= blanks
		}
		n.wild.walk(q, tail, more, filled, to)
	}
	n.below.take(q, need, to)
}

// literals walks on where the segment is a literal.
func (n *node[T]) literals(q *query, sp *spelling, tail string, more bool, need reading, to *hits[T]) {
	if n.fixed == nil {
		return
	}
	var room [64]byte
	folded := appendFold(room[:0], sp.decoded)
	for _, e := range n.fixed[string(folded)] {
		add := sp.needs(e.segment.texts[0], e.segment.folded[0])
		e.next.walk(q, tail, more, need|add, to)
	}
}

// take appends the entries for the request's host, and then those for any.
func (l *leaf[T]) take(q *query, need reading, to *hits[T]) {
	if l.byHost != nil {
		takeAll(l.byHost[q.authority], q, need, to)
		if q.host != q.authority {
			takeAll(l.byHost[q.host], q, need, to)
		}
	}
	takeAll(l.all, q, need, to)
}

func takeAll[T any](list []*Entry[T], q *query, need reading, to *hits[T]) {
	for _, e := range list {
		if m := e.Pattern.method; m != "" && m != q.method && (m != "GET" || q.method != "HEAD") {
			continue
		}
		h := hit[T]{e, need}
		if e.Pattern.end != open && (e.Pattern.end == slashed) != q.slash {
			h.need |= trims
		}
		to.add(h)
	}
}

// choose finds what each program chooses: of the entries that match with its liberties,
// the most specific one.
func choose[T any](hits []hit[T]) (m Match[T]) {
	// The same hits come in the same order in all spellings of a path, and so the one that
	// is chosen of several is the same too.
	widest := hits[0]
	for i := range hits {
		if hits[i].before(&widest) {
			widest = hits[i]
		}
	}
	m.Widest = widest.entry

	hits = chosen(hits)
	best := -1
	for i := range hits {
		if hits[i].need&^exactly == 0 && (best < 0 || hits[i].before(&hits[best])) {
			best = i
		}
	}
	if best >= 0 {
		m.Entry = hits[best].entry
	}
	for i := range hits {
		if i != best {
			m.Others = append(m.Others, Other[T]{hits[i].entry, hits[i].need&^exactly != 0})
		}
	}
	return m
}

// chosen leaves those that some program chooses, in their order. It needs no more room.
func chosen[T any](hits []hit[T]) []hit[T] {
	kept := hits[:0]
	for _, h := range hits {
		if slices.ContainsFunc(kept, func(k hit[T]) bool { return k.overrules(&h) }) {
			continue
		}
		kept = append(slices.DeleteFunc(kept, func(k hit[T]) bool { return h.overrules(&k) }), h)
	}
	return kept
}

// overrules reports whether whoever finds g finds h too, and prefers it.
func (h *hit[T]) overrules(g *hit[T]) bool { return h.need&^g.need == 0 && h.before(g) }

// before reports whether h has precedence over g. Both match one request.
func (h *hit[T]) before(g *hit[T]) bool {
	p, q := &h.entry.Pattern, &g.entry.Pattern
	if p.host == q.host {
		return p != q && p.Compare(q) == MoreSpecific
	}
	first := len(p.host) > len(q.host) // the longer one has a port, the shortest is empty
	if !p.template || !q.template {
		return first
	}
	rel := p.Compare(q)
	return rel == MoreSpecific || rel == Equivalent && first
}
