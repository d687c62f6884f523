package openapi

import (
	"maps"
	"net/http"
)

// Serve answers r with next, and holds the answer to the document as [Config].Responses
// says. Problems that our own code writes behind it, with package problem, pass: they are
// not the answer of an API. The verdict is for metrics and the audit log; a panic of next
// goes on, and then there is none.
//
// An API is asked for the whole of its answer, as it is: where JSON is described, Range,
// If-Range and Accept-Encoding are taken off the request.
func (o *Operation) Serve(w http.ResponseWriter, r *http.Request, next http.Handler) Verdict {
	if o.answers == nil {
		next.ServeHTTP(w, r)
		return Verdict{}
	}
	if o.answers.json {
		for _, name := range []string{"Accept-Encoding", "Range", "If-Range"} {
			delete(r.Header, name)
		}
	}
	h := &held{w: w, r: r, op: o, mode: o.doc.cfg.Responses, before: maps.Clone(w.Header())}
	h.run(next)
	h.end()
	o.count(h.verdict.Code)
	return h.verdict
}
