// Package storetest holds the tests that every store of package ratelimit must pass.
//
// They prove the rules of [ratelimit.Store] for one process under a clock that the
// tests own. They do not prove that two processes on one store see one another, nor
// what happens when the store's server dies: a store over a network brings those tests
// itself.
package storetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

// New returns an empty store that goes by the clock now, which many goroutines may
// call. It has room for some 2000 keys. The tests go by whole milliseconds.
type New func(t *testing.T, now func() time.Time) ratelimit.Store

// Run runs every test, each against a store of its own.
func Run(t *testing.T, open New) {
	for _, c := range []struct {
		name string
		test func(*rig)
	}{
		{"atomic", (*rig).atomic},
		{"atomic with costs", (*rig).atomicCosts},
		{"two limits are two buckets", (*rig).twoLimits},
		{"two keys are two buckets", (*rig).twoKeys},
		{"cost 0 looks", (*rig).look},
		{"arguments", (*rig).arguments},
		{"a cost above the quota", (*rig).above},
		{"a refused take takes nothing", (*rig).refused},
		{"the window's edge", (*rig).edge},
		{"the window's bounds", (*rig).window},
		{"the bucket's bounds", (*rig).bucket},
		{"the answer's times", (*rig).times},
		{"the clock goes back", (*rig).clockBack},
		{"hostile timings and jumping clocks", (*rig).timings},
		{"an ended context", (*rig).ended},
		{"nothing that counts is forgotten", (*rig).remembers},
		{"several in one go", (*rig).several},
		{"one bucket twice in one go", (*rig).oneTwice},
		{"arguments of several", (*rig).severalArguments},
		{"several in one go, by many at once", (*rig).severalAtOnce},
		{"charge", (*rig).charge},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &rig{T: t}
			r.at.Store(time.Date(2026, 2, 28, 23, 59, 59, 0, time.UTC).UnixNano())
			r.store = open(t, func() time.Time { return time.Unix(0, r.at.Load()) })
			c.test(r)
		})
	}
}

type rig struct {
	*testing.T
	at    atomic.Int64
	store ratelimit.Store
}

func (r *rig) wait(d time.Duration) { r.at.Add(int64(d)) }

func (r *rig) limit(s string) ratelimit.Limit {
	r.Helper()
	l, err := ratelimit.Parse(s)
	if err != nil {
		r.Fatal(err)
	}
	return l
}

func (r *rig) take(key ratelimit.Key, l ratelimit.Limit, cost int) ratelimit.Decision {
	r.Helper()
	d, err := r.store.Take(r.Context(), key, l, cost)
	if err != nil {
		r.Fatal(err)
	}
	return d
}

// want takes and compares what does not depend on time.
func (r *rig) want(key ratelimit.Key, l ratelimit.Limit, cost int, allowed bool, remaining int) ratelimit.Decision {
	r.Helper()
	d := r.take(key, l, cost)
	if d.Allowed != allowed || d.Remaining != remaining || d.Limit != l.Quota() {
		r.Fatalf("%v, cost %d: %+v, want allowed %v and %d remaining", l, cost, d, allowed, remaining)
	}
	if d.Allowed != (d.RetryAfter == 0) || d.RetryAfter < 0 || d.Reset < 0 || d.Reset > l.Per() || !d.Allowed && d.RetryAfter < d.Reset {
		r.Fatalf("%v, cost %d: %+v contradicts itself", l, cost, d)
	}
	return d
}

var (
	alice = ratelimit.Key{15: 1}
	bob   = ratelimit.Key{0: 1}
)

func (r *rig) atomic() {
	for i, s := range []string{"100 per 15m", "7/h burst 100"} {
		r.race(ratelimit.Key{1: byte(i)}, r.limit(s), func(int) int { return 1 }, 100)
	}
}

func (r *rig) atomicCosts() {
	for i, s := range []string{"1000 per 15m", "7/h burst 1000"} {
		r.race(ratelimit.Key{2: byte(i)}, r.limit(s), func(i int) int { return 1 + i%3 }, 1000)
	}
}

// race has many goroutines take until they are refused: what they got is the quota.
func (r *rig) race(key ratelimit.Key, l ratelimit.Limit, cost func(int) int, want int64) {
	var got atomic.Int64
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for i := g; ; i++ {
				d, err := r.store.Take(r.Context(), key, l, cost(i))
				switch {
				case err != nil:
					r.Error(err)
					return
				case d.Allowed:
					got.Add(int64(cost(i)))
				case cost(i) == 1:
					return
				}
			}
		})
	}
	wg.Wait()
	if got.Load() != want {
		r.Errorf("%v admitted %d to many at once", l, got.Load())
	}
}

func (r *rig) twoLimits() {
	all := []string{"5 per 15m", "6 per 15m", "5 per 16m", "5/m burst 5", "6/m burst 5", "5/m burst 6", "5/h burst 5"}
	for _, s := range all {
		l := r.limit(s)
		r.want(alice, l, l.Quota(), true, 0)
	}
	for _, s := range all {
		r.want(alice, r.limit(s), 1, false, 0)
	}
}

func (r *rig) twoKeys() {
	l := r.limit("5 per 15m")
	r.want(alice, l, 5, true, 0)
	r.want(bob, l, 1, true, 4)
}

func (r *rig) look() {
	for _, s := range []string{"5 per 15m", "5/m burst 5"} {
		l := r.limit(s)
		for range 10 {
			if d := r.want(alice, l, 0, true, 5); d.Reset != 0 {
				r.Fatalf("a whole quota resets in %v", d.Reset)
			}
		}
		r.want(alice, l, 5, true, 0)
		r.want(alice, l, 0, true, 0)
	}
}

func (r *rig) arguments() {
	for _, c := range []struct {
		l    ratelimit.Limit
		cost int
		want error
	}{
		{ratelimit.Limit{}, 1, ratelimit.ErrNoLimit},
		{ratelimit.Limit{}, 0, ratelimit.ErrNoLimit},
		{r.limit("5 per 15m"), -1, ratelimit.ErrCost},
		{r.limit("5/m burst 5"), -1 << 62, ratelimit.ErrCost},
	} {
		if d, err := r.store.Take(r.Context(), alice, c.l, c.cost); !errors.Is(err, c.want) || d != (ratelimit.Decision{}) {
			r.Errorf("%v, cost %d: %+v, %v", c.l, c.cost, d, err)
		}
	}
}

func (r *rig) above() {
	for _, s := range []string{"5 per 15m", "5/m burst 5"} {
		l := r.limit(s)
		for _, cost := range []int{6, 1 << 31, 1<<32 + 1, 1<<63 - 1} {
			if d := r.want(alice, l, cost, false, 5); d.RetryAfter != ratelimit.Never {
				r.Errorf("%v, cost %d: wait %v", l, cost, d.RetryAfter)
			}
		}
		r.want(alice, l, 5, true, 0)
	}
}

func (r *rig) refused() {
	for _, s := range []string{"5 per 1m", "5/m burst 5"} {
		l := r.limit(s)
		r.want(alice, l, 4, true, 1)
		first := r.want(alice, l, 2, false, 1)
		for range 100 {
			if again := r.want(alice, l, 2, false, 1); again != first {
				r.Fatalf("%v: knocking changes %+v to %+v", l, first, again)
			}
		}
		r.wait(first.RetryAfter - time.Millisecond)
		if r.take(alice, l, 2).Allowed {
			r.Fatalf("%v: admitted before RetryAfter of %+v", l, first)
		}
		r.wait(time.Millisecond)
		r.want(alice, l, 2, true, l.Quota()-2-restAt(l))
	}
}

// restAt is what of the four permits of refused still counts when the two came back.
func restAt(l ratelimit.Limit) int {
	if l.Strict() {
		return 0 // they were taken at one time, and come back at one
	}
	return 3
}

func (r *rig) ended() {
	l := r.limit("5 per 15m")
	ctx, cancel := context.WithCancel(r.Context())
	cancel()
	if d, err := r.store.Take(ctx, alice, l, 1); err == nil || d != (ratelimit.Decision{}) {
		r.Errorf("%+v, %v", d, err)
	}
	r.want(alice, l, 0, true, 5)
}

func (r *rig) remembers() {
	l := r.limit("5 per 15m")
	r.want(alice, l, 5, true, 0)
	for i := range 1500 {
		r.want(ratelimit.Key{3: 1, 4: byte(i >> 8), 5: byte(i)}, l, 1, true, 4)
	}
	r.wait(15*time.Minute - time.Millisecond)
	r.want(alice, l, 1, false, 0)
}
