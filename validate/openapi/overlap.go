package openapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/internal/route"
)

// overlaps refuses two templates that some path is for, of which neither is the more
// specific, and that ask for different security: the Gate and the router behind it may
// choose different ones, and what is asked for would be chance. So may they where two
// differ in case or in a slash at the end alone. Of each template the first such is told.
func (w *walker) overlaps() {
	before := map[*route.Entry[*endpoint]]bool{} // so that each pair comes once
	for _, e := range w.endpoints {
		for other := range w.d.routes.Meeting(&e.Pattern) {
			if before[other] && w.refuse(e, other) {
				break
			}
		}
		before[e] = true
	}
}

// refuse reports whether two templates cannot stand beside each other.
func (w *walker) refuse(e, other *route.Entry[*endpoint]) bool {
	p, q := &e.Pattern, &other.Pattern
	if p.Host() != q.Host() && p.Host() != "" && q.Host() != "" {
		return false
	}
	rel := p.Compare(q)
	if rel != route.Equivalent && rel != route.Overlapping {
		return false
	}
	method, differ := differing(e.Value, other.Value)
	switch {
	case !differ || rel == route.Overlapping && w.decided(p, q):
		return false
	case rel == route.Equivalent:
		e.Value.place.Failf("is the same path as %q to programs that take no care of case or of a slash at the end, "+
			"and %s has other security there; give both the same", q, method)
	default:
		e.Value.place.Failf("some paths are for %q too, neither is more specific, and %s has other security there; "+
			"give both the same, or describe the path that both match", q, method)
	}
	return true
}

// decided reports whether the paths of both are described by themselves.
func (w *walker) decided(p, q *route.Pattern) bool {
	both, ok := p.Meet(q)
	return ok && slices.ContainsFunc(w.shapes[both.Shape()], func(e *route.Entry[*endpoint]) bool {
		return e.Pattern.Host() == "" || e.Pattern.Host() == p.Host() && e.Pattern.Host() == q.Host()
	})
}

var usual = []string{"GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"}

// differing finds a method that both serve, with different security.
func differing(a, b *endpoint) (method string, found bool) {
	for _, method := range usual {
		if x, y := a.serves(method), b.serves(method); x != nil && y != nil && x.asks != y.asks {
			return method, true
		}
	}
	for method, x := range a.methods { // those that few documents have
		if y := b.methods[method]; y != nil && x.asks != y.asks {
			return method, true
		}
	}
	return "", false
}

// serves returns the operation for a method.
func (e *endpoint) serves(method string) *Operation {
	op := e.methods[method]
	if op == nil && method == http.MethodHead {
		op = e.methods[http.MethodGet]
	}
	return op
}

// requirements writes security so that two that ask for the same are one text.
func requirements(either []Requirement, stated bool) string {
	if !stated {
		return "nothing is stated"
	}
	var all []string
	for _, r := range either {
		var schemes []string
		for _, s := range r {
			schemes = append(schemes, strings.Join(append([]string{s.Name},
				slices.Sorted(slices.Values(s.Scopes))...), " "))
		}
		slices.Sort(schemes)
		all = append(all, "{"+strings.Join(schemes, ", ")+"}")
	}
	if all = slices.Compact(slices.Sorted(slices.Values(all))); len(all) == 1 && all[0] == "{}" {
		return ""
	}
	return strings.Join(all, " or ")
}
