package sallyport_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport"
)

// TestUnreadClaims: a claim in a form that is not read keeps nobody out of a route that needs
// nothing of it, opens no route that does, and is named in the audit log.
func TestUnreadClaims(t *testing.T) {
	routes := func(c *sallyport.Config) {
		c.Issuers = append(c.Issuers[:0], foreignIssuer())
		c.Routes = []sallyport.Route{
			{Pattern: "GET /role", Roles: []string{"admin"}},
			{Pattern: "GET /scope", Scopes: []string{"write"}},
			{Pattern: "GET /second", SecondFactor: true},
			{Pattern: "GET /recent", MaxAuthAge: time.Minute},
		}
	}
	objects := []any{map[string]any{"name": "admin", "write": true, "method": "otp"}}
	for _, row := range []struct {
		path, claim string
		value       any
		status      int
		reason      string
	}{
		{"/role", "roles", objects, 403, "authz: no role fits; not read of the token: roles item 1 must be a string, and is an object"},
		{"/role", "roles", "admin", 200, ""},
		{"/role", "roles", map[string]any{"admin": true}, 200, ""},
		{"/role", "roles", map[string]any{"admin": map[string]any{"1": "x"}}, 403,
			"authz: no role fits; not read of the token: roles member 1 must be true or false, and is an object"},
		{"/role", "roles", map[string]any{"admin": false}, 403, "authz: no role fits"},
		{"/role", "roles", "store admin", 403, "authz: no role fits"},
		{"/scope", "scope", objects, 403, "authz: a scope is missing; not read of the token: scope item 1 must be a string, and is an object"},
		{"/scope", "scope", []string{"read", "write"}, 200, ""},
		{"/scope", "scope", []string{"read write"}, 403, "authz: a scope is missing"},
		{"/second", "amr", objects, 401, "insufficient_user_authentication"},
		{"/second", "amr", 7, 401, "insufficient_user_authentication; not read of the token: amr must be a string, and is a number"},
		{"/second", "amr", "mfa", 200, ""},
		{"/recent", "auth_time", "0", 401, "insufficient_user_authentication; not read of the token: auth_time must be a number, and is a string"},
		{"/recent", "auth_time", time.Now().Unix(), 200, ""},
	} {
		w := newWorld(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), routes)
		fields := bearer(forge(goodHead, claims(map[string]any{row.claim: row.value})))
		if res := w.send("GET", "/anything", fields, ""); res.StatusCode != 200 {
			t.Errorf("%s %v: %d on a route that needs nothing of it", row.claim, row.value, res.StatusCode)
		}
		w.audit.Reset()
		if res := w.send("GET", row.path, fields, ""); res.StatusCode != row.status {
			t.Errorf("%s %v: %d, want %d", row.claim, row.value, res.StatusCode, row.status)
		}
		if log := w.audit.String(); row.reason != "" && !strings.Contains(log, `"reason":"`+row.reason+`"`) {
			t.Errorf("%s %v: no reason %q in %s", row.claim, row.value, row.reason, log)
		}
	}
}

// TestTokenSize: a token of 200 groups is read, with as many other fields as a browser sends;
// one that is over the bound is not, and the fields beside it have a bound of their own.
func TestTokenSize(t *testing.T) {
	groups := strings.Split(strings.TrimSuffix(strings.Repeat("7d1f9c3e-0c52-4b2e-9c2b-2f6a0e6b7a11,", 200), ","), ",")
	for _, row := range []struct {
		name   string
		most   int
		extra  int // bytes of another claim
		cookie int
		status int
	}{
		{"200 groups", 0, 0, 15 << 10, 200},
		{"over 16 KiB", 0, 8 << 10, 0, 401},
		{"over 16 KiB, raised", 32 << 10, 8 << 10, 15 << 10, 200},
		{"200 groups, lowered", 8 << 10, 0, 0, 401},
		{"too many other fields", 0, 0, 24 << 10, 431},
	} {
		w := newWorld(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), func(c *sallyport.Config) {
			c.Issuers, c.MaxToken = append(c.Issuers[:0], foreignIssuer()), row.most
		})
		fields := bearer(forge(goodHead, claims(map[string]any{"groups": groups, "x": strings.Repeat("x", row.extra)})))
		fields.Set("Cookie", "a="+strings.Repeat("c", row.cookie))
		if res := w.send("GET", "/notes", fields, ""); res.StatusCode != row.status {
			t.Errorf("%s: %d, want %d", row.name, res.StatusCode, row.status)
		}
	}
	cfg := sallyport.Config{MaxToken: 1 << 20, TokenLeeway: time.Hour}
	cfg.Issuers = append(cfg.Issuers, foreignIssuer())
	_, err := sallyport.New(cfg)
	for _, want := range []string{"MaxSize", "Leeway"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %s in: %v", want, err)
		}
	}
}
