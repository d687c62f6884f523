package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/secret"
)

func users(t *testing.T, w *world) {
	_, err := w.User(w.ctx(), "nobody")
	w.want(err, account.ErrNotFound)
	_, err = w.UserByLogin(w.ctx(), "nobody")
	w.want(err, account.ErrNotFound)
	u := w.user("Ada")
	for _, login := range []string{"Ada", "ada", "ADA", "ada@example.com", "ADA@EXAMPLE.COM"} {
		got, err := w.UserByLogin(w.ctx(), login)
		w.must(err)
		same(t, u, got)
	}
	same(t, u, w.byID(u.ID))
	for _, login := range []string{"", "ad", "adaa", "Ada ", "@example.com", "a%", "_da", "' OR 1=1--"} {
		_, err := w.UserByLogin(w.ctx(), login)
		w.want(err, account.ErrNotFound)
	}
}

// oddNames: what no store can keep is not there. Asking for it is no failure.
func oddNames(t *testing.T, w *world) {
	w.user("ada")
	for _, odd := range []string{"\x00", "ada\x00", "a\x00da", "\xff", "ada\xff"} {
		_, err := w.User(w.ctx(), odd)
		w.want(err, account.ErrNotFound)
		_, err = w.UserByLogin(w.ctx(), odd)
		w.want(err, account.ErrNotFound)
		_, err = w.Session(w.ctx(), odd)
		w.want(err, account.ErrNotFound)
		_, err = w.Record(w.ctx(), "k", odd)
		w.want(err, account.ErrNotFound)
		if list, err := w.Users(w.ctx(), account.UserQuery{Search: odd, Limit: 10}); err != nil || len(list) != 0 {
			t.Errorf("search %q: %d users, %v", odd, len(list), err)
		}
		w.must(w.do(func(tx account.Tx) error { // nor does it end a transaction
			if _, err := tx.UserByLogin(w.ctx(), odd); !errors.Is(err, account.ErrNotFound) {
				return err
			}
			return tx.PutRecord(w.ctx(), account.Record{Kind: "k", ID: "a"})
		}))
	}
	n := newNode(t, w.Store)
	n.add("bob")
	access, _ := n.login("bob")
	for _, c := range []struct {
		status                     int
		method, path, bearer, body string
	}{
		{401, "POST", "/auth/login", "", `{"username":"a\u0000da","password":"` + adasPassword + `"}`},
		{401, "POST", "/auth/login", "", `{"email":"\u0000@example.com","password":"` + adasPassword + `"}`},
		{404, "DELETE", "/auth/sessions/%00", access, ""},
		{404, "DELETE", "/auth/keys/a%00", access, ""},
	} {
		if status, said := n.call(c.method, c.path, c.bearer, c.body); status != c.status {
			t.Errorf("%s %s %s: %d %v, want %d", c.method, c.path, c.body, status, said, c.status)
		}
	}
}

// same compares two users in full.
func same(t *testing.T, want, got account.User) {
	t.Helper()
	if got.ID != want.ID || got.Username != want.Username || got.Email != want.Email || !got.PasswordHash.Equal(want.PasswordHash) ||
		!slices.Equal(got.Roles, want.Roles) || got.Created != want.Created || got.Verified != want.Verified || got.Disabled != want.Disabled ||
		got.MustReset != want.MustReset || got.Credential != want.Credential {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func unique(t *testing.T, w *world) {
	w.user("Kelvin")
	other := func(change func(*account.User)) account.User {
		u := user("other")
		change(&u)
		return u
	}
	for name, u := range map[string]account.User{
		"username":                other(func(u *account.User) { u.Username = "Kelvin" }),
		"username in small":       other(func(u *account.User) { u.Username = "kelvin" }),
		"username with U+212A":    other(func(u *account.User) { u.Username = "\u212aelvin" }),
		"address in another case": other(func(u *account.User) { u.Email = "KELVIN@Example.COM" }),
		"id":                      other(func(u *account.User) { u.ID = "id-Kelvin" }),
	} {
		if err := w.add(u); err == nil {
			t.Errorf("%s: kept", name)
		} else {
			w.want(err, account.ErrTaken)
		}
	}
	// Nothing of what was refused is left.
	bob := w.user("other")
	bob.Email = "kelvin@EXAMPLE.com"
	w.want(w.do(func(tx account.Tx) error { return tx.SetUser(w.ctx(), bob) }), account.ErrTaken)
	for a, b := range map[string]string{"straſe": "STRASE", "ΣΑΣ": "σας", "éa": "ÉA"} {
		u, v := user("fold"), user("unfold")
		u.ID, u.Username, u.Email = "1"+a, a, "1"+a+"@example.com"
		v.ID, v.Username, v.Email = "2"+a, b, "2"+a+"@example.com"
		w.must(w.add(u))
		w.want(w.add(v), account.ErrTaken)
	}
}

func asItWas(t *testing.T, w *world) {
	u := user("x")
	u.Username = "  \t'\"\\%_;--\u202e\U0001f512\r\n" + strings.Repeat("y", 900)
	u.Email = strings.Repeat("e", 900) + "@\u00e9xample"
	u.PasswordHash = secret.New(strings.Repeat("$", 1<<20))
	u.Roles = []string{"b", "a", "", "a", "c,d", `"`}
	u.Created = time.Date(1969, 7, 20, 20, 17, 40, 1000, time.FixedZone("", 3600))
	u.Verified, u.Disabled, u.MustReset, u.Credential = t0.Add(time.Microsecond), true, true, 1<<40
	w.must(w.add(u))
	u.Created = u.Created.UTC()
	same(t, u, w.byID(u.ID))
	got, err := w.UserByLogin(w.ctx(), u.Username)
	w.must(err)
	same(t, u, got)
	late := user("late")
	late.Roles, late.Created = nil, time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)
	w.must(w.add(late))
	if got := w.byID(late.ID); len(got.Roles) != 0 || got.Created != late.Created || !got.Verified.IsZero() {
		t.Errorf("%+v", got)
	}
}

// refused is what cannot be kept and found again everywhere.
func refused(t *testing.T, w *world) {
	for name, change := range map[string]func(*account.User){
		"no id":           func(u *account.User) { u.ID = "" },
		"a long id":       func(u *account.User) { u.ID = strings.Repeat("i", 256) },
		"no username":     func(u *account.User) { u.Username = "" },
		"a long username": func(u *account.User) { u.Username = strings.Repeat("u", 1025) },
		"an @":            func(u *account.User) { u.Username = "a@b" },
		"no @":            func(u *account.User) { u.Email = "ab" },
		"NUL":             func(u *account.User) { u.Username = "a\x00b" },
		"not UTF-8":       func(u *account.User) { u.Email = "a\xff@b" },
		"NUL in a role":   func(u *account.User) { u.Roles = []string{"a", "b\x00"} },
		"NUL in a hash":   func(u *account.User) { u.PasswordHash = secret.New("\x00") },
	} {
		u := user("x")
		change(&u)
		if w.add(u) == nil {
			t.Errorf("%s: kept", name)
		}
	}
	u := w.user("x")
	s := session(u, "s\x00")
	for name, err := range map[string]error{
		"a session":           w.do(func(tx account.Tx) error { return tx.AddSession(w.ctx(), s) }),
		"a session of nobody": w.do(func(tx account.Tx) error { return tx.AddSession(w.ctx(), session(user("nobody"), "s")) }),
		"no kind":             w.put(account.Record{ID: "a"}),
		"no id":               w.put(account.Record{Kind: "a"}),
		"a long owner":        w.put(account.Record{Kind: "a", ID: "a", Owner: strings.Repeat("o", 256)}),
		"an entry without id": w.revoke(account.Revocation{Kind: "a"}),
	} {
		if err == nil {
			t.Errorf("%s: kept", name)
		}
	}
	if n := len(w.feed()); n != 0 {
		t.Errorf("%d entries in the feed", n)
	}
}

func pages(t *testing.T, w *world) {
	var want []string
	for i := range 7 {
		want = append(want, w.user(fmt.Sprint("u", i)).ID)
	}
	var got []string
	q := account.UserQuery{Limit: 3}
	for {
		list, err := w.Users(w.ctx(), q)
		w.must(err)
		for _, u := range list {
			got = append(got, u.ID)
			q.After = u.ID
		}
		if len(list) < q.Limit {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	w.user("50%_off\\")
	for search, n := range map[string]int{"U3": 1, "EXAMPLE": 8, "": 8, "%": 1, "_": 1, `\`: 1, "u3@": 1, "nobody": 0, "'": 0} {
		list, err := w.Users(w.ctx(), account.UserQuery{Search: search, Limit: 100})
		if err != nil || len(list) != n {
			t.Errorf("search %q: %d, %v; want %d", search, len(list), err, n)
		}
	}
	for _, limit := range []int{0, -1} {
		if list, err := w.Users(w.ctx(), account.UserQuery{Limit: limit}); err != nil || len(list) != 0 {
			t.Errorf("limit %d: %d users, %v", limit, len(list), err)
		}
	}
}

func changes(t *testing.T, w *world) {
	u := w.user("ada")
	u.Username, u.Email, u.PasswordHash, u.Roles = "Eve", "eve@example.com", secret.New("new"), []string{"a", "b"}
	u.Verified, u.Disabled, u.MustReset, u.Credential = t0, true, true, 5
	w.must(w.do(func(tx account.Tx) error { return tx.SetUser(w.ctx(), u) }))
	same(t, u, w.byID(u.ID))
	_, err := w.UserByLogin(w.ctx(), "ada")
	w.want(err, account.ErrNotFound)
	w.user("ada2")
	w.want(w.do(func(tx account.Tx) error { return tx.SetUser(w.ctx(), user("nobody")) }), account.ErrNotFound)
	w.want(w.do(func(tx account.Tx) error { return tx.SetSession(w.ctx(), session(u, "none")) }), account.ErrNotFound)
}
