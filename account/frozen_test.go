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
