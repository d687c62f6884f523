package account_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/audit"
)

const newPW = "violet-otter-runs-91"

func body(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		b.WriteString(`,"` + pairs[i] + `":"` + pairs[i+1] + `"`)
	}
	return "{" + b.String()[1:] + "}"
}

func (w *world) loginAs(name, pw string) (int, map[string]any) {
	w.Helper()
	status, _, said := w.call("POST", "/auth/login", "", body("username", name, "password", pw))
	return status, said
}

// TestVerify: nobody is let in before the address is confirmed, and nobody is told why.
func TestVerify(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { withMail(c); c.Page = "https://app.example/account" })
	w.mustCall(202, "POST", "/auth/register", "", body("username", "ada", "email", "ada@example.com", "password", adasPW))
	list := w.sent()
	if len(list) != 1 || !strings.Contains(list[0].text, "https://app.example/account#verify=spt_") {
		t.Fatalf("%+v", list)
	}
	if !strings.Contains(list[0].text, "chose the password") {
		t.Errorf("a stranger's password may be confirmed unawares: %s", list[0].text)
	}
	if status, _ := w.loginAs("ada", adasPW); status != 401 {
		t.Errorf("unverified: %d", status)
	}
	w.mustCall(202, "POST", "/auth/email/resend", "", body("email", "ada@example.com"))
	token := w.token("ada@example.com", "Confirm")
	_, old, _ := strings.Cut(list[0].text, "#verify=")
	if said := w.mustCall(400, "POST", "/auth/email/verify", "", body("token", old[:47])); said["code"] != "invalid_one_time_token" {
		t.Errorf("%v", said)
	}
	w.mustCall(400, "POST", "/auth/email/verify", "", body("token", old[:47])) // the newer mail has replaced it
	w.mustCall(405, "GET", "/auth/email/verify", "", "")                       // a scanner that follows links
	w.mustCall(400, "POST", "/auth/password/reset", "", body("token", token, "password", newPW))
	w.mustCall(204, "POST", "/auth/email/verify", "", body("token", token))
	w.mustCall(400, "POST", "/auth/email/verify", "", body("token", token))
	if status, _ := w.loginAs("ada", adasPW); status != 200 {
		t.Errorf("verified: %d", status)
	}
	w.later(2 * time.Hour)
	w.mustCall(202, "POST", "/auth/email/resend", "", body("email", "ada@example.com"))
	if list := w.sent(); len(list) != 0 {
		t.Errorf("a mail to who is verified: %+v", list)
	}
}

// TestSameRegister: the same answer for what is free and what is taken; the mail differs.
func TestSameRegister(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	answer := func(name, email string) string {
		rec := w.send("POST", "/auth/register", "", body("username", name, "email", email, "password", adasPW))
		h := rec.Header()
		for _, name := range []string{"Ratelimit"} {
			h.Del(name) // it counts down, for all alike
		}
		return rec.Body.String() + strings.Join(slices.Sorted(headerLines(h)), "\n")
	}
	want := answer("bob", "bob@example.com")
	w.token("bob@example.com", "Confirm")
	for _, row := range []struct{ name, email, word string }{
		{"eve", "ada@example.com", "You have an account"}, {"ADA", "ADA@example.com", "You have an account"}, {"ada", "eve@example.com", "Choose another name"},
	} {
		if got := answer(row.name, row.email); got != want {
			t.Errorf("%s, %s: %s, want %s", row.name, row.email, got, want)
		}
		if list := w.sent(); len(list) != 1 || list[0].to != row.email || !strings.Contains(list[0].subject, row.word) || strings.Contains(list[0].text, "spt_") {
			t.Errorf("%s: %+v", row.email, list)
		}
	}
	if list, err := w.Users(t.Context(), account.UserQuery{Limit: 10}); err != nil || len(list) != 2 {
		t.Errorf("%d users, %v", len(list), err)
	}
}

func headerLines(h map[string][]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name, values := range h {
			if !yield(name + ": " + strings.Join(values, ", ")) {
				return
			}
		}
	}
}

// TestForgot: the same answer for everybody; a mail, if there is somebody, at most three
// an hour; a new password ends everything.
func TestForgot(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { withMail(c); c.RegisterLimit = "1000 per 1h" })
	add(t, w.Accounts, "ada")
	add(t, w.Accounts, "gone")
	if _, err := w.SetDisabled(t.Context(), "gone", true); err != nil {
		t.Fatal(err)
	}
	access, refresh := w.login()
	forgot := func(email string) string {
		status, text, _ := w.call("POST", "/auth/password/forgot", "", body("email", email))
		if status != 202 {
			t.Fatal(status, text)
		}
		return text
	}
	want := forgot("ada@example.com")
	old := w.token("ada@example.com", "new password")
	for range 4 { // within the bound on mails to one address, and past it
		for _, email := range []string{"nobody@example.com", "gone@example.com"} {
			if got := forgot(email); got != want {
				t.Errorf("%s: %s", email, got)
			}
		}
	}
	if list := w.sent(); len(list) != 0 {
		t.Errorf("mails to nobody: %+v", list)
	}
	forgot("ADA@example.com")
	token := w.token("ada@example.com", "new password")
	for _, bad := range []string{old, "spt_" + strings.Repeat("A", 43), token[:46] + "_", "x", refresh[:60]} {
		w.mustCall(400, "POST", "/auth/password/reset", "", body("token", bad, "password", newPW))
	}
	w.mustCall(422, "POST", "/auth/password/reset", "", body("token", token, "password", "password1234"))
	w.mustCall(204, "POST", "/auth/password/reset", "", body("token", token, "password", newPW))
	w.mustCall(400, "POST", "/auth/password/reset", "", body("token", token, "password", newPW))
	w.mustCall(401, "GET", "/auth/me", access, "")
	if status, _, _ := w.tryRefresh(refresh); status != 400 {
		t.Errorf("the session goes on: %d", status)
	}
	if list := w.sent(); len(list) != 1 || !strings.Contains(list[0].subject, "was changed") {
		t.Errorf("%+v", list)
	}
	if status, _ := w.loginAs("ada", adasPW); status != 401 {
		t.Errorf("the old password: %d", status)
	}
	if status, _ := w.loginAs("ada", newPW); status != 200 {
		t.Errorf("the new password: %d", status)
	}
	for range 3 {
		forgot("ada@example.com")
	}
	if list := w.sent(); len(list) != 1 { // two were sent before
		t.Errorf("%d mails, want the third of the hour", len(list))
	}
	w.later(2 * time.Hour)
	forgot("ada@example.com")
	token = w.token("ada@example.com", "new password")
	w.later(time.Hour)
	w.mustCall(400, "POST", "/auth/password/reset", "", body("token", token, "password", adasPW))
}

// TestAskedByOthers: however often strangers ask for mail to an address, the last one that
// went there holds a token that is good.
func TestAskedByOthers(t *testing.T) {
	for path, use := range map[string]func(w *world, token string){
		"/auth/password/forgot": func(w *world, token string) {
			w.mustCall(204, "POST", "/auth/password/reset", "", body("token", token, "password", newPW))
		},
		"/auth/email/resend": func(w *world, token string) {
			w.mustCall(204, "POST", "/auth/email/verify", "", body("token", token))
		},
	} {
		w := newWorld(t, func(c *account.Config) { withMail(c); c.RegisterLimit = "1000 per 1h" })
		w.mustCall(202, "POST", "/auth/register", "", body("username", "ada", "email", "ada@example.com", "password", adasPW))
		w.later(2 * time.Hour)
		w.sent()
		var list []mail
		for range 20 {
			w.mustCall(202, "POST", path, "", body("email", "ada@example.com"))
			list = append(list, w.sent()...) // of several that wait, none is the first
		}
		if len(list) != 3 {
			t.Fatalf("%s: %d mails", path, len(list))
		}
		_, token, _ := strings.Cut(list[2].text, "spt_")
		use(w, "spt_"+token[:43])
	}
}

// TestForgotOnAndOn: a stranger who asks on and on for an address gets it three mails an
// hour, and the last of them stays good. Which network asks makes no difference.
func TestForgotOnAndOn(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	var last []mail
	for i := range 4 { // other mails to her, and none, take nothing from these
		w.mustCall(202, "POST", "/auth/register", "", body("username", "eve", "email", "ada@example.com", "password", adasPW))
		w.mustCall(202, "POST", "/auth/email/resend", "", body("email", "ada@example.com"))
		if list := w.sent(); i > 1 && len(list) > 0 {
			t.Errorf("%+v", list)
		}
	}
	for i := range 15 {
		w.mustCall(202, "POST", "/auth/password/forgot", "", body("email", "ada@example.com"), "from", fmt.Sprintf("198.51.%d.1", i))
		if list := w.sent(); len(list) > 0 {
			last = append(last, list...)
		}
	}
	if len(last) != 3 {
		t.Fatalf("%d mails", len(last))
	}
	_, token, _ := strings.Cut(last[2].text, "Token: ")
	w.mustCall(204, "POST", "/auth/password/reset", "", body("token", token[:47], "password", newPW))
}

// TestMailLimit: strangers of many networks have no more mails sent than there may be, and
// are told the same whether there is somebody. Who logs in is in nobody's way.
func TestMailLimit(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { withMail(c); c.MailLimit = "6 per 1h" })
	add(t, w.Accounts, "ada")
	access, _ := w.login()
	ask := func(i int, path, in string) int {
		return w.send("POST", path, "", in, "from", fmt.Sprintf("198.51.%d.1", i)).Code
	}
	for i := range 4 {
		if status := ask(i, "/auth/password/forgot", body("email", fmt.Sprintf("nobody%d@example.com", i))); status != 202 {
			t.Fatal(status)
		}
	}
	w.mustCall(202, "POST", "/auth/email/change", access, body("email", "b@example.com"))
	if status := ask(5, "/auth/register", body("username", "bob", "email", "bob@example.com", "password", adasPW)); status != 202 {
		t.Fatal(status)
	}
	said := map[string]bool{}
	for i, email := range []string{"ada@example.com", "nobody@example.com"} {
		rec := w.send("POST", "/auth/password/forgot", "", body("email", email), "from", fmt.Sprintf("203.0.%d.1", i))
		said[rec.Body.String()] = true
		if rec.Code != 429 || rec.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %d %v", email, rec.Code, rec.Header())
		}
	}
	if len(said) != 1 {
		t.Errorf("answers %v", said)
	}
	if status := ask(8, "/auth/register", body("username", "eve", "email", "eve@example.com", "password", adasPW)); status != 429 {
		t.Error(status)
	}
	w.mustCall(429, "POST", "/auth/email/change", access, body("email", "c@example.com"))
	if list := w.sent(); len(list) != 2 { // to b and to bob
		t.Errorf("%+v", list)
	}
	w.login()
	w.later(time.Hour)
	w.mustCall(202, "POST", "/auth/password/forgot", "", body("email", "ada@example.com"))
}

// TestForceReset: the password is good for nothing, and only its user learns the next.
func TestForceReset(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	access, refresh := w.login()
	if _, err := w.ForceReset(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	w.mustCall(401, "GET", "/auth/me", access, "")
	if status, _, _ := w.tryRefresh(refresh); status != 400 {
		t.Error(status)
	}
	if status, _ := w.loginAs("ada", adasPW); status != 401 {
		t.Errorf("the old password: %d", status)
	}
	w.mustCall(204, "POST", "/auth/password/reset", "", body("token", w.token("ada@example.com", "new password"), "password", newPW))
	if status, _ := w.loginAs("ada", newPW); status != 200 {
		t.Error(status)
	}
}

func TestPasswordChange(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	access, _ := w.login()
	other, otherRefresh := w.login()
	w.mustCall(401, "POST", "/auth/password/change", access, body("current_password", "wrong-wrong", "new_password", newPW))
	w.mustCall(422, "POST", "/auth/password/change", access, body("current_password", adasPW, "new_password", "short"))
	w.mustCall(204, "POST", "/auth/password/change", access, body("current_password", adasPW, "new_password", newPW))
	w.mustCall(200, "GET", "/auth/me", access, "")
	w.mustCall(401, "GET", "/auth/me", other, "")
	if status, _, _ := w.tryRefresh(otherRefresh); status != 400 {
		t.Error(status)
	}
	if list := w.sent(); len(list) != 1 || !strings.Contains(list[0].subject, "was changed") {
		t.Errorf("%+v", list)
	}
	if !strings.Contains(w.audit.String(), audit.PasswordSet) || strings.Contains(w.audit.String(), newPW) {
		t.Error("the audit log")
	}
}

// TestReauth: what matters needs a login not long ago.
func TestReauth(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	_, refresh := w.login()
	w.later(11 * time.Minute)
	access, _ := w.refresh(refresh)
	for path, in := range map[string]string{
		"/auth/email/change": body("email", "x@example.com"), "/auth/keys": body("name", "k"), "/auth/mfa/totp/enroll": "",
		"/auth/mfa/totp/confirm": body("code", "000000"), "/auth/mfa/totp/disable": body("code", "000000"), "/auth/mfa/recovery/regenerate": body("code", "000000"),
	} {
		if said := w.mustCall(403, "POST", path, access, in); said["code"] != "reauth_required" {
			t.Errorf("%s: %v", path, said)
		}
	}
	w.mustCall(401, "POST", "/auth/reauth", access, body("password", "wrong"))
	w.mustCall(200, "POST", "/auth/reauth", access, body("password", adasPW))
	w.mustCall(201, "POST", "/auth/keys", access, body("name", "k"))
}

// TestInvite: a mailed token makes an account with that address, once.
func TestInvite(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { withMail(c); c.Registration = account.RegistrationInvite })
	in := func(name, email, invite string) string {
		return body("username", name, "email", email, "password", adasPW, "invite", invite)
	}
	w.mustCall(403, "POST", "/auth/register", "", body("username", "eve", "email", "eve@example.com", "password", adasPW))
	if err := w.Invite(t.Context(), "ada@example.com", []string{"editor"}); err != nil {
		t.Fatal(err)
	}
	token := w.token("ada@example.com", "invited")
	w.mustCall(403, "POST", "/auth/register", "", in("eve", "eve@example.com", token))
	w.mustCall(201, "POST", "/auth/register", "", in("ada", "Ada@example.com", token))
	w.mustCall(403, "POST", "/auth/register", "", in("ada2", "ada@example.com", token))
	_, said := w.loginAs("ada", adasPW)
	me := w.mustCall(200, "GET", "/auth/me", said["access_token"].(string), "")
	if me["email_verified"] != true || me["roles"].([]any)[0] != "editor" {
		t.Errorf("%v", me)
	}
}
