package sallyport

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/sallyport-dev/sallyport/internal/route"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// widen adds to the routes and to ask what holds for the other paths that programs may read the request's
// path as, which holds some forms. The most specific route that matches the path as it is
// written has to allow them. What is read as a path that nobody declared is held to the rule
// for those: a program that decodes first may have something there.
func (g *Gate) widen(a *answer, forms route.Forms, ask *asked) *problem.Problem {
	h, r := &a.routes, a.request
	if forms&^h.own.forms != 0 {
		_, _, fault := route.Scan(a.visit.Path, h.own.forms)
		return ambiguousPath(fault)
	}
	paths, fault := route.Readings(r.URL.EscapedPath())
	if fault.Rule != route.None {
		return ambiguousPath(route.Fault{Rule: fault.Rule})
	}
	ask.split = forms&route.EncodedSlash != 0
	for _, path := range paths {
		if g.routes.ofAccounts(decoded(path)) != nil {
			return ambiguousPath(route.Fault{Rule: reservedReading})
		}
		if p := g.readAs(r, path, h, ask); p != nil {
			return p
		}
	}
	return nil
}

// readAs adds what holds for one path.
func (g *Gate) readAs(r *http.Request, path string, h *held, ask *asked) *problem.Problem {
	m := g.routes.table.Find(r.Method, r.Host, path)
	own, bucket := g.routes.rest, g.routes.rest
	if m.Entry != nil {
		own = m.Entry.Value
	}
	if m.Widest != nil {
		bucket = m.Widest.Value
	}
	if d := g.described; d != nil {
		op, values, err := d.document.Match(r.Method, r.Host, path)
		if errors.Is(err, openapi.ErrAmbiguous) {
			return problem.From(err)
		}
		if op != nil {
			joined := d.holds(own, op)
			if bucket == own {
				bucket = joined
			}
			own = joined
			ask.also = append(ask.also, matched{op, values})
		}
	}
	h.add(own, path)
	for i := range m.Others {
		h.add(m.Others[i].Value, path)
	}
	h.count(bucket)
	return nil
}

// count adds a route that quotas count the request for.
func (h *held) count(bucket *routeRules) {
	same := func(b *routeRules) bool { return b.label == bucket.label }
	if !same(h.bucket) && !slices.ContainsFunc(h.more, same) {
		h.more = append(h.more, bucket)
	}
}

// add adds a route, unless it holds already. One with an owner holds for each path.
func (h *held) add(rules *routeRules, path string) {
	same := func(one reading) bool { return one.rules == rules }
	if rules.owner == "" && (h.own == rules || slices.ContainsFunc(h.also, same)) {
		return
	}
	h.also = append(h.also, reading{rules, path})
}

// buckets returns how many a limit has for the request: those of all routes that quotas count
// it for, or one.
func (h *held) buckets(r *rule) int {
	if len(h.more) == 0 || !slices.ContainsFunc(r.by, func(p part) bool { return p.kind == byRoute }) {
		return 1
	}
	return 1 + len(h.more)
}

// counted returns the route of one of the buckets.
func (h *held) counted(i int) *routeRules {
	if i == 0 {
		return h.bucket
	}
	return h.more[i-1]
}

// decoded undoes the escapes of a path. A percent sign that begins none is itself.
func decoded(path string) string {
	if text, err := url.PathUnescape(path); err == nil {
		return text
	}
	return path
}
