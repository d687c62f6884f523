package account

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport-dev/sallyport/visit"
)

const (
	// pollEvery is how soon what another process revoked is known here.
	pollEvery = time.Second
	// staleAfter is how long tokens are accepted without news from the store.
	staleAfter = 5 * time.Second
	// feedPage is how many entries of the feed are read at once.
	feedPage = 1000
	pruneAll = time.Hour
	// clockMargin is how far the clocks of processes that share a store may be apart.
	clockMargin = 5 * time.Minute
)

// Why a token with a good signature is not accepted.
var (
	// ErrRevoked is for a token whose session or user lost it.
	ErrRevoked = errors.New("account: the token was revoked")
	// ErrStale is for any token while the store has not been heard of for 5 seconds, as
	// it may have been revoked since.
	ErrStale = errors.New("account: what was revoked is not known, as the store does not answer")
)

// Revoked says whether a token of this issuer was taken back: [ErrRevoked], [ErrStale],
// or nil. A token of another issuer is none of its business. It asks nothing but this
// process's memory: a logout in this process counts at once, one in another process
// that shares the store within about a second.
func (a *Accounts) Revoked(p visit.Principal, issued time.Time) error {
	if p.Issuer != a.issuer.Name {
		return nil
	}
	if a.now().Sub(*a.revoked.heard.Load()) > staleAfter {
		return ErrStale
	}
	if a.revoked.has(p, issued) {
		return ErrRevoked
	}
	return nil
}

// view is what of the feed still matters, in memory.
type view struct {
	// heard is when the store last answered. It keeps its monotonic reading, so that
	// setting the clock back does not make old news fresh.
	heard atomic.Pointer[time.Time]
	last  int64 // number of the last entry that was read; the poller's own

	mu       sync.RWMutex
	sessions map[string]time.Time
	users    map[string]userCut
}

type userCut struct{ from, until time.Time }

func (v *view) has(p visit.Principal, issued time.Time) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if _, ended := v.sessions[p.Session]; ended {
		return true
	}
	cut, ok := v.users[p.Subject]
	return ok && issued.Before(cut.from)
}

// add is idempotent: what this process revoked comes around again in the feed.
func (v *view) add(r Revocation) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case r.Session != "":
		v.sessions[r.Session] = r.Until
	case r.User != "":
		if cut := v.users[r.User]; cut.from.Before(r.NotBefore) {
			v.users[r.User] = userCut{r.NotBefore, r.Until}
		}
	}
}

// forget drops what no living token is concerned by.
func (v *view) forget(now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for id, until := range v.sessions {
		if !now.Before(until) {
			delete(v.sessions, id)
		}
	}
	for id, cut := range v.users {
		if !now.Before(cut.until) {
			delete(v.users, id)
		}
	}
}

// cut is a revocation now, remembered until the last token it concerns has expired on
// every clock.
func (a *Accounts) cut() Cut {
	now := a.now()
	return Cut{At: now, Until: now.Add(a.ttl.access + clockMargin)}
}

// follow reads the feed, and starts to follow it.
func (a *Accounts) follow(ctx context.Context) error {
	a.revoked.sessions, a.revoked.users = map[string]time.Time{}, map[string]userCut{}
	if err := a.poll(ctx); err != nil {
		return fmt.Errorf("account: reading what was revoked: %w", err)
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop = stop
	if err := a.store.Prune(ctx, a.now()); err != nil {
		a.errors.ErrorContext(ctx, "pruning the accounts store", "error", err)
	}
	a.stopped.Go(func() { a.keepUp(background) })
	return nil
}

// Close stops following the store. The store itself is the caller's.
func (a *Accounts) Close() error {
	a.stop()
	a.stopped.Wait()
	return nil
}

func (a *Accounts) keepUp(ctx context.Context) {
	poll, prune := time.NewTicker(pollEvery), time.NewTicker(pruneAll)
	defer poll.Stop()
	defer prune.Stop()
	var failing bool
	for {
		select {
		case <-ctx.Done():
			return
		case <-prune.C:
			a.revoked.forget(a.now())
			if err := a.store.Prune(ctx, a.now()); err != nil {
				a.errors.ErrorContext(ctx, "pruning the accounts store", "error", err)
			}
		case <-poll.C:
			err := a.poll(ctx)
			if err != nil && !failing && ctx.Err() == nil {
				a.errors.ErrorContext(ctx, "the accounts store does not answer; tokens are refused until it does", "error", err)
			}
			failing = err != nil
		}
	}
}

// poll reads the feed to its end.
func (a *Accounts) poll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, staleAfter)
	defer cancel()
	v := &a.revoked
	for {
		asked := a.now()
		list, err := a.store.Revocations(ctx, v.last, feedPage)
		if err != nil {
			return err
		}
		for _, r := range list {
			v.add(r)
			v.last = r.Seq
		}
		if len(list) < feedPage {
			v.heard.Store(&asked)
			return nil
		}
	}
}
