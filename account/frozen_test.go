package account_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/postgres"
	"github.com/sallyport-dev/sallyport/internal/pgtest"
)

// through opens accounts on PostgreSQL behind a relay.
func through(t *testing.T, change func(*account.Config)) (*world, *pgtest.Relay) {
	t.Helper()
	relay, address := pgtest.Through(t, pgtest.Database(t))
	store, err := postgres.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return newWorldOn(t, store, change), relay
}

// TestFrozenConnections: when the connections to the database die without a word, mails go
// on over new ones, and so do requests and the news of what was revoked.
func TestFrozenConnections(t *testing.T) {
	t.Parallel()
	sent := make(chan int, 10)
	m := &mailer{send: func(_ context.Context, n int) error { sent <- n; return nil }}
	w, relay := through(t, func(c *account.Config) {
		c.Mail = m
		account.SetPatience(c, 500*time.Millisecond)
	})
	add(t, w.Accounts, "ada")
	w.forgot()
	<-sent
	relay.Freeze()
	status := 0
	for tries := 0; status != http.StatusAccepted && tries < 100; tries++ {
		status, _, _ = w.call("POST", "/auth/password/forgot", "", body("email", "ada@example.com"))
	}
	<-sent
	for w.Poll(t.Context()) != nil && t.Context().Err() == nil {
	}
	if status != http.StatusAccepted {
		t.Errorf("requests: %d", status)
	}
}

// hangUp is a store whose requests end while their transaction runs.
type hangUp struct {
	account.Store
	request atomic.Pointer[context.CancelFunc]
}

func (h *hangUp) Update(ctx context.Context, key string, f func(account.Tx) error) error {
	return h.Store.Update(ctx, key, func(tx account.Tx) error {
		if cancel := h.request.Load(); cancel != nil {
			(*cancel)()
		}
		return f(tx)
	})
}

// TestHangUps: clients that hang up in the middle of a transaction cost the pool no
// connection, and what they began is done whole.
func TestHangUps(t *testing.T) {
	t.Parallel()
	relay, address := pgtest.Through(t, pgtest.Database(t))
	store, err := postgres.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	h := &hangUp{Store: store}
	w := newWorldOn(t, h, nil)
	add(t, w.Accounts, "ada")
	before := relay.Opened()
	for range 20 {
		access, _ := w.login()
		ctx, cancel := context.WithCancel(t.Context())
		h.request.Store(&cancel)
		r := httptest.NewRequestWithContext(ctx, "POST", "/auth/logout", nil)
		r.Header.Set("Authorization", "Bearer "+access)
		w.ServeHTTP(httptest.NewRecorder(), r)
		h.request.Store(nil)
		if ctx.Err() == nil {
			t.Fatal("the request did not end in its transaction")
		}
		if status, _, _ := w.call("GET", "/auth/me", access, ""); status != http.StatusUnauthorized {
			t.Errorf("after the logout: %d", status)
		}
	}
	if n := relay.Opened() - before; n > 5 { // those of the background loops
		t.Errorf("20 clients hung up, and %d connections were opened", n)
	}
}

// dated is a store that notes how long a call may take.
type dated struct {
	account.Store
	within time.Duration
	ended  bool
}

func (d *dated) User(ctx context.Context, id string) (account.User, error) {
	end, _ := ctx.Deadline()
	d.within, d.ended = time.Until(end), ctx.Err() != nil
	return d.Store.User(ctx, id)
}

// TestStoreDeadlines: how long a call of the store may take, for callers of all kinds.
func TestStoreDeadlines(t *testing.T) {
	for name, row := range map[string]struct {
		caller, patience, want time.Duration
	}{
		"no deadline":              {0, time.Minute, time.Minute},
		"a later one":              {time.Hour, time.Minute, time.Minute},
		"an earlier one":           {30 * time.Second, time.Minute, 30 * time.Second},
		"one that is almost there": {50 * time.Millisecond, time.Minute, time.Second},
		"little patience":          {0, 500 * time.Millisecond, 500 * time.Millisecond},
		"little of both":           {50 * time.Millisecond, 500 * time.Millisecond, 500 * time.Millisecond},
	} {
		w := newWorld(t, nil)
		d := &dated{Store: w.store}
		n := newWorldOn(t, d, func(c *account.Config) { account.SetPatience(c, row.patience) })
		ctx, cancel := context.WithCancel(t.Context())
		if row.caller > 0 {
			ctx, cancel = context.WithTimeout(ctx, row.caller)
		}
		n.Find(ctx, "nobody")
		cancel()
		// A machine that is busy takes off some of it.
		if d.ended || d.within > row.want || d.within < row.want-20*time.Millisecond && row.want >= time.Second {
			t.Errorf("%s: %s, want %s", name, d.within, row.want)
		}
	}
}
