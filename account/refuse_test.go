package account_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/password"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/token"
)

// TestRefused is every bad request and its answer.
func TestRefused(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	access, _ := w.login()
	long := strings.Repeat("a", 5000)
	for _, c := range []struct {
		name, method, path, bearer, body string
		status                           int
		want                             string // part of the body
	}{
		{"name taken, in another case", "POST", "/auth/register", "", `{"username":"aDA","email":"x@example.com","password":"` + adasPW + `"}`, 409, "account_exists"},
		{"address taken, in another case", "POST", "/auth/register", "", `{"username":"bob","email":"ADA@EXAMPLE.COM","password":"` + adasPW + `"}`, 409, "account_exists"},
		{"everything wrong at once", "POST", "/auth/register", "", `{"username":"a","email":"b","password":"c"}`, 422, `"/password"`},
		{"everything wrong, the name too", "POST", "/auth/register", "", `{"username":"a","email":"b","password":"c"}`, 422, `"/username"`},
		{"name with @", "POST", "/auth/register", "", `{"username":"bob@example.com","email":"b@example.com","password":"` + adasPW + `"}`, 422, "pattern"},
		{"name with a letter that looks alike", "POST", "/auth/register", "", `{"username":"аdа","email":"b@example.com","password":"` + adasPW + `"}`, 422, "pattern"},
		{"name with NUL", "POST", "/auth/register", "", `{"username":"bob\u0000","email":"b@example.com","password":"` + adasPW + `"}`, 422, "pattern"},
		{"password among the common ones", "POST", "/auth/register", "", `{"username":"bob","email":"b@example.com","password":"password12345"}`, 422, "common"},
		{"password with the name in it", "POST", "/auth/register", "", `{"username":"bobby","email":"b@example.com","password":"bobby-bobby-1"}`, 422, "/password"},
		{"asking for a role", "POST", "/auth/register", "", `{"username":"bob","email":"b@example.com","password":"` + adasPW + `","roles":["admin"]}`, 422, "unknown_member"},
		{"a member twice", "POST", "/auth/register", "", `{"username":"bob","username":"eve","email":"b@example.com","password":"` + adasPW + `"}`, 400, "duplicate_member"},
		{"a long body", "POST", "/auth/register", "", `{"username":"` + long + long + `"}`, 413, "body_too_large"},
		{"a long password", "POST", "/auth/login", "", `{"username":"ada","password":"` + long + `"}`, 422, "too_long"},
		{"both names", "POST", "/auth/login", "", `{"username":"ada","email":"ada@example.com","password":"` + adasPW + `"}`, 422, "one_of"},
		{"no name", "POST", "/auth/login", "", `{"password":"` + adasPW + `"}`, 422, "one_of"},
		{"not JSON", "POST", "/auth/login", "", `username=ada`, 400, "malformed_json"},
		{"no body", "POST", "/auth/login", "", ``, 415, "unsupported"},
		{"name of another type", "POST", "/auth/login", "", `{"username":{"$ne":""},"password":"` + adasPW + `"}`, 422, "wrong_type"},
		{"SQL", "POST", "/auth/login", "", `{"username":"' OR 1=1--","password":"` + adasPW + `"}`, 401, "invalid_credentials"},
		{"refresh: an access token", "POST", "/auth/refresh", "", `{"refresh_token":"` + access[:128] + `"}`, 400, "invalid_grant"},
		{"refresh: unknown", "POST", "/auth/refresh", "", `{"refresh_token":"spr_` + strings.Repeat("A", 43) + `"}`, 400, "invalid_grant"},
		{"refresh: spare bits", "POST", "/auth/refresh", "", `{"refresh_token":"spr_` + strings.Repeat("A", 42) + `B"}`, 400, "invalid_grant"},
		{"logout without a token", "POST", "/auth/logout", "", ``, 401, "no_credentials"},
		{"me with a broken token", "GET", "/auth/me", access + "x", ``, 401, "invalid_token"},
		{"login by GET", "GET", "/auth/login", "", ``, 405, "method_not_allowed"},
		{"me by POST", "POST", "/auth/me", access, ``, 405, "method_not_allowed"},
		{"another path", "GET", "/auth/admin", access, ``, 404, "not_found"},
		{"slash at the end", "GET", "/auth/me/", access, ``, 404, "not_found"},
		{"another case", "GET", "/AUTH/me", access, ``, 404, "not_found"},
	} {
		status, body, _ := w.call(c.method, c.path, c.bearer, c.body)
		if status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %s, want %d and %s", c.name, status, body, c.status, c.want)
		}
		if strings.Contains(body, adasPW) || strings.Contains(body, "password12345") {
			t.Errorf("%s: the answer shows a password", c.name)
		}
	}
}

// TestSameAnswer: whoever asks cannot tell an unknown user from a wrong password, a
// disabled user included.
func TestSameAnswer(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	add(t, w.Accounts, "gone")
	if _, err := w.SetDisabled(t.Context(), "gone", true); err != nil {
		t.Fatal(err)
	}
	_, want, _ := w.call("POST", "/auth/login", "", `{"username":"nobody","password":"`+adasPW+`"}`)
	for _, login := range []string{`"username":"ada","password":"wrong-wrong-wrong"`, `"email":"ada@example.com","password":"x"`, `"username":"gone","password":"` + adasPW + `"`} {
		if status, got, _ := w.call("POST", "/auth/login", "", "{"+login+"}"); status != 401 || got != want {
			t.Errorf("%s: %d %s, want %s", login, status, got, want)
		}
	}
}

// TestSameWork: an unknown user costs a hash, like everyone else. While the only place
// to hash is taken, both are turned away.
func TestSameWork(t *testing.T) {
	h, err := password.New(password.Config{Memory: 64 << 10, Time: 16, Concurrency: 1, Queue: -1})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(c *account.Config) { c.Passwords = h; c.LoginLimit = "1000 per 1m" })
	w.register()
	for _, name := range []string{"ada", "nobody"} {
		busy := make(chan int)
		for range 2 {
			go func() {
				status, _, _ := w.call("POST", "/auth/login", "", `{"username":"`+name+`","password":"wrong-wrong"}`)
				busy <- status
			}()
		}
		if a, b := <-busy, <-busy; a+b != 401+503 {
			t.Errorf("%s: %d and %d, want one 401 and one 503", name, a, b)
		}
	}
}

// TestPasswordRules: the same rules wherever a password is set, before anybody is looked
// up, so that what they say is no different for a name that is taken.
func TestPasswordRules(t *testing.T) {
	w := newWorld(t, func(c *account.Config) {
		withMail(c)
		c.App, c.RegisterLimit = "Kowloon Freight", "1000 per 1h"
	})
	add(t, w.Accounts, "zbigniew")
	_, said := w.loginAs("zbigniew", adasPW)
	access := said["access_token"].(string)
	w.mustCall(202, "POST", "/auth/password/forgot", "", body("email", "zbigniew@example.com"))
	reset := w.token("zbigniew@example.com", "new password")
	for pw, code := range map[string]string{
		"kvqzrwmhtbx": "too_short", "password2026": "common", "qwertyuiop12": "common", "kowloonfreight1": "contains_context",
		"K0wl00nFr31ght": "contains_context", "sallyport2026": "contains_context",
		strings.Repeat("x", 257): "too_long",
	} {
		register := func(name string) string {
			status, text, _ := w.call("POST", "/auth/register", "", body("username", name, "email", name+"@example.com", "password", pw))
			if status != 422 || !strings.Contains(text, code) {
				t.Errorf("register with %.20s: %d %s", pw, status, text)
			}
			return text
		}
		taken := register("zbigniew")
		if free := register("zbigniewa"); free != taken {
			t.Errorf("%.20s: %s for a free name, %s for one that is taken", pw, free, taken)
		}
		for path, in := range map[string]string{
			"/auth/password/change": body("current_password", adasPW, "new_password", pw), "/auth/password/reset": body("token", reset, "password", pw),
		} {
			if status, text, _ := w.call("POST", path, access, in); status != 422 || !strings.Contains(text, code) {
				t.Errorf("%s to %.20s: %d %s", path, pw, status, text)
			}
		}
		_, err := w.Add(t.Context(), account.NewUser{Username: "zbigniewa", Email: "zbigniew@example.org", Password: secret.New(pw)})
		if invalid, ok := errors.AsType[*account.InvalidUser](err); !ok || invalid.Fields[0].Code != code {
			t.Errorf("adding with %.20s: %v", pw, err)
		}
	}
	for _, pw := range []string{"kvqzrwmhtbxd", "  spaces kept  ", "kdmrtvhzpqwsxbnfjglc", "🐙🧦🪁🥨🛶🎺🧀🌵🪵🛎🧭🪗"} {
		status, text, _ := w.call("POST", "/auth/register", "", body("username", fmt.Sprint("user", len(pw)), "email", "x@example.net", "password", pw))
		if status != 202 {
			t.Errorf("%s: %d %s", pw, status, text)
		}
	}
}

// TestBreached: a password that is out is refused wherever one is set, after the limits and
// never at a login; what cannot be looked up is taken.
func TestBreached(t *testing.T) {
	asked, fail := 0, error(nil)
	var log bytes.Buffer
	w := newWorld(t, func(c *account.Config) {
		withMail(c)
		c.RegisterLimit, c.ErrorLog = "10 per 1h", slog.New(slog.NewTextHandler(&log, nil))
		c.Breached = func(_ context.Context, pw secret.String) (bool, error) {
			asked++
			return pw.Reveal() == newPW && fail == nil, fail
		}
	})
	add(t, w.Accounts, "ada")
	access, _ := w.login()
	w.mustCall(202, "POST", "/auth/password/forgot", "", body("email", "ada@example.com"))
	reset := w.token("ada@example.com", "new password")
	if asked != 1 {
		t.Errorf("asked %d times for one user", asked)
	}
	for path, in := range map[string]string{
		"/auth/register":        body("username", "bob", "email", "bob@example.com", "password", newPW),
		"/auth/password/change": body("current_password", adasPW, "new_password", newPW), "/auth/password/reset": body("token", reset, "password", newPW),
	} {
		if status, text, _ := w.call("POST", path, access, in); status != 422 || !strings.Contains(text, `"breached"`) {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	_, err := w.Add(t.Context(), account.NewUser{Username: "bob", Email: "bob@example.com", Password: secret.New(newPW)})
	if invalid, ok := errors.AsType[*account.InvalidUser](err); !ok || invalid.Fields[0].Code != "breached" {
		t.Errorf("%v", err)
	}
	for range 20 {
		w.call("POST", "/auth/register", "", body("username", "bob", "email", "bob@example.com", "password", newPW))
	}
	if asked > 14 {
		t.Errorf("asked %d times, past the limit", asked)
	}
	fail = errors.New("the list is down")
	w.mustCall(204, "POST", "/auth/password/reset", "", body("token", reset, "password", newPW))
	if !strings.Contains(log.String(), "the list is down") || strings.Contains(log.String(), newPW) {
		t.Errorf("the log: %s", log.String())
	}
}

func TestLimits(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { c.LoginLimit = "30 per 10m" })
	for i := range 31 {
		r := httptest.NewRequest("POST", "/auth/login", strings.NewReader(fmt.Sprintf(`{"username":"nobody%d","password":"x"}`, i)))
		r.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, r)
		if i < 30 && rec.Code != 401 || i == 30 && (rec.Code != 429 || rec.Header().Get("Retry-After") == "") {
			t.Fatalf("attempt %d: %d %v", i, rec.Code, rec.Header())
		}
		if got := rec.Header().Get("Ratelimit-Policy"); got != `"login";q=30;w=600` {
			t.Fatal(got)
		}
	}
	body := func(i int) string {
		return `{"username":"user` + strings.Repeat("x", i) + `","email":"u` + strings.Repeat("x", i) + `@example.com","password":"` + adasPW + `"}`
	}
	for i := range 20 {
		w.mustCall(201, "POST", "/auth/register", "", body(i))
	}
	w.mustCall(429, "POST", "/auth/register", "", body(21))
}

func TestClosedRegistration(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { c.Registration = account.RegistrationClosed })
	w.mustCall(403, "POST", "/auth/register", "", `{"username":"ada","email":"a@example.com","password":"`+adasPW+`"}`)
	add(t, w.Accounts, "ada")
	w.login()
}

// TestRehash: a login brings an old hash up to date, and the session stays good.
func TestRehash(t *testing.T) {
	old, err := password.New(password.Config{Algorithm: password.Bcrypt, BcryptCost: 4, InsecureWeakParameters: true})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(c *account.Config) { c.Passwords = old })
	w.register()
	now := newWorldOn(t, w.store, nil)
	now.login()
	u, err := w.store.UserByLogin(t.Context(), "ada")
	if err != nil || !strings.HasPrefix(u.PasswordHash.Reveal(), "$argon2id$") || u.Credential != 0 {
		t.Errorf("%.12s %d %v", u.PasswordHash.Reveal(), u.Credential, err)
	}
	now.login()
}

func TestConfig(t *testing.T) {
	_, err := account.New(t.Context(), account.Config{
		AccessTTL: 2 * time.Hour, LoginLimit: "many", RegisterLimit: "0 per 1h", MailLimit: "lots", Scopes: []string{"a b"}, Secret: secret.NewBytes(make([]byte, 31)),
		Algorithm: token.HS256, Registration: "anyone", Page: "app.example", App: "a\nb", KeyRotation: time.Hour, RetryWindow: time.Hour, StrictRefresh: true, MaxSessions: -1, TrustedOrigins: []string{"app.example"}, Off: []account.Group{"logins"}, Realm: `a", error="`,
	})
	for _, want := range []string{"Store", "Issuer", "Secret", "AccessTTL", "LoginLimit", "RegisterLimit", "MailLimit", `scope "a b"`,
		"Algorithm", "Registration", "Page", "App", "KeyRotation", "RetryWindow", "StrictRefresh", "MaxSessions", "TrustedOrigins", `Off "logins"`, "Realm"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %s in: %v", want, err)
		}
	}
}

// TestOffContradicts: what is switched off may not be the only way to what is asked for.
func TestOffContradicts(t *testing.T) {
	_, err := account.New(t.Context(), account.Config{Off: []account.Group{account.GroupEmail, account.GroupRegister}, Registration: account.RegistrationInvite, Mail: &mailbox{}})
	for _, want := range []string{`Off "email"`, `Off "register"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %s in: %v", want, err)
		}
	}
}

func TestAddSays(t *testing.T) {
	w := newWorld(t, nil)
	add(t, w.Accounts, "ada")
	for name, c := range map[string]struct {
		user account.NewUser
		want error
	}{
		"taken": {account.NewUser{Username: "ADA", Email: "x@example.com", Password: secret.New(adasPW)}, account.ErrTaken},
	} {
		if _, err := w.Add(t.Context(), c.user); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := w.Add(t.Context(), account.NewUser{Username: "b@b", Email: "b", Password: secret.New("short")})
	invalid, ok := errors.AsType[*account.InvalidUser](err)
	if !ok || len(invalid.Fields) < 3 {
		t.Errorf("%v", err)
	}
}
