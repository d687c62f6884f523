package account_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/visit"
)

// TestCuts: what ends tokens ends them here and, with the next look into the feed, in
// another process.
func TestCuts(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	other := newWorldOn(t, w.store, nil)
	other.setClock(w.clock)
	user := func(_ account.User, err error) error { return err }
	session := func(access string) string { return claimsOf(t, access)["sid"].(string) }
	for name, cut := range map[string]func(access string) error{
		"roles":    func(string) error { return user(w.SetRoles(t.Context(), "ada", []string{"admin"})) },
		"disabled": func(string) error { return user(w.SetDisabled(t.Context(), "ada", true)) },
		"logout":   func(access string) error { w.mustCall(204, "POST", "/auth/logout", access, ""); return nil },
		"logout from everywhere": func(string) error {
			another, _ := w.login()
			w.mustCall(204, "POST", "/auth/logout-all", another, "")
			return nil
		},
		"one of the sessions": func(access string) error {
			another, _ := w.login()
			w.mustCall(204, "DELETE", "/auth/sessions/"+session(access), another, "")
			return nil
		},
		"password": func(string) error {
			another, _ := w.login()
			w.mustCall(204, "POST", "/auth/password/change", another, `{"current_password":"`+adasPW+`","new_password":"`+adasPW+`"}`)
			w.mustCall(200, "GET", "/auth/me", another, "")
			return nil
		},
		"an administrator, one":  func(access string) error { return w.EndSession(t.Context(), session(access)) },
		"an administrator, all":  func(string) error { return w.EndSessions(t.Context(), "ada") },
		"a second factor's loss": func(string) error { return user(w.RemoveSecondFactor(t.Context(), "ada")) },
	} {
		if _, err := w.SetDisabled(t.Context(), "ada", false); err != nil {
			t.Fatal(err)
		}
		access, refresh := w.login()
		other.mustCall(200, "GET", "/auth/me", access, "")
		if err := cut(access); err != nil {
			t.Fatal(err)
		}
		t.Log(name)
		w.mustCall(401, "GET", "/auth/me", access, "")
		if err := other.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
		other.mustCall(401, "GET", "/auth/me", access, "")
		status, body, said := w.call("POST", "/auth/refresh", "", `{"refresh_token":"`+refresh+`"}`)
		switch {
		case name != "roles" && status != 400:
			t.Errorf("%s: the session goes on: %s", name, body)
		case name == "roles" && status != 200:
			t.Errorf("a new role ended the session: %s", body)
		case name == "roles":
			w.mustCall(200, "GET", "/auth/me", said["access_token"].(string), "")
		}
	}
}

// TestRestart: a new process knows at once what was revoked before it started.
func TestRestart(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	access, _ := w.login()
	w.mustCall(204, "POST", "/auth/logout", access, "")
	again := newWorldOn(t, w.store, nil)
	again.setClock(w.clock)
	again.mustCall(401, "GET", "/auth/me", access, "")
}

// TestStale: without news from the store for 5 seconds, no token is good.
func TestStale(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	access, refresh := w.login()
	p := visit.Principal{Issuer: issuer, Subject: "u", Session: "s", Token: "t.1.0"}
	if err := w.Revoked(p); err != nil {
		t.Error(err)
	}
	w.Accounts.Close() // nothing follows the feed any more
	now := w.clock.Add(6 * time.Second)
	w.shown.Store(&now)
	if err := w.Revoked(p); !errors.Is(err, account.ErrStale) {
		t.Errorf("%v", err)
	}
	for path, in := range map[string]string{
		"/auth/login":           body("username", "ada", "password", adasPW),
		"/auth/register":        body("username", "bob", "email", "bob@example.com", "password", adasPW),
		"/auth/refresh":         body("refresh_token", refresh),
		"/auth/password/forgot": body("email", "ada@example.com"),
		"/auth/logout":          "",
		"/auth/nothing":         "",
	} {
		want := map[bool]int{false: 503, true: 404}[path == "/auth/nothing"]
		if rec := w.send("POST", path, access, in); rec.Code != want {
			t.Errorf("%s: %d, want %d", path, rec.Code, want)
		}
	}
	w.mustCall(200, "GET", "/.well-known/jwks.json", "", "") // which is in memory
	if err := w.Revoked(visit.Principal{Issuer: "https://other.example", Subject: "u"}); err != nil {
		t.Errorf("another issuer's token: %v", err)
	}
}

func TestExpiry(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	access, refresh := w.login()
	w.setClock(w.clock.Add(10*time.Minute + 2*time.Second))
	if err := w.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.mustCall(401, "GET", "/auth/me", access, "")
	_, refresh = w.refresh(refresh)
	w.setClock(w.clock.Add(7*24*time.Hour + time.Second))
	w.mustCall(400, "POST", "/auth/refresh", "", `{"refresh_token":"`+refresh+`"}`)
}

// TestRolesFit: a role that no token can carry is refused before anyone has it.
func TestRolesFit(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	for _, role := range []string{"", "a b", "a\n", "é", strings.Repeat("a", 65)} {
		if _, err := w.SetRoles(t.Context(), "ada", []string{role}); err == nil {
			t.Errorf("%q was given", role)
		}
		if _, err := w.Add(t.Context(), account.NewUser{Username: "bob", Email: "b@example.com", Password: secret.New(adasPW), Roles: []string{role}}); err == nil {
			t.Errorf("%q was given to a new user", role)
		}
	}
	if _, err := w.SetRoles(t.Context(), "ada", make([]string, 33)); err == nil {
		t.Error("33 roles were given")
	}
}
