package storetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

// charger is a store that can take what was admitted elsewhere.
type charger interface {
	Charge(key ratelimit.Key, l ratelimit.Limit, cost int) (ratelimit.Decision, error)
}

// takeAll takes and compares how many were decided, and what is left of each.
func (r *rig) takeAll(takes []ratelimit.Take, allowed bool, remaining ...int) {
	r.Helper()
	n, err := ratelimit.TakeAll(r.Context(), r.store, takes)
	if err != nil || n != len(remaining) {
		r.Fatalf("%d decided of %+v, %v; want %d", n, takes, err, len(remaining))
	}
	for i, want := range remaining {
		d := takes[i].Decision
		if d.Remaining != want || d.Allowed != (allowed || i < n-1) || d.Limit != takes[i].Limit.Quota() || d.Allowed != (d.RetryAfter == 0) {
			r.Fatalf("take %d: %+v, want %d remaining", i, d, want)
		}
	}
	for _, t := range takes[n:] {
		if t.Decision != (ratelimit.Decision{}) {
			r.Fatalf("a decision that was not made: %+v", t)
		}
	}
}

// several: what stands before a refusal is taken, what stands after it is not.
func (r *rig) several() {
	w, b := r.limit("5 per 15m"), r.limit("5/h burst 4")
	all := func(first, second, third int) []ratelimit.Take {
		return []ratelimit.Take{{Key: alice, Limit: w, Cost: first}, {Key: alice, Limit: b, Cost: second}, {Key: bob, Limit: w, Cost: third}}
	}
	r.takeAll(nil, true)
	r.takeAll(all(1, 1, 1), true, 4, 3, 4)
	r.takeAll(all(1, 4, 1), false, 3, 3)
	r.takeAll(all(4, 1, 1), false, 3)
	r.takeAll(all(6, 1, 1), false, 3) // never, and takes nothing
	r.takeAll(all(0, 0, 0), true, 3, 3, 4)
	r.takeAll(all(3, 3, 4), true, 0, 0, 0)
	r.takeAll(all(0, 0, 1), false, 0, 0, 0)
	r.want(alice, w, 1, false, 0)
	r.want(bob, w, 1, false, 0)
}

// oneTwice: the same bucket twice counts twice.
func (r *rig) oneTwice() {
	for _, s := range []string{"5 per 15m", "5/h burst 5"} {
		l := r.limit(s)
		r.takeAll([]ratelimit.Take{{Key: alice, Limit: l, Cost: 3}, {Key: alice, Limit: l, Cost: 3}, {Key: alice, Limit: l, Cost: 1}}, false, 2, 2)
		r.want(alice, l, 2, true, 0)
	}
}

func (r *rig) severalArguments() {
	l := r.limit("5 per 15m")
	ended, cancel := context.WithCancel(r.Context())
	cancel()
	for _, c := range []struct {
		ctx  context.Context
		last ratelimit.Take
		want error
	}{
		{r.Context(), ratelimit.Take{Key: bob, Cost: 1}, ratelimit.ErrNoLimit},
		{r.Context(), ratelimit.Take{Key: bob, Limit: l, Cost: -1}, ratelimit.ErrCost},
		{ended, ratelimit.Take{Key: bob, Limit: l, Cost: 1}, context.Canceled},
	} {
		takes := []ratelimit.Take{{Key: alice, Limit: l, Cost: 1}, c.last}
		if n, err := ratelimit.TakeAll(c.ctx, r.store, takes); n != 0 || !errors.Is(err, c.want) {
			r.Errorf("%+v: %d, %v", c.last, n, err)
		}
	}
	r.want(alice, l, 0, true, 5)
}

// severalAtOnce: many goroutines that take from a wide bucket and then a narrow one get
// the quota of the narrow one; of the wide one they take one more for each refusal.
func (r *rig) severalAtOnce() {
	wide, narrow := r.limit("1000 per 15m"), r.limit("7/h burst 100")
	var got, refused atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for {
				takes := []ratelimit.Take{{Key: alice, Limit: wide, Cost: 1}, {Key: bob, Limit: narrow, Cost: 1}}
				n, err := ratelimit.TakeAll(r.Context(), r.store, takes)
				if err != nil || n != 2 {
					r.Errorf("%d, %v", n, err)
					return
				}
				if !takes[1].Decision.Allowed {
					refused.Add(1)
					return
				}
				got.Add(1)
			}
		})
	}
	wg.Wait()
	if got.Load() != 100 || refused.Load() != 16 {
		r.Errorf("%d admitted, %d refused", got.Load(), refused.Load())
	}
	r.want(alice, wide, 0, true, 1000-116)
}

// charge: it always admits, takes no more than is left, and counts like what was taken.
func (r *rig) charge() {
	store, ok := r.store.(charger)
	if !ok {
		r.Skip("the store has no Charge")
	}
	for _, s := range []string{"5 per 15m", "5/h burst 5"} {
		l := r.limit(s)
		for _, c := range []struct{ cost, remaining int }{{0, 5}, {2, 3}, {0, 3}, {4, 0}, {1, 0}, {1<<63 - 1, 0}, {0, 0}} {
			d, err := store.Charge(alice, l, c.cost)
			if err != nil || !d.Allowed || d.Remaining != c.remaining || d.RetryAfter != 0 || d.Limit != 5 || (d.Reset > 0) != (c.remaining < 5) {
				r.Fatalf("%v, charged %d: %+v, %v", l, c.cost, d, err)
			}
		}
		r.want(alice, l, 1, false, 0)
		r.wait(l.Per())
		r.want(alice, l, 5, true, 0)
		if d, err := store.Charge(bob, l, 1<<62); err != nil || !d.Allowed || d.Remaining != 0 {
			r.Fatalf("%v, a new key: %+v, %v", l, d, err)
		}
		if d, err := store.Charge(bob, l, -1); !errors.Is(err, ratelimit.ErrCost) || d != (ratelimit.Decision{}) {
			r.Fatalf("%v: %+v, %v", l, d, err)
		}
	}
	if _, err := store.Charge(bob, ratelimit.Limit{}, 1); !errors.Is(err, ratelimit.ErrNoLimit) {
		r.Fatal(err)
	}
}
