package redisstore_test

import (
	"crypto/rand"
	mrand "math/rand/v2"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/redistest"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
)

// fleet is some stores on one server, by one clock that the test owns.
type fleet struct {
	*testing.T
	at     atomic.Int64
	stores []*redisstore.Store
}

func newFleet(t *testing.T, address string, n int, c redisstore.Config) *fleet {
	f := &fleet{T: t}
	f.at.Store(time.Date(2026, 2, 28, 23, 59, 59, 0, time.UTC).UnixNano())
	c.Prefix = rand.Text() + ":"
	for range n {
		c.Client = dial(t, address)
		// They beat when the test says so, once at the start to know of each other.
		s := open(t, c.WithClock(func() time.Time { return time.Unix(0, f.at.Load()) }).WithBeat(time.Hour))
		f.stores = append(f.stores, s)
	}
	f.beat()
	return f
}

func (f *fleet) beat() {
	for _, s := range f.stores {
		s.Beat(f.Context())
	}
}

func (f *fleet) wait(d time.Duration) { f.at.Add(int64(d)) }

// admitted is a log of what was admitted, by time.
type admitted struct {
	at   []int64
	cost []int
}

func (a *admitted) add(at int64, cost int) {
	a.at, a.cost = append(a.at, at), append(a.cost, cost)
}

// since is what came after t.
func (a *admitted) since(t int64) (sum int) {
	for i := len(a.at) - 1; i >= 0 && a.at[i] > t; i-- {
		sum += a.cost[i]
	}
	return sum
}

// debt is what a bucket that takes everything would still owe, in permits and rounded up,
// over any span that ends with the last: the most that was admitted beyond its rate.
func (a *admitted) debt(every time.Duration) (most float64) {
	sum, now := 0, a.at[len(a.at)-1]
	for i := len(a.at) - 1; i >= 0; i-- {
		sum += a.cost[i]
		most = max(most, float64(sum)-float64(now-a.at[i])/float64(every))
	}
	return most
}

func TestLeasesHold(t *testing.T) {
	for _, text := range []string{"100 per 10s", "1000 per 10s", "50000 per 1m", "7 per 2s", "100/s burst 50", "1000/s burst 1000", "5/s burst 5"} {
		t.Run(text, func(t *testing.T) {
			l := parse(t, text)
			f := newFleet(t, address(t), 3, redisstore.Config{Lease: time.Second})
			rng := mrand.New(mrand.NewPCG(1, uint64(l.Quota())))
			var log admitted
			every := l.Per() / time.Duration(l.Quota())
			refused, asked := 0, int64(0)
			const steps = 2500
			for i := range steps {
				// Bursts, lulls, and a mean of a little more than the limit.
				gap := time.Duration(rng.ExpFloat64() * float64(every) * 0.8 * (1 + float64(l.Quota())/400))
				switch rng.IntN(400) {
				case 0:
					gap += l.Per() / 3
				case 1:
					gap += time.Duration(rng.Int64N(int64(l.Per()) * 2))
				}
				f.wait(gap)
				if i%97 == 0 {
					f.beat()
				}
				s := f.stores[min(rng.IntN(6), 2)] // the last takes two thirds
				cost := 1
				if rng.IntN(10) == 0 {
					cost = 1 + rng.IntN(1+l.Quota()/20)
				}
				d, err := s.Take(t.Context(), ratelimit.Key{1}, l, cost)
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
						t.Fatalf("step %d: %d within the window", i, got)
					}
				} else if i%13 == 0 {
					if got := log.debt(every); got > float64(l.Quota())+1e-6 {
						t.Fatalf("step %d: %.1f beyond the rate", i, got)
					}
				}
			}
			for _, s := range f.stores {
				asked += s.Stats().Asked
			}
			t.Logf("%d steps, %d refused, %.3f round trips a decision", steps, refused, float64(asked)/steps)
			if refused == 0 || refused > steps/2 {
				t.Errorf("%d of %d refused: the test does not test", refused, steps)
			}
		})
	}
}

// TestLeaseComesBack: what one node took and did not spend, another can.
func TestLeaseComesBack(t *testing.T) {
	for _, text := range []string{"1000 per 1m", "10/s burst 1000"} {
		t.Run(text, func(t *testing.T) {
			l, key := parse(t, text), ratelimit.Key{1}
			f := newFleet(t, address(t), 2, redisstore.Config{Lease: time.Second})
			a, b := f.stores[0], f.stores[1]
			spent := 0
			for range 300 { // fast, so that the leases grow
				spent += f.take(a, key, l, 1)
			}
			held := l.Quota() - spent - f.left(b, key, l)
			if held < 20 {
				t.Fatalf("the node holds only %d", held)
			}
			f.wait(l.Per() / ratelimit.Precision) // the lease ends
			f.beat()
			slack := int(l.Per()/ratelimit.Precision/(l.Per()/time.Duration(l.Quota()))) + 1 // what a bucket gained
			if got := l.Quota() - spent - f.left(b, key, l); got > 0 || got < -slack {
				t.Errorf("%d are missing after the lease ended", got)
			}
		})
	}
}

// TestCloseGivesBack: a node that ends leaves nothing behind.
func TestCloseGivesBack(t *testing.T) {
	l, key := parse(t, "1000 per 1m"), ratelimit.Key{1}
	f := newFleet(t, address(t), 2, redisstore.Config{Lease: time.Second})
	for range 300 {
		f.take(f.stores[0], key, l, 1)
	}
	f.stores[0].Close()
	if left := f.left(f.stores[1], key, l); left != 700 {
		t.Errorf("%d are left of 700", left)
	}
	f.stores[1].Beat(t.Context())
	f.stores[1].Beat(t.Context())
	if s := f.stores[1].Stats(); s.Failed > 0 {
		t.Errorf("%+v", s)
	}
}

func (f *fleet) take(s *redisstore.Store, key ratelimit.Key, l ratelimit.Limit, cost int) int {
	f.Helper()
	d, err := s.Take(f.Context(), key, l, cost)
	if err != nil || d.Degraded {
		f.Fatal(d, err)
	}
	if d.Allowed {
		return cost
	}
	return 0
}

func (f *fleet) left(s *redisstore.Store, key ratelimit.Key, l ratelimit.Limit) int {
	f.Helper()
	d, err := s.Take(f.Context(), key, l, 0)
	if err != nil || d.Degraded {
		f.Fatal(d, err)
	}
	return d.Remaining
}

func parse(t testing.TB, s string) ratelimit.Limit {
	t.Helper()
	l, err := ratelimit.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// address is that of the server that the tests share.
func address(t testing.TB) string { return "redis://" + redistest.Shared(t).Addr() }

func TestMain(m *testing.M) { os.Exit(redistest.Main(m)) }
