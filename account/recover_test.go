package account_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/audit"
)

const delay = 72 * time.Hour

// lost is a user who has a second factor and asks to have it removed.
func lost(w *world) (e *enrolled, token string) {
	w.Helper()
	add(w.T, w.Accounts, "ada")
	e = enroll(w)
	w.sent()
	w.mustCall(202, "POST", "/auth/mfa/recover", "", body("mfa_token", e.first()))
	return e, w.token("ada@example.com", "going to be removed")
}

func (w *world) remove(token string) (int, map[string]any) {
	w.Helper()
	status, _, said := w.call("POST", "/auth/mfa/recover/confirm", "", body("token", token))
	return status, said
}

// TestRecover removes a second factor by mail: not before its time, once, and with all that
// was set up with it.
func TestRecover(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	e := enroll(w)
	key := w.mustCall(201, "POST", "/auth/keys", e.access, body("name", "k"))["key"].(string)
	w.sent()
	said := w.mustCall(202, "POST", "/auth/mfa/recover", "", body("mfa_token", e.first()))
	from, err := time.Parse(time.RFC3339, said["from"].(string))
	if err != nil || from.Sub(w.clock).Round(time.Minute) != delay {
		t.Errorf("%v %v", said, err)
	}
	list := w.sent()
	if len(list) != 1 || list[0].to != "ada@example.com" || !strings.Contains(list[0].text,
		said["from"].(string)) || !strings.Contains(list[0].text, "cancels") {
		t.Fatalf("%+v", list)
	}
	_, token, _ := strings.Cut(list[0].text, "spt_")
	token = "spt_" + token[:43]
	for range 3 {
		if status, said := w.remove(token); status != 403 || said["code"] != "recovery_pending" {
			t.Fatal(status, said)
		}
		w.later(delay/3 - time.Second)
	}
	w.later(3*time.Second + time.Second)
	_, refresh := e.tokens()
	if status, _ := w.remove(token); status != 400 {
		t.Fatal("a login with the factor does not void it")
	}
	w.sent()

	w.mustCall(202, "POST", "/auth/mfa/recover", "", body("mfa_token", e.first()))
	token = w.token("ada@example.com", "going to be removed")
	w.later(delay + time.Second)
	w.audit.Reset()
	if status, said := w.remove(token); status != 204 {
		t.Fatal(status, said)
	}
	if list := w.lines(); len(list) != 1 || list[0].Event != audit.FactorSet || list[0].Reason != "removed by mail" {
		t.Errorf("%+v", list)
	}
	if list := w.sent(); len(list) != 1 || list[0].to != "ada@example.com" || !strings.Contains(list[0].text,
		"was removed") {
		t.Errorf("%+v", list)
	}
	if status, _ := w.remove(token); status != 400 {
		t.Errorf("a second time: %d", status)
	}
	w.mustCall(401, "GET", "/auth/me", key, "")
	if status, _, _ := w.tryRefresh(refresh); status != 400 {
		t.Errorf("a session of before: %d", status)
	}
	access, _ := w.login()
	w.mustCall(200, "POST", "/auth/mfa/totp/enroll", access, "")
}

// tokens logs in with the second factor.
func (e *enrolled) tokens() (access, refresh string) {
	e.Helper()
	said := e.second(200, e.first(), "code", e.next())
	return said["access_token"].(string), said["refresh_token"].(string)
}

// TestRecover_voided holds what voids the removal against what does not: each happens in the
// middle of the delay, and the token is tried after its end.
func TestRecover_voided(t *testing.T) {
	admin := func(do func(name string) (account.User, error)) {
		t.Helper()
		if _, err := do("ada"); err != nil {
			t.Fatal(err)
		}
	}
	for name, row := range map[string]struct {
		do   func(e *enrolled, token string)
		want int
	}{
		"nothing":      {func(*enrolled, string) {}, 204},
		"half a login": {func(e *enrolled, _ string) { e.first() }, 204},
		"wrong codes":  {func(e *enrolled, _ string) { e.second(401, e.first(), "code", "000000") }, 204},
		"a wrong recovery code": {func(e *enrolled, _ string) {
			e.second(401, e.first(), "recovery_code", "aaaaaa-aaaaaa-aaaaaa-aaaaaa")
		}, 204},
		"a wrong password":           {func(e *enrolled, _ string) { e.loginAs("ada", "wrong-wrong") }, 204},
		"a reset that was asked for": {func(e *enrolled, _ string) { e.reset("ada@example.com") }, 204},
		"too early":                  {func(e *enrolled, token string) { e.remove(token) }, 204},
		"other roles": {func(e *enrolled, _ string) {
			admin(func(name string) (account.User, error) { return e.SetRoles(e.Context(), name, []string{"editor"}) })
		}, 204},

		"a code":          {func(e *enrolled, _ string) { e.tokens() }, 400},
		"a recovery code": {func(e *enrolled, _ string) { e.second(200, e.first(), "recovery_code", e.recovery[0]) }, 400},
		"cancel": {func(e *enrolled, _ string) {
			e.mustCall(204, "POST", "/auth/mfa/recover/cancel",
				e.access, "")
		}, 400},
		"proving again who one is": {func(e *enrolled, _ string) {
			e.mustCall(200, "POST", "/auth/reauth", e.access, body("password", adasPW, "code", e.next()))
		}, 400},
		"new recovery codes": {func(e *enrolled, _ string) {
			e.mustCall(200, "POST", "/auth/mfa/recovery/regenerate", e.access, body("code", e.next()))
		}, 400},
		"another factor": {func(e *enrolled, _ string) {
			e.mustCall(204, "POST", "/auth/mfa/totp/disable", e.access, body("code", e.next()))
			enroll(e.world)
		}, 400},
		"another password": {func(e *enrolled, _ string) {
			e.mustCall(204, "POST", "/auth/password/change", e.access, body("current_password", adasPW, "new_password", newPW))
		}, 400},
		"a password by mail": {func(e *enrolled, _ string) {
			e.mustCall(204, "POST", "/auth/password/reset", "", body("token", e.reset("ada@example.com"), "password", newPW))
		}, 400},
		"another address": {func(e *enrolled, _ string) {
			e.mustCall(202, "POST", "/auth/email/change", e.access, body("email", "new@example.com"))
			e.mustCall(204, "POST", "/auth/email/verify", "", body("token", e.token("new@example.com", "Confirm your new")))
		}, 400},
		"disabled for a while": {func(e *enrolled, _ string) {
			setDisabled(e.T, e.Accounts, true)
			setDisabled(e.T,
				e.Accounts, false)
		}, 400},
		"disabled": {func(e *enrolled, _ string) { setDisabled(e.T, e.Accounts, true) }, 400},
		"a forced reset": {func(e *enrolled, _ string) {
			admin(func(name string) (account.User, error) { return e.ForceReset(e.Context(), name) })
		}, 400},
		"removed by an administrator": {func(e *enrolled, _ string) {
			admin(func(name string) (account.User, error) { return e.RemoveSecondFactor(e.Context(), name) })
		}, 400},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, withMail)
			e, token := lost(w)
			row.do(e, token)
			w.later(delay + time.Minute)
			if status, said := w.remove(token); status != row.want {
				t.Errorf("%d %v, want %d", status, said, row.want)
			}
		})
	}
}

// TestRecover_askedAgain: asking again replaces the token, and never the time, so that nobody
// who knows the password can put the removal off; and of many mails the last holds the token.
func TestRecover_askedAgain(t *testing.T) {
	w := newWorld(t, withMail)
	e, first := lost(w)
	w.later(71 * time.Hour)
	var last []mail
	for range 6 {
		w.mustCall(202, "POST", "/auth/mfa/recover", "", body("mfa_token", e.first()))
		if list := w.sent(); len(list) > 0 {
			last = append(last, list...)
		}
	}
	if len(last) != 3 {
		t.Fatalf("%d mails in an hour", len(last))
	}
	w.later(time.Hour + time.Second)
	if status, _ := w.remove(first); status != 400 {
		t.Errorf("a token that was replaced: %d", status)
	}
	_, token, _ := strings.Cut(last[2].text, "spt_")
	if status, said := w.remove("spt_" + token[:43]); status != 204 {
		t.Errorf("%d %v", status, said)
	}
}

// TestRecover_noMoreMails: when no mail may be sent and none was, the answer says so.
func TestRecover_noMoreMails(t *testing.T) {
	w := newWorld(t, withMail)
	e, _ := lost(w)
	for range 3 {
		w.call("POST", "/auth/mfa/recover", "", body("mfa_token", e.first()))
	}
	w.mustCall(204, "POST", "/auth/mfa/recover/cancel", e.access, "")
	if said := w.mustCall(429, "POST", "/auth/mfa/recover", "", body("mfa_token",
		e.first())); said["code"] != "too_many_mails" {
		t.Errorf("%v", said)
	}
	w.later(time.Hour)
	w.mustCall(202, "POST", "/auth/mfa/recover", "", body("mfa_token", e.first()))
}

// TestRecover_ends: the token is good for three days, and then begins anew.
func TestRecover_ends(t *testing.T) {
	w := newWorld(t, withMail)
	e, token := lost(w)
	w.later(delay + 72*time.Hour)
	if status, _ := w.remove(token); status != 400 {
		t.Error(status)
	}
	said := w.mustCall(202, "POST", "/auth/mfa/recover", "", body("mfa_token", e.first()))
	if from, err := time.Parse(time.RFC3339, said["from"].(string)); err != nil || from.Sub(w.clock) < delay-time.Minute {
		t.Errorf("%v", said)
	}
}

// TestRecover_byOthers: nobody begins it without the password, and its token does nothing else.
func TestRecover_byOthers(t *testing.T) {
	w := newWorld(t, withMail)
	e, token := lost(w)
	_, refresh := e.tokens()
	reset := w.reset2("ada@example.com")
	for name, bad := range map[string]string{
		"a token of its own": token, "a reset token": reset, "a refresh token": refresh, "an access token": e.access,
		"nothing": "", "made up": "spt_" + strings.Repeat("A", 43),
	} {
		if status, text, _ := w.call("POST", "/auth/mfa/recover", "", body("mfa_token", bad)); status != 400 &&
			status != 422 {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	half := e.first()
	for _, path := range []string{"/auth/email/verify", "/auth/mfa/recover/confirm"} {
		w.mustCall(400, "POST", path, "", body("token", half))
	}
	w.mustCall(202, "POST", "/auth/mfa/recover", "", body("mfa_token", half))
	token = w.token("ada@example.com", "going to be removed")
	for path, in := range map[string]string{
		"/auth/email/verify": body("token", token), "/auth/password/reset": body("token", token, "password", newPW),
	} {
		w.mustCall(400, "POST", path, "", in)
	}
	w.mustCall(401, "POST", "/auth/mfa/totp/verify", "", body("mfa_token", token, "code", e.code()))
	half = e.first()
	setDisabled(t, w.Accounts, true)
	w.mustCall(400, "POST", "/auth/mfa/recover", "", body("mfa_token", half))
}

// reset2 is reset where other mails wait.
func (w *world) reset2(email string) string {
	w.Helper()
	w.sent()
	return w.reset(email)
}

// TestRecover_cookies takes the half login from its cookie.
func TestRecover_cookies(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	enroll(w)
	w.sent()
	cookies := w.cookieLogin()
	rec := w.send("POST", "/auth/mfa/recover", "", "{}", append([]string{"Cookie", cookies["mfa"]}, fromSite...)...)
	if rec.Code != 202 {
		t.Fatal(rec.Code, rec.Body)
	}
	w.token("ada@example.com", "going to be removed")
	if rec := w.send("POST", "/auth/mfa/recover", "", "{}", "Cookie", cookies["mfa"], "Sec-Fetch-Site",
		"cross-site", account.ModeHeader, "cookie"); rec.Code != 403 {
		t.Errorf("from another site: %d", rec.Code)
	}
}

// TestRecover_off: without mail, and switched off, there is no such way.
func TestRecover_off(t *testing.T) {
	w := newWorld(t, nil)
	add(t, w.Accounts, "ada")
	e := enroll(w)
	w.mustCall(403, "POST", "/auth/mfa/recover", "", body("mfa_token", e.first()))
	for _, g := range []account.Group{account.GroupRecovery, account.GroupMFA} {
		off := newWorldOn(t, w.store, func(c *account.Config) { withMail(c); c.Off = []account.Group{g} })
		for _, path := range []string{"/auth/mfa/recover", "/auth/mfa/recover/confirm", "/auth/mfa/recover/cancel"} {
			off.mustCall(404, "POST", path, "", "{}")
		}
	}
	for _, d := range []time.Duration{23 * time.Hour, 31 * 24 * time.Hour, -time.Hour} {
		cfg := account.Config{Store: w.store, Issuer: issuer, Secret: theSecret, FactorRecovery: d}
		a, err := account.New(t.Context(), cfg)
		if wrong, ok := errors.AsType[*account.ConfigError](err); !ok || wrong.Field != "FactorRecovery" {
			t.Errorf("%s: %v", d, err)
		}
		if err == nil {
			a.Close()
		}
	}
}

// TestReset_endsWhatOthersSetUp: a reset by mail takes away what somebody else with the
// password may have set up: sessions, devices, keys and invites at once. The second factor of
// a confirmed address stays, for its owner may be the one who set it up; that of an address
// which was never confirmed goes.
func TestReset_endsWhatOthersSetUp(t *testing.T) {
	for name, confirmed := range map[string]bool{"confirmed": true, "never confirmed": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(c *account.Config) { withMail(c); c.InsecureUnverified = true })
			w.mustCall(201, "POST", "/auth/register", "", body("username", "ada", "email", "ada@example.com", "password",
				adasPW)) // a stranger
			if confirmed {
				w.mustCall(202, "POST", "/auth/email/resend", "", body("email", "ada@example.com"))
				w.mustCall(204, "POST", "/auth/email/verify", "", body("token", w.token("ada@example.com", "Confirm")))
			}
			if _, err := w.SetRoles(t.Context(), "ada", []string{account.RoleAdmin}); err != nil {
				t.Fatal(err)
			}
			e := enroll(w)
			access, refresh := e.tokens()
			said := w.mustCall(201, "POST", "/auth/keys", access, body("name", "k"))
			id, key := said["id"].(string), said["key"].(string)
			w.sent()
			in := `{"email":"eve@example.com","roles":["admin"]}`
			if status, said := w.admin("POST", "/invites", access, in); status != 204 {
				t.Fatal(status, said)
			}
			invite := w.token("eve@example.com", "invited")

			w.mustCall(204, "POST", "/auth/password/reset", "", body("token", w.reset("ada@example.com"), "password", newPW))
			list := w.sent()
			if len(list) != 1 || !strings.Contains(list[0].text, "revoked") || !strings.Contains(list[0].text, id) ||
				strings.Contains(list[0].text, "second factor") == confirmed {
				t.Errorf("%+v", list)
			}
			w.mustCall(401, "GET", "/auth/me", access, "")
			w.mustCall(401, "GET", "/auth/me", key, "")
			if status, _, _ := w.tryRefresh(refresh); status != 400 {
				t.Errorf("refresh: %d", status)
			}
			if got := w.accept("eve", invite); got != 403 {
				t.Errorf("the stranger's invite: %d", got)
			}
			_, said = w.loginAs("ada", newPW)
			if said["mfa_required"] == true != confirmed {
				t.Errorf("%v", said)
			}
			if !confirmed {
				return
			}
			// The owner of a confirmed address gets rid of the stranger's factor by mail.
			w.mustCall(202, "POST", "/auth/mfa/recover", "", body("mfa_token", said["mfa_token"].(string)))
			token := w.token("ada@example.com", "going to be removed")
			w.later(delay + time.Second)
			if status, said := w.remove(token); status != 204 {
				t.Fatal(status, said)
			}
			if _, said := w.loginAs("ada", newPW); said["access_token"] == nil {
				t.Errorf("%v", said)
			}
		})
	}
}

// TestRecover_unconfirmed: no mail goes to an address that was never confirmed.
func TestRecover_unconfirmed(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { withMail(c); c.InsecureUnverified = true })
	w.mustCall(201, "POST", "/auth/register", "", body("username", "ada", "email", "ada@example.com", "password", adasPW))
	e := enroll(w)
	w.sent()
	if said := w.mustCall(409, "POST", "/auth/mfa/recover", "", body("mfa_token",
		e.first())); said["code"] != "address_not_confirmed" {
		t.Errorf("%v", said)
	}
	if list := w.sent(); len(list) != 0 {
		t.Errorf("%+v", list)
	}
}
