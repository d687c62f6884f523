package account_test

import (
	"strings"
	"testing"
	"time"
)

// TestRecoveryCode_insteadOfTheApp: who has lost the app and has recovery codes can switch
// the factor off, make other codes and prove again who they are: each code once, and a wrong
// one counts as a guess.
func TestRecoveryCode_insteadOfTheApp(t *testing.T) {
	const wrong = "aaaaaa-aaaaaa-aaaaaa-aaaaaa"
	for path, row := range map[string]struct {
		with   []string // beside the code
		status int
	}{
		"/auth/mfa/totp/disable":        {nil, 204},
		"/auth/mfa/recovery/regenerate": {nil, 200},
		"/auth/reauth":                  {[]string{"password", adasPW}, 200},
	} {
		t.Run(path, func(t *testing.T) {
			w := newWorld(t, withMail)
			add(t, w.Accounts, "ada")
			e := enroll(w)
			in := func(pairs ...string) string { return body(append(pairs, row.with...)...) }
			w.mustCall(422, "POST", path, e.access, in("code", e.next(), "recovery_code", e.recovery[0]))
			w.mustCall(401, "POST", path, e.access, in("code", e.recovery[0]))
			w.mustCall(401, "POST", path, e.access, in("recovery_code", e.code()))
			w.mustCall(401, "POST", path, e.access, in("recovery_code", wrong))
			w.sent()
			said := w.mustCall(row.status, "POST", path, e.access, in("recovery_code", strings.ToUpper(e.recovery[0])))
			told := false
			for _, m := range w.sent() {
				told = told || m.to == "ada@example.com" && strings.Contains(m.text, "recovery code")
			}
			if !told && path != "/auth/mfa/totp/disable" { // that mail says that the factor is off
				t.Error("no mail of it")
			}
			if path == "/auth/mfa/totp/disable" {
				if _, said := w.loginAs("ada", adasPW); said["access_token"] == nil {
					t.Errorf("switched off, and a login needs it: %v", said)
				}
				return
			}
			w.mustCall(401, "POST", path, e.access, in("recovery_code", e.recovery[0]))
			for guess := range 5 {
				status, _, _ := w.call("POST", path, e.access, in("recovery_code", wrong))
				if want := 401; guess == 4 && status != 429 || guess < 4 && status != want {
					t.Errorf("guess %d: %d", guess, status)
				}
			}
			if path == "/auth/reauth" {
				if amr := claimsOf(t, said["access_token"].(string))["amr"].([]any); len(amr) != 2 || amr[1] != "otp" {
					t.Errorf("amr %v", amr)
				}
				return
			}
			w.later(time.Hour)
			e.second(401, e.first(), "recovery_code", e.recovery[1]) // those before are void
			e.second(200, e.first(), "recovery_code", said["recovery_codes"].([]any)[0].(string))
		})
	}
}

// TestRecoveryCode_confirmsNothing: a first code shows that the app works; no other does.
func TestRecoveryCode_confirmsNothing(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	access, _ := w.login()
	w.mustCall(200, "POST", "/auth/mfa/totp/enroll", access, "")
	w.mustCall(422, "POST", "/auth/mfa/totp/confirm", access, body("recovery_code", "aaaaaa-aaaaaa-aaaaaa-aaaaaa"))
}

// TestReauth_withoutAFactor: the password is enough where there is no second factor, whatever
// else is sent.
func TestReauth_withoutAFactor(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	access, _ := w.login()
	w.mustCall(200, "POST", "/auth/reauth", access, body("password", adasPW))
	w.mustCall(200, "POST", "/auth/reauth", access, body("password", adasPW, "code", "123456"))
}
