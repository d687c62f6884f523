package account_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/token"
)

// otherSecret is that of a process that should not be there.
var otherSecret = secret.NewBytes([]byte(strings.Repeat("x", 32)))

// unwritten is a store that counts what would be written.
type unwritten struct {
	account.Store
	writes atomic.Int32
}

func (s *unwritten) Update(ctx context.Context, key string, f func(account.Tx) error) error {
	s.writes.Add(1)
	return s.Store.Update(ctx, key, f)
}

func (s *unwritten) Prune(ctx context.Context, now time.Time) error {
	s.writes.Add(1)
	return s.Store.Prune(ctx, now)
}

// records are all records of the kinds that have to do with keys and settings.
func (w *world) records() (list []string) {
	w.Helper()
	for _, kind := range []string{"settings", "signing-key", "pruned"} {
		found, err := w.store.RecordsOf(w.Context(), kind, "")
		if err != nil {
			w.Fatal(err)
		}
		for _, rec := range found {
			list = append(list, kind+" "+rec.ID+" "+rec.End.String()+" "+string(rec.Data))
		}
	}
	return list
}

func administer(c *account.Config) { c.Administer, c.Issuer = true, "" }

// TestReadingWritesNothing: what only reads writes nothing where a process administers, also
// when a key is due and a token was never used before.
func TestReadingWritesNothing(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	access, refresh := w.login()
	key := w.mustCall(201, "POST", "/auth/keys", access, `{"name":"build","scopes":["api"]}`)["key"].(string)
	access, _ = w.refresh(refresh)
	before := w.records()

	store := &unwritten{Store: w.store}
	reads := map[string]func(a *account.Accounts) error{
		"Users": func(a *account.Accounts) error {
			_, err := a.Users(t.Context(), account.UserQuery{Limit: 9})
			return err
		},
		"Find":        func(a *account.Accounts) error { _, err := a.Find(t.Context(), "ada"); return err },
		"SigningKeys": func(a *account.Accounts) error { _, err := a.SigningKeys(t.Context()); return err },
		"Export": func(a *account.Accounts) error {
			return a.Export(t.Context(), func(account.Portable) error { return nil })
		},
		"Authenticate": func(a *account.Accounts) error { _, err := a.Authenticate(access); return err },
		"APIKey":       func(a *account.Accounts) error { _, err := a.APIKey(t.Context(), key); return err },
		"Invites":      func(a *account.Accounts) error { _, err := a.Invites(t.Context()); return err },
		"Issuer":       func(a *account.Accounts) error { a.Issuer(); return nil },
		"Imported": func(a *account.Accounts) error {
			_, err := a.Imported(t.Context(), account.Portable{Email: "ada@example.com"})
			return err
		},
	}
	for name, read := range reads {
		a := newWorldOn(t, store, administer)
		if err := read(a.Accounts); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := a.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if n := store.writes.Load(); n != 0 {
			t.Fatalf("%s: %d writes", name, n)
		}
	}
	later := newWorldOn(t, store, func(c *account.Config) {
		administer(c)
		at := time.Now().Add(91 * 24 * time.Hour)
		account.SetClock(c, func() time.Time { return at })
	})
	later.Close()
	if n := store.writes.Load(); n != 0 || !slices.Equal(before, w.records()) {
		t.Errorf("%d writes when a key is due:\n%q\n%q", n, before, w.records())
	}

	// Every method is on one of the two lists.
	writes := strings.Fields("Add Close EndSession EndSessions ForceReset Import Invite RemoveSecondFactor RevokeKey " +
		"RotateKeys SetDisabled SetRoles WithdrawInvite")
	memory := strings.Fields("Admin CookieToken Endpoint Endpoints Health Patterns Revoked ServeHTTP Watch")
	exports := strings.Fields("Busy Confirm Deliver KnowsDevice Mint Poll Prune PruneTime Round SetGenerate Tend")
	for method := range reflect.TypeFor[*account.Accounts]().Methods() {
		if _, ok := reads[method.Name]; !ok && !slices.Contains(slices.Concat(writes, memory, exports), method.Name) {
			t.Errorf("%s: does it only read? Put it on a list here", method.Name)
		}
	}
}

// TestOtherSecret: whoever comes with another Secret is refused before anything is written,
// whether a key is due or not, and in a store of before there were settings.
func TestOtherSecret(t *testing.T) {
	for name, c := range map[string]struct {
		store func(w *world)
		cfg   func(*account.Config)
	}{
		"a serving process":          {nil, func(*account.Config) {}},
		"one with another algorithm": {nil, func(c *account.Config) { c.Algorithm = token.Ed25519 }},
		"when a key is due": {nil, func(c *account.Config) {
			account.SetClock(c, func() time.Time { return time.Now().Add(91 * 24 * time.Hour) })
		}},
		"an administering process":        {nil, administer},
		"a store of before":               {(*world).withoutSettings, func(c *account.Config) { c.Algorithm = token.Ed25519 }},
		"a store of before, administered": {(*world).withoutSettings, administer},
		"a store without keys": {func(w *world) {
			w.change(func(tx account.Tx) error { return tx.DeleteRecord(t.Context(), "signing-key", w.newest()) })
		}, func(*account.Config) {}},
	} {
		w := newWorld(t, nil)
		w.register()
		w.Accounts.Close()
		if c.store != nil {
			c.store(w)
		}
		before := w.records()
		cfg := account.Config{Store: w.store, Secret: otherSecret, Issuer: issuer}
		c.cfg(&cfg)
		if a, err := account.New(t.Context(), cfg); !errors.Is(err, account.ErrSecret) {
			t.Errorf("%s: %v", name, err)
		} else if err == nil {
			a.Close()
		}
		if after := w.records(); !slices.Equal(before, after) {
			t.Errorf("%s: written:\n%q\n%q", name, before, after)
		}
		again := newWorldOn(t, w.store, nil) // the right one still starts
		again.login()
	}
}

// TestFirstSecret: of processes that begin a store with two Secrets, the one that writes first
// is right, also when it only administers.
func TestFirstSecret(t *testing.T) {
	w := newWorld(t, nil)
	w.Accounts.Close()
	w.withoutSettings()
	w.change(func(tx account.Tx) error { return tx.DeleteRecord(t.Context(), "signing-key", w.newest()) })
	first, second := newWorldOn(t, w.store, administer), newWorldOn(t, w.store, func(c *account.Config) { administer(c); c.Secret = otherSecret })
	add(t, first.Accounts, "ada")
	if _, err := second.Add(t.Context(), account.NewUser{Username: "bob", Email: "bob@example.com", Password: secret.New(adasPW)}); !errors.Is(err, account.ErrSecret) {
		t.Errorf("the second Secret: %v", err)
	}
	if list, err := first.Users(t.Context(), account.UserQuery{Limit: 9}); err != nil || len(list) != 1 {
		t.Errorf("%d users, %v", len(list), err)
	}
	if ok, err := account.Established(t.Context(), w.store); !ok || err != nil {
		t.Error(ok, err)
	}
	newWorldOn(t, w.store, nil).login()
}

func (w *world) change(f func(account.Tx) error) {
	w.Helper()
	if err := w.store.Update(w.Context(), "test", f); err != nil {
		w.Fatal(err)
	}
}

// withoutSettings makes the store one of before there were settings.
func (w *world) withoutSettings() {
	w.Helper()
	w.change(func(tx account.Tx) error { return tx.DeleteRecord(w.Context(), "settings", "accounts") })
}

// TestAdministerAdopts: a process that administers changes no key of a gate with another
// algorithm, and its mails have the gate's name and link unless it names others.
func TestAdministerAdopts(t *testing.T) {
	w := newWorld(t, func(c *account.Config) {
		withMail(c)
		c.Algorithm, c.App, c.Page, c.Audience = token.Ed25519, "Notes", "https://app.example/account", "notes"
		c.AccessTTL = 20 * time.Minute
	})
	add(t, w.Accounts, "ada")
	before := w.records()
	for name, c := range map[string]struct {
		cfg       func(*account.Config)
		app, page string
	}{
		"as the gate":  {func(*account.Config) {}, "Notes", "https://app.example/account#"},
		"another name": {func(c *account.Config) { c.App = "Letters" }, "Letters", "https://app.example/account#"},
		"another page": {func(c *account.Config) { c.Page = "https://other.example/" }, "Notes", "https://other.example/#"},
	} {
		a := newWorldOn(t, w.store, func(cfg *account.Config) {
			administer(cfg)
			cfg.Mail = account.Elsewhere{}
			c.cfg(cfg)
		})
		if err := a.Invite(t.Context(), strings.ReplaceAll(name, " ", "")+"@example.com", nil); err != nil {
			t.Fatal(err)
		}
		w.later(time.Minute)
		sent := w.sent()
		if len(sent) != 1 || !strings.Contains(sent[0].subject, c.app) || !strings.Contains(sent[0].text, c.page) {
			t.Errorf("%s: %+v", name, sent)
		}
		if i := a.Issuer(); i.Name != issuer || i.Audiences[0] != "notes" {
			t.Errorf("%s: %s %v", name, i.Name, i.Audiences)
		}
	}
	if after := w.records(); !slices.Equal(before, after) {
		t.Errorf("keys or settings were changed:\n%q\n%q", before, after)
	}

	// The next key that it makes is one as the gate would make.
	a := newWorldOn(t, w.store, administer)
	if err := a.RotateKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := w.SigningKeys(t.Context())
	if err != nil || len(list) != 2 || list[1].Algorithm != token.Ed25519 {
		t.Fatal(list, err)
	}
	if got := list[0].VerifiesUntil.Sub(list[1].SignsFrom); got != 25*time.Minute {
		t.Errorf("the old key verifies for %s after the new one starts", got)
	}
}

// TestNoGateYet: what administers a store that no gate has served has no name for its mails,
// and says so; it makes users.
func TestNoGateYet(t *testing.T) {
	w := newWorld(t, nil)
	w.Accounts.Close()
	w.withoutSettings()
	w.change(func(tx account.Tx) error { return tx.DeleteRecord(t.Context(), "signing-key", w.newest()) })
	a := newWorldOn(t, w.store, func(c *account.Config) { administer(c); c.Mail = account.Elsewhere{} })
	if err := a.Invite(t.Context(), "eve@example.com", nil); err == nil || !strings.Contains(err.Error(), "App is not known") {
		t.Errorf("%v", err)
	}
	add(t, a.Accounts, "ada")
	if _, err := a.Mint(); err == nil {
		t.Error("a token without a key")
	}
	if _, err := a.Authenticate("x"); err == nil {
		t.Error("a token without an issuer")
	}
	newWorldOn(t, w.store, nil).login()
}

// TestLastGateDecides: of two gates with two algorithms, the one that started last decides,
// which is logged, and their keys do not change for ever.
func TestLastGateDecides(t *testing.T) {
	var logged bytes.Buffer
	one := newWorld(t, func(c *account.Config) { c.Algorithm = token.Ed25519 })
	two := newWorldOn(t, one.store, func(c *account.Config) {
		c.Algorithm, c.ErrorLog = token.ES256, slog.New(slog.NewTextHandler(&logged, nil))
	})
	if text := logged.String(); !strings.Contains(text, "Algorithm ES256, before Ed25519") || strings.Contains(text, "Issuer") {
		t.Errorf("the log says %q", text)
	}
	for hour := range 5 {
		for _, w := range []*world{one, two} {
			w.later(time.Hour)
			if err := w.Tend(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		list, err := one.SigningKeys(t.Context())
		if err != nil || len(list) != 2 || list[1].Algorithm != token.ES256 {
			t.Fatalf("after %d hours: %+v %v", hour, list, err)
		}
	}
	logged.Reset()
	newWorldOn(t, one.store, func(c *account.Config) { c.ErrorLog = slog.New(slog.NewTextHandler(&logged, nil)) })
	if logged.Len() > 0 {
		t.Errorf("with the same settings: %s", logged.String())
	}
}
