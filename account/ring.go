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

// errNoSigner is for a process that administers, on a store that has no key yet.
var errNoSigner = errors.New("account: there is no key to sign with")

// ring holds the signing keys. It is the [token.KeySource] of the accounts' own issuer.
type ring struct {
	*Accounts
	// algorithm and every are those of this process. The store's settings win.
	algorithm token.Algorithm
	every     time.Duration
	generate  func(token.Algorithm) (*token.SigningKey, error)

	state atomic.Pointer[ringState]
	// dirty is set when the keys have changed, until they have been read.
	dirty atomic.Bool

	mu      sync.Mutex // one reader at a time
	asked   time.Time
	foreign map[string]bool // ids of keys that are passed over, as the log says
}

// ringState is what holds until next.
type ringState struct {
	set    *token.KeySet
	jwks   document
	signer *token.SigningKey // nil where only an administering process may have none
	next   time.Time
}

// Keys implements [token.KeySource].
func (r *ring) Keys() *token.KeySet { return r.state.Load().set }

// has reports whether the key with an id still verifies.
func (r *ring) has(id string) bool {
	return slices.ContainsFunc(r.Keys().List(), func(k token.Key) bool { return k.ID == id })
}

// sign signs claims with the key whose turn it is.
func (r *ring) sign(claims any, typ string) (string, error) {
	signer := r.state.Load().signer
	if signer == nil {
		return "", errNoSigner
	}
	return signer.Sign(claims, typ)
}

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

// follow reads the keys again when they changed, or when one's time has come. Keys that
// changed and could not be read stay changed: the next call reads them.
func (r *ring) follow(ctx context.Context) error {
	state := r.state.Load()
	if state != nil && !r.dirty.Load() && (state.next.IsZero() || r.storeNow().Before(state.next)) {
		return nil
	}

	changed := r.dirty.Swap(false) // before reading, as they may change meanwhile
	err := r.load(ctx)
	if err != nil && changed {
		r.dirty.Store(true)
	}
	return err
}

// load makes the state of what is stored now. A set is replaced only by another one, so
// that what was remembered of the tokens stays good.
func (r *ring) load(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = r.now()
	if _, _, err := r.checkSecret(ctx, r.store); err != nil {
		return err
	}
	list, foreign, err := r.stored(ctx, r.store)
	if err != nil {
		return err
	}
	r.warn(foreign)

	now := r.storeNow()
	list = live(list, now)
	state := &ringState{next: nextChange(list, now)}
	var keys []token.Key
	for _, k := range list {
		keys = append(keys, k.key.Key())
	}
	switch {
	case len(list) > 0:
		state.signer = list[signerAt(list, now, r.ttl.access)].key
	case !r.administer:
		return errNoSigner
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

// nextChange returns when another key signs or verifies than at now; zero for never.
func nextChange(list []storedKey, now time.Time) (next time.Time) {
	for _, k := range list {
		for _, t := range []time.Time{k.SignsFrom, k.VerifiesUntil} {
			if t.After(now) && (next.IsZero() || t.Before(next)) {
				next = t
			}
		}
	}
	return next
}

func sameKeys(a, b []token.Key) bool {
	return slices.EqualFunc(a, b, func(x, y token.Key) bool { return x.ID == y.ID && x.Algorithm == y.Algorithm })
}

// stored returns the keys that can be opened, in the order in which they sign, and those
// that cannot: a process with another Secret has stored them, or something else wrote there.
func (r *ring) stored(ctx context.Context, in Reader) (own, foreign []storedKey, err error) {
	list, err := storedKeys(ctx, in)
	for _, k := range list {
		var sealed error
		if k.key, sealed = r.unseal(k); sealed != nil {
			k.Foreign = true
			foreign = append(foreign, k)
			continue
		}
		own = append(own, k)
	}
	return own, foreign, err
}

func (r *ring) unseal(k storedKey) (*token.SigningKey, error) {
	der, err := r.secrets.box.Open(k.Sealed, kindSigning+" "+k.ID)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", k.ID, err)
	}
	return token.ParsePKCS8(k.Algorithm, der)
}

// warn logs each key that is passed over, once.
func (r *ring) warn(foreign []storedKey) {
	for _, k := range foreign {
		if r.foreign[k.ID] {
			continue
		}
		if r.foreign == nil {
			r.foreign = map[string]bool{}
		}
		r.foreign[k.ID] = true
		r.errors.Error("a signing key in the store cannot be opened with this Secret and is passed over: "+
			"a process with another Secret stored it; revoke it (sallyport keys revoke), and give every process the same Secret", "key", k.ID)
	}
}

// tend sees to it that a key signs, that it is replaced in time and when the settings name
// another algorithm, and that the times of the keys fit together. Of several processes that
// start at once, one adds its key.
func (r *ring) tend(ctx context.Context) error {
	var wanted token.Algorithm
	var due, odd bool
	err := r.update(ctx, kindSigning, func(c *change) error { // to ask by the store's clock
		var every time.Duration
		var err error
		if wanted, every, err = r.settled(ctx, c); err != nil {
			return err
		}
		list, _, err := r.stored(ctx, c)
		list = live(list, c.now)
		due = r.due(list, c.now, wanted, every)
		odd = len(reschedule(list, c.now, r.life())) > 0
		return err
	})
	if err != nil {
		return err
	}
	if !due && !odd {
		return r.load(ctx)
	}

	var next storedKey
	if due {
		if next, err = r.fresh(wanted); err != nil {
			return err
		}
	}
	err = r.alter(ctx, func(c *change, list []storedKey) error {
		algorithm, every, err := r.settled(ctx, c)
		if err != nil {
			return err
		}
		list = live(list, c.now)
		if due = due && algorithm == wanted && r.due(list, c.now, algorithm, every); due {
			return r.add(ctx, c, list, next)
		}
		if !open(list) {
			return nil // another process replaced the settings meanwhile, and tends
		}
		return r.keep(ctx, c, list)
	})
	if err == nil && due {
		r.administered(ctx, audit.KeyChanged, "", "another key was made, as it was time")
	}
	return err
}

// life is how long after its successor's start a key verifies.
func (r *ring) life() time.Duration { return r.ttl.access + clockMargin }

// due reports whether it is time for another key. list has the live keys.
func (r *ring) due(list []storedKey, now time.Time, algorithm token.Algorithm, every time.Duration) bool {
	if !open(list) {
		return true
	}
	last := list[len(list)-1]
	return last.Algorithm != algorithm || !now.Before(last.SignsFrom.Add(every))
}

// fresh makes a key that nobody has stored yet. An RSA key can take longer than a store
// lets a transaction wait: make it before one.
func (r *ring) fresh(algorithm token.Algorithm) (storedKey, error) {
	key, err := r.generate(algorithm)
	if err != nil {
		return storedKey{}, err
	}
	der, err := key.MarshalPKCS8()
	if err != nil {
		return storedKey{}, err
	}
	id := key.Key().ID
	k := storedKey{SigningKey: SigningKey{ID: id, Algorithm: algorithm}, key: key}
	k.Sealed = r.secrets.box.Seal(der, kindSigning+" "+id)
	return k, nil
}

// alter changes the keys in one transaction, and takes over what came of it. f gets the keys
// that can be opened. What cannot be read after the commit is read at the next poll.
func (r *ring) alter(ctx context.Context, f func(c *change, list []storedKey) error) error {
	err := r.update(ctx, kindSigning, func(c *change) error {
		if _, _, err := r.checkSecret(ctx, c); err != nil {
			return err
		}
		list, _, err := r.stored(ctx, c)
		if err != nil {
			return err
		}
		return f(c, list)
	})
	if err != nil {
		return err
	}
	if err := r.load(ctx); err != nil {
		r.dirty.Store(true)
		r.errors.ErrorContext(ctx, "the signing keys were changed and could not be read; they are read again", "error", err)
	}
	return nil
}

// add stores the next key behind those of list, which are live.
func (r *ring) add(ctx context.Context, c *change, list []storedKey, k storedKey) error {
	k.Created, k.SignsFrom = c.now, nextStart(list, c.now)
	if err := putKey(ctx, c, k); err != nil {
		return err
	}
	return errors.Join(r.keep(ctx, c, append(slices.Clip(list), k)), c.revoke(ctx, KindSigningKey, k.ID, 0))
}

// keep stores the times of keys that have changed.
func (r *ring) keep(ctx context.Context, c *change, list []storedKey) error {
	for _, k := range reschedule(list, c.now, r.life()) {
		if err := putKey(ctx, c, k); err != nil {
			return err
		}
		if err := c.revoke(ctx, KindSigningKey, k.ID, 0); err != nil {
			return err
		}
	}
	return nil
}
