package sallyport_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/account"
)

// TestRealm: every challenge names one realm, whichever part of the program answers: the
// Gate's, or without a Gate the accounts' own.
func TestRealm(t *testing.T) {
	own := func(realm string) func(*account.Config) {
		return func(c *account.Config) { c.Realm = realm }
	}
	behind := func(realm, accountsRealm string) http.Handler {
		accounts := newAccounts(t, own(accountsRealm))
		return newWorld(t, api(), func(c *sallyport.Config) { c.Issuers, c.Accounts, c.Realm = nil, accounts, realm }).Handler
	}
	for _, c := range []struct {
		name    string
		handler http.Handler
		want    string
	}{
		{"a Gate", behind("notes", ""), "notes"},
		{"a Gate, and accounts that name another", behind("notes", "vault"), "notes"},
		{"a Gate that names none", behind("", ""), "api"},
		{"a Gate that names none, and accounts that do", behind("", "vault"), "api"},
		{"accounts alone", newAccounts(t, own("vault")), "vault"},
		{"accounts alone that name none", newAccounts(t), "api"},
		{"the API for administrators", newAccounts(t, own("vault")).Admin(), "vault"},
	} {
		requests := administrative
		if c.name != "the API for administrators" {
			requests = challenged(loggedIn(t, c.handler))
		}
		for _, one := range requests {
			want := strings.Replace(one.want, "REALM", c.want, 1)
			res := one.send(c.handler)
			if got := res.Header.Values("WWW-Authenticate"); res.StatusCode != one.status || len(got) != 1 || got[0] != want {
				t.Errorf("%s: %s %s: %d %q, want %d %q", c.name, one.method, one.target, res.StatusCode, got, one.status, want)
			}
		}
	}
}

// challenge is a request, and the challenge in its answer.
type challenge struct {
	method, target, auth, body string
	status                     int
	want                       string
}

func (c *challenge) send(h http.Handler) *http.Response {
	r := httptest.NewRequest(c.method, c.target, strings.NewReader(c.body))
	r.Host = "api.example"
	r.Header.Set("Content-Type", "application/json")
	if strings.HasPrefix(c.body, "token=") {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if c.auth != "" {
		r.Header.Set("Authorization", c.auth)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// challenged returns one request for every challenge of the accounts; access is ada's.
func challenged(access string) []challenge {
	const wrong = `{"username":"ada","password":"wrong-horse-41-battery"}`
	return []challenge{
		{"POST", "/auth/login", "", wrong, 401, `Bearer realm="REALM"`},
		{"POST", "/auth/mfa/totp/verify", "", `{"mfa_token":"spt_x","code":"123456"}`, 401, `Bearer realm="REALM"`},
		{"GET", "/auth/me", "", "", 401, `Bearer realm="REALM"`},
		{"GET", "/auth/me", "Basic YTpi", "", 401, `Bearer realm="REALM"`},
		{"GET", "/auth/me", "Bearer  x", "", 400, `Bearer realm="REALM", error="invalid_request"`},
		{"GET", "/auth/me", "Bearer x", "", 401, invalidToken},
		{"POST", "/auth/reauth", access, `{"password":"wrong"}`, 401, `Bearer realm="REALM"`},
		{"POST", "/auth/introspect", access, "token=x", 403, `Bearer realm="REALM", error="insufficient_scope", scope="introspect"`},
	}
}

// administrative are those of the API for administrators.
var administrative = []challenge{
	{"GET", "/admin/api/users", "", "", 401, `Bearer realm="REALM"`},
	{"GET", "/admin/api/users", "Bearer x", "", 401, invalidToken},
}

const invalidToken = `Bearer realm="REALM", error="invalid_token", error_description="The token is not valid"`

// loggedIn registers ada and returns her Authorization field.
func loggedIn(t *testing.T, h http.Handler) string {
	t.Helper()
	const password = `"password":"` + goodPW + `"}`
	register := challenge{method: "POST", target: "/auth/register", body: `{"username":"ada","email":"ada@example.com",` + password}
	register.send(h)
	login := challenge{method: "POST", target: "/auth/login", body: `{"username":"ada",` + password}
	var tokens account.Tokens
	if err := json.UnmarshalRead(login.send(h).Body, &tokens); err != nil || tokens.AccessToken == "" {
		t.Fatalf("cannot log in: %v", err)
	}
	return "Bearer " + tokens.AccessToken
}
