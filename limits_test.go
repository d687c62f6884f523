package sallyport_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/secret"
)

func TestTooMany(t *testing.T) {
	w := newWorld(t, api(), func(c *sallyport.Config) { c.Limit = "3 per 1m" })
	for i := range 3 {
		if res := w.send("GET", "/notes", as("u1"), ""); res.StatusCode != 200 || res.Header.Get("Ratelimit-Policy") != `"default";q=3;w=60` {
			t.Fatalf("request %d: %d, %v", i, res.StatusCode, res.Header)
		}
	}
	res := w.send("GET", "/notes", as("u1"), "")
	p := wantProblem(t, res, 429, "rate_limited")
	if p.Type != "https://iana.org/assignments/http-problem-types#quota-exceeded" || len(p.Violated) != 1 || p.Violated[0] != "default" {
		t.Errorf("%+v", p)
	}
	if res.Header.Get("Retry-After") == "" || !strings.HasPrefix(res.Header.Get("Ratelimit"), `"default";r=0;t=`) {
		t.Errorf("%v", res.Header)
	}
	if !strings.Contains(w.audit.String(), `"reason":"policy default"`) {
		t.Errorf("the log does not name the limit: %s", w.audit)
	}
	if res := w.send("GET", "/notes", as("u2"), ""); res.StatusCode != 200 {
		t.Errorf("another caller from the same address: %d", res.StatusCode)
	}
}

func TestRouteLimit(t *testing.T) {
	w := newWorld(t, api(), func(c *sallyport.Config) {
		c.Routes = []sallyport.Route{{Pattern: "GET /notes", Limit: "1 per 1m"}, {Pattern: "GET /admin", Limit: "1 per 1m"}}
	})
	res := w.send("GET", "/notes", as("u1"), "")
	if got := res.Header.Get("Ratelimit-Policy"); res.StatusCode != 200 || got != `"default";q=100;w=900, "route";q=1;w=60` {
		t.Errorf("%d %s", res.StatusCode, got)
	}
	if p := wantProblem(t, w.send("GET", "/notes", as("u1"), ""), 429, "rate_limited"); p.Violated[0] != "route" {
		t.Errorf("%+v", p)
	}
	if res := w.send("GET", "/admin", as("u1"), ""); res.StatusCode != 200 {
		t.Errorf("another route: %d", res.StatusCode)
	}
}

// TestUncounted: a health check has no limit but the client's, and shows none.
func TestUncounted(t *testing.T) {
	w := newWorld(t, api(), func(c *sallyport.Config) {
		c.Limit, c.ClientLimit = "1 per 1h", "20 per 1h"
		c.Routes = []sallyport.Route{{Pattern: "GET /health", Public: true, InsecureUnlimited: true}, {Pattern: "GET /notes", InsecureUnlimited: true}}
	})
	for range 8 {
		if res := w.send("GET", "/health", nil, ""); res.StatusCode != 200 || res.Header.Get("Ratelimit") != "" {
			t.Fatal(res.StatusCode, res.Header)
		}
		if res := w.send("GET", "/notes", as("u1"), ""); res.StatusCode != 200 {
			t.Fatal(res.StatusCode)
		}
	}
	wantProblem(t, w.send("GET", "/notes", bearer("guess"), ""), 401, "invalid_token")
	wantProblem(t, w.send("GET", "/notes", bearer("guess"), ""), 429, "rate_limited")
	w.send("GET", "/health", nil, "")
	w.send("GET", "/health", nil, "")
	if p := wantProblem(t, w.send("GET", "/health", nil, ""), 429, "rate_limited"); p.Violated[0] != "client" {
		t.Errorf("%+v", p)
	}
}

// TestClientLimit: whoever they say they are, one address has one allowance.
func TestClientLimit(t *testing.T) {
	w := newWorld(t, api(), func(c *sallyport.Config) { c.Limit, c.ClientLimit = "100 per 1m", "3 per 1m" })
	for i := range 3 {
		if res := w.send("GET", "/notes", as(fmt.Sprint("u", i)), ""); res.StatusCode != 200 {
			t.Fatal(res.StatusCode)
		}
	}
	if p := wantProblem(t, w.send("GET", "/notes", as("u4"), ""), 429, "rate_limited"); p.Violated[0] != "client" {
		t.Errorf("%+v", p)
	}
}

// TestGuessingIsLimited: bad tokens are charged to the address they come from.
func TestGuessingIsLimited(t *testing.T) {
	w := newWorld(t, api(), func(c *sallyport.Config) { c.Limit = "3 per 1m" })
	for range 3 {
		wantProblem(t, w.send("GET", "/notes", bearer("guess"), ""), 401, "invalid_token")
	}
	wantProblem(t, w.send("GET", "/notes", bearer("guess"), ""), 429, "rate_limited")
	if res := w.send("GET", "/notes", as("u1"), ""); res.StatusCode != 200 {
		t.Errorf("a caller with a good token, from the same address: %d", res.StatusCode)
	}
}

// TestRefusalsAreLimited: neither preflights nor broken requests are without end, and a
// made-up method is not another event each time.
func TestRefusalsAreLimited(t *testing.T) {
	w := newWorld(t, api(), func(c *sallyport.Config) { c.ClientLimit = "3 per 1m" })
	for i := range 3 {
		wantProblem(t, w.send(fmt.Sprint("M", i), "/notes", nil, ""), 405, "method_not_allowed")
	}
	wantProblem(t, w.send("GET", "//x", nil, ""), 429, "rate_limited")
	if strings.Contains(w.audit.String(), `"M1"`) {
		t.Errorf("%s", w.audit)
	}
}

// deaf is a store that cannot be reached.
type deaf struct{}

func (deaf) Take(context.Context, ratelimit.Key, ratelimit.Limit, int) (ratelimit.Decision, error) {
	return ratelimit.Decision{}, errors.New("dial tcp 10.0.0.1:6379: refused")
}

// TestNoCounting: while nothing can be counted, nothing is let in.
func TestNoCounting(t *testing.T) {
	w := newWorld(t, api(), func(c *sallyport.Config) {
		c.Limits, c.LimitSecret = deaf{}, secret.NewBytes(make([]byte, 32))
	})
	res := w.send("GET", "/notes", as("u1"), "")
	wantProblem(t, res, 503, "unavailable")
	if res.Header.Get("Retry-After") == "" || strings.Join(w.events(), ",") != "sp_overload" {
		t.Errorf("%v %q", res.Header, w.events())
	}
}
