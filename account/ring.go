package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/token"
)

const (
	kindSigning = "signing-key"
	// publishFor is how long a key is published before it signs: as long as a verifier may
	// keep the set it fetched, and a minute for those who are late.
	publishFor = jwksAge + time.Minute
	// maxSigning is how many keys may be published at once: a verifier takes 64, and each was
	// asked for within half an hour.
	maxSigning = 16
	// askAgain is how often an unknown kid may make this process read the keys again.
	askAgain = time.Second
)

// ring holds the signing keys. It is the [token.KeySource] of the accounts' own issuer.
type ring struct {
	*Accounts
	algorithm token.Algorithm
	every     time.Duration
	generate  func(token.Algorithm) (*token.SigningKey, error)

	state atomic.Pointer[ringState]
	dirty atomic.Bool

	mu    sync.Mutex // one reader at a time
	asked time.Time
}

// ringState is what holds until next.
type ringState struct {
	set    *token.KeySet
	jwks   document
	signer *token.SigningKey
	next   time.Time
}

// Keys implements [token.KeySource].
func (r *ring) Keys() *token.KeySet { return r.state.Load().set }

// Missing implements [token.KeySource]: a key that another process has just made may be
// there already.
func (r *ring) Missing(string) bool {
	r.mu.Lock()
	now := r.now()
	again := now.Sub(r.asked).Abs() >= askAgain
	if again {
		r.asked = now // the others of this second need not
	}
	r.mu.Unlock()
	if !again {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), askAgain)
	defer cancel()
	return r.load(ctx) == nil
}

// follow reads the keys again when they changed, or when one's time has come.
func (r *ring) follow(ctx context.Context) error {
	if state := r.state.Load(); state != nil && !r.dirty.Swap(false) && (state.next.IsZero() || r.now().Before(state.next)) {
		return nil
	}
	return r.load(ctx)
}

// load makes the state of what is stored now. A set is replaced only by another one, so
// that what was remembered of the tokens stays good.
func (r *ring) load(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	r.asked = now
	list, err := storedKeys(ctx, r.store)
	if err != nil {
		return err
	}
	state := &ringState{}
	var keys []token.Key
	var since time.Time
	for _, k := range list { // the earliest first
		for _, t := range []time.Time{k.SignsFrom, k.VerifiesUntil} {
			if t.After(now) && (state.next.IsZero() || t.Before(state.next)) {
				state.next = t
			}
		}
		if !k.verifies(now) {
			continue
		}
		key, err := r.unseal(k)
		if err != nil {
			return err
		}
		keys = append(keys, key.Key())
		// The first there is signs before its time too, as this clock may be behind that
		// which made it.
		if state.signer == nil || k.signs(now) && k.SignsFrom.After(since) {
			state.signer, since = key, k.SignsFrom
		}
	}
	if state.signer == nil {
		return errors.New("account: there is no key to sign with")
	}
	if old := r.state.Load(); old != nil && sameKeys(old.set.List(), keys) {
		state.set, state.jwks = old.set, old.jwks
	} else if state.set, err = token.NewKeySet(keys); err != nil {
		return err
	} else if state.jwks, err = newDocument(keys); err != nil {
		return err
	}
	r.state.Store(state)
	return nil
}

func sameKeys(a, b []token.Key) bool {
	return slices.EqualFunc(a, b, func(x, y token.Key) bool { return x.ID == y.ID && x.Algorithm == y.Algorithm })
}

func (r *ring) unseal(k storedKey) (*token.SigningKey, error) {
	der, err := r.secrets.box.Open(k.Sealed, kindSigning+" "+k.ID)
	if err != nil {
		return nil, fmt.Errorf("account: Secret is not the one that these accounts were made with: take that one, from another node or a backup (signing key %s: %w)", k.ID, err)
	}
	return token.ParsePKCS8(k.Algorithm, der)
}

// tend sees to it that there is a key, of the right algorithm, and that it is replaced
// in time. Of several processes that start at once, one adds its key.
func (r *ring) tend(ctx context.Context) error {
	due := false
	err := r.update(ctx, kindSigning, func(c *change) error { // to ask by the store's clock
		list, err := storedKeys(ctx, c)
		due = r.due(list, c.now)
		return err
	})
	if err != nil {
		return err
	}
	if !due {
		return r.load(ctx)
	}
	next, err := r.fresh()
	if err != nil {
		return err
	}
	err = r.alter(ctx, func(c *change, list []storedKey) error {
		if due = r.due(list, c.now); !due {
			return nil
		}
		return r.add(ctx, c, list, next)
	})
	if err == nil && due {
		r.administered(ctx, audit.KeyChanged, "", "another key was made, as it was time")
	}
	return err
}

// due reports whether it is time for another key.
func (r *ring) due(list []storedKey, now time.Time) bool {
	if len(list) == 0 {
		return true
	}
	last := list[len(list)-1]
	return last.Algorithm != r.algorithm || !now.Before(last.SignsFrom.Add(r.every))
}

// fresh makes a key that nobody has stored yet. An RSA key can take longer than a store
// lets a transaction wait: make it before one.
func (r *ring) fresh() (storedKey, error) {
	key, err := r.generate(r.algorithm)
	if err != nil {
		return storedKey{}, err
	}
	der, err := key.MarshalPKCS8()
	if err != nil {
		return storedKey{}, err
	}
	id := key.Key().ID
	return storedKey{SigningKey{ID: id, Algorithm: r.algorithm}, r.secrets.box.Seal(der, kindSigning+" "+id)}, nil
}

// alter changes the keys in one transaction, and takes over what came of it.
func (r *ring) alter(ctx context.Context, f func(c *change, list []storedKey) error) error {
	err := r.update(ctx, kindSigning, func(c *change) error {
		list, err := storedKeys(ctx, c)
		if err != nil {
			return err
		}
		return f(c, list)
	})
	if err != nil {
		return err
	}
	return r.load(ctx)
}

// add stores the next key. The first one signs at once; later ones when every verifier
// can have them.
func (r *ring) add(ctx context.Context, c *change, before []storedKey, k storedKey) error {
	k.Created, k.SignsFrom = c.now, c.now
	if soon := c.now.Add(publishFor); slices.ContainsFunc(before, func(b storedKey) bool {
		// Until then, somebody has to sign, and the tokens have to be good.
		return b.signs(c.now) && (b.VerifiesUntil.IsZero() || !b.VerifiesUntil.Before(soon.Add(r.ttl.access)))
	}) {
		k.SignsFrom = soon
	}
	for _, b := range before {
		if b.VerifiesUntil.IsZero() {
			b.VerifiesUntil = k.SignsFrom.Add(r.ttl.access + clockMargin)
			if err := putKey(ctx, c, b); err != nil {
				return err
			}
		}
	}
	if err := putKey(ctx, c, k); err != nil {
		return err
	}
	return c.revoke(ctx, KindSigningKey, k.ID, 0)
}
