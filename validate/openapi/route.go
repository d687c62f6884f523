package openapi

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/internal/route"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// endpoint is a path of the document below one base, at one host or at any.
type endpoint struct {
	methods map[string]*Operation
	notHere *problem.Problem // the answer to another method
	place   spec.Cursor
}

// ErrAmbiguous is the cause of the 404 for a path that another program takes for another path
// of the document, or cuts into other parameters.
var ErrAmbiguous = errors.New("programs may read the path as another one of the document")

// Match finds the operation for a request line and a Host. path is as it stood in the
// request, still escaped. values are those of the path's parameters in the order of the
// template, still escaped too. The error is a *problem.Problem: a 404 for a path that is
// not documented, or that another program takes for another path of the document, as it
// takes no care of case, of a slash at the end or of escapes; a 405 with Allow for a
// method that is not documented. HEAD is served where GET is.
func (d *Document) Match(method, host, path string) (op *Operation, values []string, err error) {
	m := d.routes.Find("", host, path)
	if m.Entry == nil && len(m.Others) == 0 {
		return nil, nil, problem.NotFound
	}
	if m.Entry == nil || ambiguous(&m) {
		return nil, nil, problem.NotFound.Because(ErrAmbiguous)
	}
	e := m.Entry.Value
	if op = e.serves(method); op == nil {
		return nil, nil, e.notHere
	}
	values, ok := m.Entry.Pattern.Values(path, nil)
	if !ok {
		return nil, nil, problem.NotFound.Because(ErrAmbiguous)
	}
	return op, values, nil
}

// ambiguous reports whether another program takes the path for another one of the
// document. Two that are one path to it, or of which neither is more specific, have the
// same security, see [walker.overlaps], and the document alone decides.
func ambiguous(m *route.Match[*endpoint]) bool {
	for _, o := range m.Others {
		switch m.Entry.Pattern.Compare(&o.Pattern) {
		case route.Equivalent:
		case route.Overlapping:
			if o.Loose {
				return true
			}
		default:
			return true
		}
	}
	return false
}

// unreachable returns what keeps a template from ever being matched, in words: a query or fragment, which is no part of
// a path, or a segment that clients and the Gate resolve or refuse (RFC 3986 §5.2.4).
func unreachable(template string) (part string) {
	literal := argument.ReplaceAllString(template, "x")
	switch {
	case strings.Contains(literal, "?"):
		return "a question mark; what follows one is the query"
	case strings.Contains(literal, "#"):
		return "a number sign; what follows one is never sent"
	case strings.Contains(literal, "//"):
		return "an empty segment"
	}
	for segment := range strings.SplitSeq(literal, "/") {
		if text, err := url.PathUnescape(segment); err == nil && (text == "." || text == "..") {
			return "the segment " + text
		}
	}
	return ""
}

// argument is a parameter in a template.
var argument = regexp.MustCompile(`\{[^{}]*\}`)

// route puts an operation into the table, once for every base and host.
func (w *walker) route(op *Operation, place spec.Cursor, servers []server) (names []string) {
	if part := unreachable(op.Path); part != "" {
		place.Failf("no request has a path with %s, and the rules for it would never hold; remove it", part)
		return nil
	}
	for _, s := range servers {
		p, ok := route.Template(s.base + op.Path)
		if !ok {
			place.Fail("the braces of the path do not fit, or two parameters stand side by side")
			return nil
		}
		names = p.Names()
		// Two templates that differ in names alone are one path. As long as no method is
		// in both at one host, it is clear which one is meant.
		e := w.endpoint(p.At(s.host), place)
		if before := e.methods[op.Method]; before != nil && before != op {
			place.Failf("%s is served twice: %s is the same path", op.Method, before.Path)
			return names
		}
		e.methods[op.Method] = op
	}
	return names
}

// endpoint finds or makes the one of a template at its host.
func (w *walker) endpoint(p route.Pattern, place spec.Cursor) *endpoint {
	shape := p.Shape()
	for _, e := range w.shapes[shape] {
		if e.Pattern.Host() == p.Host() {
			return e.Value
		}
	}
	e := w.d.routes.Insert(p, &endpoint{methods: map[string]*Operation{}, place: place})
	w.shapes[shape] = append(w.shapes[shape], e)
	w.endpoints = append(w.endpoints, e)
	return e.Value
}

// finish completes the table once every operation is in it.
func (w *walker) finish() {
	for _, same := range w.shapes {
		w.anywhere(same)
	}
	for _, e := range w.endpoints {
		e.Value.finish()
	}
	w.overlaps()
}

// anywhere gives the endpoints of a path that are for one host what is for any.
func (w *walker) anywhere(same []*route.Entry[*endpoint]) {
	for _, from := range same {
		if from.Pattern.Host() != "" {
			continue
		}
		for _, to := range same {
			for method, op := range from.Value.methods {
				if to.Value.methods[method] == nil {
					to.Value.methods[method] = op
				}
			}
		}
	}
}

// finish makes the answer to a method that is not there.
func (e *endpoint) finish() {
	allow := sortedKeys(e.methods)
	if e.methods[http.MethodGet] != nil && e.methods[http.MethodHead] == nil {
		allow = append(allow, http.MethodHead)
		slices.Sort(allow)
	}
	e.notHere = problem.MethodNotAllowed(allow...)
}

func plainBase(b string) bool {
	return b == "" || b[0] == '/' && !strings.HasSuffix(b, "/") && !strings.ContainsAny(b, "{}?#%")
}
