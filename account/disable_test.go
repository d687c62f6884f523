package account_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

// TestDisable_endsForGood collects everything that opens an account or changes who has it,
// disables the user, and enables them again: none of it may be good at any time after.
func TestDisable_endsForGood(t *testing.T) {
	for name, row := range map[string]struct {
		factor bool
		get    func(e *enrolled) string
		use    func(e *enrolled, credential string) int
	}{
		"access token": {false, func(e *enrolled) string { return e.access }, func(e *enrolled, raw string) int {
			return e.send("GET", "/auth/me", raw, "").Code
		}},
		"refresh token": {false, func(e *enrolled) string { _, refresh := e.login(); return refresh },
			func(e *enrolled, raw string) int {
				status, _, _ := e.tryRefresh(raw)
				return status
			}},
		"API key": {false, func(e *enrolled) string {
			return e.mustCall(201, "POST", "/auth/keys", e.access, body("name", "k"))["key"].(string)
		}, func(e *enrolled, key string) int { return e.send("GET", "/auth/me", key, "").Code }},
		"half a login": {true, (*enrolled).first, func(e *enrolled, ticket string) int {
			return e.send("POST", "/auth/mfa/totp/verify", "", body("mfa_token", ticket, "code", e.next())).Code
		}},
		"reset link": {false, func(e *enrolled) string { return e.reset("ada@example.com") }, func(e *enrolled,
			token string) int {
			return e.send("POST", "/auth/password/reset", "", body("token", token, "password", newPW)).Code
		}},
		"change link": {false, func(e *enrolled) string { return e.moveOf("ada", "thief@example.com") }, (*enrolled).verify},
		"remembered device": {false, func(e *enrolled) string {
			_, said := e.loginAs("ada", adasPW)
			return said["device_token"].(string)
		}, (*enrolled).known},
	} {
		t.Run(name, func(t *testing.T) {
			prepare := func() (*enrolled, string) {
				w := newWorld(t, withMail)
				add(t, w.Accounts, "ada")
				e := &enrolled{world: w}
				if row.factor {
					e = enroll(w)
				} else {
					e.access, _ = w.login()
				}
				w.sent()
				return e, row.get(e)
			}
			e, credential := prepare()
			if got := row.use(e, credential); got >= 300 {
				t.Fatalf("of a user who is not disabled: %d", got)
			}
			for _, disabled := range []bool{true, false} { // when it is used
				e, credential := prepare()
				setDisabled(t, e.Accounts, true)
				if !disabled {
					setDisabled(t, e.Accounts, false)
				}
				if got := row.use(e, credential); got < 400 {
					t.Errorf("disabled: %t: %d", disabled, got)
				}
				setDisabled(t, e.Accounts, false)
				if status, said := e.loginAs("ada", adasPW); status != 200 {
					t.Errorf("a new login after it: %d %v", status, said)
				}
			}
		})
	}
}

func setDisabled(t *testing.T, a *account.Accounts, disabled bool) {
	t.Helper()
	if _, err := a.SetDisabled(t.Context(), "ada", disabled); err != nil {
		t.Fatal(err)
	}
}

func (e *enrolled) verify(token string) int {
	return e.send("POST", "/auth/email/verify", "", body("token", token)).Code
}

// known is 200 if a device is remembered: then strangers' guesses do not hold it up.
func (e *enrolled) known(device string) int {
	e.Helper()
	for range 8 {
		e.guess("ada", "wrong-wrong", "192.0.2.1", "")
	}
	status, _ := e.guess("ada", adasPW, "192.0.2.1", device)
	e.later(24 * time.Hour)
	return status
}

// TestDisable_firstConfirmation: the address of a disabled user is not confirmed, and not
// afterwards by the same mail.
func TestDisable_firstConfirmation(t *testing.T) {
	w := newWorld(t, withMail)
	w.mustCall(202, "POST", "/auth/register", "", body("username", "ada", "email", "ada@example.com", "password", adasPW))
	token := w.token("ada@example.com", "Confirm")
	for _, disabled := range []bool{true, false} {
		setDisabled(t, w.Accounts, disabled)
		w.mustCall(400, "POST", "/auth/email/verify", "", body("token", token))
	}
	w.mustCall(202, "POST", "/auth/email/resend", "", body("email", "ada@example.com"))
	w.mustCall(204, "POST", "/auth/email/verify", "", body("token", w.token("ada@example.com", "Confirm")))
}

// TestDisable_keepsTheWayBack: the address before takes the account of a disabled user back,
// who stays disabled; once enabled, its owner sets a password by mail, and nobody else.
func TestDisable_keepsTheWayBack(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	revert := w.move("ada@example.com", "thief@example.com")
	setDisabled(t, w.Accounts, true)
	w.mustCall(204, "POST", "/auth/email/verify", "", body("token", revert))
	u, err := w.Find(t.Context(), "ada")
	if err != nil || !u.Disabled || u.Email != "ada@example.com" {
		t.Errorf("%+v %v", u, err)
	}
	if list := w.sent(); len(list) != 0 {
		t.Errorf("a mail whose link is good for nothing yet: %+v", list)
	}
	setDisabled(t, w.Accounts, false)
	if status, _ := w.loginAs("ada", adasPW); status != 401 {
		t.Errorf("the thief's password: %d", status)
	}
	w.mustCall(204, "POST", "/auth/password/reset", "", body("token", w.reset("ada@example.com"), "password", newPW))
	if status, _ := w.loginAs("ada", newPW); status != 200 {
		t.Error(status)
	}
}

// TestDisable_resetGoesToTheOwner is an incident: a thief asks to move the account, it is
// disabled, enabled and reset. The mail goes to its owner.
func TestDisable_resetGoesToTheOwner(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	token := w.moveOf("ada", "thief@example.com")
	for _, disabled := range []bool{true, false} {
		setDisabled(t, w.Accounts, disabled)
		w.mustCall(400, "POST", "/auth/email/verify", "", body("token", token))
	}
	if _, err := w.ForceReset(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	if list := w.sent(); len(list) != 1 || list[0].to != "ada@example.com" || !strings.Contains(list[0].subject,
		"new password") {
		t.Errorf("%+v", list)
	}
}
