package route

import "iter"

// Meeting returns the entries that have a request in common with p for whoever takes no
// care of case or of a slash at the end, or may have one. Methods and hosts are left out,
// and Compare says which it is.
func (t *Table[T]) Meeting(p *Pattern) iter.Seq[*Entry[T]] {
	return func(yield func(*Entry[T]) bool) { t.root.meeting(p, 0, yield) }
}

// meeting walks to all nodes that the segments of p from i on may lead to.
func (n *node[T]) meeting(p *Pattern, i int, yield func(*Entry[T]) bool) bool {
	if !n.below.each(yield) {
		return false
	}
	if i == len(p.segments) {
		if p.end == open {
			return n.ends.each(yield) && n.beneath(yield)
		}
		return n.ends.each(yield)
	}
	s := &p.segments[i]
	for e := range n.near(s) {
		if s.compare(&e.segment, true) != Disjoint && !e.next.meeting(p, i+1, yield) {
			return false
		}
	}
	return n.wild == nil || n.wild.meeting(p, i+1, yield)
}

// near returns the edges that s may take, but for the wildcard.
func (n *node[T]) near(s *segment) iter.Seq[*edge[T]] {
	return func(yield func(*edge[T]) bool) {
		for i := range n.mixed {
			if !yield(&n.mixed[i]) {
				return
			}
		}
		if s.literal() {
			eachEdge(n.fixed[s.folded[0]], yield)
			return
		}
		for _, list := range n.fixed {
			if !eachEdge(list, yield) {
				return
			}
		}
	}
}

func eachEdge[T any](list []edge[T], yield func(*edge[T]) bool) bool {
	for i := range list {
		if !yield(&list[i]) {
			return false
		}
	}
	return true
}

// beneath yields every entry below n.
func (n *node[T]) beneath(yield func(*Entry[T]) bool) bool {
	whole := func(next *node[T]) bool {
		return next.below.each(yield) && next.ends.each(yield) && next.beneath(yield)
	}
	for _, list := range n.fixed {
		if !eachEdge(list, func(e *edge[T]) bool { return whole(e.next) }) {
			return false
		}
	}
	return eachEdge(n.mixed, func(e *edge[T]) bool { return whole(e.next) }) && (n.wild == nil || whole(n.wild))
}

func (l *leaf[T]) each(yield func(*Entry[T]) bool) bool {
	for _, e := range l.all {
		if !yield(e) {
			return false
		}
	}
	for _, list := range l.byHost {
		for _, e := range list {
			if !yield(e) {
				return false
			}
		}
	}
	return true
}
