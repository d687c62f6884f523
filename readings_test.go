package sallyport_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/token"
)

// program is how a server reads the path of a request line before it looks for a route. Each
// step is what some product does by default or in a common setting.
type program struct {
	name  string
	steps []func(string) string
	plain plain
	blank bool // its wildcards take nothing for a value
}

// servers are written down from what these products document, and share no code with the Gate.
var servers = []program{
	{name: "ServeMux", plain: plain{decode: true}},
	{name: "Express", plain: plain{fold: true, trim: true}},
	{name: "Express, decoding", plain: plain{decode: true, fold: true, trim: true}},
	{name: "nginx", steps: steps(unescape, merge, resolve)},
	{name: "nginx before Express", steps: steps(unescape, merge, resolve), plain: plain{fold: true, trim: true}},
	{name: "Tomcat", steps: steps(cut, unescape, resolve), plain: plain{trim: true}},
	{name: "Tomcat, slashes kept", steps: steps(cut, resolve), plain: plain{decode: true}},
	{name: "Jetty", steps: steps(cut, unescape, merge, resolve)},
	{name: "a filter before Tomcat", steps: steps(unescape, cutAll, merge, resolve)},
	{name: "WSGI", steps: steps(unescape)},
	{name: "WSGI, merging", steps: steps(unescape, merge), plain: plain{trim: true}},
	{name: "Rails", steps: steps(merge, unescape), plain: plain{trim: true}},
	{name: "PHP", steps: steps(unescape, resolve), plain: plain{fold: true}},
	{name: "URL of the web", steps: steps(host, resolve), plain: plain{trim: true}},
	{name: "URL of the web, decoded", steps: steps(host, unescape, resolve)},
	{name: "decoding twice", steps: steps(unescape, unescape, resolve)},
	{name: "decoding twice, merging", steps: steps(unescape, merge, unescape, merge),
		plain: plain{trim: true, fold: true}},
	{name: "decoding twice, cutting", steps: steps(cut, unescape, cut, unescape, cut, merge, resolve)},
	{name: "regular expressions", steps: nil, plain: plain{decode: true}, blank: true},
}

func steps(all ...func(string) string) []func(string) string { return all }

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if one, err := url.PathUnescape(s[i : i+3]); err == nil {
				b.WriteString(one)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func cut(s string) string {
	parts := strings.Split(s, "/")
	for i := range parts {
		parts[i], _, _ = strings.Cut(parts[i], ";")
	}
	return strings.Join(parts, "/")
}

func cutAll(s string) string { before, _, _ := strings.Cut(s, ";"); return before }

func merge(s string) string {
	for strings.Contains(s, "//") {
		s = strings.Replace(s, "//", "/", 1)
	}
	return s
}

func host(s string) string {
	if strings.HasPrefix(s, "//") {
		_, s, _ = strings.Cut(strings.TrimLeft(s, "/"), "/")
		return "/" + s
	}
	return s
}

// resolve removes dot segments, of either slash.
func resolve(s string) string {
	var out []string
	parts := strings.Split(strings.ReplaceAll(s, `\`, "/"), "/")[1:]
	for i, part := range parts {
		last := i == len(parts)-1
		switch {
		case part == ".." && len(out) > 0:
			out = out[:len(out)-1]
		case part != "." && part != "..":
			out = append(out, part)
			continue
		}
		if last {
			out = append(out, "")
		}
	}
	return "/" + strings.Join(out, "/")
}

// guardedTree is a table of routes in which some allow every form: what is under "open" is
// public, "closed" asks for a role, and what is declared by nobody needs a token.
func (c chance) guardedTree() (routes []sallyport.Route) {
	seen := map[string]bool{}
	for range 3 + c.IntN(5) {
		pattern := ""
		for i := range 1 + c.IntN(3) {
			pattern += "/" + c.of("a", "b", "x", "a", fmt.Sprintf("{p%d}", i))
		}
		pattern += c.of("", "", "/")
		if seen[pattern] {
			continue
		}
		r := sallyport.Route{Pattern: pattern, Public: c.IntN(2) == 0}
		if !r.Public {
			r.Roles = []string{c.of("r", "s")}
		}
		if c.IntN(2) == 0 {
			r = allowing(r)
		}
		seen[pattern], routes = true, append(routes, r)
	}
	return append(routes, allowing(sallyport.Route{Pattern: "/", Public: c.IntN(2) == 0}))
}

func (c chance) hostile() string {
	var b strings.Builder
	b.WriteByte('/')
	for range 1 + c.IntN(9) {
		b.WriteString(c.of("a", "b", "x", "a", "b", "/", "/", "/", "//", "%2F", "%2f", ";", ";v", "%3B", "%25", "%252F",
			"%253b", "%2561", "%61", "%41", "..", ".", "%2e", "%252e", "A", "%20", "c"))
	}
	return b.String()
}

// TestNoReadingFallsAway: over generated routes with allowances and hostile paths, no request
// is let in that one of the servers would route to a rule that its caller does not meet, given
// the path that the handler got.
func TestNoReadingFallsAway(t *testing.T) {
	c := newChance(t)
	callers := []*someone{{}}
	for _, roles := range [][]string{nil, {"r"}, {"s"}} {
		callers = append(callers, &someone{subject: "u", roles: roles, fields: rights("u", map[string]any{"roles": roles})})
	}
	tables, forms, allowed, refused := 40, 0, 0, 0
	if raceEnabled {
		tables = 10
	}
	for range tables {
		routes := c.usable(t, c.guardedTree())
		sent := ""
		next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { sent = r.URL.EscapedPath() })
		w := newWorld(t, next, func(cfg *sallyport.Config) { cfg.Routes, cfg.InsecureUnlimited = routes, true })
		for range 200 {
			who, target := callers[c.IntN(len(callers))], c.hostile()
			r := httptest.NewRequest("GET", "/", nil)
			u, err := url.ParseRequestURI(target)
			if err != nil {
				t.Fatal(target, err)
			}
			r.URL, r.RequestURI, r.Host, r.Header = u, target, "api.example", who.fields.Clone()
			if r.Header == nil {
				r.Header = http.Header{}
			}
			rec := httptest.NewRecorder()
			if w.ServeHTTP(rec, r); rec.Code != 200 {
				refused++
				continue
			}
			allowed++
			if strings.ContainsAny(sent, ";%") || strings.Contains(sent, "//") {
				forms++
			}
			for _, p := range servers {
				if denied := p.denies(routes, who, sent); denied != "" {
					t.Fatalf("%s of %+v got in as %s, and to %s that is %s; routes %+v", target, who, sent, p.name, denied, routes)
				}
			}
		}
	}
	t.Logf("%d let in, %d of them with forms, %d refused", allowed, forms, refused)
}

// denies returns the path that the program would serve to somebody who may not have it.
func (p *program) denies(routes []sallyport.Route, who *someone, path string) string {
	for _, step := range p.steps {
		path = step(path)
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	at := path
	if p.blank {
		at = strings.ReplaceAll(path, "//", "/-/")
	}
	best := p.plain.chooses(routes, "GET", "api.example", at)
	for _, r := range best {
		if !who.may(r, path) {
			return fmt.Sprintf("%s of %s", path, r.Pattern)
		}
	}
	if len(best) == 0 && who.subject == "" {
		return path + ", which nobody declared"
	}
	return ""
}

// usable leaves out routes that conflict.
func (c chance) usable(t *testing.T, all []sallyport.Route) (routes []sallyport.Route) {
	for _, r := range all {
		more := append(routes[:len(routes):len(routes)], r)
		cfg := sallyport.Config{Issuers: []token.Issuer{foreignIssuer()}, Routes: more, InsecureUnlimited: true}
		if _, err := sallyport.New(cfg); err == nil {
			routes = more
		}
	}
	return routes
}
