package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/secret"
)

func users(t *testing.T, w *world) {
	_, err := w.UserByID(w.ctx(), "nobody")
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

// same compares two users in full.
func same(t *testing.T, want, got account.User) {
	t.Helper()
	if got.ID != want.ID || got.Username != want.Username || got.Email != want.Email || !got.PasswordHash.Equal(want.PasswordHash) ||
		!slices.Equal(got.Roles, want.Roles) || got.Created != want.Created || got.Disabled != want.Disabled ||
		got.Credential != want.Credential || !got.TokensFrom.Equal(want.TokensFrom) {
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
		if err := w.CreateUser(w.ctx(), u); err == nil {
			t.Errorf("%s: kept", name)
		} else {
			w.want(err, account.ErrTaken)
		}
	}
	// Nothing of what was refused is left.
	w.must(w.CreateUser(w.ctx(), user("other")))
	for a, b := range map[string]string{"straſe": "STRASE", "ΣΑΣ": "σας", "éa": "ÉA"} {
		u, v := user("fold"), user("unfold")
		u.ID, u.Username, u.Email = "1"+a, a, "1"+a+"@example.com"
		v.ID, v.Username, v.Email = "2"+a, b, "2"+a+"@example.com"
		w.must(w.CreateUser(w.ctx(), u))
		w.want(w.CreateUser(w.ctx(), v), account.ErrTaken)
	}
}

func asItWas(t *testing.T, w *world) {
	u := user("x")
	u.Username = "  \t'\"\\%_;--\u202e\U0001f512\r\n" + strings.Repeat("y", 1<<16)
	u.Email = strings.Repeat("e", 1<<16) + "@\u00e9xample"
	u.PasswordHash = secret.New(strings.Repeat("$", 1<<20))
	u.Roles = []string{"b", "a", "", "a", "c,d", `"`}
	u.Created = time.Date(1969, 7, 20, 20, 17, 40, 1000, time.FixedZone("", 3600))
	w.must(w.CreateUser(w.ctx(), u))
	got := w.byID(u.ID)
	u.Created = u.Created.UTC()
	same(t, u, got)
	u = user("none")
	u.Roles = nil
	w.must(w.CreateUser(w.ctx(), u))
	if got := w.byID(u.ID); len(got.Roles) != 0 {
		t.Errorf("roles %q", got.Roles)
	}
}

func refusedText(t *testing.T, w *world) {
	for name, change := range map[string]func(*account.User){
		"no id": func(u *account.User) { u.ID = "" }, "no name": func(u *account.User) { u.Username = "" },
		"name with @": func(u *account.User) { u.Username = "a@b" }, "address without": func(u *account.User) { u.Email = "ab" },
		"NUL": func(u *account.User) { u.Username = "a\x00" }, "not UTF-8": func(u *account.User) { u.Email = "\xff@b" },
		"role with NUL": func(u *account.User) { u.Roles = []string{"a\x00"} }, "id with NUL": func(u *account.User) { u.ID = "\x00" },
	} {
		u := user("x")
		change(&u)
		if w.CreateUser(w.ctx(), u) == nil {
			t.Errorf("%s: kept", name)
		}
	}
	u := w.user("x") // and nothing is in its way
	_, err := w.SetRoles(w.ctx(), u.ID, []string{"\xff"}, cutAt(t0))
	w.want(err, account.ErrText)
	_, err = w.SetPassword(w.ctx(), u.ID, secret.New("\x00"), cutAt(t0))
	w.want(err, account.ErrText)
	same(t, u, w.byID(u.ID))
}

func pages(t *testing.T, w *world) {
	if list, err := w.Users(w.ctx(), "", 10); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
	names := []string{"e", "a", "d", "b", "c"}
	for _, name := range names {
		w.user(name)
	}
	var got []string
	for after := ""; ; {
		list, err := w.Users(w.ctx(), after, 2)
		w.must(err)
		if len(list) == 0 {
			break
		}
		for _, u := range list {
			got, after = append(got, u.Username), u.ID
		}
	}
	slices.Sort(names)
	if !slices.Equal(got, names) {
		t.Errorf("got %q", got)
	}
	for _, limit := range []int{0, -1} {
		if list, err := w.Users(w.ctx(), "", limit); err != nil || len(list) != 0 {
			t.Errorf("limit %d: %v %v", limit, list, err)
		}
	}
}

func passwords(t *testing.T, w *world) {
	u := w.user("ada")
	w.session(u, "s")
	r, err := w.SetPassword(w.ctx(), u.ID, secret.New("$new$"), cutAt(t0.Add(time.Minute)))
	w.must(err)
	got := w.byID(u.ID)
	if got.PasswordHash.Reveal() != "$new$" || got.Credential != 1 || r.User != u.ID || !r.NotBefore.Equal(got.TokensFrom) {
		t.Errorf("%+v %+v", got, r)
	}
	_, _, err = w.rotate("s", 0, t0.Add(2*time.Minute))
	w.want(err, account.ErrEnded)
	// A password verified before the change opens nothing after it.
	_, err = w.CreateSession(w.ctx(), session(u, "late"), 0)
	w.want(err, account.ErrEnded)
	_, err = w.CreateSession(w.ctx(), session(u, "right"), 1)
	w.must(err)
	_, err = w.SetPassword(w.ctx(), "nobody", secret.New("$new$"), cutAt(t0))
	w.want(err, account.ErrNotFound)
}

func rehash(t *testing.T, w *world) {
	u := w.user("ada")
	w.session(u, "s")
	w.must(w.Rehash(w.ctx(), u.ID, u.PasswordHash, secret.New("$better$")))
	if got := w.byID(u.ID); got.PasswordHash.Reveal() != "$better$" || got.Credential != 0 || !got.TokensFrom.IsZero() {
		t.Errorf("%+v", got)
	}
	w.want(w.Rehash(w.ctx(), u.ID, u.PasswordHash, secret.New("$other$")), account.ErrNotFound)
	w.want(w.Rehash(w.ctx(), "nobody", u.PasswordHash, secret.New("$other$")), account.ErrNotFound)
	_, _, err := w.rotate("s", 0, t0)
	w.must(err)
	if len(w.feed()) != 0 {
		t.Error("a rehash is in the feed")
	}
}

func roles(t *testing.T, w *world) {
	u := w.user("ada")
	w.session(u, "s")
	r, err := w.SetRoles(w.ctx(), u.ID, []string{"admin", "user"}, cutAt(t0))
	w.must(err)
	got := w.byID(u.ID)
	if !slices.Equal(got.Roles, []string{"admin", "user"}) || !got.TokensFrom.Equal(r.NotBefore) || r.NotBefore.IsZero() {
		t.Errorf("%+v %+v", got, r)
	}
	_, rotated, err := w.rotate("s", 0, t0.Add(time.Second))
	w.must(err)
	same(t, got, rotated)
	_, err = w.SetRoles(w.ctx(), "nobody", nil, cutAt(t0))
	w.want(err, account.ErrNotFound)
}

func disabled(t *testing.T, w *world) {
	u := w.user("ada")
	w.session(u, "s")
	r, err := w.SetDisabled(w.ctx(), u.ID, true, cutAt(t0))
	w.must(err)
	if got := w.byID(u.ID); !got.Disabled || r.User != u.ID {
		t.Errorf("%+v %+v", got, r)
	}
	_, _, err = w.rotate("s", 0, t0)
	w.want(err, account.ErrEnded)
	_, err = w.CreateSession(w.ctx(), session(u, "t"), 0)
	w.want(err, account.ErrEnded)
	r, err = w.SetDisabled(w.ctx(), u.ID, false, cutAt(t0))
	if err != nil || r != (account.Revocation{}) || len(w.feed()) != 1 {
		t.Errorf("enabling: %+v %v", r, err)
	}
	_, _, err = w.rotate("s", 0, t0) // stays ended
	w.want(err, account.ErrEnded)
	w.session(u, "u")
	_, err = w.SetDisabled(w.ctx(), "nobody", true, cutAt(t0))
	w.want(err, account.ErrNotFound)
}
