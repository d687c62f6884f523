package sallyport_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/cors"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/token"
)

// TestNewRefuses is what cannot be meant, one thing at a time.
func TestNewRefuses(t *testing.T) {
	hmac := func(text string) []token.Issuer {
		return []token.Issuer{{Name: issuerName, Audiences: []string{apiName}, Keys: []token.Key{{Algorithm: token.HS256, Secret: secret.NewBytes([]byte(text))}}}}
	}
	route := func(r sallyport.Route) func(*sallyport.Config) {
		return func(c *sallyport.Config) { c.Routes = []sallyport.Route{r} }
	}
	quotas := func(list ...sallyport.Quota) func(*sallyport.Config) {
		return func(c *sallyport.Config) { c.Quotas = list }
	}
	for _, c := range []struct {
		name   string
		change func(*sallyport.Config)
		want   string
	}{
		{"nobody to make tokens", func(c *sallyport.Config) { c.Issuers = nil }, "Accounts"},
		{"ignoring what there is not", func(c *sallyport.Config) { c.InsecureIgnoreOpenAPISecurity = true }, "InsecureIgnoreOpenAPISecurity"},
		{"public and scoped", route(sallyport.Route{Pattern: "GET /a", Public: true, Scopes: []string{"x"}}), "Routes[0].Public"},
		{"public with a second factor", route(sallyport.Route{Pattern: "GET /a", Public: true, SecondFactor: true}), "Routes[0].Public"},
		{"a login in no time", route(sallyport.Route{Pattern: "GET /a", MaxAuthAge: time.Millisecond}), "Routes[0].MaxAuthAge"},
		{"a cache of less than nothing to speak of", func(c *sallyport.Config) { c.TokenCache = 1 }, "TokenCache"},
		{"public and for a role", route(sallyport.Route{Pattern: "GET /a", Public: true, Roles: []string{"x"}}), "Routes[0].Public"},
		{"public and owned", route(sallyport.Route{Pattern: "GET /a/{id}", Public: true, Owner: "id"}), "Routes[0].Public"},
		{"everybody, with credentials", func(c *sallyport.Config) { c.CORS = cors.Config{Origins: []string{"*"}, Credentials: true} }, "CORS"},
		{"origin null", func(c *sallyport.Config) { c.CORS = cors.Config{Origins: []string{"null"}} }, "CORS"},
		{"the guide's key", func(c *sallyport.Config) { c.Issuers = hmac("your_secret_key") }, "Keys[0]"},
		{"HMAC key of 31 bytes", func(c *sallyport.Config) { c.Issuers = hmac("\x01\xff2345678901234567890123456789x") }, "Keys[0]"},
		{"a well-known HMAC key", func(c *sallyport.Config) { c.Issuers = hmac("your-256-bit-secret-your-256-bit-secret") }, "Keys[0]"},
		{"everybody is a proxy", func(c *sallyport.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")} }, "TrustedProxies"},
		{"every IPv6 address is a proxy", func(c *sallyport.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("::/0")} }, "TrustedProxies"},
		{"a limit nobody can read", func(c *sallyport.Config) { c.Limit = "many" }, "Limit"},
		{"a limit of none", func(c *sallyport.Config) { c.Limit = "0 per 15m" }, "Limit"},
		{"limit and no limit", func(c *sallyport.Config) { c.Limit, c.InsecureUnlimited = "1 per 1m", true }, "InsecureUnlimited"},
		{"a shared store without a secret", func(c *sallyport.Config) { c.Limits = deaf{} }, "LimitSecret"},
		{"a short secret", func(c *sallyport.Config) { c.LimitSecret = secret.NewBytes([]byte("0123456789")) }, "LimitSecret"},
		{"a quota without a name", quotas(sallyport.Quota{Limit: "1 per 1h"}), "Name"},
		{"a quota of another's name", quotas(sallyport.Quota{Name: "client", Limit: "1 per 1h"}), "Quotas[0].Name"},
		{"two quotas of one name", quotas(sallyport.Quota{Name: "q", Limit: "1 per 1h"}, sallyport.Quota{Name: "q", Limit: "2 at once"}), "Quotas[1].Name"},
		{"a quota of nothing", quotas(sallyport.Quota{Name: "q"}), "Quotas[0].Limit"},
		{"a quota nobody can read", quotas(sallyport.Quota{Name: "q", Limit: "many at once"}), "Quotas[0].Limit"},
		{"none at once", quotas(sallyport.Quota{Name: "q", Limit: "0 at once"}), "Quotas[0]"},
		{"bytes at once", quotas(sallyport.Quota{Name: "q", Limit: "10 bytes at once"}), "Quotas[0].Limit"},
		{"bytes in a bucket without a window", quotas(sallyport.Quota{Name: "q", Limit: "10 bytes"}), "Quotas[0].Limit"},
		{"a key nobody knows", quotas(sallyport.Quota{Name: "q", Limit: "1 per 1h", By: []string{"header"}}), "Quotas[0].By"},
		{"a key twice", quotas(sallyport.Quota{Name: "q", Limit: "1 per 1h", By: []string{"route", "route"}}), "Quotas[0].By"},
		{"a claim nobody keeps", quotas(sallyport.Quota{Name: "q", Limit: "1 per 1h", By: []string{"claim:org"}}), "Quotas[0].By"},
		{"a claim without a name", quotas(sallyport.Quota{Name: "q", Limit: "1 per 1h", By: []string{"claim:"}}), "Quotas[0].By"},
		{"too many quotas", quotas(make([]sallyport.Quota, 17)...), "Quotas"},
		{"a cost of less than nothing", route(sallyport.Route{Pattern: "GET /a", Cost: -1}), "Routes[0].Cost"},
		{"a cost above the limit", route(sallyport.Route{Pattern: "GET /a", Cost: 101}), "Routes[0].Cost"},
		{"a cost above the route's limit", route(sallyport.Route{Pattern: "GET /a", Cost: 9, Limit: "8 per 1h"}), "Routes[0].Cost"},
		{"no pattern", route(sallyport.Route{}), "Routes[0].Pattern"},
		{"a pattern nobody can read", route(sallyport.Route{Pattern: "GET notes"}), "Routes[0].Pattern"},
		{"one pattern twice", func(c *sallyport.Config) {
			c.Routes = []sallyport.Route{{Pattern: "GET /a", Public: true}, {Pattern: "GET /a"}}
		}, "Routes[1].Pattern"},
		{"two patterns of which none is more specific", func(c *sallyport.Config) {
			c.Routes = []sallyport.Route{{Pattern: "/a/{x}", Public: true}, {Pattern: "/{x}/b"}}
		}, "Routes[1].Pattern"},
		{"an owner the path does not name", route(sallyport.Route{Pattern: "GET /users/{id}", Owner: "user"}), "Routes[0].Owner"},
		{"an owner among two issuers", func(c *sallyport.Config) {
			second := foreignIssuer()
			second.Name = "https://other.example"
			c.Issuers = append(c.Issuers, second)
			c.Routes = []sallyport.Route{{Pattern: "GET /users/{id}", Owner: "id"}}
		}, "Routes[0].Owner"},
		{"a scope with a space", route(sallyport.Route{Pattern: "GET /a", Scopes: []string{"a b"}}), "Routes[0]"},
		{"a negative size", func(c *sallyport.Config) { c.MaxBody = -1 }, "MaxBody"},
		{"a realm with a quote", func(c *sallyport.Config) { c.Realm = `a", error="` }, "Realm"},
		{"a security header with a line feed", func(c *sallyport.Config) { c.Headers.Set = map[string]string{"X-A": "a\r\nX-B: c"} }, "Headers"},
	} {
		cfg := sallyport.Config{Issuers: []token.Issuer{foreignIssuer()}}
		c.change(&cfg)
		_, err := sallyport.New(cfg)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), ".go:") {
			t.Errorf("%s: %v, want a word of %s", c.name, err, c.want)
		}
	}
}

func TestNewSaysEverything(t *testing.T) {
	_, err := sallyport.New(sallyport.Config{
		Limit:          "many",
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")},
		CORS:           cors.Config{Origins: []string{"*"}, Credentials: true},
		Routes:         []sallyport.Route{{Pattern: "GET /a", Public: true, Scopes: []string{"x"}}, {Pattern: "nothing"}},
		Realm:          `"`,
	})
	for _, want := range []string{"Limit", "TrustedProxies", "CORS", "Routes[0].Public", "Routes[1].Pattern", "Realm", "Accounts"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %s", want)
		}
	}
	if e, ok := errors.AsType[*sallyport.ConfigError](err); !ok || e.Reason == "" {
		t.Errorf("%v", err)
	}
	t.Log(err)
}

// TestConfigIsCopied: changing a Config later changes no Gate.
func TestConfigIsCopied(t *testing.T) {
	list := []sallyport.Route{{Pattern: "GET /admin", Roles: []string{"admin"}}}
	w := newWorld(t, api(), func(c *sallyport.Config) { c.Routes = list })
	list[0].Roles[0], list[0].Public = "user", true
	wantProblem(t, w.send("GET", "/admin", as("u1"), ""), 403, "forbidden")
}

func TestOnlyPublic(t *testing.T) {
	w := newWorld(t, api(), func(c *sallyport.Config) {
		c.Issuers, c.Routes = nil, []sallyport.Route{{Pattern: "GET /health", Public: true}}
	})
	if res := w.send("GET", "/health", nil, ""); res.StatusCode != 200 {
		t.Error(res.StatusCode)
	}
	wantProblem(t, w.send("GET", "/notes", as("u1"), ""), 401, "invalid_token")
}

func TestUnlimited(t *testing.T) {
	w := newWorld(t, api(), func(c *sallyport.Config) { c.InsecureUnlimited = true })
	for range 1100 {
		if res := w.send("GET", "/notes", nil, ""); res.StatusCode != 401 || res.Header.Get("Ratelimit") != "" {
			t.Fatal(res.StatusCode, res.Header)
		}
	}
}

func TestNoHandler(t *testing.T) {
	w := newWorld(t, nil, nil)
	wantProblem(t, w.send("GET", "/anything", as("u1"), ""), 404, "not_found")
}
