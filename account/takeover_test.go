package account_test

import (
	"strings"
	"testing"
	"time"
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

// TestMailOfKeys: the owner hears of a new API key, and which ones another password leaves.
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
	w.mustCall(202, "POST", "/auth/password/forgot", "", body("email", "ada@example.com"))
	w.mustCall(204, "POST", "/auth/password/reset", "", body("token", w.token("ada@example.com", "new password"), "password", adasPW))
	hears("was changed")
	w.mustCall(200, "GET", "/auth/me", key, "")
	access, _ = w.login()
	w.mustCall(204, "DELETE", "/auth/keys/"+id, access, "")
	w.later(time.Hour)
	w.mustCall(204, "POST", "/auth/password/change", w.mustCall(200, "POST", "/auth/login", "", body("username", "ada", "password", adasPW))["access_token"].(string), body("current_password", adasPW, "new_password", newPW))
	if list := w.sent(); len(list) != 1 || strings.Contains(list[0].text, id) {
		t.Errorf("%+v", list)
	}
}
