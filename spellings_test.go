package sallyport_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/token"
)

// TestLimitsOfSpellings: a route's own limit and cost always hold, whatever the order of
// routes, and those of the routes that it may be taken for hold as well.
func TestLimitsOfSpellings(t *testing.T) {
	const once = "1 per 1h"
	limited := func(pattern string) sallyport.Route { return sallyport.Route{Pattern: pattern, Limit: once} }
	plain := func(pattern string) sallyport.Route { return sallyport.Route{Pattern: pattern} }
	for _, c := range []struct {
		name    string
		routes  []sallyport.Route
		targets string // of the requests, one after the other
		want    string
	}{
		{"a tree first", []sallyport.Route{plain("GET /reports/"), limited("GET /reports")}, "/reports /reports",
			"200 429"},
		{"a tree second", []sallyport.Route{limited("GET /reports"), plain("GET /reports/")}, "/reports /reports",
			"200 429"},
		{"whatever the method", []sallyport.Route{plain("/reports/"), limited("/reports")}, "/reports /reports",
			"200 429"},
		{"one of two wildcards", []sallyport.Route{plain("GET /{a}/b/"), limited("GET /a/{b}")}, "/a/b /a/b",
			"200 429"},
		{"what remains, bare", []sallyport.Route{limited("GET /reports/{p...}")}, "/reports /reports", "200 429"},
		{"what remains, both", []sallyport.Route{limited("GET /reports/{p...}")}, "/reports/x /Reports", "200 429"},
		{"the items do not spend the list's", []sallyport.Route{plain("GET /reports/"), limited("GET /reports")},
			"/reports/1 /reports/2 /reports /Reports/", "200 200 200 429"},
		{"the list does not spend the items'", []sallyport.Route{limited("GET /reports/"), plain("GET /reports")},
			"/reports /reports /reports/1 /Reports/2", "200 200 200 429"},
		{"another case with a limit of its own", []sallyport.Route{limited("GET /reports"), limited("GET /Reports")},
			"/reports /Reports", "200 429"},
		{"a wildcard is another route", []sallyport.Route{limited("GET /reports/{id}"), plain("GET /reports/all")},
			"/reports/all /reports/all /reports/1 /reports/2", "200 200 200 429"},
		{"but not for who undoes no escapes", []sallyport.Route{limited("GET /r/{id}"), plain("GET /r/@me")},
			"/r/%40me /r/%40me", "200 429"},
	} {
		w := newWorld(t, anything, func(cfg *sallyport.Config) { cfg.Routes = c.routes })
		var got []string
		for target := range strings.FieldsSeq(c.targets) {
			got = append(got, fmt.Sprint(w.send("GET", target, as("u1"), "").StatusCode))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %s: %v, want %s", c.name, c.targets, got, c.want)
		}
	}
}

// TestCostOfSpellings: the dearest of the routes is what a request costs.
func TestCostOfSpellings(t *testing.T) {
	w := newWorld(t, anything, func(c *sallyport.Config) {
		c.Limit = "100 per 1h"
		c.Routes = []sallyport.Route{{Pattern: "GET /docs/"}, {Pattern: "GET /docs", Cost: 50},
			{Pattern: "GET /cheap", Cost: 2, Limit: "3 per 1h"}, {Pattern: "GET /cheap/", Cost: 20}}
	})
	for i, want := range []string{`"default";r=50;`, `"default";r=0;`} {
		if got := w.send("GET", []string{"/docs", "/DOCS/"}[i], as("u1"),
			"").Header.Get("Ratelimit"); !strings.HasPrefix(got, want) {
			t.Errorf("%d: %s, want %s", i, got, want)
		}
	}
	// A route's own limit counts by its own cost, so that no other route can shut it.
	if res := w.send("GET", "/cheap/", as("u2"), ""); res.StatusCode != 200 ||
		!strings.HasPrefix(res.Header.Get("Ratelimit"), `"default";r=80;`) ||
		!strings.Contains(res.Header.Get("Ratelimit"), `"route";r=1;`) {
		t.Errorf("%d %v", res.StatusCode, res.Header["Ratelimit"])
	}
}

// TestLimitsThatDisagree: two routes that are one path to many programs have one limit.
func TestLimitsThatDisagree(t *testing.T) {
	const limit = "1 per 1h"
	for _, c := range []struct {
		first, second sallyport.Route
		want          string // empty: none
	}{
		{sallyport.Route{Pattern: "GET /reports"}, sallyport.Route{Pattern: "GET /reports/{$}", Limit: limit},
			`Routes[1].Limit "1 per 1h": is not that of "GET /reports", and to many programs the two are one path`},
		{sallyport.Route{Pattern: "GET /Reports", Limit: limit}, sallyport.Route{Pattern: "GET /reports"},
			`Routes[1].Limit: is not that of "GET /Reports"`},
		{sallyport.Route{Pattern: "/x/{a}/B"}, sallyport.Route{Pattern: "/X/{b}/b/{$}", Cost: 2},
			`Routes[1].Cost "2": is not that of`},
		{sallyport.Route{Pattern: "/x/"}, sallyport.Route{Pattern: "/X/{rest...}", Limit: limit}, `Routes[1].Limit`},
		{sallyport.Route{Pattern: "/x", Limit: limit, Cost: 1}, sallyport.Route{Pattern: "/X", Limit: limit}, ""},
		{sallyport.Route{Pattern: "GET /x", Limit: limit}, sallyport.Route{Pattern: "/X"}, ""},
		{sallyport.Route{Pattern: "/x", Limit: limit}, sallyport.Route{Pattern: "/x/"}, ""},
		{sallyport.Route{Pattern: "/x", Limit: limit}, sallyport.Route{Pattern: "h.example/x"}, ""},
		{sallyport.Route{Pattern: "/x/{a}", Limit: limit}, sallyport.Route{Pattern: "/x/a"}, ""},
	} {
		_, err := sallyport.New(sallyport.Config{Issuers: []token.Issuer{foreignIssuer()},
			Routes: []sallyport.Route{c.first, c.second}})
		if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s and %s: %v, want %q", c.first.Pattern, c.second.Pattern, err, c.want)
		}
	}
}

// TestUncountedSpelling: a route without a limit is no way around another one's.
func TestUncountedSpelling(t *testing.T) {
	w := newWorld(t, anything, func(c *sallyport.Config) {
		c.Limit = "2 per 1h"
		c.Routes = []sallyport.Route{{Pattern: "GET /Health", Public: true, InsecureUnlimited: true},
			{Pattern: "GET /health", Public: true}, {Pattern: "GET /live", Public: true, InsecureUnlimited: true}}
	})
	for i, want := range []int{200, 200, 429} {
		if got := w.send("GET", "/Health", nil, "").StatusCode; got != want {
			t.Errorf("%d: %d, want %d", i, got, want)
		}
	}
	if got := w.send("GET", "/live", nil, "").StatusCode; got != 200 {
		t.Errorf("without a limit: %d", got)
	}
}

// TestStrangersSpendNothing: what callers share is charged to those alone who are let in.
// Who is not let in is charged to itself, so that guessing ends.
func TestStrangersSpendNothing(t *testing.T) {
	boss := func() http.Header { return rights("boss", map[string]any{"roles": []string{"admin"}, "org": "acme"}) }
	route := sallyport.Route{Pattern: "/export", Roles: []string{"admin"}}
	for _, c := range []struct {
		name    string
		limit   string
		by      []string
		fields  http.Header
		body    string
		refused string // what the stranger gets, one after the other
	}{
		{"without a token", "3 per 1h", []string{"route"}, nil, "", "401 401 401 429"},
		{"with a bad token", "3 per 1h", []string{"route"}, bearer("guess"), "", "401 401 401 429"},
		{"without the role", "3 per 1h", []string{"route"}, rights("u1", nil), "", "403 403 403 403"},
		{"without the role, of the same tenant", "3 per 1h", []string{"claim:org"},
			rights("u1", map[string]any{"org": "acme"}), "", "403 403 403 403"},
		{"without the role, by both", "3 per 1h", []string{"claim:org", "route"},
			rights("u1", map[string]any{"org": "acme"}), "", "403 403 403 403"},
		{"without the role nor the claim", "3 per 1h", []string{"claim:org"}, rights("u1", nil), "", "403 403 403 429"},
		{"bytes without a token", "1000 bytes per 1h", []string{"route"}, nil, strings.Repeat("x", 900), "401 401"},
		{"bytes without the role", "1000 bytes per 1h", []string{"route"}, rights("u1", nil),
			strings.Repeat("x", 900), "403 403"},
		{"their own bytes", "1000 bytes per 1h", nil, rights("u1", nil), strings.Repeat("x", 900), "403 429"},
	} {
		w := newWorld(t, anything, quota(sallyport.Quota{Limit: c.limit, By: c.by}, route))
		var got []string
		for range strings.Fields(c.refused) {
			got = append(got, fmt.Sprint(w.send("POST", "/export", c.fields, c.body).StatusCode))
		}
		if strings.Join(got, " ") != c.refused {
			t.Errorf("%s: the stranger got %v, want %s", c.name, got, c.refused)
		}
		for i := range 2 {
			r := httptest.NewRequest("POST", "/export", strings.NewReader("x"))
			r.RemoteAddr, r.Header = "203.0.113.9:1", boss()
			rec := httptest.NewRecorder()
			if w.ServeHTTP(rec, r); rec.Code != 200 {
				t.Errorf("%s: then who may, for the %d. time: %d", c.name, i+1, rec.Code)
			}
		}
	}
}

// TestStrangersSpendNothingOfThePaths that nobody declared.
func TestStrangersSpendNothingUndeclared(t *testing.T) {
	w := newWorld(t, anything, quota(sallyport.Quota{Limit: "2 per 1h", By: []string{"route"}}))
	for i, want := range []int{401, 401, 429} {
		if got := w.from("192.0.2.1:1", "GET", "/whatever", bearer("guess")); got != want {
			t.Errorf("guess %d: %d, want %d", i, got, want)
		}
	}
	for i, want := range []int{200, 200, 429} {
		if got := w.from("192.0.2.1:1", "GET", "/other", as("u1")); got != want {
			t.Errorf("request %d: %d, want %d", i, got, want)
		}
	}
}

// TestStrangersInFlight: a request that is not let in is in flight for nobody else.
func TestStrangersInFlight(t *testing.T) {
	entered, leave := make(chan bool), make(chan bool)
	w := newWorld(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { entered <- true; <-leave }),
		quota(sallyport.Quota{Limit: "1 at once", By: []string{"route"}},
			sallyport.Route{Pattern: "/export", Roles: []string{"admin"}}))
	boss := rights("boss", map[string]any{"roles": []string{"admin"}})
	done := make(chan int)
	go func() { done <- w.from("192.0.2.1:1", "GET", "/export", boss) }()
	<-entered
	for want, fields := range map[int]http.Header{403: rights("u1", nil), 401: nil,
		429: boss} { // who may not is not told how busy it is
		if got := w.from("192.0.2.2:1", "GET", "/export", fields); got != want {
			t.Errorf("while one is in flight: %d, want %d", got, want)
		}
	}
	leave <- true
	if got := <-done; got != 200 {
		t.Error(got)
	}
}

// TestShadowOfRefused: limits that watch count what is refused as those that refuse do.
func TestShadowOfRefused(t *testing.T) {
	var gate *sallyport.Gate
	w := newGate(t, anything, &gate, func(c *sallyport.Config) {
		c.Limit = "1 per 1h shadow"
		c.Quotas = []sallyport.Quota{{Name: "route-quota", Limit: "1 per 1h shadow", By: []string{"route"}}}
		c.Routes = []sallyport.Route{{Pattern: "/export", Roles: []string{"admin"}}}
	})
	for range 3 {
		w.send("GET", "/export", rights("u1", nil), "") // refused by its role
	}
	for range 3 {
		w.send("GET", "/export", rights("boss", map[string]any{"roles": []string{"admin"}}), "")
	}
	got := map[string]int64{}
	for _, l := range gate.Limits() {
		got[l.Name] = l.Refused
	}
	if fmt.Sprint(got) != "map[client:0 default:4 route-quota:2]" {
		t.Errorf("%v", got)
	}
}
