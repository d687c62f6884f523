package openapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/problem"
)

// node is one step of the tree of paths. Every node is reached by one way, so no path
// makes a match cost more than the document's size.
type node struct {
	fixed map[string]*node
	lax   map[string][]*node // fixed, as who reads without regard to case has them
	open  []branch           // the more text around the parameters, the earlier
	leaf  *leaf
}

type branch struct {
	segment segment
	next    *node
}

// leaf is a path of the document below one base.
type leaf struct {
	methods map[string]*Operation
	hosts   []string // empty for any
	notHere *problem.Problem
}

// segment is a segment of a path template with parameters: texts around names, such as
// "", ".json" around id.
type segment struct {
	texts []string
	names []string
}

// parseSegment cuts a segment of a template. ok is false for braces that do not fit, or
// two parameters with nothing between them.
func parseSegment(s string) (segment, bool) {
	var g segment
	for {
		text, rest, more := strings.Cut(s, "{")
		if strings.Contains(text, "}") || len(g.texts) > 0 && text == "" && more {
			return g, false
		}
		g.texts = append(g.texts, text)
		if !more {
			return g, true
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || name == "" || strings.ContainsAny(name, "{/") {
			return g, false
		}
		g.names, s = append(g.names, name), after
	}
}

// match appends the values of the segment's parameters, each of them as short as the
// text after it allows, and never empty.
func (g segment) match(s string, values []string) ([]string, bool) {
	s, ok := strings.CutPrefix(s, g.texts[0])
	if !ok {
		return values, false
	}
	for i, text := range g.texts[1:] {
		end := len(s) - len(text)
		if i < len(g.names)-1 {
			if end = strings.Index(s[min(1, len(s)):], text) + 1; end == 0 {
				return values, false
			}
		}
		if end < 1 || !strings.HasSuffix(s[:end+len(text)], text) {
			return values, false
		}
		values, s = append(values, s[:end]), s[end+len(text):]
	}
	return values, true
}

// equal reports whether two segments take the same texts, whatever the names are.
func (g segment) equal(other segment) bool { return slices.Equal(g.texts, other.texts) }

func (g segment) size() int { return len(strings.Join(g.texts, "")) }

// add finds or makes the node of a template.
func (n *node) add(template string) (at *node, names []string, ok bool) {
	for s := range strings.SplitSeq(strings.TrimPrefix(template, "/"), "/") {
		g, ok := parseSegment(s)
		if !ok {
			return nil, nil, false
		}
		names = append(names, g.names...)
		n = n.step(g)
	}
	return n, names, true
}

func (n *node) step(g segment) *node {
	if len(g.names) == 0 {
		next, ok := n.fixed[g.texts[0]]
		if !ok {
			if n.fixed == nil {
				n.fixed, n.lax = map[string]*node{}, map[string][]*node{}
			}
			next = &node{}
			text, lax := g.texts[0], folded(g.texts[0])
			n.fixed[text], n.lax[lax] = next, append(n.lax[lax], next)
		}
		return next
	}
	for _, b := range n.open {
		if b.segment.equal(g) {
			return b.next
		}
	}
	b := branch{g, &node{}}
	n.open = append(n.open, b)
	slices.SortStableFunc(n.open, func(a, b branch) int { return b.segment.size() - a.segment.size() })
	return b.next
}

// find walks along path, which begins after a slash. What the document writes out
// comes before what it leaves open.
func (n *node) find(path string, values []string) (*leaf, []string) {
	s, rest, more := strings.Cut(path, "/")
	if next, ok := n.fixed[s]; ok {
		if l, v := next.rest(rest, more, values); l != nil {
			return l, v
		}
	}
	for _, b := range n.open {
		if v, ok := b.segment.match(s, values); ok {
			if l, v := b.next.rest(rest, more, v); l != nil {
				if n.ambiguous(s, rest, more) {
					return nil, values
				}
				return l, v
			}
		}
	}
	return nil, values
}

// ambiguous reports whether a segment that was taken for a value is, in another case or
// with an escape undone, one that the document writes out, and leads somewhere. Many
// routers would go there, and other rules hold there.
func (n *node) ambiguous(s, rest string, more bool) bool {
	if n.lax == nil {
		return false
	}
	return slices.ContainsFunc(n.lax[folded(s)], func(next *node) bool {
		l, _ := next.rest(rest, more, nil)
		return l != nil && next != n.fixed[s]
	})
}

func folded(s string) string {
	if text, ok := unescapePath(s); ok {
		s = text
	}
	return strings.ToLower(s)
}

func (n *node) rest(path string, more bool, values []string) (*leaf, []string) {
	if !more {
		return n.leaf, values
	}
	return n.find(path, values)
}

// Match finds the operation for a request line and a Host. path is as it stood in the
// request, still escaped. values are those of the path's parameters in the order of the
// template, still escaped too. The error is a *problem.Problem: a 404 for a path that is
// not documented, or that who reads without regard to case takes for another one; a 405
// with Allow for a method that is not documented. HEAD is served where GET is.
func (d *Document) Match(method, host, path string) (op *Operation, values []string, err error) {
	if path == "" || path[0] != '/' {
		return nil, nil, problem.NotFound
	}
	l, values := d.routes.find(path[1:], nil)
	if l == nil || !l.serves(host) {
		return nil, nil, problem.NotFound
	}
	op = l.methods[method]
	if op == nil && method == http.MethodHead {
		op = l.methods[http.MethodGet]
	}
	if op == nil {
		return nil, nil, l.notHere
	}
	return op, values, nil
}

func (l *leaf) serves(host string) bool {
	if len(l.hosts) == 0 {
		return true
	}
	return slices.ContainsFunc(l.hosts, func(h string) bool { return strings.EqualFold(h, host) })
}

// finish makes the answer to a method that is not there.
func (l *leaf) finish() {
	allow := sortedKeys(l.methods)
	if l.methods[http.MethodGet] != nil && l.methods[http.MethodHead] == nil {
		allow = append(allow, http.MethodHead)
		slices.Sort(allow)
	}
	l.notHere = problem.MethodNotAllowed(allow...)
}

func plainBase(b string) bool {
	return b == "" || b[0] == '/' && !strings.HasSuffix(b, "/") && !strings.ContainsAny(b, "{}?#%")
}
