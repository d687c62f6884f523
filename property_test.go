package sallyport_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// plain is a router as one would write it in an afternoon: it cuts paths at slashes, and
// takes the route with the most segments, then the most literals. Before, it may undo
// escapes, fold letters, and drop a slash at the end.
type plain struct{ decode, fold, trim bool }

func (pl plain) normal(s string) string {
	if pl.decode {
		s, _ = url.PathUnescape(s)
	}
	if pl.fold {
		s = strings.ToLower(s)
	}
	return s
}

// matches reports whether a pattern is for a request, and how long it is.
func (pl plain) matches(pattern, method, host, path string) (rank int, ok bool) {
	only, target, ok := strings.Cut(pattern, " ")
	if !ok {
		only, target = "", pattern
	}
	at, rest, _ := strings.Cut(target, "/")
	if only != "" && only != method && !(only == "GET" && method == "HEAD") || at != "" && at != host {
		return 0, false
	}
	rank = 1
	if only != "" {
		rank += len(only) // HEAD before GET
	}
	if at != "" {
		rank += 1 << 20
	}
	below := rest == "" || strings.HasSuffix(rest, "/") || strings.HasSuffix(rest, "...}")
	rest = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(rest, "{rest...}"), "{$}"), "/")
	slash := below || strings.HasSuffix(pattern, "{$}")
	got := strings.Split(strings.TrimSuffix(path[1:], "/"), "/")
	want := strings.Split(rest, "/")
	if path == "/" {
		got = nil
	}
	if rest == "" {
		want = nil
	}
	exact := strings.HasSuffix(path, "/") == slash || below && len(got) > len(want) || pl.trim
	if len(got) < len(want) || len(got) > len(want) && !below || !exact {
		return 0, false
	}
	for i, w := range want {
		rank += 1 << 10
		if w[0] == '{' {
			continue
		}
		w, _ = url.PathUnescape(w)
		if pl.normal(w) != pl.normal(got[i]) {
			return 0, false
		}
		rank += 10
	}
	if !below {
		rank += 1 << 9
	}
	return rank, true
}

// chooses returns the routes of the highest rank.
func (pl plain) chooses(routes []sallyport.Route, method, host, path string) (best []sallyport.Route) {
	most := 0
	for _, r := range routes {
		rank, ok := pl.matches(r.Pattern, method, host, path)
		switch {
		case !ok || rank < most:
		case rank > most:
			best, most = []sallyport.Route{r}, rank
		default:
			best = append(best, r)
		}
	}
	return best
}

// someone is a caller of the property tests: nobody, or a subject with roles and scopes.
type someone struct {
	subject       string
	roles, scopes []string
	second        bool
	fields        http.Header
}

func (s *someone) may(r sallyport.Route, path string) bool {
	if r.Public {
		return true
	}
	owner := true
	if r.Owner != "" {
		_, rest, _ := strings.Cut(r.Pattern, "/")
		i := slices.Index(strings.Split(rest, "/"), "{"+r.Owner+"}")
		value, _ := url.PathUnescape(strings.Split(path[1:], "/")[i])
		owner = value == s.subject
	}
	return s.subject != "" && owner && (!r.SecondFactor || s.second) &&
		(len(r.Roles) == 0 || slices.ContainsFunc(r.Roles, func(role string) bool {
			return slices.Contains(s.roles,
				role)
		})) &&
		!slices.ContainsFunc(r.Scopes, func(scope string) bool { return !slices.Contains(s.scopes, scope) })
}

// chance makes routes, callers and requests.
type chance struct{ *rand.Rand }

func newChance(t *testing.T) chance {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return chance{rand.New(rand.NewPCG(seed, seed))}
}

func (c chance) of(all ...string) string { return all[c.IntN(len(all))] }

func (c chance) some(all ...string) (some []string) {
	for _, one := range all {
		if c.IntN(2) == 0 {
			some = append(some, one)
		}
	}
	return some
}

func (c chance) callers(n int) []*someone {
	all := []*someone{{}}
	for range n {
		s := &someone{subject: c.of("a", "b", "A"), roles: c.some("r", "s"), scopes: c.some("x", "y"),
			second: c.IntN(2) == 0}
		more := map[string]any{"roles": s.roles, "scope": strings.Join(s.scopes, " ")}
		if s.second {
			more["amr"] = []string{"otp"}
		}
		s.fields = rights(s.subject, more)
		all = append(all, s)
	}
	return all
}

func (c chance) route() sallyport.Route {
	r := sallyport.Route{Pattern: c.of("", "", "GET ", "POST ", "HEAD ") + c.of("", "", "", "h.example")}
	depth := c.IntN(4)
	for i := range depth {
		segment := c.of("a", "a", "A", "b", "a:b", fmt.Sprintf("{p%d}", i))
		if r.Pattern += "/" + segment; segment[0] == '{' {
			r.Owner = c.of("", "", segment[1:len(segment)-1])
		}
	}
	if r.Pattern += c.of("", "/", "/{$}", "/{rest...}"); depth == 0 && !strings.Contains(r.Pattern, "/") {
		r.Pattern += "/"
	}
	switch c.IntN(5) {
	case 0:
		return sallyport.Route{Pattern: r.Pattern, Public: true}
	case 1:
		r.Roles = []string{"r"}
	case 2:
		r.Roles = []string{"r", "s"}
	case 3:
		r.Scopes = c.some("x", "y")
	case 4:
		r.SecondFactor = true
	}
	return r
}

func (c chance) path() string {
	path := ""
	for range c.IntN(5) {
		path += "/" + c.of("a", "a", "b", "A", "B", "a:b", "a%3Ab", "a%3aB", "c")
	}
	if path == "" || c.IntN(4) == 0 {
		path += "/"
	}
	return path
}

// TestNothingFallsAway: over generated routes and requests, no request is let in that a
// plain router would not let in which stands behind the Gate with the same routes,
// whatever liberties it takes with the path; and none is refused without a route by
// which some such router would refuse it.
func TestNothingFallsAway(t *testing.T) {
	c := newChance(t)
	callers := c.callers(12)
	tables, requests, allowed, loose := 400, 0, 0, 0
	if raceEnabled {
		tables = 60
	}
	for range tables {
		routes := c.table(t)
		w := newWorld(t, anything, func(cfg *sallyport.Config) { cfg.Routes, cfg.InsecureUnlimited = routes, true })
		for range 80 {
			who, method, host, path := callers[c.IntN(len(callers))], c.of("GET", "HEAD", "POST",
				"PUT"), c.of("h.example", "x.example"), c.path()
			r := httptest.NewRequest(method, path, nil)
			r.Host, r.Header = host, who.fields.Clone()
			if r.Header == nil {
				r.Header = http.Header{}
			}
			rec := httptest.NewRecorder()
			w.ServeHTTP(rec, r)
			requests++

			denied, strictly, any := "", false, false
			for bits := range 8 {
				pl := plain{bits&1 != 0, bits&2 != 0, bits&4 != 0}
				best := pl.chooses(routes, method, host, path)
				if pl == (plain{decode: true}) && len(best) == 0 && who.subject == "" {
					denied, strictly = "the rule for what nobody declared", true
				}
				for _, one := range best {
					if !who.may(one, path) {
						denied = fmt.Sprintf("%+v of %+v", pl, one)
						strictly = strictly || pl == plain{decode: true}
					}
				}
				for _, one := range routes {
					_, ok := pl.matches(one.Pattern, method, host, path)
					any = any || ok && !who.may(one, path)
				}
			}
			switch {
			case rec.Code == 200:
				allowed++
			case denied != "" && !strictly:
				loose++
			}
			if rec.Code == 200 && denied != "" || rec.Code != 200 && denied == "" && !any {
				t.Fatalf("%s %s%s of %+v: %d; denied by %q; routes %+v", method, host, path, who, rec.Code, denied,
					routes)
			}
		}
	}
	t.Logf("%d tables of routes, %d requests, %d let in; %d refused as they are let in by their spelling alone",
		tables, requests, allowed, loose)
}

// table is some routes that do not conflict.
func (c chance) table(t *testing.T) (routes []sallyport.Route) {
	for range 2 + c.IntN(7) {
		more := append(slices.Clone(routes), c.route())
		if _, err := sallyport.New(sallyport.Config{Issuers: []token.Issuer{foreignIssuer()}, Routes: more,
			InsecureUnlimited: true}); err == nil {
			routes = more
		}
	}
	return routes
}

// template is a path of a document, with the scope that each method asks for; none for a
// public one.
type template struct {
	path    string
	methods map[string]string
}

// serves returns the scope of what a plain router would run, if there is something. It
// takes the template with the most literals, and then with the most text. No segment has
// more than one wildcard here.
func (pl plain) serves(all []template, method, path string) (scope string, ok bool) {
	most := -1
	for _, t := range all {
		if strings.HasSuffix(t.path, "/") != strings.HasSuffix(path, "/") && !pl.trim {
			continue
		}
		want, got := strings.Split(strings.TrimSuffix(t.path, "/"), "/"), strings.Split(strings.TrimSuffix(path, "/"),
			"/")
		rank, same := 0, len(want) == len(got)
		for i := 0; same && i < len(want); i++ {
			before, after, wild := strings.Cut(wildcards.ReplaceAllString(want[i], "\x00"), "\x00")
			before, after = pl.normal(before), pl.normal(after)
			if rank += len(before) + len(after); !wild {
				rank, same = rank+100, before == pl.normal(got[i])
				continue
			}
			rest, starts := strings.CutPrefix(pl.normal(got[i]), before)
			same = starts && len(rest) > len(after) && strings.HasSuffix(rest, after)
		}
		if same && rank > most {
			most = rank
			scope, ok = t.methods[method]
			if get, is := t.methods["GET"]; !ok && method == "HEAD" {
				scope, ok = get, is
			}
		}
	}
	return scope, ok
}

var wildcards = regexp.MustCompile(`\{[^}]*\}`)

func (c chance) template() template {
	var b strings.Builder
	for i := range 1 + c.IntN(3) {
		b.WriteString("/" + strings.ReplaceAll(c.of("a", "a", "A", "b", "a:b", "{p}", "{p}", "{p}:b", "a{p}"), "p",
			fmt.Sprint("p", i)))
	}
	b.WriteString(c.of("", "", "", "/"))
	t := template{b.String(), map[string]string{}}
	for _, method := range append(c.some("POST", "HEAD"), "GET") {
		t.methods[method] = c.of("", "x", "y")
	}
	return t
}

func write(all []template) string {
	var b strings.Builder
	b.WriteString("openapi: 3.1.0\ncomponents: {securitySchemes: {oauth: {type: oauth2, flows: {}}}}\npaths:\n")
	for _, t := range all {
		fmt.Fprintf(&b, "  '%s':\n    parameters: [", t.path)
		for i, name := range wildcards.FindAllString(t.path, -1) {
			fmt.Fprintf(&b, "%s{name: %s, in: path, required: true, schema: {}}", []string{"", ", "}[min(i, 1)],
				strings.Trim(name, "{}"))
		}
		b.WriteString("]\n")
		for method, scope := range t.methods {
			fmt.Fprintf(&b, "    %s: {security: [%s]}\n", strings.ToLower(method),
				map[bool]string{true: "{oauth: [" + scope + "]}"}[scope != ""])
		}
	}
	return b.String()
}

// spelling is a path of a template, or nearly.
func (c chance) spelling(template string) string {
	path := wildcards.ReplaceAllStringFunc(template,
		func(string) string { return c.of("a", "b", "A", "B", "a:b", "a%3Ab", "aa", "c:B") })
	switch c.IntN(6) {
	case 0:
		path = strings.ToUpper(path[:2]) + path[2:]
	case 1:
		path = strings.Replace(path, ":", "%3A", 1)
	case 2:
		if path = strings.TrimSuffix(path, "/"); path == template || path == "" {
			path += "/"
		}
	case 3:
		path = c.path()
	}
	return path
}

// TestNoOperationFallsAway: over generated documents and requests, no request is let in
// with which a plain router behind the Gate would run an operation that the caller may
// not call, whatever liberties it takes with the path.
func TestNoOperationFallsAway(t *testing.T) {
	c := newChance(t)
	callers := c.callers(12)
	documents, refused, requests, allowed, loose := 400, 0, 0, 0, 0
	if raceEnabled {
		documents = 60
	}
	for range documents {
		all, d := c.templates(&refused)
		w := newWorld(t, anything, func(cfg *sallyport.Config) { cfg.OpenAPI, cfg.InsecureUnlimited = d, true })
		for range 80 {
			who, method, path := callers[c.IntN(len(callers))], c.of("GET", "HEAD",
				"POST"), c.spelling(all[c.IntN(len(all))].path)
			r := httptest.NewRequest(method, path, nil)
			r.Host, r.Header = "api.example", who.fields.Clone()
			if r.Header == nil {
				r.Header = http.Header{}
			}
			rec := httptest.NewRecorder()
			w.ServeHTTP(rec, r)
			requests++
			denied := ""
			for bits := range 8 {
				pl := plain{bits&1 != 0, bits&2 != 0, bits&4 != 0}
				if scope, ok := pl.serves(all, method, path); ok && scope != "" && !slices.Contains(who.scopes, scope) {
					denied = fmt.Sprintf("%+v for %s", pl, scope)
				}
			}
			if scope, ok := (plain{decode: true}).serves(all, method, path); ok &&
				(scope == "" || slices.Contains(who.scopes, scope)) && denied != "" {
				loose++
			}
			if rec.Code == 200 {
				allowed++
			}
			if rec.Code == 200 && denied != "" {
				t.Fatalf("%s %s of %+v is let in, and denied by %s:\n%s", method, path, who, denied, write(all))
			}
		}
	}
	t.Logf("%d documents, %d paths refused at the start; "+
		"%d requests, %d let in; %d that their spelling alone would let in",
		documents, refused, requests, allowed, loose)
}

// templates are some that a document may have beside each other.
func (c chance) templates(refused *int) (all []template, d *openapi.Document) {
	for range 3 + c.IntN(7) {
		more := append(slices.Clone(all), c.template())
		document, err := openapi.Parse([]byte(write(more)), openapi.Config{})
		if err != nil {
			*refused++
			continue
		}
		all, d = more, document
	}
	return all, d
}
