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

// TestCuts: what an administrator does ends tokens, here and, with the next look into
// the feed, in another process.
func TestCuts(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	other := newWorldOn(t, w.store, nil)
	other.setClock(w.clock)
	for name, cut := range map[string]func() error{
		"roles":    func() error { _, err := w.SetRoles(t.Context(), "ada", []string{"admin"}); return err },
		"disabled": func() error { _, err := w.SetDisabled(t.Context(), "ada", true); return err },
	} {
		if _, err := w.SetDisabled(t.Context(), "ada", false); err != nil {
			t.Fatal(err)
		}
		access, refresh := w.login()
		other.mustCall(200, "GET", "/auth/me", access, "")
		if err := cut(); err != nil {
			t.Fatal(err)
		}
		w.mustCall(401, "GET", "/auth/me", access, "")
		if err := other.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
		other.mustCall(401, "GET", "/auth/me", access, "")
		status, body, said := w.call("POST", "/auth/refresh", "", `{"refresh_token":"`+refresh+`"}`)
		switch {
		case name == "disabled" && status != 400:
			t.Errorf("a disabled user refreshed: %s", body)
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
	w := newWorld(t, nil)
	p := visit.Principal{Issuer: issuer, Subject: "u", Session: "s", Token: "t.1.0"}
	if err := w.Revoked(p); err != nil {
		t.Error(err)
	}
	w.Accounts.Close() // nothing follows the feed any more
	w.setClock(w.clock.Add(6 * time.Second))
	if err := w.Revoked(p); !errors.Is(err, account.ErrStale) {
		t.Errorf("%v", err)
	}
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
