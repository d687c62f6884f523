package openapi

import (
	"slices"
	"sync/atomic"

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// Operation is one method at one path.
type Operation struct {
	// ID is the operationId, which may be empty.
	ID string
	// Method is the HTTP method, in upper case where the document does not say otherwise.
	Method string
	// Path is the path template, without the server's base.
	Path string

	doc                         *Document
	path, query, header, cookie []*param
	whole                       *param   // in: querystring
	keys                        []string // query parameters that are API keys
	answers                     *answers // nil where none is looked at
	security                    []Requirement
	stated                      bool   // the document says something of security
	asks                        string // the same for two with the same security
	counts                      [len(answerCodes)]atomic.Int64
	bases, hosts                []string
	body                        *body
}

func (w *walker) operation(
	template, method string, place spec.Cursor, c spec.Object, servers []server, shared []spec.Object,
) {
	op := &Operation{ID: c.Text("operationId"), Method: method, Path: template, doc: w.d}
	if before, twice := w.byID[op.ID]; twice && op.ID != "" {
		c.Place.Failf("the operationId %q is that of %s too", op.ID, before.Place.Pointer())
	}
	w.byID[op.ID] = c
	w.d.operations = append(w.d.operations, op)
	here := w.serversOf(c, servers)
	for _, s := range here {
		if !slices.Contains(op.bases, s.base) {
			op.bases = append(op.bases, s.base)
		}
		if s.host != "" && !slices.Contains(op.hosts, s.host) {
			op.hosts = append(op.hosts, s.host)
		}
	}
	names := w.route(op, place, here)
	w.parameters(op, c, shared, names)
	if op.security, op.stated = w.security(c); !op.stated {
		op.security, op.stated = w.all, w.stated
	}
	op.asks = requirements(op.security, op.stated)
	op.keys = op.queryKeys()
	if body, ok := c.Child("requestBody"); ok {
		w.body(op, body)
	}
	w.answersOf(op, c)
	if _, ok := c.Get("responses"); !ok && w.l.Version == "3.0" {
		c.Fail("needs responses")
	}
}

// Paths are the operation's path template below each base of the document's servers, such
// as "/v1/notes/{id}".
func (o *Operation) Paths() []string {
	paths := make([]string, len(o.bases))
	for i, base := range o.bases {
		paths[i] = base + o.Path
	}
	return paths
}

// Hosts are those that the operation is served at, which are any where there are none.
// They count with [Config].MatchHost alone.
func (o *Operation) Hosts() []string { return slices.Clone(o.hosts) }

// Matrix reports whether a parameter of the path is of style matrix, which is written
// with semicolons.
func (o *Operation) Matrix() bool {
	return slices.ContainsFunc(o.path, func(p *param) bool { return p.style == styleMatrix })
}
