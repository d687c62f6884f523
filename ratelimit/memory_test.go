package ratelimit_test

import (
	"encoding/binary"
	"errors"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/ratelimit/storetest"
)

func TestMemory(t *testing.T) {
	for _, max := range []int{0, 2600} {
		storetest.Run(t, func(t *testing.T, now func() time.Time) ratelimit.Store {
			return memory(t, ratelimit.MemoryConfig{MaxKeys: max, Now: now})
		})
	}
}

func memory(t testing.TB, c ratelimit.MemoryConfig) *ratelimit.Memory {
	t.Helper()
	m, err := ratelimit.NewMemory(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func limit(t testing.TB, s string) ratelimit.Limit {
	t.Helper()
	l, err := ratelimit.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func take(t testing.TB, s ratelimit.Store, k ratelimit.Key, l ratelimit.Limit, cost int) ratelimit.Decision {
	t.Helper()
	d, err := s.Take(t.Context(), k, l, cost)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// clock is set by hand.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func (c *clock) wait(d time.Duration) { c.at = c.at.Add(d) }

func newClock() *clock { return &clock{time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)} }

// numbered is a key that a Keyer would not make, but no store may rely on that.
func numbered(i int) (k ratelimit.Key) {
	binary.BigEndian.PutUint64(k[:], uint64(i))
	return k
}

func TestNewMemory(t *testing.T) {
	for _, max := range []int{-1, 1<<28 + 1, -1 << 63} {
		_, err := ratelimit.NewMemory(ratelimit.MemoryConfig{MaxKeys: max})
		if e, ok := errors.AsType[*ratelimit.ConfigError](err); !ok || e.Field != "MaxKeys" {
			t.Errorf("%d: %v", max, err)
		}
	}
	m := memory(t, ratelimit.MemoryConfig{})
	if d := take(t, m, ratelimit.Key{}, limit(t, "2 per 1s"), 1); !d.Allowed || m.Len() != 1 {
		t.Errorf("the zero config: %+v, %d keys", d, m.Len())
	}
}

// TestFullMemoryAdmitsNoMore drives many keys through a store with room for a few, and
// holds what each got against a log: however often a key is dropped, its limit holds.
func TestFullMemoryAdmitsNoMore(t *testing.T) {
	all := []ratelimit.Limit{limit(t, "3 per 1s"), limit(t, "70 per 1m"), limit(t, "33 per 15m"), limit(t, "10/s burst 4"), limit(t, "1/m burst 9")}
	rapid.Check(t, func(rt *rapid.T) {
		c := newClock()
		m := memory(t, ratelimit.MemoryConfig{MaxKeys: rapid.IntRange(1, 4).Draw(rt, "max"), Now: c.now})
		limits := all[:rapid.IntRange(1, len(all)).Draw(rt, "limits")]
		keys := rapid.IntRange(2, 12).Draw(rt, "keys")
		type bucket struct{ key, limit int }
		logs := map[bucket][]event{}
		for range rapid.IntRange(1, 200).Draw(rt, "steps") {
			b := bucket{rapid.IntRange(0, keys-1).Draw(rt, "key"), rapid.IntRange(0, len(limits)-1).Draw(rt, "limit")}
			l := limits[b.limit]
			c.wait(time.Duration(rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, int64(time.Second)), rapid.Int64Range(0, int64(l.Per()))).Draw(rt, "wait")))
			cost := rapid.OneOf(rapid.Just(1), rapid.IntRange(1, l.Quota())).Draw(rt, "cost")
			if !take(t, m, numbered(b.key), l, cost).Allowed {
				continue
			}
			logs[b] = append(logs[b], event{c.at, cost})
			if !conforms(l, logs[b]) {
				rt.Fatalf("%v: too much was admitted: %v", l, logs[b])
			}
		}
	})
}

type event struct {
	at   time.Time
	cost int
}

// conforms says whether no span that ends at the last event holds too much.
func conforms(l ratelimit.Limit, log []event) bool {
	sum, last := 0, log[len(log)-1].at
	for i := len(log) - 1; i >= 0; i-- {
		sum += log[i].cost
		d := last.Sub(log[i].at)
		if l.Strict() && d < l.Per() && sum > l.Quota() {
			return false
		}
		if !l.Strict() && time.Duration(sum-l.Quota())*(l.Per()/time.Duration(l.Quota())) > d {
			return false
		}
	}
	return true
}

func TestIdleKeysAreSwept(t *testing.T) {
	t.Parallel()
	c := newClock()
	m := memory(t, ratelimit.MemoryConfig{Now: c.now})
	l := limit(t, "20 per 1m")
	most := 0
	for i := range 100_000 { // 1000 new keys in each window
		take(t, m, numbered(i), l, 1)
		c.wait(60 * time.Millisecond)
		most = max(most, m.Len())
	}
	if most > 3000 {
		t.Errorf("%d keys are held when 1000 count", most)
	}
}

func TestRefusedKeysAreNotHeld(t *testing.T) {
	t.Parallel()
	m := memory(t, ratelimit.MemoryConfig{})
	for i := range 1000 {
		take(t, m, numbered(i), limit(t, "20 per 1m"), 21)
		take(t, m, numbered(i), limit(t, "20 per 1m"), 0)
	}
	if m.Len() != 0 {
		t.Errorf("%d keys are held", m.Len())
	}
}

// TestManyGoroutines is for the race detector: the shards, the sweep, the eviction.
func TestManyGoroutines(t *testing.T) {
	t.Parallel()
	m := memory(t, ratelimit.MemoryConfig{MaxKeys: 300})
	limits := []ratelimit.Limit{limit(t, "20 per 1s"), limit(t, "1000/s burst 5")}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 5000 {
				if _, err := m.Take(t.Context(), numbered(i*(g+1)%999), limits[i%2], 1); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if m.Len() > 300 {
		t.Errorf("%d keys are held", m.Len())
	}
}

// TestUsed: what a key took still counts until it does not.
func TestUsed(t *testing.T) {
	for _, c := range []struct {
		limit       string
		now, later  int
		wait, after time.Duration
	}{
		{"10 per 1m", 5, 3, 20 * time.Second, 41 * time.Second}, // two of the first instant, three of the second
		{"60/m burst 10", 5, 2, 0, 3 * time.Second},
	} {
		at := time.Unix(1e9, 0)
		m, l := memory(t, ratelimit.MemoryConfig{Now: func() time.Time { return at }}), limit(t, c.limit)
		take(t, m, ratelimit.Key{1}, l, 2)
		at = at.Add(c.wait)
		take(t, m, ratelimit.Key{1}, l, 3)
		for range 2 { // asking changes nothing
			if now, later := m.Used(ratelimit.Key{1}, l, 0), m.Used(ratelimit.Key{1}, l, c.after); now != c.now || later != c.later {
				t.Errorf("%s: %d are used, and later %d", c.limit, now, later)
			}
		}
		if m.Used(ratelimit.Key{2}, l, 0) != 0 || m.Used(ratelimit.Key{1}, ratelimit.Limit{}, 0) != 0 {
			t.Errorf("%s: what took nothing used something", c.limit)
		}
	}
}
