// Package cors decides which scripts of other origins may read an API's answers, as
// the Fetch standard has browsers ask.
//
// CORS relaxes the same-origin policy of browsers. It is not access control: a request
// from an evil origin is still served, only the script that sent it cannot read the
// answer; curl never asks. A "simple" POST runs before anyone looks at an origin, so
// CORS is no defence against CSRF either. It fails when composed wrongly:
//
//   - Authentication must come after it. A preflight carries no credentials; if it is
//     answered 401, no script can ever call.
//   - Only one layer may speak CORS. A second one, in an upstream or another
//     middleware, gives two values to one header, and browsers then refuse.
//   - Errors need the fields too, or scripts see a network failure instead of a 401.
//   - A cache in front must not keep answers to OPTIONS, and must obey Vary.
//
// There are no regular expressions and no reflection: an origin is allowed when it
// stands in the list, or below a listed domain, and the value sent back is the one
// that was compared.
package cors

import (
	"net/http"
	"strconv"
	"strings"
)

// Policy is a compiled Config. It is immutable; to change it, build another and swap.
type Policy struct {
	all         bool
	exact       map[string]struct{}
	patterns    []pattern
	credentials bool
	methods     []string
	headers     map[string]struct{} // in lower case
	allHeaders  bool

	allowMethods, allowHeaderNames, expose, maxAge []string
}

// pattern matches the origins between a scheme and the end of a host.
type pattern struct{ prefix, suffix string }

var (
	anyOrigin   = one("*")
	yes         = one("true")
	varyOrigin  = one("Origin")
	varyRequest = one("Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
)

// Allows reports whether scripts of this serialised origin may read answers.
func (p *Policy) Allows(origin string) bool {
	if p.all {
		return true
	}
	if len(origin) > maxOrigin {
		return false
	}
	if _, ok := p.exact[origin]; ok {
		return true
	}
	for _, t := range p.patterns {
		if strings.HasPrefix(origin, t.prefix) && strings.HasSuffix(origin, t.suffix) && len(origin) > len(t.prefix)+len(t.suffix) {
			_, ok := parseOrigin(origin) // what the star stands for must be labels
			return ok
		}
	}
	return false
}

// none reports whether the policy lets nobody in; then it does not speak at all.
func (p *Policy) none() bool { return !p.all && len(p.exact) == 0 && len(p.patterns) == 0 }

// Varies reports whether responses differ by Origin, so that each needs "Vary: Origin".
func (p *Policy) Varies() bool { return !p.none() && !p.all }

// grant returns the value of Access-Control-Allow-Origin for a request with these
// Origin lines, nil for no grant. The answer is a slice of the header itself, which
// saves a copy and says exactly what was compared.
func (p *Policy) grant(lines []string) []string {
	switch {
	case p.all:
		return anyOrigin
	case len(lines) != 1 || !p.Allows(lines[0]):
		return nil
	}
	return lines[:1:1]
}

// Apply sets the fields of an answer to r in h, whatever the answer will be. Call it
// before anything may fail.
func (p *Policy) Apply(h http.Header, r *http.Request) {
	if p.none() {
		return
	}
	if p.Varies() {
		addVary(h, varyOrigin)
	}
	lines := r.Header["Origin"]
	if len(lines) == 0 {
		return
	}
	origin := p.grant(lines)
	if origin == nil {
		return
	}
	h["Access-Control-Allow-Origin"] = origin
	if p.credentials {
		h["Access-Control-Allow-Credentials"] = yes
	}
	if p.expose != nil {
		h["Access-Control-Expose-Headers"] = p.expose
	}
}

// Preflight answers r when it is a preflight, and reports whether it did. A preflight
// is an OPTIONS request with an Origin and an Access-Control-Request-Method (Fetch
// §4.8); any other OPTIONS is a request like the rest. The answer is 204 in any case:
// what it grants is in the fields. Where it grants nothing, refused says why, as a
// [*Refused]: the browser tells nobody but whoever has its console open.
func (p *Policy) Preflight(w http.ResponseWriter, r *http.Request) (answered bool, refused error) {
	method, origin := r.Header["Access-Control-Request-Method"], r.Header["Origin"]
	if r.Method != http.MethodOptions || len(method) == 0 || len(origin) == 0 {
		return false, nil
	}
	h := w.Header()
	delete(h, "Access-Control-Expose-Headers") // a preflight's answer is never read
	addVary(h, varyRequest)
	refused = p.grantPreflight(h, origin, method, r.Header["Access-Control-Request-Headers"])
	if refused != nil {
		delete(h, "Access-Control-Allow-Origin")
		delete(h, "Access-Control-Allow-Credentials")
	}
	w.WriteHeader(http.StatusNoContent)
	return true, refused
}

// grantPreflight sets what the preflight asks for, if all of it is allowed.
func (p *Policy) grantPreflight(h http.Header, lines, method, names []string) error {
	if len(lines) != 1 || len(method) != 1 || len(names) > 1 {
		return &Refused{Reason: "a field of the preflight comes twice"}
	}
	origin := p.grant(lines)
	switch {
	case p.none() || origin == nil:
		return &Refused{Origin: true, Reason: "the origin " + quoted(lines[0]) + " is not listed"}
	case !p.allowsMethod(method[0]):
		return &Refused{Reason: "the method " + quoted(method[0]) + " is not allowed to scripts"}
	}
	if len(names) == 1 {
		if name, ok := p.allowsHeaders(names[0]); !ok {
			return &Refused{Reason: "the request field " + quoted(name) + " is not allowed to scripts"}
		}
	}
	h["Access-Control-Allow-Origin"] = origin
	if p.credentials {
		h["Access-Control-Allow-Credentials"] = yes
	}
	h["Access-Control-Allow-Methods"] = p.allowMethods
	if p.allowHeaderNames != nil {
		h["Access-Control-Allow-Headers"] = p.allowHeaderNames
	}
	h["Access-Control-Max-Age"] = p.maxAge
	return nil
}

// Refused is why a preflight is granted nothing.
type Refused struct {
	// Origin reports that the origin is not listed; a listed one asks for too much otherwise.
	Origin bool
	// Reason is for a log. It quotes the client, escaped and cut.
	Reason string
}

func (r *Refused) Error() string { return "cors: " + r.Reason }

const maxQuoted = 80

// quoted is a client's text for a log.
func quoted(s string) string {
	if len(s) > maxQuoted {
		return strconv.QuoteToASCII(s[:maxQuoted]) + "…"
	}
	return strconv.QuoteToASCII(s)
}

func (p *Policy) allowsMethod(m string) bool {
	switch m {
	case "GET", "HEAD", "POST":
		return true
	}
	for _, allowed := range p.methods {
		if m == allowed {
			return true
		}
	}
	return false
}

const maxRequestHeaders = 4 << 10

// allowsHeaders reads the value of Access-Control-Request-Headers, and returns the first name
// that is not allowed. Browsers send the names in lower case, without space; old ones, and
// proxies on the way, do not. It is a list of field names all the same (RFC 9110 §5.1, §5.6.1).
func (p *Policy) allowsHeaders(list string) (name string, ok bool) {
	if len(list) > maxRequestHeaders {
		return list, false
	}
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.Trim(name, " \t"); name == "" {
			continue
		}
		lower := strings.ToLower(name)
		if _, ok := p.headers[lower]; ok {
			continue
		}
		if !p.allHeaders || lower == "authorization" || !token(name) {
			return name, false
		}
	}
	return "", true
}

// addVary adds to Vary what is not there yet. The usual case, an empty Vary, does not
// allocate.
func addVary(h http.Header, value []string) {
	old := h["Vary"]
	switch {
	case len(old) == 0, len(old) == 1 && strings.HasPrefix(value[0], old[0]):
		h["Vary"] = value
	case len(old) == 1 && old[0] == value[0]:
	default:
		h["Vary"] = append(old[:len(old):len(old)], value[0])
	}
}

// Handler answers preflights and sets the fields on everything next answers.
func (p *Policy) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.Apply(w.Header(), r)
		if answered, _ := p.Preflight(w, r); !answered {
			next.ServeHTTP(w, r)
		}
	})
}
