package account

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sallyport-dev/sallyport/visit"
)

// Watch returns a function that reports whether a credential that was accepted has been
// taken back since: for who answers it for longer than a moment, with an event stream or a
// WebSocket. It is nil for a credential of another issuer, of which nothing is heard. That
// an access token expires does not count, as its session goes on; that the session ends by time
// does, within a minute, and so do the end of an API key and that of the signing key that made
// the access token.
//
// For a session it asks this process's memory, and the store once a minute when the access token
// has expired. For an API key it asks the store when the feed has said anything of keys or users
// since it was last asked. While the store does not answer, nothing has been taken back.
func (a *Accounts) Watch(p visit.Principal) func(context.Context) bool {
	if p.Issuer != a.name {
		return nil
	}
	if p.Session == "" {
		return a.watchKey(p)
	}
	return a.watchSession(p)
}

// sessionEvery is how often the store is asked whether a session goes on.
const sessionEvery = time.Minute

// watchSession also asks the store, as nothing is told of a session that ends by time, nor, when
// its row was pruned, of what else would have ended it.
func (a *Accounts) watchSession(p visit.Principal) func(context.Context) bool {
	_, epoch, ok := stamp(p.Token)
	next := p.Expires
	return func(ctx context.Context) bool {
		if !ok || a.revoked.has(p.Session, epoch) || !a.ring.has(p.Key) {
			return true
		}
		now := a.now()
		if now.Before(next) {
			return false
		}
		next = now.Add(sessionEvery)
		ctx, cancel := context.WithTimeout(ctx, a.patience)
		defer cancel()
		s, err := a.store.Session(ctx, p.Session)
		return errors.Is(err, ErrNotFound) || err == nil && !s.alive(now)
	}
}

func (a *Accounts) watchKey(p visit.Principal) func(context.Context) bool {
	seen := int64(-1) // what was revoked between the key's check and the first call counts
	return func(ctx context.Context) bool {
		if !a.storeNow().Before(p.Expires) {
			return true
		}
		generation := a.revoked.generation.Load()
		if generation == seen {
			return false
		}
		taken, err := a.keyTaken(ctx, p)
		if err == nil {
			seen = generation
		}
		return taken
	}
}

// keyTaken reports whether the key that p came with is refused by now, or speaks for less.
func (a *Accounts) keyTaken(ctx context.Context, p visit.Principal) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	rec, k, err := readKey(ctx, a.store, p.Token)
	if errors.Is(err, ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	u, err := a.store.User(ctx, rec.Owner)
	if err != nil {
		return errors.Is(err, ErrNotFound), err
	}
	scopes := both(k.Scopes, a.scopes.list(u.Roles))
	return !k.Revoked.IsZero() || !a.mayLogIn(&u) || !slices.Equal(scopes, p.Scopes), nil
}
