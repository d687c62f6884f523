package account_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

// TestPlanted: whoever takes an address back is rid of the second factor and the API keys
// that a thief has set up, and keeps the factor that was there before.
func TestPlanted(t *testing.T) {
	for name, row := range map[string]struct{ before, confirm bool }{
		"a factor of the thief's": {false, true}, "half a factor of the thief's": {false, false}, "the owner's factor": {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, withMail)
			add(t, w.Accounts, "ada")
			e := &enrolled{world: w}
			if row.before {
				e = enroll(w)
			} else {
				e.access, _ = w.login()
			}
			w.sent()
			w.mustCall(202, "POST", "/auth/email/change", e.access, body("email", "thief@example.com"))
			w.mustCall(204, "POST", "/auth/email/verify", "", body("token", w.token("thief@example.com", "Confirm your new")))
			revert := w.token("ada@example.com", "was changed")
			var access string
			if row.before {
				access = e.second(200, e.first(), "code", e.next())["access_token"].(string)
			} else {
				access, _ = w.login()
				seed := w.mustCall(200, "POST", "/auth/mfa/totp/enroll", access, "")["secret"].(string)
				if e.seed = seedOf(t, seed); row.confirm {
					w.mustCall(200, "POST", "/auth/mfa/totp/confirm", access, body("code", e.code()))
				}
			}
			key := w.mustCall(201, "POST", "/auth/keys", access, body("name", "k"))["key"].(string)
			w.sent()
			w.mustCall(204, "POST", "/auth/email/verify", "", body("token", revert))
			w.mustCall(204, "POST", "/auth/password/reset", "", body("token", w.token("ada@example.com", "new password"), "password", newPW))
			w.mustCall(401, "GET", "/auth/me", key, "")
			_, said := w.loginAs("ada", newPW)
			if said["mfa_required"] == true != row.before {
				t.Fatalf("%v", said)
			}
			if row.before {
				e.second(200, said["mfa_token"].(string), "code", e.next())
				return
			}
			access = said["access_token"].(string)
			if status, _, _ := w.call("POST", "/auth/mfa/totp/confirm", access, body("code", e.next())); status != 409 {
				t.Errorf("the thief's seed is still there: %d", status)
			}
		})
	}
}

// TestMailOfKeys: the owner hears of a new API key, which ones a change of the password leaves,
// and which ones a reset by mail has revoked.
func TestMailOfKeys(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	access, _ := w.login()
	said := w.mustCall(201, "POST", "/auth/keys", access, body("name", "visit evil.example"))
	id, key := said["id"].(string), said["key"].(string)
	hears := func(what string) {
		t.Helper()
		list := w.sent()
		if len(list) != 1 || list[0].to != "ada@example.com" || !strings.Contains(list[0].subject, what) || !strings.Contains(list[0].text, id) {
			t.Fatalf("%s: %+v", what, list)
		}
		if text := list[0].text; strings.Contains(text, "evil") || strings.Contains(text, key) || strings.Contains(text, key[21:64]) {
			t.Errorf("%s: %s", what, text)
		}
	}
	hears("new API key")
	w.mustCall(204, "POST", "/auth/password/change", access, body("current_password", adasPW, "new_password", newPW))
	hears("was changed")
	w.mustCall(200, "GET", "/auth/me", key, "")
	w.mustCall(202, "POST", "/auth/password/forgot", "", body("email", "ada@example.com"))
	w.mustCall(204, "POST", "/auth/password/reset", "", body("token", w.token("ada@example.com", "new password"), "password", adasPW))
	hears("was changed")
	w.mustCall(401, "GET", "/auth/me", key, "")
	access, _ = w.login()
	w.mustCall(404, "DELETE", "/auth/keys/"+id, access, "")
	w.later(time.Hour)
	w.mustCall(204, "POST", "/auth/password/change", w.mustCall(200, "POST", "/auth/login", "", body("username", "ada", "password", adasPW))["access_token"].(string), body("current_password", adasPW, "new_password", newPW))
	if list := w.sent(); len(list) != 1 || strings.Contains(list[0].text, id) {
		t.Errorf("%+v", list)
	}
}

// TestEmailChange: only the newest mail counts, for exactly its address, and the old
// address can take it back.
func TestEmailChange(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	add(t, w.Accounts, "bob")
	access, _ := w.login()
	w.mustCall(202, "POST", "/auth/email/change", access, body("email", "b@example.com"))
	tokenB := w.token("b@example.com", "Confirm your new")
	w.mustCall(202, "POST", "/auth/email/change", access, body("email", "c@example.com"))
	tokenC := w.token("c@example.com", "Confirm your new")
	w.mustCall(400, "POST", "/auth/email/verify", "", body("token", tokenB))
	w.mustCall(202, "POST", "/auth/email/change", access, body("email", "BOB@example.com"))
	if list := w.sent(); len(list) != 1 || !strings.EqualFold(list[0].to, "bob@example.com") || strings.Contains(list[0].text, "spt_") {
		t.Errorf("%+v", list)
	}
	w.mustCall(400, "POST", "/auth/email/verify", "", body("token", tokenC)) // replaced by the request for bob's
	w.mustCall(202, "POST", "/auth/email/change", access, body("email", "c@example.com"))
	tokenC = w.token("c@example.com", "Confirm your new")
	w.mustCall(204, "POST", "/auth/email/verify", "", body("token", tokenC))
	revert := w.token("ada@example.com", "was changed")
	w.mustCall(401, "GET", "/auth/me", access, "")
	if status, _, _ := w.call("POST", "/auth/login", "", body("email", "c@example.com", "password", adasPW)); status != 200 {
		t.Error(status)
	}
	w.later(71 * time.Hour)
	w.mustCall(204, "POST", "/auth/email/verify", "", body("token", revert))
	if status, _ := w.loginAs("ada", adasPW); status != 401 {
		t.Errorf("after taking it back, the password is good: %d", status)
	}
	w.mustCall(204, "POST", "/auth/password/reset", "", body("token", w.token("ada@example.com", "new password"), "password", newPW))
	if status, _ := w.loginAs("ada", newPW); status != 200 {
		t.Error(status)
	}
	u, err := w.Find(t.Context(), "ada@example.com")
	if err != nil || u.Username != "ada" {
		t.Errorf("%+v %v", u, err)
	}
}

// TestEmailChangeAsked: asking again and again leaves the last token that was mailed good.
func TestEmailChangeAsked(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	access, _ := w.login()
	var list []mail
	for range 5 {
		w.mustCall(202, "POST", "/auth/email/change", access, body("email", "b@example.com"))
		list = append(list, w.sent()...)
	}
	_, token, _ := strings.Cut(list[len(list)-1].text, "spt_")
	w.mustCall(204, "POST", "/auth/email/verify", "", body("token", "spt_"+token[:43]))
}

// move changes ada's address, and returns the token by which the one before takes it back.
func (w *world) move(from, to string) (revert string) {
	w.Helper()
	said := w.mustCall(200, "POST", "/auth/login", "", body("email", from, "password", adasPW))
	w.mustCall(202, "POST", "/auth/email/change", said["access_token"].(string), body("email", to))
	w.mustCall(204, "POST", "/auth/email/verify", "", body("token", w.token(to, "Confirm your new")))
	return w.token(from, "was changed")
}

// TestTakenOver: whoever takes an account over and moves it on and on does not keep its
// first address from taking it back, and keeps nothing.
func TestTakenOver(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	first := w.move("ada@example.com", "b@example.com")
	second := w.move("b@example.com", "c@example.com")
	third := w.move("c@example.com", "d@example.com")
	said := w.mustCall(200, "POST", "/auth/login", "", body("username", "ada", "password", adasPW))
	key := w.mustCall(201, "POST", "/auth/keys", said["access_token"].(string), body("name", "k"))["key"].(string)
	w.sent()
	w.mustCall(204, "POST", "/auth/email/verify", "", body("token", second)) // by whoever has b@
	w.mustCall(400, "POST", "/auth/email/verify", "", body("token", third))
	reset := w.token("b@example.com", "new password")
	w.mustCall(204, "POST", "/auth/email/verify", "", body("token", first))
	for _, token := range []string{first, second, third} {
		w.mustCall(400, "POST", "/auth/email/verify", "", body("token", token))
	}
	w.mustCall(400, "POST", "/auth/password/reset", "", body("token", reset, "password", adasPW))
	w.mustCall(204, "POST", "/auth/password/reset", "", body("token", w.token("ada@example.com", "new password"), "password", newPW))
	if _, said := w.loginAs("ada", newPW); said["access_token"] == nil {
		t.Error(said)
	}
	w.mustCall(401, "GET", "/auth/me", key, "")
}

// TestForceResetKeepsRevert: an administrator who makes the thief set another password
// does not take the owner's way back away.
func TestForceResetKeepsRevert(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	revert := w.move("ada@example.com", "b@example.com")
	if _, err := w.ForceReset(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	w.mustCall(204, "POST", "/auth/email/verify", "", body("token", revert))
}

// TestHeldAddress: nobody registers an address while its account may be taken back to it.
func TestHeldAddress(t *testing.T) {
	for name, change := range map[string]func(*account.Config){"verified": func(*account.Config) {}, "unverified": func(c *account.Config) { c.InsecureUnverified = true }} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(c *account.Config) { withMail(c); change(c) })
			add(t, w.Accounts, "ada")
			revert := w.move("ada@example.com", "b@example.com")
			eve := body("username", "eve", "email", "ADA@example.com", "password", adasPW)
			if status, said, _ := w.call("POST", "/auth/register", "", eve); status != 202 && status != 409 {
				t.Errorf("%d %s", status, said)
			}
			if list := w.sent(); name == "verified" && (len(list) != 1 || !strings.Contains(list[0].subject, "You have an account")) {
				t.Errorf("%+v", list)
			}
			w.later(71 * time.Hour)
			w.mustCall(204, "POST", "/auth/email/verify", "", body("token", revert))
			w.sent()
			w.later(2 * time.Hour)
			if status, _, _ := w.call("POST", "/auth/register", "", body("username", "bob", "email", "b@example.com", "password", adasPW)); status >= 300 {
				t.Errorf("an address nobody holds: %d", status)
			}
		})
	}
}

// TestEmailChangeForeign: who may not ask for a change of address uses up no mail of the one
// who has the address.
func TestEmailChangeForeign(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { withMail(c); c.MailLimit = "2 per 1h" })
	add(t, w.Accounts, "ada")
	access, refresh := w.login()
	key := w.mustCall(201, "POST", "/auth/keys", access, body("name", "k"))["key"].(string)
	w.sent()
	w.later(11 * time.Minute)
	old, _ := w.refresh(refresh)
	for range 3 {
		w.mustCall(403, "POST", "/auth/email/change", key, body("email", "new@example.com"))
		w.mustCall(403, "POST", "/auth/email/change", old, body("email", "new@example.com"))
		w.mustCall(401, "POST", "/auth/email/change", "", body("email", "new@example.com"))
	}
	access, _ = w.login()
	w.mustCall(422, "POST", "/auth/email/change", access, body("email", "ADA@example.com"))
	w.mustCall(422, "POST", "/auth/email/change", access, body("email", "ADA@example.com"))
	w.mustCall(202, "POST", "/auth/email/change", access, body("email", "new@example.com"))
	w.mustCall(204, "POST", "/auth/email/verify", "", body("token", w.token("new@example.com", "Confirm your new")))
}

// TestEmailChangeOfMind: asking for another address voids the token for the one before,
// though no more mail goes there; asking for the same one again does not.
func TestEmailChangeOfMind(t *testing.T) {
	for asked, status := range map[string]int{"c@example.com": 400, "B@example.com": 204} {
		w := newWorld(t, withMail)
		add(t, w.Accounts, "ada")
		access, _ := w.login()
		if asked != "B@example.com" { // strangers have used its mails up
			for range 3 {
				w.mustCall(202, "POST", "/auth/email/resend", "", body("email", asked))
			}
		}
		token := ""
		for range 3 {
			w.mustCall(202, "POST", "/auth/email/change", access, body("email", "b@example.com"))
			token = w.token("b@example.com", "Confirm your new")
		}
		w.mustCall(202, "POST", "/auth/email/change", access, body("email", asked))
		if list := w.sent(); len(list) != 0 {
			t.Fatalf("%+v", list)
		}
		if got, _, _ := w.call("POST", "/auth/email/verify", "", body("token", token)); got != status {
			t.Errorf("after %s: %d, want %d", asked, got, status)
		}
	}
}
