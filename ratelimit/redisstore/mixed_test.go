package redisstore_test

import (
	"crypto/rand"
	mrand "math/rand/v2"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
)

// TestMixedModes: nodes that lease and nodes that do not may share a bucket.
func TestMixedModes(t *testing.T) {
	for _, text := range []string{"100 per 10s", "1000000000 per 366d", "13 per 1m", "1000000/s burst 1000000000", "100/s burst 5000", "1/d burst 366"} {
		for seed := range uint64(2) {
			l := parse(t, text)
			f := newFleet(t, address(t), 0, redisstore.Config{})
			prefix := rand.Text() + ":"
			add := func(lease time.Duration) *redisstore.Store {
				return open(t, redisstore.Config{Client: dial(t, address(t)), Prefix: prefix, Lease: lease, MaxLease: 1 << 20}.
					WithClock(func() time.Time { return time.Unix(0, f.at.Load()) }).WithBeat(time.Hour))
			}
			for _, lease := range []time.Duration{0, 10 * time.Second, time.Second, 5 * time.Millisecond} {
				f.stores = append(f.stores, add(lease))
			}
			f.beat()
			rng := mrand.New(mrand.NewPCG(seed, uint64(l.Quota())))
			var log admitted
			every := l.Per() / time.Duration(l.Quota())
			refused := 0
			big := rng.IntN(2) == 0
			for i := range 1500 {
				mean := 1.0
				if big {
					mean = float64(l.Quota()) / 40
				}
				gap := time.Duration(rng.ExpFloat64() * float64(every) * 0.8 * (1 + float64(l.Quota())/400))
				if rng.IntN(300) == 0 {
					gap += time.Duration(rng.Int64N(int64(l.Per()) * 2))
				}
				if rng.IntN(4) == 0 {
					gap = time.Duration(rng.IntN(3000))
				}
				f.wait(gap)
				if rng.IntN(20) == 0 {
					f.stores[rng.IntN(4)].Beat(t.Context())
				}
				if rng.IntN(200) == 0 {
					j := rng.IntN(4)
					f.stores[j].Close()
					f.stores[j] = add([]time.Duration{0, 10 * time.Second, time.Second, 5 * time.Millisecond}[j])
				}
				cost := 1 + int(rng.ExpFloat64()*mean*float64(rng.IntN(2)))
				d, err := f.stores[rng.IntN(4)].Take(t.Context(), ratelimit.Key{1}, l, cost)
				if err != nil || d.Degraded {
					t.Fatal(d, err)
				}
				if !d.Allowed {
					refused++
					continue
				}
				log.add(f.at.Load(), cost)
				if l.Strict() {
					if got := log.since(f.at.Load() - int64(l.Per())); got > l.Quota() {
						t.Fatalf("%s seed %d step %d: %d within the window", text, seed, i, got)
					}
				} else if got := log.debt(every); got > float64(l.Quota())*(1+1e-9)+1 {
					t.Errorf("%s seed %d step %d: %.3f beyond the rate", text, seed, i, got)
					break
				}
			}
			t.Log(text, seed, big, refused, len(log.at))
		}
	}
}

// TestGivenBackOnce: what a later lease took a bucket to have regained is not given back
// as well.
func TestGivenBackOnce(t *testing.T) {
	f := newFleet(t, address(t), 2, redisstore.Config{Lease: time.Second})
	l, key := parse(t, "1000/s burst 1000"), ratelimit.Key{1}
	a, b := f.stores[0], f.stores[1]
	f.spend(b, key, l, 127) // the next lease is one of 64
	f.wait(5 * time.Second)
	f.spend(a, key, l, 32) // and has 31 left, until 83 ms later
	f.wait(80 * time.Millisecond)
	f.spend(b, key, l, 1) // and has 63 left, which run full what a took
	f.wait(4 * time.Millisecond)
	a.Beat(t.Context()) // a gives back
	f.wait(79 * time.Millisecond)
	if got := f.spend(b, key, l, 63) + f.take(a, key, l, f.left(a, key, l)); got > l.Quota() {
		t.Errorf("%d at once", got)
	}
}
