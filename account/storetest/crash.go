package storetest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

var errCrash = errors.New("the process is dead")

// crashing is the store of a process that dies before a write or after a commit: at the
// step left, from 1. What comes later fails.
type crashing struct {
	account.Store
	mu      sync.Mutex
	left    int
	crashed bool
}

func (c *crashing) step() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left--
	c.crashed = c.crashed || c.left == 0
	if c.crashed {
		return errCrash
	}
	return nil
}

func (c *crashing) Update(ctx context.Context, key string, f func(account.Tx) error) error {
	if err := c.Store.Update(ctx, key, func(tx account.Tx) error { return f(crashingTx{tx, c}) }); err != nil {
		return err
	}
	return c.step()
}

type crashingTx struct {
	account.Tx
	store *crashing
}

func (t crashingTx) Now() (now time.Time) {
	if timed, ok := t.Tx.(account.Timed); ok {
		now = timed.Now()
	}
	return now
}

func (t crashingTx) SetUser(ctx context.Context, u account.User) error {
	return errors.Join(t.store.step(), t.Tx.SetUser(ctx, u))
}

func (t crashingTx) AddSession(ctx context.Context, s account.Session) error {
	return errors.Join(t.store.step(), t.Tx.AddSession(ctx, s))
}

func (t crashingTx) SetSession(ctx context.Context, s account.Session) error {
	return errors.Join(t.store.step(), t.Tx.SetSession(ctx, s))
}

func (t crashingTx) PutRecord(ctx context.Context, r account.Record) error {
	return errors.Join(t.store.step(), t.Tx.PutRecord(ctx, r))
}

func (t crashingTx) DeleteRecord(ctx context.Context, kind, id string) error {
	return errors.Join(t.store.step(), t.Tx.DeleteRecord(ctx, kind, id))
}

func (t crashingTx) Revoke(ctx context.Context, r account.Revocation) error {
	return errors.Join(t.store.step(), t.Tx.Revoke(ctx, r))
}

// crashes lets a process die at every step of what changes a session. Another one then
// finds all of it done, or nothing, and all of it if it was acknowledged.
func crashes(t *testing.T, w *world) {
	good, users := newNode(t, w.Store), 0
	for name, row := range map[string]struct {
		// do says whether it was acknowledged.
		do func(n *node, user, access, raw string) bool
		// goesOn says that the refresh token is good after it.
		goesOn bool
		// kept says that the access token is.
		kept bool
	}{
		"refresh": {func(n *node, _, _, raw string) bool { status, _, _ := n.refresh(raw); return status == http.StatusOK }, true, true},
		"logout": {func(n *node, _, access, _ string) bool {
			status, _ := n.call("POST", "/auth/logout", access, "")
			return status == http.StatusNoContent
		}, false, false},
		"logout of all": {func(n *node, _, access, _ string) bool {
			status, _ := n.call("POST", "/auth/logout-all", access, "")
			return status == http.StatusNoContent
		}, false, false},
		"disabling": {func(n *node, user, _, _ string) bool {
			_, err := n.SetDisabled(context.Background(), user, true)
			return err == nil
		}, false, false},
		"roles": {func(n *node, user, _, _ string) bool {
			_, err := n.SetRoles(context.Background(), user, []string{"other"})
			return err == nil
		}, true, false},
	} {
		steps := 0
		for crashed := true; crashed; {
			steps++
			users++
			user := fmt.Sprint("user", users)
			good.add(user)
			access, raw := good.login(user)
			store := &crashing{Store: w.Store}
			dying := newNode(t, store)
			store.mu.Lock()
			store.left = steps
			store.mu.Unlock()
			acknowledged := row.do(dying, user, access, raw)
			dying.Close()
			crashed = store.crashed
			if acknowledged == crashed {
				t.Errorf("%s, step %d: crashed %t, acknowledged %t", name, steps, crashed, acknowledged)
			}
			next := newNode(t, w.Store)
			me, _ := next.call("GET", "/auth/me", access, "")
			refreshed, _, _ := next.refresh(raw)
			undone := me == http.StatusOK && refreshed == http.StatusOK
			done := (me == http.StatusOK) == row.kept && (refreshed == http.StatusOK) == row.goesOn
			if !done && (acknowledged || !undone) {
				t.Errorf("%s, step %d: afterwards the access token %d, the refresh token %d", name, steps, me, refreshed)
			}
			next.Close()
			u, err := good.Find(t.Context(), user)
			w.must(err)
			if list, err := w.Sessions(t.Context(), u.ID); err != nil || len(list) > 1 {
				t.Errorf("%s, step %d: %d sessions live, %v", name, steps, len(list), err)
			}
		}
		if steps < 3 {
			t.Errorf("%s: %d steps", name, steps)
		}
	}
}
