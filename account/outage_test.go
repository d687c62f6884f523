package account_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/postgres"
	"github.com/sallyport-dev/sallyport/internal/pgtest"
)

var errOutage = errors.New("the store does not answer")

// flaky is a store that can be switched off, and whose feed can be that of a standby
// which did not get the last entries.
type flaky struct {
	account.Store
	off    atomic.Bool
	failed atomic.Int64 // updates that were refused
	behind atomic.Int64
}

func (f *flaky) Update(ctx context.Context, key string, do func(account.Tx) error) error {
	if f.off.Load() {
		f.failed.Add(1)
		return errOutage
	}
	return f.Store.Update(ctx, key, do)
}

func (f *flaky) Feed(ctx context.Context, after int64, limit int) ([]account.Revocation, error) {
	if f.off.Load() {
		return nil, errOutage
	}
	behind := f.behind.Load()
	list, err := f.Store.Feed(ctx, after+behind, limit)
	for i := range list {
		list[i].Seq -= behind
	}
	return list, err
}

func newFlaky(t *testing.T) (*world, *flaky) {
	w := newWorld(t, nil)
	f := &flaky{Store: w.store}
	n := newWorldOn(t, f, nil)
	n.register()
	return n, f
}

// TestUsedDuringOutage: that a token was used is not lost with the store's answer, nor
// when the process ends: who has the token before it is a thief afterwards.
func TestUsedDuringOutage(t *testing.T) {
	for name, outage := range map[string]func(w *world, f *flaky){
		"the store comes back":   func(w *world, f *flaky) { w.Confirm(t.Context()); f.off.Store(false); w.Confirm(t.Context()) },
		"the process is stopped": func(w *world, f *flaky) { f.off.Store(false); w.Accounts.Close() },
	} {
		w, f := newFlaky(t)
		_, first := w.login()
		access, _ := w.refresh(first)
		f.off.Store(true)
		if _, err := w.Authenticate(access); err != nil {
			t.Fatal(err)
		}
		outage(w, f)
		again := newWorldOn(t, w.store, nil)
		again.later(11 * time.Second)
		if status, _, _ := again.tryRefresh(first); status != 400 {
			t.Errorf("%s: the token before: %d", name, status)
		}
	}
}

// TestStandbyTakesOver: after an outage the numbers of the feed may start again below what
// was read; what is revoked from then on is known all the same.
func TestStandbyTakesOver(t *testing.T) {
	w, f := newFlaky(t)
	other := newWorldOn(t, f, nil)
	for range 5 {
		access, _ := w.login()
		w.mustCall(204, "POST", "/auth/logout", access, "")
	}
	other.later(0)
	access, _ := w.login()
	f.off.Store(true)
	if err := other.Poll(t.Context()); err == nil {
		t.Fatal("an outage that nobody notices")
	}
	f.off.Store(false)
	f.behind.Store(3)
	w.mustCall(204, "POST", "/auth/logout", access, "")
	other.later(0)
	other.mustCall(401, "GET", "/auth/me", access, "")
}

// TestServerStandsStill: a database that takes questions and answers none makes no
// request wait for ever, and costs nobody their session.
func TestServerStandsStill(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	store, err := postgres.Open(t.Context(), server.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	patient := newWorldOn(t, store, withMail)
	add(t, patient.Accounts, "ada")
	access, refresh := patient.login()
	other, _ := patient.login()
	w := newWorldOn(t, store, func(c *account.Config) {
		withMail(c)
		account.SetPatience(c, 300*time.Millisecond)
	})
	server.Stop()
	defer server.Continue()
	var all sync.WaitGroup
	for path, in := range map[string]string{
		"/auth/refresh":         body("refresh_token", refresh),
		"/auth/login":           body("username", "ada", "password", adasPW),
		"/auth/register":        body("username", "bob", "email", "bob@example.com", "password", adasPW),
		"/auth/password/forgot": body("email", "ada@example.com"),
		"/auth/email/resend":    body("email", "ada@example.com"),
		"/auth/logout":          "", // which did not happen, and does not say so
		"/auth/logout-all":      "",
		"/auth/revoke":          "token=" + refresh,
	} {
		form := map[bool]string{false: "application/json", true: "application/x-www-form-urlencoded"}[path == "/auth/revoke"]
		all.Go(func() {
			if rec := w.send("POST", path, other, in, "Content-Type", form); rec.Code != 503 {
				t.Errorf("%s: %d", path, rec.Code)
			}
		})
	}
	all.Wait()
	now := w.clock.Add(6 * time.Second)
	w.shown.Store(&now)
	if _, err := w.Authenticate(access); !errors.Is(err, account.ErrStale) {
		t.Errorf("a token, without news for as long as that: %v", err)
	}
	server.Continue()
	for w.Poll(t.Context()) != nil && t.Context().Err() == nil { // until there is news
	}
	if _, err := w.Authenticate(access); err != nil {
		t.Error(err)
	}
	patient.later(0)
	patient.refresh(refresh)
}

// TestRefreshUnavailable: a refresh that the store cannot do takes neither the token nor
// the cookies away, and the answer to one it can do is for nobody to keep.
func TestRefreshUnavailable(t *testing.T) {
	w, f := newFlaky(t)
	site := []string{"Sec-Fetch-Site", "same-origin", account.ModeHeader, "cookie"}
	login := w.send("POST", "/auth/login", "", body("username", "ada", "password", adasPW), site...)
	for _, c := range login.Result().Cookies() {
		site = append(site, "Cookie", c.Name+"="+c.Value)
	}
	f.off.Store(true)
	rec := w.send("POST", "/auth/refresh", "", `{}`, site...)
	if rec.Code != 503 || len(rec.Result().Cookies()) != 0 || rec.Header().Get("Retry-After") == "" {
		t.Errorf("without a store: %d %v", rec.Code, rec.Header())
	}
	f.off.Store(false)
	rec = w.send("POST", "/auth/refresh", "", `{}`, site...)
	if rec.Code != 200 || len(rec.Result().Cookies()) != 2 {
		t.Errorf("with it again: %d %s", rec.Code, rec.Body)
	}
	for _, answer := range []*httptest.ResponseRecorder{login, rec} {
		if got := answer.Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control %q", got)
		}
	}
}

// halting is a store whose next transaction stands still before its end, with all it
// holds, until it is let go.
type halting struct {
	account.Store
	next          atomic.Bool
	halted, letGo chan struct{}
}

func (h *halting) Update(ctx context.Context, key string, do func(account.Tx) error) error {
	return h.Store.Update(ctx, key, func(tx account.Tx) error {
		err := do(tx)
		if h.next.CompareAndSwap(true, false) {
			close(h.halted)
			<-h.letGo
		}
		return err
	})
}

// TestHaltedGuess: while a guess is being counted, however long that takes, others log in.
func TestHaltedGuess(t *testing.T) {
	t.Parallel()
	store, err := postgres.Open(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	h := &halting{Store: store, halted: make(chan struct{}), letGo: make(chan struct{})}
	w := newWorldOn(t, h, nil)
	add(t, w.Accounts, "ada")
	add(t, w.Accounts, "bob")
	h.next.Store(true)
	var guess sync.WaitGroup
	guess.Go(func() {
		if status, _ := w.guess("ada", "wrong-wrong", "203.0.113.9", ""); status != 401 {
			t.Errorf("bob had to wait until the database ended ada's transaction: %d", status)
		}
	})
	<-h.halted
	if status, said := w.guess("bob", adasPW, "198.51.100.7", ""); status != 200 {
		t.Errorf("another user from elsewhere: %d %v", status, said)
	}
	close(h.letGo)
	guess.Wait()
}
