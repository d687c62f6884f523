package account_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/secret"
)

type auditLine struct {
	Event   string `json:"event"`
	Object  string `json:"object"`
	Subject string `json:"subject"`
	Reason  string `json:"reason"`
}

// lines are the events since it was last called.
func (w *world) lines() (list []auditLine) {
	w.Helper()
	for line := range bytes.Lines(w.audit.Bytes()) {
		var e auditLine
		if err := unmarshal(string(line), &e); err != nil {
			w.Fatal(err)
		}
		list = append(list, e)
	}
	w.audit.Reset()
	return list
}

// TestAudit_namesRoles: whatever gives roles says in the log which, and to whom.
func TestAudit_namesRoles(t *testing.T) {
	long := make([]string, 0, 32)
	for range 31 {
		long = append(long, strings.Repeat("x", 64))
	}
	long = append(long, account.RoleAdmin) // past what an event keeps of a reason
	for name, give := range map[string]func(w *world, roles []string) (account.User, error){
		"add": func(w *world, roles []string) (account.User, error) {
			return w.Add(w.Context(), account.NewUser{Username: "eve", Email: "eve@example.com",
				Password: secret.New(adasPW), Roles: roles})
		},
		"import": func(w *world, roles []string) (account.User, error) {
			return w.Import(w.Context(), account.Portable{Username: "eve", Email: "eve@example.com", Roles: roles})
		},
		"invite": func(w *world, roles []string) (account.User, error) {
			err := w.Invite(w.Context(), "eve@example.com", roles)
			invite := w.token("eve@example.com", "invited")
			list := w.lines()
			if len(list) != 1 || list[0].Object == "" || strings.Contains(list[0].Object, "@") ||
				!strings.Contains(list[0].Reason, "roles: "+wanted(roles)) {
				w.Errorf("invite: %+v", list)
			}
			in := body("username", "eve", "email", "eve@example.com", "password", adasPW, "invite", invite)
			id := w.mustCall(201, "POST", "/auth/register", "", in)["id"].(string)
			registered := w.lines()
			if len(registered) != 1 || !strings.Contains(registered[0].Reason, list[0].Object) {
				w.Errorf("the invite is not named: %+v", registered)
			}
			// For the check of all: the line that was read is there again.
			w.audit.WriteString(`{"event":"` + registered[0].Event + `","object":"` + id +
				`","reason":"` + registered[0].Reason + `"}` + "\n")
			return account.User{ID: id}, err
		},
		"register": func(w *world, roles []string) (account.User, error) {
			if roles != nil {
				return w.Add(w.Context(), account.NewUser{Username: "eve", Email: "eve@example.com",
					Password: secret.New(adasPW), Roles: roles})
			}
			w.mustCall(202, "POST", "/auth/register", "", body("username", "eve", "email", "eve@example.com", "password",
				adasPW))
			return w.Find(w.Context(), "eve")
		},
		"set": func(w *world, roles []string) (account.User, error) {
			add(w.T, w.Accounts, "eve")
			w.audit.Reset()
			if roles == nil {
				roles = []string{"user"}
			}
			return w.SetRoles(w.Context(), "eve", roles)
		},
	} {
		for _, roles := range [][]string{{"admin"}, {"user", "admin"}, {}, nil, long} {
			w := newWorld(t, withMail)
			w.audit.Reset()
			u, err := give(w, roles)
			if err != nil {
				t.Fatal(name, err)
			}
			list := w.lines()
			if len(list) != 1 || list[0].Object != u.ID && list[0].Subject != u.ID || !strings.Contains(list[0].Reason,
				"roles: "+wanted(roles)) {
				t.Errorf("%s of %d roles: %+v", name, len(roles), list)
			}
			if event := list[0].Event; event != audit.UserCreated && event != audit.AuthzChange {
				t.Errorf("%s: %s", name, event)
			}
		}
	}
}

// wanted is how a log line must begin to name roles: with the administrator's, which nothing
// may push past the end.
func wanted(roles []string) string {
	switch {
	case roles == nil:
		return "user"
	case len(roles) == 0:
		return "none"
	}
	return account.RoleAdmin
}
