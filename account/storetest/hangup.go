package storetest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/sallyport-dev/sallyport/account"
)

// hangingUp is a store whose request ends while its transaction runs.
type hangingUp struct {
	account.Store
	mu      sync.Mutex
	request context.CancelFunc // ends the request, if there is one
}

func (h *hangingUp) set(cancel context.CancelFunc) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.request = cancel
}

func (h *hangingUp) hangUp() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.request != nil {
		h.request()
	}
}

func (h *hangingUp) Update(ctx context.Context, key string, f func(account.Tx) error) error {
	return h.Store.Update(ctx, key, func(tx account.Tx) error {
		h.hangUp()
		return f(tx)
	})
}

// hangUps: what a client began is done whole, although it hung up meanwhile.
func hangUps(t *testing.T, w *world) {
	h := &hangingUp{Store: w.Store}
	n, other := newNode(t, h), newNode(t, w.Store)
	n.add("ada")
	for range 10 {
		access, raw := n.login("ada")
		ctx, cancel := context.WithCancel(t.Context())
		h.set(cancel)
		r := httptest.NewRequestWithContext(ctx, "POST", "/auth/logout", nil)
		r.Header.Set("Authorization", "Bearer "+access)
		n.ServeHTTP(httptest.NewRecorder(), r)
		h.set(nil)
		if ctx.Err() == nil {
			t.Fatal("the request had no transaction")
		}
		if status, _, _ := other.refresh(raw); status == http.StatusOK {
			t.Error("the session goes on")
		}
		if _, err := n.Authenticate(access); err == nil {
			t.Error("the access token is accepted")
		}
	}
}
