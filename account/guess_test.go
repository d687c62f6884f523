package account_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

// TestOddGuesses: a password that nobody can have is a wrong one. It starts no count over,
// and no error of ours comes of it.
func TestOddGuesses(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	_, said := w.loginAs("ada", adasPW)
	device, access := said["device_token"].(string), ""
	for name, odd := range map[string]string{"over-long": strings.Repeat("x", 257), "of many bytes": strings.Repeat("🔑", 300)} {
		for who, ask := range map[string]func(pw string) int{
			"on a device":  func(pw string) int { status, _ := w.guess("ada", pw, "192.0.2.1", device); return status },
			"of nobody":    func(pw string) int { status, _ := w.guess("nobody", pw, "192.0.2.7", ""); return status },
			"in a session": func(pw string) int { return w.send("POST", "/auth/reauth", access, body("password", pw)).Code },
		} {
			w.later(2 * time.Hour)
			access, _ = w.login()
			wrong := 0
			for range 6 {
				for _, pw := range []string{"wrong-wrong", odd} {
					switch status := ask(pw); status {
					case 401:
						wrong++
					case 429:
					default:
						t.Errorf("%s %s: %d", name, who, status)
					}
				}
			}
			if wrong != 5 {
				t.Errorf("%s %s: %d guesses", name, who, wrong)
			}
		}
	}
}

// TestOddPasswords: what is no text, or is empty, is refused before anything is counted.
func TestOddPasswords(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	for range 10 {
		for _, pw := range []string{"", "abc\xff", "\xed\xa0\x80"} {
			if status, _ := w.guess("ada", pw, "192.0.2.1", ""); status != 400 && status != 422 {
				t.Errorf("%q: %d", pw, status)
			}
		}
	}
	w.login()
}

// hangup is a store whose client is gone as soon as a guess was counted.
type hangup struct {
	account.Store
	gone context.CancelFunc
}

func (s *hangup) Update(ctx context.Context, key string, f func(account.Tx) error) error {
	err := s.Store.Update(ctx, key, f)
	if s.gone != nil {
		s.gone()
	}
	return err
}

// TestHangUp: a login that nobody looked at was no guess, and makes up for none.
func TestHangUp(t *testing.T) {
	store := &hangup{Store: newWorld(t, nil).store}
	w := newWorldOn(t, store, nil)
	w.register()
	login := func(ctx context.Context, pw string) int {
		r := httptest.NewRequestWithContext(ctx, "POST", "/auth/login", strings.NewReader(body("username", "ada", "password", pw)))
		r.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, r)
		return rec.Code
	}
	for i := range 5 {
		if status := login(t.Context(), "wrong-wrong"); status != 401 {
			t.Fatalf("guess %d: %d", i, status)
		}
		for range 5 { // not one more than the five that are free
			ctx, gone := context.WithCancel(t.Context())
			store.gone = gone
			if status := login(ctx, "wrong-wrong"); i < 4 && status != http.StatusServiceUnavailable {
				t.Fatalf("hung up: %d", status)
			}
			store.gone = nil
		}
	}
	if status := login(t.Context(), adasPW); status != 429 {
		t.Errorf("after five guesses: %d", status)
	}
}

// TestCodesInASession: guesses at the second factor are counted wherever a code is taken,
// and what needs none starts no count over.
func TestCodesInASession(t *testing.T) {
	w := newWorld(t, nil)
	add(t, w.Accounts, "ada")
	e := enroll(w)
	for range 20 { // there is nothing to confirm: no guess
		w.mustCall(409, "POST", "/auth/mfa/totp/confirm", e.access, body("code", "000000"))
	}
	guesses := 0
	for range 12 {
		status, text, _ := w.call("POST", "/auth/mfa/totp/disable", e.access, body("code", "000000"))
		switch status {
		case 401:
			guesses++
		case 429:
		default:
			t.Fatal(status, text)
		}
		w.mustCall(409, "POST", "/auth/mfa/totp/confirm", e.access, body("code", "000000"))
	}
	if guesses != 5 {
		t.Errorf("%d guesses", guesses)
	}
}

// TestGuessedCodes: the owner hears that somebody has the password and guesses at the rest,
// and not on and on.
func TestGuessedCodes(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	e := enroll(w)
	w.sent()
	heard := func() int {
		list := w.sent()
		for _, m := range list {
			if m.to != "ada@example.com" || !strings.Contains(m.subject, "has your password") {
				t.Errorf("%+v", m)
			}
		}
		return len(list)
	}
	ticket := e.first()
	for range 4 { // a typing error, or some
		e.second(401, ticket, "code", "000000")
	}
	if n := heard(); n != 0 {
		t.Errorf("%d mails of four wrong codes", n)
	}
	e.second(401, ticket, "code", "000000")
	if n := heard(); n != 1 {
		t.Errorf("%d mails of five wrong codes", n)
	}
	mails := 0
	for range 8 { // on and on, for two days
		w.later(6 * time.Hour)
		for range 20 {
			status, said := w.loginAs("ada", adasPW)
			if status != 200 {
				break
			}
			for range 5 {
				w.call("POST", "/auth/mfa/totp/verify", "", body("mfa_token", said["mfa_token"].(string), "code", "000000"))
			}
		}
		n := heard()
		if mails += n; n > 3 {
			t.Errorf("%d mails at once", n)
		}
	}
	if mails < 8 {
		t.Errorf("%d mails", mails)
	}
}
