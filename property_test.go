package sallyport_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/token"
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
		(len(r.Roles) == 0 || slices.ContainsFunc(r.Roles, func(role string) bool { return slices.Contains(s.roles, role) })) &&
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
		s := &someone{subject: c.of("a", "b", "A"), roles: c.some("r", "s"), scopes: c.some("x", "y"), second: c.IntN(2) == 0}
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
	tables, requests, allowed, loose := 600, 0, 0, 0
	if testing.Short() {
		tables = 60
	}
	for range tables {
		routes := c.table(t)
		w := newWorld(t, anything, func(cfg *sallyport.Config) { cfg.Routes, cfg.InsecureUnlimited = routes, true })
		for range 80 {
			who, method, host, path := callers[c.IntN(len(callers))], c.of("GET", "HEAD", "POST", "PUT"), c.of("h.example", "x.example"), c.path()
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
				t.Fatalf("%s %s%s of %+v: %d; denied by %q; routes %+v", method, host, path, who, rec.Code, denied, routes)
			}
		}
	}
	t.Logf("%d tables of routes, %d requests, %d let in; %d refused as they are let in by their spelling alone", tables, requests, allowed, loose)
}

// table is some routes that do not conflict.
func (c chance) table(t *testing.T) (routes []sallyport.Route) {
	for range 2 + c.IntN(7) {
		more := append(slices.Clone(routes), c.route())
		if _, err := sallyport.New(sallyport.Config{Issuers: []token.Issuer{foreignIssuer()}, Routes: more, InsecureUnlimited: true}); err == nil {
			routes = more
		}
	}
	return routes
}
