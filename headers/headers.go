// Package headers sets the security response headers of an HTTP API.
//
// They are few, because an API is not a site: nothing of a JSON answer is rendered, framed or
// scripted unless a browser misreads it, and the fields say no to that.
//
//	X-Content-Type-Options: nosniff                  JSON stays JSON
//	Content-Security-Policy: default-src 'none'; frame-ancestors 'none'
//	X-Frame-Options: DENY                            the same for old browsers
//	Referrer-Policy: no-referrer                     addresses stay here
//	Cross-Origin-Resource-Policy: same-origin        other sites cannot embed an answer
//	Cache-Control: no-store                          answers are for one caller
//	Strict-Transport-Security: max-age=63072000; includeSubDomains    over TLS only
//
// What a handler sets itself is settled by [Headers.Reconcile] when the response begins: the
// stricter value of each field is sent, Cache-Control is the handler's if it sets one, and
// pages and media get a Content-Security-Policy that leaves them readable.
//
// What is left out is left out on purpose. X-XSS-Protection: current browsers ignore
// it, and where it still works "1; mode=block" opens a side channel of its own.
// X-Download-Options, X-DNS-Prefetch-Control, Permissions-Policy,
// Cross-Origin-Opener-Policy and -Embedder-Policy: they are about documents. HSTS over
// cleartext: browsers must ignore it there (RFC 6797 §8.1).
package headers

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"strings"
	"time"
)

// defaults are set on every response, in this order.
var defaults = []struct{ name, value string }{
	{"X-Content-Type-Options", "nosniff"},
	{"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Cache-Control", "no-store"},
}

// minHSTS is the shortest age worth sending: a year (ASVS 3.4.1).
const minHSTS = 365 * 24 * time.Hour

// Config adjusts the headers. The zero Config is the list above.
type Config struct {
	// Set replaces the value of a field above on responses of every kind, or adds a field.
	// An empty value takes the field off, and leaves it to the handler.
	Set map[string]string
	// CrossOrigin lets pages of other sites embed responses: Cross-Origin-Resource-Policy
	// becomes cross-origin. CORS does not need it.
	CrossOrigin bool
	// HSTSMaxAge is how long a browser must insist on HTTPS. Default two years, and
	// not below one year, but for InsecureShortHSTS.
	HSTSMaxAge time.Duration
	// InsecureShortHSTS allows an HSTSMaxAge of less than a year, for a first try.
	InsecureShortHSTS bool
}

// Headers is a fixed set of response headers.
type Headers struct {
	plain  []field
	secure []field // the same, and HSTS
	hsts   policyHSTS
}

// field is one header field of the set, by the kind of the response.
type field struct {
	name   string
	value  [kinds][]string
	settle func(f *field, ours, theirs []string) []string // see Reconcile
}

// New returns the set, or all validation errors of cfg, joined.
func New(cfg Config) (*Headers, error) {
	var errs []error
	set := map[string]string{}
	var order []string
	for _, d := range defaults {
		set[d.name] = d.value
		order = append(order, d.name)
	}
	if cfg.CrossOrigin {
		set["Cross-Origin-Resource-Policy"] = "cross-origin"
	}

	seen := map[string]bool{}
	for given, value := range cfg.Set {
		name := textproto.CanonicalMIMEHeaderKey(given)
		if err := check(name, value, seen[name]); err != nil {
			errs = append(errs, err)
			continue
		}
		seen[name] = true
		if _, known := set[name]; !known {
			order = append(order, name)
		}
		set[name] = value
	}

	age := cfg.HSTSMaxAge
	switch {
	case age == 0:
		age = 2 * minHSTS
	case age < minHSTS && !cfg.InsecureShortHSTS || age < 0:
		errs = append(errs, fmt.Errorf("headers: HSTSMaxAge %q: less than a year; "+
			"write 8760h or more, or set InsecureShortHSTS for a try", age))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}

	h := &Headers{hsts: policyHSTS{maxAge: int64(age / time.Second), subdomains: true}}
	for _, name := range order {
		if value := set[name]; value != "" {
			h.plain = append(h.plain, newField(name, value, seen[name]))
		}
	}
	h.secure = append(h.plain[:len(h.plain):len(h.plain)], newField(hsts, h.hsts.String(), true))
	return h, nil
}

// newField returns a field. One that the Config sets is the same on responses of every kind.
func newField(name, value string, configured bool) field {
	f := field{name: name, settle: settling(name)}
	for k := range kinds {
		f.value[k] = one(value)
	}
	if other, ok := byKind[name]; ok && !configured {
		f.value[page], f.value[media] = one(other[page]), one(other[media])
	}
	return f
}

// one returns a value slice without spare room, so that a handler that appends to it copies
// it first.
func one(value string) []string { return []string{value}[:1:1] }

// owned are set elsewhere and cannot be a matter of configuration here.
var owned = []string{hsts, "Set-Cookie", "Content-Type", "Content-Length", "Transfer-Encoding", "Connection", "Vary", "Www-Authenticate"}

func check(name, value string, seen bool) error {
	switch {
	case seen:
		return fmt.Errorf("headers: Set %q: duplicate field (names are case-insensitive); keep one", name)
	case !token(name):
		return fmt.Errorf("headers: Set %q is not a header name (RFC 9110 §5.1)", name)
	case strings.HasPrefix(name, "Access-Control-"):
		return fmt.Errorf("headers: Set %q belongs to CORS: use its config", name)
	case !text(value):
		return fmt.Errorf("headers: Set %q has a value with a control character or outer space (RFC 9110 §5.5)", name)
	}
	for _, o := range owned {
		if name == o {
			return fmt.Errorf("headers: Set %q is written by another part: leave it out", name)
		}
	}
	return nil
}

func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return s != ""
}

func text(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f {
			return false
		}
	}
	return s == strings.TrimSpace(s)
}

// Apply sets the headers in h, before the handler runs; secure reports whether the response
// goes over TLS. It does not allocate once h has room.
func (s *Headers) Apply(h http.Header, secure bool) {
	fields := s.plain
	if secure {
		fields = s.secure
	}
	for i := range fields {
		h[fields[i].name] = fields[i].value[data]
	}
}

// Names lists the headers Apply may set, in canonical form.
func (s *Headers) Names() []string {
	names := make([]string, len(s.secure))
	for i, f := range s.secure {
		names[i] = f.name
	}
	return names
}

// Handler sets the headers before next runs, HSTS where the connection is TLS, and settles
// them with next's when the response begins.
func (s *Headers) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Apply(w.Header(), r.TLS != nil)
		out := &writer{ResponseWriter: w, headers: s, secure: r.TLS != nil}
		next.ServeHTTP(out, r)
		out.begin(http.StatusOK) // what net/http sends for a handler that wrote nothing
	})
}
