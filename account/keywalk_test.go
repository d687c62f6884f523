package account_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/token"
)

// timedStore is a store with a clock of its own.
type timedStore struct {
	account.Store
	now func() time.Time
}

type timedTx struct {
	account.Tx
	now time.Time
}

func (t timedTx) Now() time.Time { return t.now }

func (s *timedStore) Update(ctx context.Context, key string, do func(account.Tx) error) error {
	return s.Store.Update(ctx, key, func(tx account.Tx) error { return do(timedTx{tx, s.now()}) })
}

// keyWalk is two nodes on one store, and what they have signed.
type keyWalk struct {
	*testing.T
	clock  time.Time                 // the store's
	shown  atomic.Pointer[time.Time] // clock, for what runs beside the test
	nodes  []*world
	skew   []time.Duration // of the nodes' clocks
	tokens []minted

	published map[string]time.Time // by kid, where every node publishes it
	signed    map[string]bool
	early     bool // a revocation has left no key that has signed
	log       []string
}

type minted struct {
	raw, kid string
	at, exp  time.Time // by the clock of the node that made it
}

func newKeyWalk(t *testing.T, timed bool, skew ...time.Duration) *keyWalk {
	k := &keyWalk{T: t, skew: skew, published: map[string]time.Time{}, signed: map[string]bool{}, early: true}
	k.set(time.Now())
	base := newWorld(t, nil)
	base.Accounts.Close()
	store := base.store
	if timed {
		store = &timedStore{store, func() time.Time { return *k.shown.Load() }}
	}
	if err := store.Update(t.Context(), "keys", func(tx account.Tx) error { // those of base
		list, err := tx.RecordsOf(t.Context(), "signing-key", "")
		for _, rec := range list {
			err = errors.Join(err, tx.DeleteRecord(t.Context(), rec.Kind, rec.ID))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, ahead := range skew {
		k.nodes = append(k.nodes, newWorldOn(t, store, func(c *account.Config) {
			c.Algorithm = token.Ed25519
			account.SetClock(c, func() time.Time { return k.shown.Load().Add(ahead) })
		}))
	}
	k.follow()
	return k
}

func (k *keyWalk) set(now time.Time) {
	k.clock = now
	k.shown.Store(&now)
}

// follow is the second in which every node reads what another one did, and publishes it.
func (k *keyWalk) follow() {
	k.Helper()
	count := map[string]int{}
	for _, n := range k.nodes {
		if err := n.Poll(k.Context()); err != nil {
			k.fatalf("%v", err)
		}
		for _, key := range n.Issuer().Source.Keys().List() {
			count[key.ID]++
		}
	}
	for id, n := range count {
		if _, known := k.published[id]; !known && n == len(k.nodes) {
			k.published[id] = k.clock
		}
	}
}

func (k *keyWalk) fatalf(format string, args ...any) {
	k.Helper()
	k.Fatalf("%s\nafter: %s", fmt.Sprintf(format, args...), strings.Join(k.log, ", "))
}

// mint makes a token on every node, and looks how long its key has been published.
func (k *keyWalk) mint() {
	k.Helper()
	for i, n := range k.nodes {
		raw, err := n.Mint()
		if err != nil {
			k.fatalf("node %d: %v", i, err)
		}
		id := kid(k.T, raw)
		if !k.signed[id] {
			if since, known := k.published[id]; !k.early && (!known || k.clock.Sub(since) < account.PublishFor) {
				k.fatalf("node %d signs with %s, published for %s", i, id, k.clock.Sub(since))
			}
			k.signed[id], k.early = true, false
		}
		here := k.clock.Add(k.skew[i])
		k.tokens = append(k.tokens, minted{raw, id, here, here.Add(10 * time.Minute)})
	}
}

// check has every node verify the tokens that are in their time, for at most another left.
func (k *keyWalk) check(left time.Duration) int {
	k.Helper()
	checks := 0
	oldest := k.clock.Add(slices.Min(k.skew))
	k.tokens = slices.DeleteFunc(k.tokens, func(m minted) bool { return !oldest.Before(m.exp) })
	for _, m := range k.tokens {
		for i, n := range k.nodes {
			here := k.clock.Add(k.skew[i])
			if !here.Before(m.exp) || m.exp.Sub(here) > left {
				continue
			}
			checks++
			if _, err := n.Authenticate(m.raw); err != nil && !errors.Is(err, account.ErrStale) {
				k.fatalf("node %d refuses a token of %s, made %s before: %v", i, m.kid, here.Sub(m.at), err)
			}
		}
	}
	return checks
}

func (k *keyWalk) later(d time.Duration) {
	k.Helper()
	k.set(k.clock.Add(d))
	k.follow()
}

func (k *keyWalk) list() []account.SigningKey {
	k.Helper()
	list, err := k.nodes[0].SigningKeys(k.Context())
	if err != nil {
		k.fatalf("%v", err)
	}
	return slices.DeleteFunc(list, func(one account.SigningKey) bool {
		return !one.VerifiesUntil.IsZero() && !k.clock.Before(one.VerifiesUntil)
	})
}

func (k *keyWalk) rotate(node int) {
	k.Helper()
	if err := k.nodes[node].RotateKeys(k.Context()); err != nil && !errors.Is(err, account.ErrManyKeys) {
		k.fatalf("rotate: %v", err)
	}
	k.follow()
}

func (k *keyWalk) revoke(node int, id string) {
	k.Helper()
	rest := slices.DeleteFunc(k.list(), func(one account.SigningKey) bool { return one.ID == id })
	if !slices.ContainsFunc(rest, func(one account.SigningKey) bool { return !k.clock.Before(one.SignsFrom) }) {
		k.early = true
	}
	if err := k.nodes[node].RevokeKey(k.Context(), id); err != nil {
		k.fatalf("revoke: %v", err)
	}
	k.follow()
	for i, n := range k.nodes {
		for _, m := range k.tokens {
			if _, err := n.Authenticate(m.raw); m.kid == id && err == nil {
				k.fatalf("node %d accepts a token of %s, which was revoked", i, id)
			}
		}
	}
	k.tokens = slices.DeleteFunc(k.tokens, func(m minted) bool { return m.kid == id })
}

// TestKeyDistances: rotating twice, and rotating and then revoking any key, however soon one
// comes after the other, costs no token of another key its time.
func TestKeyDistances(t *testing.T) {
	const old, next, waiting = 0, 1, -1 // of the keys in the order in which they sign
	revoke := func(which int) func(*keyWalk) {
		return func(k *keyWalk) {
			list := k.list()
			i := which
			if which == waiting {
				i = len(list) - 1
			}
			k.revoke(0, list[min(i, len(list)-1)].ID)
		}
	}
	again := func(k *keyWalk) { k.rotate(1) }
	for name, steps := range map[string][]func(*keyWalk){
		"rotated twice":                        {again},
		"rotated three times":                  {again, again},
		"old revoked":                          {revoke(old)},
		"newest revoked":                       {revoke(waiting)},
		"old and newest revoked":               {revoke(old), revoke(waiting)},
		"newest and old revoked":               {revoke(waiting), revoke(old)},
		"rotated twice, the middle revoked":    {again, revoke(next)},
		"rotated twice, old revoked":           {again, revoke(old)},
		"old revoked, rotated":                 {revoke(old), again},
		"newest revoked, rotated, old revoked": {revoke(waiting), again, revoke(old)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKeyWalk(t, false, 0, 0)
			checks := 0
			for _, minutes := range []time.Duration{0, 1, 3, 5, 6, 8, 10} {
				distance := minutes * time.Minute
				k.log = []string{distance.String() + " apart"}
				k.rotate(0)
				for _, step := range steps {
					for past := time.Duration(0); past < distance; past += time.Minute {
						k.mint()
						k.later(time.Minute)
						checks += k.check(61 * time.Second)
					}
					k.mint()
					step(k)
					k.mint()
					checks += k.check(time.Hour)
				}
				for range 30 { // until all is quiet
					k.mint()
					k.later(time.Minute)
					checks += k.check(61 * time.Second)
				}
			}
			t.Logf("%d verifications", checks)
		})
	}
}

// TestKeyWalk: random sequences of rotations, revocations, scheduled rotations and time, on
// two nodes, also where their clocks and the store's are five minutes apart.
func TestKeyWalk(t *testing.T) {
	for name, row := range map[string]struct {
		timed bool
		skew  []time.Duration
	}{
		"one clock":                 {false, []time.Duration{0, 0}},
		"five minutes from node":    {true, []time.Duration{150 * time.Second, -150 * time.Second}},
		"five minutes from store":   {true, []time.Duration{0, 5 * time.Minute}},
		"five minutes behind store": {true, []time.Duration{-5 * time.Minute, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			rng := rand.New(rand.NewPCG(seed, 1))
			k := newKeyWalk(t, row.timed, row.skew...)
			done, checks := map[string]int{}, 0
			for range 600 {
				node := rng.IntN(2)
				op := "later"
				switch n := rng.IntN(20); {
				case n < 2:
					op = "rotate"
					k.rotate(node)
				case n < 4:
					list := k.list()
					i := rng.IntN(len(list))
					op = fmt.Sprintf("revoke %d of %d", i, len(list))
					k.revoke(node, list[i].ID)
				case n < 5:
					op = "tend"
					if err := k.nodes[node].Tend(t.Context()); err != nil {
						k.fatalf("%v", err)
					}
					k.follow()
				case n < 6:
					op = "prune"
					k.nodes[node].Prune(t.Context())
				default:
					steps := []time.Duration{time.Second, 30 * time.Second, time.Minute, 359 * time.Second, 6 * time.Minute, 10 * time.Minute, 15 * time.Minute, time.Hour}
					d := steps[rng.IntN(len(steps))]
					op = "later " + d.String()
					k.later(d)
				}
				k.log = append(k.log[max(0, len(k.log)-30):], op)
				done[strings.Fields(op)[0]]++
				k.mint()
				checks += k.check(time.Hour)
			}
			t.Logf("%v, %d verifications", done, checks)
			for _, op := range []string{"rotate", "revoke", "tend", "later"} {
				if done[op] < 10 {
					t.Errorf("%s: only %d", op, done[op])
				}
			}
		})
	}
}
