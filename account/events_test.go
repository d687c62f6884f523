package account_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/audit"
)

// events are the names of the events since it was last called.
func (w *world) events() (names []string) {
	w.Helper()
	for line := range bytes.Lines(w.audit.Bytes()) {
		var e struct {
			Event string `json:"event"`
		}
		if err := unmarshal(string(line), &e); err != nil {
			w.Fatal(err)
		}
		names = append(names, e.Event)
	}
	w.audit.Reset()
	return names
}

// happened holds what was just done to the one event it has to leave.
func (w *world) happened(what, event string) {
	w.Helper()
	if got := w.events(); len(got) != 1 || got[0] != event {
		w.Errorf("%s: events %q, want one %s", what, got, event)
	}
}

// TestEvents: every action of an account leaves one event, and what it was.
func TestEvents(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { withMail(c); c.InsecureUnverified = true })
	w.happened("the first start", audit.KeyChanged)
	w.register()
	w.happened("register", audit.UserCreated)
	w.mustCall(409, "POST", "/auth/register", "", body("username", "ada", "email", "other@example.com", "password", adasPW))
	w.happened("register a name that is taken", audit.UserExists)
	w.mustCall(202, "POST", "/auth/email/resend", "", body("email", "ada@example.com"))
	w.happened("resend", audit.MailAsked)
	ticket := w.token("Ada@Example.com", "Confirm")
	w.mustCall(204, "POST", "/auth/email/verify", "", body("token", ticket))
	w.happened("verify", audit.UserUpdated)
	w.loginAs("ada", "wrong-horse-41-battery")
	w.happened("a wrong password", audit.LoginFail)
	_, refresh := w.login()
	w.happened("login", audit.LoginSuccess)
	_, next := w.refresh(refresh)
	w.happened("refresh", audit.SessionRenew)
	w.refresh(next)
	w.happened("refresh again", audit.SessionRenew)
	w.mustCall(400, "POST", "/auth/refresh", "", body("refresh_token", refresh))
	w.happened("a stolen refresh token", audit.TokenReuse)
	w.sent()

	access, _ := w.login()
	w.events()
	w.mustCall(401, "POST", "/auth/reauth", access, body("password", "wrong-horse-41-battery"))
	w.happened("reauth with a wrong password", audit.LoginFail)
	w.mustCall(200, "POST", "/auth/reauth", access, body("password", adasPW))
	w.happened("reauth", audit.Reauth)
	said := w.mustCall(201, "POST", "/auth/keys", access, body("name", "k"))
	w.happened("an API key", audit.TokenCreated)
	w.mustCall(204, "DELETE", "/auth/keys/"+said["id"].(string), access, "")
	w.happened("revoke the key", audit.TokenRevoked)
	w.mustCall(202, "POST", "/auth/email/change", access, body("email", "ada@example.net"))
	w.happened("another address", audit.MailAsked)
	w.mustCall(401, "POST", "/auth/password/change", access, body("current_password", "wrong-horse-41-battery", "new_password", adasPW+"x"))
	w.happened("change the password without it", audit.PasswordFail)
	w.mustCall(204, "POST", "/auth/password/change", access, body("current_password", adasPW, "new_password", adasPW+"x"))
	w.happened("change the password", audit.PasswordSet)
	w.sent()
	w.mustCall(202, "POST", "/auth/password/forgot", "", body("email", "nobody@example.com"))
	w.happened("forgot of nobody", audit.PasswordReset)
	w.mustCall(202, "POST", "/auth/password/forgot", "", body("email", "ada@example.com"))
	w.happened("forgot", audit.PasswordReset)
	ticket = w.token("Ada@Example.com", "new password")
	w.mustCall(204, "POST", "/auth/password/reset", "", body("token", ticket, "password", adasPW))
	w.happened("reset", audit.PasswordSet)

	access, _ = w.login()
	w.events()
	w.mustCall(204, "POST", "/auth/logout", access, "")
	w.happened("logout", audit.SessionLogout)
	access, _ = w.login()
	w.events()
	w.mustCall(204, "POST", "/auth/logout-all", access, "")
	w.happened("logout everywhere", audit.SessionLogout)
	_, refresh = w.login()
	w.events()
	w.send("POST", "/auth/revoke", "", "token="+refresh, "Content-Type", "application/x-www-form-urlencoded")
	w.happened("revoke", audit.TokenRevoked)
}

// TestEventsSecond: the same of a second factor.
func TestEventsSecond(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	e := &enrolled{world: w}
	e.access, _ = w.login()
	w.events()
	said := w.mustCall(200, "POST", "/auth/mfa/totp/enroll", e.access, "")
	w.happened("enroll", audit.FactorSet)
	e.seed = seedOf(t, said["secret"].(string))
	w.mustCall(401, "POST", "/auth/mfa/totp/confirm", e.access, body("code", "000000"))
	w.happened("a wrong code", audit.LoginFail)
	w.mustCall(200, "POST", "/auth/mfa/totp/confirm", e.access, body("code", e.code()))
	w.happened("confirm", audit.FactorSet)
	ticket := e.first()
	w.happened("the first step", audit.FactorAsked)
	access := e.second(200, ticket, "code", e.next())["access_token"].(string)
	w.happened("the second step", audit.LoginSuccess)
	w.mustCall(200, "POST", "/auth/mfa/recovery/regenerate", access, body("code", e.next()))
	w.happened("recovery codes", audit.FactorSet)
	w.mustCall(204, "POST", "/auth/mfa/totp/disable", access, body("code", e.next()))
	w.happened("disable", audit.FactorSet)
}

// TestEventsAdmin: what an administrator does is one event as well, with who did it.
func TestEventsAdmin(t *testing.T) {
	w := newWorld(t, withMail)
	ada, bob := add(t, w.Accounts, "ada"), add(t, w.Accounts, "bob")
	if _, err := w.SetRoles(t.Context(), "ada", []string{"admin"}); err != nil {
		t.Fatal(err)
	}
	e := enroll(w)
	access := e.second(200, e.first(), "code", e.next())["access_token"].(string)
	w.events()
	for _, c := range []struct {
		method, path, bearer, in string
		event                    string
	}{
		{"GET", "/users", "", "", audit.NoCredentials},
		{"GET", "/users", "none", "", audit.TokenInvalid},
		{"GET", "/users", access, "", audit.AuthzAdmin},
		{"GET", "/users/" + bob.ID, access, "", audit.AuthzAdmin},
		{"POST", "/users/" + bob.ID + "/roles", access, `{"roles":["editor"]}`, audit.AuthzChange},
		{"POST", "/users/" + bob.ID + "/roles", access, `{}`, audit.InputFail},
		{"POST", "/users/" + bob.ID + "/disable", access, "", audit.UserUpdated},
		{"POST", "/users/" + ada.ID + "/disable", access, "", audit.InputFail},
		{"POST", "/users/" + bob.ID + "/enable", access, "", audit.UserUpdated},
		{"POST", "/users/" + bob.ID + "/force-reset", access, "", audit.UserUpdated},
		{"POST", "/users/" + bob.ID + "/end-sessions", access, "", audit.SessionLogout},
		{"POST", "/users/" + bob.ID + "/remove-mfa", access, "", audit.UserUpdated},
		{"POST", "/invites", access, `{"email":"eve@example.com"}`, audit.UserCreated},
		{"GET", "/keys", access, "", audit.AuthzAdmin},
		{"POST", "/keys/rotate", access, "", audit.KeyChanged},
		{"DELETE", "/keys/" + w.newest(), access, "", audit.KeyChanged},
	} {
		_, said := w.admin(c.method, c.path, c.bearer, c.in)
		line := w.audit.String()
		w.happened(c.method+" "+c.path, c.event)
		if c.bearer == access && !strings.Contains(line, `"subject":"`+ada.ID) || !strings.Contains(line, `"request":"`) {
			t.Errorf("%s %s: it is not said who did it: %s", c.method, c.path, line)
		}
		if id := instance(said); said != "" && strings.Contains(said, `"status"`) && (id == "" || !strings.Contains(line, id)) {
			t.Errorf("%s %s: %s and %s do not belong together", c.method, c.path, said, line)
		}
	}
}

// instance is the id of the request in a problem.
func instance(said string) string {
	_, rest, _ := strings.Cut(said, "urn:sallyport:request:")
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

// breaking is a store whose lists of users panic.
type breaking struct{ account.Store }

func (breaking) Users(context.Context, account.UserQuery) ([]account.User, error) {
	panic("a secret thing")
}

// TestAdminPanic: a panic becomes a 500 that says nothing, and an event.
func TestAdminPanic(t *testing.T) {
	first := newWorld(t, nil)
	w := newWorldOn(t, breaking{first.store}, nil)
	add(t, w.Accounts, "ada")
	if _, err := w.SetRoles(t.Context(), "ada", []string{"admin"}); err != nil {
		t.Fatal(err)
	}
	e := enroll(w)
	access := e.second(200, e.first(), "code", e.next())["access_token"].(string)
	w.events()
	status, said := w.admin("GET", "/users", access, "")
	if status != http.StatusInternalServerError || !strings.Contains(said, "internal_error") || strings.Contains(said, "secret") {
		t.Error(status, said)
	}
	w.happened("a panic", audit.SysCrash)
}
