package account_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/secret"
)

// invited returns the token of an invite to an address.
func (w *world) invited(email string) string {
	w.Helper()
	if err := w.Invite(w.Context(), email, nil); err != nil {
		w.Fatal(err)
	}
	return w.token(email, "invited")
}

// moveOf asks for the move of a user to an address, and returns the token of the mail, or ""
// if the mail has none.
func (w *world) moveOf(name, to string) string {
	w.Helper()
	_, said := w.loginAs(name, adasPW)
	w.mustCall(202, "POST", "/auth/email/change", said["access_token"].(string), body("email", to))
	for _, m := range w.sent() {
		if _, token, ok := strings.Cut(m.text, "spt_"); ok && m.to == to {
			return "spt_" + token[:43]
		}
	}
	return ""
}

// TestHeld_isNobodyElses tries every way to an address that an account may take back: none
// leads there, the way back stays open, and after 72 hours the address is free.
func TestHeld_isNobodyElses(t *testing.T) {
	const ada = "ada@example.com"
	eve := func(w *world, invite string) int {
		return w.send("POST", "/auth/register", "", body("username", "eve", "email", "Ada@Example.com", "password",
			adasPW, "invite", invite)).Code
	}
	verify := func(w *world, token string) int {
		if token == "" {
			return 0
		}
		return w.send("POST", "/auth/email/verify", "", body("token", token)).Code
	}
	for name, row := range map[string]struct {
		before func(w *world) string            // while ada has the address
		take   func(w *world, token string) int // 2xx when it was taken
	}{
		"by an invite of before": {func(w *world) string { return w.invited(ada) }, eve},
		"by an invite":           {nil, func(w *world, _ string) int { return eve(w, w.invited(ada)) }},
		"added by an administrator": {nil, func(w *world, _ string) int {
			_, err := w.Add(w.Context(), account.NewUser{Username: "eve", Email: "ADA@example.com",
				Password: secret.New(adasPW)})
			return took(w.T, err)
		}},
		"imported": {nil, func(w *world, _ string) int {
			_, err := w.Import(w.Context(), account.Portable{Username: "eve", Email: "ADA@example.com"})
			return took(w.T, err)
		}},
		"by another account's move":           {nil, func(w *world, _ string) int { return verify(w, w.moveOf("bob", ada)) }},
		"by another account's move of before": {func(w *world) string { return w.moveBefore("bob", ada) }, verify},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(c *account.Config) { withMail(c); c.RegisterLimit = "1000 per 1h" })
			add(t, w.Accounts, "ada")
			add(t, w.Accounts, "bob")
			token := ""
			if row.before != nil {
				token = row.before(w)
			}
			revert := w.move(ada, "new@example.com")
			if status := row.take(w, token); status >= 200 && status < 300 {
				t.Errorf("taken: %d", status)
			}
			w.sent()
			w.mustCall(204, "POST", "/auth/email/verify", "", body("token", revert))
			if u, err := w.Find(t.Context(), ada); err != nil || u.Username != "ada" {
				t.Error(u.Username, err)
			}
			if row.before != nil {
				return
			}
			w.sent()
			w.mustCall(204, "POST", "/auth/password/reset", "", body("token", w.reset(ada), "password", adasPW))
			w.sent()
			w.move(ada, "new@example.com")
			w.later(72*time.Hour + time.Second)
			if status := row.take(w, token); status < 200 || status >= 300 {
				t.Errorf("an address that nobody may take back: %d", status)
			}
		})
	}
}

// took turns the error of a method into a status.
func took(t *testing.T, err error) int {
	switch {
	case err == nil:
		return 201
	case !errors.Is(err, account.ErrTaken) || !errors.Is(err, account.ErrHeld):
		t.Error(err)
	}
	return 409
}

// reset asks for a mail to set another password, and returns its token.
func (w *world) reset(email string) string {
	w.Helper()
	w.mustCall(202, "POST", "/auth/password/forgot", "", body("email", email))
	return w.token(email, "new password")
}

// moveBefore is a token to move a user to an address that was free when it was asked for.
func (w *world) moveBefore(name, to string) string {
	w.Helper()
	if _, err := w.Find(w.Context(), to); err != nil {
		w.Fatal(err)
	}
	w.move(to, "aside@example.com") // ada leaves the address for a while
	w.later(72*time.Hour + time.Second)
	token := w.moveOf(name, to)
	said := w.mustCall(200, "POST", "/auth/login", "", body("username", "ada", "password", adasPW))
	w.mustCall(202, "POST", "/auth/email/change", said["access_token"].(string), body("email", to))
	w.mustCall(204, "POST", "/auth/email/verify", "", body("token", w.token(to, "Confirm your new")))
	w.sent()
	return token
}

// TestHeld_isItsOwners: the account that gave an address up may move back there by itself.
func TestHeld_isItsOwners(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	w.move("ada@example.com", "new@example.com")
	token := w.moveOf("ada", "ada@example.com")
	w.mustCall(204, "POST", "/auth/email/verify", "", body("token", token))
}

// TestHeld_sameAnswer: asking to move to a held address is answered like any other.
func TestHeld_sameAnswer(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	add(t, w.Accounts, "bob")
	w.move("ada@example.com", "new@example.com")
	_, said := w.loginAs("bob", adasPW)
	ask := func(email, from string) string {
		return whole(w.send("POST", "/auth/email/change", said["access_token"].(string), body("email", email), "from", from))
	}
	if held, free := ask("ada@example.com", "10.0.0.1"), ask("free@example.com", "10.1.0.1"); held != free {
		t.Errorf("held:\n%s\nfree:\n%s", held, free)
	}
	for _, m := range w.sent() {
		if token := strings.Contains(m.text, "spt_"); token != (m.to == "free@example.com") {
			t.Errorf("%+v", m)
		}
	}
}

// TestUnconfirmed_takesNothingBack: an address that was never confirmed, such as one with a
// typing error, gets no way to take the account back, and is not held.
func TestUnconfirmed_takesNothingBack(t *testing.T) {
	for name, confirmed := range map[string]bool{"never confirmed": false, "confirmed": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(c *account.Config) { withMail(c); c.InsecureUnverified = true })
			w.mustCall(201, "POST", "/auth/register", "", body("username", "ada", "email", "typo@example.com",
				"password", adasPW))
			w.sent()
			if confirmed {
				w.mustCall(202, "POST", "/auth/email/resend", "", body("email", "typo@example.com"))
				w.mustCall(204, "POST", "/auth/email/verify", "", body("token", w.token("typo@example.com", "Confirm")))
			}
			w.mustCall(204, "POST", "/auth/email/verify", "", body("token", w.moveOf("ada", "ada@example.com")))
			list := w.sent()
			if len(list) != 1 || list[0].to != "typo@example.com" || strings.Contains(list[0].text, "spt_") != confirmed {
				t.Errorf("%+v", list)
			}
			status, _, _ := w.call("POST", "/auth/register", "", body("username", "eve", "email", "typo@example.com",
				"password", adasPW))
			if held := status == 409; held != confirmed {
				t.Errorf("registering the old address: %d", status)
			}
		})
	}
}
