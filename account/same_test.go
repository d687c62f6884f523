package account_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/password"
	"github.com/sallyport-dev/sallyport/secret"
)

// whole is all of an answer: the status, the fields and the body.
func whole(rec *httptest.ResponseRecorder) string {
	return fmt.Sprint(rec.Code, "\n", strings.Join(slices.Sorted(headerLines(rec.Header())), "\n"), "\n", rec.Body)
}

// TestSameWhole: everything that is refused at a login, and everything that is answered to
// who asks for mail, is one answer, byte by byte, limits included: the first time, and when
// it is too often.
func TestSameWhole(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { withMail(c); c.LoginLimit = "30 per 10m" })
	for _, name := range []string{"ada", "gone", "reset"} {
		add(t, w.Accounts, name)
	}
	w.mustCall(202, "POST", "/auth/register", "", body("username", "fresh", "email", "fresh@example.com", "password", adasPW))
	if _, err := w.SetDisabled(t.Context(), "gone", true); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ForceReset(t.Context(), "reset"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Import(t.Context(), account.Portable{Username: "bare", Email: "bare@example.com", Verified: true}); err != nil {
		t.Fatal(err)
	}
	people := []struct{ name, pw string }{
		{"nobody", adasPW}, {"ada", "wrong-wrong"}, {"gone", adasPW}, {"gone", "wrong-wrong"}, {"fresh", adasPW},
		{"reset", adasPW}, {"bare", adasPW}, {"bare", "wrong-wrong"},
	}
	for _, path := range []string{"/auth/login", "/auth/password/forgot", "/auth/email/resend"} {
		w.later(3 * time.Hour)
		want := ""
		for i, p := range people {
			from := fmt.Sprintf("10.%d.0.1", i)
			w.later(3 * time.Hour) // each begins with nothing charged
			in := body("email", p.name+"@example.com")
			if path == "/auth/login" {
				in = body("email", p.name+"@example.com", "password", p.pw)
			}
			var got strings.Builder
			for range 24 {
				got.WriteString(whole(w.send("POST", path, "", in, "from", from)))
			}
			if want == "" {
				want = got.String()
			}
			if got.String() != want {
				t.Errorf("%s for %s, %s:\n%s\nwant\n%s", path, p.name, p.pw, got.String(), want)
			}
		}
		if !strings.Contains(want, "429\n") {
			t.Errorf("%s: never too often", path)
		}
	}
}

// TestSameEmailChange: asking for an address that somebody has is answered as for one that
// nobody has.
func TestSameEmailChange(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	add(t, w.Accounts, "bob")
	access, _ := w.login()
	ask := func(email, from string) string {
		return whole(w.send("POST", "/auth/email/change", access, body("email", email), "from", from))
	}
	if taken, free := ask("bob@example.com", "10.0.0.1"), ask("bob@example.net", "10.1.0.1"); taken != free {
		t.Errorf("taken:\n%s\nfree:\n%s", taken, free)
	}
}

// TestNeverShown: no password is in a log, an answer, an error or a mail, whatever becomes
// of it.
func TestNeverShown(t *testing.T) {
	const canary, second = "canary-Xq7-marmalade-oboe", "canary-Zt9-plinth-yodel"
	var errs bytes.Buffer
	w := newWorld(t, func(c *account.Config) {
		withMail(c)
		c.ErrorLog = slog.New(slog.NewTextHandler(&errs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	var shown strings.Builder
	call := func(path, bearer, in string) map[string]any {
		status, text, said := w.call("POST", path, bearer, in)
		fmt.Fprintln(&shown, status, text)
		return said
	}
	call("/auth/register", "", body("username", "ada", "email", "ada@example.com", "password", canary))
	call("/auth/register", "", body("username", "ada", "email", "ada@example.com", "password", canary))
	call("/auth/register", "", body("username", canary, "email", canary, "password", canary+strings.Repeat("x", 300)))
	call("/auth/register", "", `{"username":"bob","email":"b@example.com","password":["`+canary+`"]}`)
	call("/auth/register", "", `{"username":"bob","password":"`+canary)
	call("/auth/login", "", body("username", "ada", "password", canary))
	call("/auth/email/verify", "", body("token", w.verifyToken()))
	call("/auth/login", "", body("username", "ada", "password", canary))
	for range 7 {
		call("/auth/login", "", body("username", "ada", "password", second))
	}
	w.later(time.Hour)
	access := call("/auth/login", "", body("username", "ada", "password", canary))["access_token"].(string)
	call("/auth/reauth", access, body("password", second))
	call("/auth/password/change", access, body("current_password", canary, "new_password", second))
	call("/auth/password/reset", "", body("token", "spt_"+strings.Repeat("A", 43), "password", second))
	_, err := w.Add(t.Context(), account.NewUser{Username: "x", Email: "x", Password: secret.New(canary + "\xff")})
	fmt.Fprintln(&shown, err)
	_, err = w.Import(t.Context(), account.Portable{Username: "xxx", Email: "x@example.com", PasswordHash: canary})
	fmt.Fprintln(&shown, err)
	for _, m := range w.sent() {
		fmt.Fprintln(&shown, m)
	}
	w.store.Close()
	call("/auth/login", "", body("username", "ada", "password", canary))
	if !strings.Contains(shown.String(), "503") || errs.Len() == 0 || w.audit.Len() == 0 {
		t.Error("the test does not see what it is about")
	}
	for where, text := range map[string]string{"an answer or a mail": shown.String(), "the log of errors": errs.String(), "the audit log": w.audit.String()} {
		if i := strings.Index(text, "canary-"); i >= 0 {
			t.Errorf("%s: …%.120s", where, text[max(0, i-60):])
		}
	}
}

// verifyToken is the token in the newest mail that has one.
func (w *world) verifyToken() string {
	w.Helper()
	token := ""
	for _, m := range w.sent() {
		if _, after, ok := strings.Cut(m.text, "spt_"); ok {
			token = "spt_" + after[:43]
		}
	}
	return token
}

// TestOldPassword: no password expires, and two users with the same one have two hashes.
func TestOldPassword(t *testing.T) {
	w := newWorld(t, nil)
	add(t, w.Accounts, "ada")
	add(t, w.Accounts, "bob")
	ada, errA := w.Find(t.Context(), "ada")
	bob, errB := w.Find(t.Context(), "bob")
	if errA != nil || errB != nil || ada.PasswordHash.Equal(bob.PasswordHash) {
		t.Error("two users have one hash", errA, errB)
	}
	w.later(2 * 366 * 24 * time.Hour)
	w.login()
}

// TestManyLogins: what waits for a hash is bounded, the rest is told when to come back, and
// everything else goes on meanwhile.
func TestManyLogins(t *testing.T) {
	h, err := password.New(password.Config{Memory: 32 << 10, Time: 4, Concurrency: 1, Queue: 2})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(c *account.Config) { c.Passwords = h })
	add(t, w.Accounts, "ada")
	access, _ := w.login()
	type answer struct {
		status int
		retry  time.Duration
	}
	const many = 60
	answers := make(chan answer)
	for i := range many {
		go func() {
			status, retry := w.guess(fmt.Sprint("user", i), "wrong-wrong", fmt.Sprintf("10.0.%d.1", i), "")
			answers <- answer{status, retry}
		}()
	}
	got := map[int]int{}
	for i := range many {
		a := <-answers
		if got[a.status]++; a.status == 503 && a.retry <= 0 {
			t.Error("503 without Retry-After")
		}
		if i == 0 { // others still wait for a hash
			w.mustCall(200, "GET", "/auth/me", access, "")
		}
	}
	if got[401]+got[503] != many || got[503] == 0 || got[401] < 3 {
		t.Errorf("%v", got)
	}
}
