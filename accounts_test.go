package sallyport_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/sqlite"
	"github.com/sallyport-dev/sallyport/password"
	"github.com/sallyport-dev/sallyport/secret"
)

const (
	ownIssuer = "https://api.example"
	goodPW    = "correct-horse-41-battery"
)

var ownSecret = secret.NewBytes([]byte("0123456789abcdef0123456789ABCDEF"))

// newAccounts opens accounts in a fresh file, with hashes that cost nothing.
func newAccounts(t testing.TB, change ...func(*account.Config)) *account.Accounts {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "accounts.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	hasher, err := password.New(password.Config{Memory: 64, Time: 1, InsecureWeakParameters: true})
	if err != nil {
		t.Fatal(err)
	}
	cfg := account.Config{Store: store, Issuer: ownIssuer, Secret: ownSecret, Passwords: hasher}
	for _, f := range change {
		f(&cfg)
	}
	a, err := account.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// withAccounts is a world with accounts of its own beside the foreign issuer.
func withAccounts(t testing.TB, change ...func(*account.Config)) *world {
	accounts := newAccounts(t, change...)
	return newWorld(t, api(), func(c *sallyport.Config) {
		routes(c)
		c.Routes = slices.DeleteFunc(c.Routes, func(r sallyport.Route) bool { return r.Owner != "" }) // there are two issuers
		c.Accounts = accounts
	})
}

var asJSON = http.Header{"Content-Type": {"application/json"}}

// signUp registers and logs in.
func (w *world) signUp(name string) (access, refresh string) {
	w.Helper()
	if res := w.send("POST", "/auth/register", asJSON, `{"username":"`+name+`","email":"`+name+`@example.com","password":"`+goodPW+`"}`); res.StatusCode != 201 {
		w.Fatalf("%d %s", res.StatusCode, read(res))
	}
	return w.logIn(name)
}

func (w *world) logIn(name string) (access, refresh string) {
	w.Helper()
	res := w.send("POST", "/auth/login", asJSON, `{"username":"`+name+`","password":"`+goodPW+`"}`)
	var tokens account.Tokens
	if err := json.UnmarshalRead(res.Body, &tokens); err != nil || res.StatusCode != 200 {
		w.Fatalf("%d %v", res.StatusCode, err)
	}
	wantFields(w, res.Header)
	return tokens.AccessToken, tokens.RefreshToken
}

// TestAccountsBehindTheGate is the life of an account as its user sees it.
func TestAccountsBehindTheGate(t *testing.T) {
	w := withAccounts(t)
	access, refresh := w.signUp("ada")
	if res := w.send("GET", "/auth/me", bearer(access), ""); res.StatusCode != 200 || !strings.Contains(read(res), `"ada@example.com"`) {
		t.Error(res.StatusCode)
	}
	if res := w.send("GET", "/notes", bearer(access), ""); res.StatusCode != 200 || len(read(res)) != 36 {
		t.Error(res.StatusCode)
	}
	if res := w.send("POST", "/auth/refresh", asJSON, `{"refresh_token":"`+refresh+`"}`); res.StatusCode != 200 {
		t.Error(res.StatusCode)
	}
	if res := w.send("POST", "/auth/logout", bearer(access), ""); res.StatusCode != 204 {
		t.Error(res.StatusCode)
	}
	wantProblem(t, w.send("GET", "/notes", bearer(access), ""), 401, "invalid_token")
	want := "user_created,authn_login_success,session_renewed,session_logout,session_use_after_expire"
	if got := strings.Join(w.events(), ","); got != want {
		t.Errorf("events %s, want %s", got, want)
	}
	for _, leak := range []string{goodPW, access, refresh, "spr_", "eyJ"} {
		if strings.Contains(w.audit.String(), leak) {
			t.Errorf("the audit log holds %.12s…", leak)
		}
	}
}

func TestAccountErrors(t *testing.T) {
	w := withAccounts(t)
	w.signUp("ada")
	for _, c := range []struct {
		name, method, target string
		fields               http.Header
		body                 string
		status               int
		code                 string
	}{
		{"wrong password", "POST", "/auth/login", asJSON, `{"username":"ada","password":"x"}`, 401, "invalid_credentials"},
		{"unknown user", "POST", "/auth/login", asJSON, `{"username":"eve","password":"x"}`, 401, "invalid_credentials"},
		{"bad body", "POST", "/auth/login", asJSON, `{`, 400, "malformed_json"},
		{"a form", "POST", "/auth/login", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, `username=ada`, 415, "unsupported_media_type"},
		{"me, no token", "GET", "/auth/me", nil, "", 401, "no_credentials"},
		{"me of another issuer", "GET", "/auth/me", as("u1"), "", 403, "foreign_token"},
		{"another address", "GET", "/auth/other", as("u1"), "", 404, "not_found"},
		{"another address, no token", "GET", "/auth/other", nil, "", 401, "no_credentials"},
		{"another method", "GET", "/auth/login", nil, "", 405, "method_not_allowed"},
	} {
		t.Log(c.name)
		wantProblem(t, w.send(c.method, c.target, c.fields, c.body), c.status, c.code)
	}
}

// TestReserved: no route of the handler behind takes an address of the accounts.
func TestReserved(t *testing.T) {
	for _, pattern := range []string{"GET /auth/me", "/auth/", "/auth", "GET /auth/other", "/.well-known/jwks.json"} {
		_, err := sallyport.New(sallyport.Config{Accounts: newAccounts(t), Routes: []sallyport.Route{{Pattern: pattern, Public: true}}})
		if err == nil || !strings.Contains(err.Error(), "Routes[0].Pattern") {
			t.Errorf("%s: %v", pattern, err)
		}
	}
}

// TestLoginLimit: the account's own limit shows beside the Gate's.
func TestLoginLimit(t *testing.T) {
	w := withAccounts(t, func(c *account.Config) { c.LoginLimit = "20 per 10m" })
	for i := range 20 {
		wantProblem(t, w.send("POST", "/auth/login", asJSON, fmt.Sprintf(`{"username":"eve%d","password":"x"}`, i)), 401, "invalid_credentials")
	}
	res := w.send("POST", "/auth/login", asJSON, `{"username":"eve","password":"x"}`)
	if p := wantProblem(t, res, 429, "rate_limited"); p.Violated[0] != "login" {
		t.Errorf("%+v", p)
	}
	if got := res.Header.Get("Ratelimit-Policy"); got != `"default";q=100;w=900, "login";q=20;w=600` {
		t.Error(got)
	}
}

// TestLogoutWhenLimited: whoever has used up their limit can still log out.
func TestLogoutWhenLimited(t *testing.T) {
	accounts := newAccounts(t)
	w := newWorld(t, api(), func(c *sallyport.Config) { c.Accounts, c.Limit = accounts, "3 per 1h" })
	access, _ := w.signUp("ada")
	for range 3 {
		w.send("GET", "/notes", bearer(access), "")
	}
	wantProblem(t, w.send("GET", "/notes", bearer(access), ""), 429, "rate_limited")
	if res := w.send("POST", "/auth/logout", bearer(access), ""); res.StatusCode != 204 {
		t.Error(res.StatusCode)
	}
}

// TestTenants: addresses of the accounts are in nobody's way.
func TestTenants(t *testing.T) {
	mux := api()
	accounts := newAccounts(t)
	w := newWorld(t, mux, func(c *sallyport.Config) {
		c.Accounts = accounts
		c.Routes = []sallyport.Route{{Pattern: "GET /{org}/repos", Public: true}, {Pattern: "GET /{path...}", Public: true}, {Pattern: "GET /.well-known/other"}}
	})
	wantProblem(t, w.send("GET", "/auth/me", nil, ""), 401, "no_credentials")
	wantProblem(t, w.send("GET", "/auth/repos", nil, ""), 401, "no_credentials")
	wantProblem(t, w.send("GET", "/acme/repos", nil, ""), 404, "not_found")
	if res := w.send("GET", "/.well-known/jwks.json", nil, ""); res.StatusCode != 200 {
		t.Error(res.StatusCode)
	}
}
