package account_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/postgres"
	"github.com/sallyport-dev/sallyport/internal/pgtest"
)

// administrator adds a user who may use the API for administrators, and returns a token.
func (w *world) administrator(name string) (access string) {
	w.Helper()
	add(w.T, w.Accounts, name)
	if _, err := w.SetRoles(w.Context(), name, []string{account.RoleAdmin}); err != nil {
		w.Fatal(err)
	}
	access = enrollAs(w, name)
	w.sent()
	return access
}

// accept registers with an invite.
func (w *world) accept(name, invite string) int {
	w.Helper()
	return w.send("POST", "/auth/register", "", body("username", name, "email", name+"@example.com", "password",
		adasPW, "invite", invite)).Code
}

// TestInvite_endsWithItsInviter: an invite is good as long as the one who sent it may give
// such roles. A program's has no inviter, and an inviter's own affairs are no matter.
func TestInvite_endsWithItsInviter(t *testing.T) {
	disable := func(w *world, yes bool) error { _, err := w.SetDisabled(w.Context(), "ada", yes); return err }
	roles := func(w *world, list ...string) error { _, err := w.SetRoles(w.Context(), "ada", list); return err }
	for name, row := range map[string]struct {
		then func(w *world, access string) error
		want int
	}{
		"an administrator still": {func(*world, string) error { return nil }, 201},
		"another role more":      {func(w *world, _ string) error { return roles(w, "editor", account.RoleAdmin) }, 201},
		"another password": {func(w *world, access string) error {
			w.mustCall(204, "POST", "/auth/password/change", access, body("current_password", adasPW, "new_password", newPW))
			return nil
		}, 201},
		"logged out": {func(w *world, _ string) error { return w.EndSessions(w.Context(), "ada") }, 201},
		"another second factor": {func(w *world, _ string) error {
			_, err := w.RemoveSecondFactor(w.Context(), "ada")
			return err
		}, 201},
		"no administrator": {func(w *world, _ string) error { return roles(w, "user") }, 403},
		"no administrator for a while": {func(w *world, _ string) error {
			return errors.Join(roles(w), roles(w, account.RoleAdmin))
		}, 403},
		"disabled": {func(w *world, _ string) error { return disable(w, true) }, 403},
		"disabled for a while": {func(w *world, _ string) error {
			return errors.Join(disable(w, true), disable(w,
				false))
		}, 403},
		"under suspicion": {func(w *world, _ string) error {
			_, err := w.ForceReset(w.Context(), "ada")
			return err
		}, 403},
	} {
		for _, inviter := range []string{"ada", "a program", "another administrator"} {
			w := newWorld(t, withMail)
			w.administrator("root")
			access := w.administrator("ada")
			switch inviter {
			case "a program":
				if err := w.Invite(t.Context(), "eve@example.com", []string{account.RoleAdmin}); err != nil {
					t.Fatal(err)
				}
			default:
				by := access
				if inviter != "ada" {
					by = w.administrator("zoe")
				}
				if status, said := w.admin("POST", "/invites", by, `{"email":"eve@example.com","roles":["admin"]}`); status != 204 {
					t.Fatal(status, said)
				}
			}
			invite := w.token("eve@example.com", "invited")
			if err := row.then(w, access); err != nil {
				t.Fatal(err)
			}
			want := row.want
			if inviter != "ada" {
				want = 201
			}
			if got := w.accept("eve", invite); got != want {
				t.Errorf("%s, invited by %s: %d, want %d", name, inviter, got, want)
			}
		}
	}
}

// TestInvite_withdrawn: invites are listed, and withdrawn by id or address, once.
func TestInvite_withdrawn(t *testing.T) {
	w := newWorld(t, withMail)
	access := w.administrator("ada")
	ada, err := w.Find(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	in := `{"email":"Eve@example.com","roles":["editor"]}`
	if status, said := w.admin("POST", "/invites", access, in); status != 204 {
		t.Fatal(status, said)
	}
	first := w.token("Eve@example.com", "invited")
	w.later(time.Second)
	second := w.invited("bob@example.com")
	list, err := w.Invites(t.Context())
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	if i := list[0]; i.Email != "Eve@example.com" || i.Inviter != ada.ID || len(i.Roles) != 1 ||
		i.Roles[0] != "editor" || i.Expires.Sub(i.Created) != 72*time.Hour {
		t.Errorf("%+v", i)
	}
	if i := list[1]; i.Email != "bob@example.com" || i.Inviter != "" || i.Roles != nil {
		t.Errorf("%+v", i)
	}
	status, said := w.admin("GET", "/invites", access, "")
	for _, part := range []string{list[0].ID, list[1].ID, `"Eve@example.com"`, `"roles":["editor"]`,
		`"roles":["user"]`, ada.ID} {
		if status != 200 || !strings.Contains(said, part) || strings.Contains(said, "spt_") {
			t.Errorf("%d %s, want %s", status, said, part)
		}
	}
	reset := w.reset("ada@example.com") // another ticket, which is no invite
	for _, name := range []string{"none", ada.ID, "ada", "ada@example.com", first, " ", strings.Repeat("x", 300)} {
		if err := w.WithdrawInvite(t.Context(), name); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("%.40q: %v", name, err)
		}
	}
	if status, said := w.admin("DELETE", "/invites/"+list[0].ID, access, ""); status != 204 {
		t.Error(status, said)
	}
	if status, _ := w.admin("DELETE", "/invites/"+list[0].ID, access, ""); status != 404 {
		t.Error(status)
	}
	if err := w.WithdrawInvite(t.Context(), "BOB@example.com"); err != nil {
		t.Error(err)
	}
	for name, invite := range map[string]string{"Eve": first, "bob": second} {
		if got := w.accept(name, invite); got != http.StatusForbidden {
			t.Errorf("%s: %d", name, got)
		}
	}
	if list, err := w.Invites(t.Context()); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
	w.mustCall(204, "POST", "/auth/password/reset", "", body("token", reset, "password", newPW))
	if text := w.audit.String(); !strings.Contains(text, "invite withdrawn") || strings.Contains(text, "Eve@") {
		t.Error(text)
	}
}

// TestInvite_listed: what was used, replaced or has expired is not there.
func TestInvite_listed(t *testing.T) {
	w := newWorld(t, withMail)
	count := func(want int) {
		t.Helper()
		if list, err := w.Invites(t.Context()); err != nil || len(list) != want {
			t.Errorf("%+v %v, want %d", list, err, want)
		}
	}
	w.invited("eve@example.com")
	invite := w.invited("EVE@example.com")
	count(1)
	if got := w.accept("eve", invite); got != 201 {
		t.Fatal(got)
	}
	count(0)
	w.invited("bob@example.com")
	w.later(72*time.Hour - time.Second)
	count(1)
	w.later(time.Second)
	count(0)
	if err := w.WithdrawInvite(t.Context(), "bob@example.com"); !errors.Is(err, account.ErrNotFound) {
		t.Error(err)
	}
}

// TestInvite_whileItsInviterIsDisabled has somebody register with an invite on one node while
// another node disables its inviter: one comes before the other, and neither fails.
func TestInvite_whileItsInviterIsDisabled(t *testing.T) {
	t.Parallel()
	store, err := postgres.Open(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	w, other := newWorldOn(t, store, withMail), newWorldOn(t, store, withMail)
	for _, name := range []string{"anna", "bert", "carl", "dora", "emil", "frida"} {
		w.setClock(time.Now()) // codes are by the database's clock
		access := w.administrator(name)
		guest := "guest-of-" + name
		in := `{"email":"` + guest + `@example.com","roles":["admin"]}`
		if status, said := w.admin("POST", "/invites", access, in); status != 204 {
			t.Fatal(status, said)
		}
		invite := w.token(guest+"@example.com", "invited")
		disabled := make(chan error)
		go func() {
			_, err := other.SetDisabled(t.Context(), name, true)
			disabled <- err
		}()
		got := w.accept(guest, invite)
		if err := <-disabled; err != nil {
			t.Error(err)
		}
		_, err := w.Find(t.Context(), guest)
		if got != 201 && got != 403 || (got == 201) != (err == nil) {
			t.Errorf("%s: %d, %v", guest, got, err)
		}
		if list, err := w.Invites(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("%+v %v", list, err)
		}
	}
}
