package sallyport

import (
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/cors"
	"github.com/sallyport-dev/sallyport/internal/route"
	"github.com/sallyport-dev/sallyport/problem"
)

// methods are those that requests may have: the usual ones, and what a route or the document
// declares.
type methods struct {
	declared []string
	unknown  *problem.Problem // the answer to another one
}

func (m *methods) has(method string) bool {
	return route.IsUsual(method) || slices.Contains(m.declared, method)
}

// of is the method for the log, where a word that a client made up would be another event
// each time.
func (m *methods) of(r *http.Request) string {
	if m.has(r.Method) {
		return r.Method
	}
	return "unknown"
}

// methods gathers what routes and document declare. It lets scripts of other origins use it,
// unless the Config lists their methods.
func (b *builder) methods(t *routes) methods {
	m := methods{}
	add := func(method string) {
		if route.IsMethod(method) && !m.has(method) {
			m.declared = append(m.declared, method)
		}
	}
	for _, rules := range t.declared {
		add(rules.parsed.Method())
	}
	if b.cfg.OpenAPI != nil {
		for _, op := range b.cfg.OpenAPI.Operations() {
			add(op.Method)
		}
	}
	slices.Sort(m.declared)
	if b.cfg.CORS.Methods == nil && len(m.declared) > 0 {
		b.cfg.CORS.Methods = append(cors.DefaultMethods(), m.declared...)
	}
	m.unknown = problem.MethodNotAllowed(slices.Concat(route.Usual, m.declared)...)
	return m
}

// notAMethod is why an operation's method is never let in; empty where it is. TRACE has a
// member of its own in a document, and is answered 405.
func notAMethod(method string) string {
	upper := strings.ToUpper(method)
	switch {
	case route.IsMethod(method) || method == http.MethodTrace:
		return ""
	case route.IsMethod(upper):
		return "has a method that is not in upper case, and methods are compared exactly: write " + upper
	}
	return "has a method that is not registered (RFC 9110 §16.1.1), or that a gate never lets in: leave it out"
}
