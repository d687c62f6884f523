package ratelimit_test

import (
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

// TestErrata06: the guide promises 100 requests per user, but counts per address, in
// the memory of each process.
func TestErrata06(t *testing.T) {
	t.Run("per user is per user", func(t *testing.T) {
		m := memory(t, ratelimit.MemoryConfig{Now: newClock().now})
		k, l := ratelimit.NewKeyer(), limit(t, "100 per 15m")
		admitted := func(user, address string) (n int) {
			office := k.Prefix("client", netip.MustParsePrefix(address))
			for range 150 {
				take(t, m, office, limit(t, "100000 per 15m"), 1)
				if take(t, m, k.Sum("principal", "https://issuer.example", user), l, 1).Allowed {
					n++
				}
			}
			return n
		}
		if a, b := admitted("ann", "192.0.2.1/32"), admitted("ben", "192.0.2.1/32"); a != 100 || b != 100 {
			t.Errorf("two users behind one address got %d and %d", a, b)
		}
		if n := admitted("ann", "198.51.100.1/32"); n != 0 {
			t.Errorf("one user at a second address got %d more", n)
		}
	})
	t.Run("many nodes on one store", func(t *testing.T) {
		m := memory(t, ratelimit.MemoryConfig{Now: newClock().now})
		var total int
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 5 {
			node := limiter(t, "default", "100 per 15m", m)
			wg.Go(func() {
				for range 100 {
					d, err := node.Take(t.Context(), ratelimit.Key{}, 1)
					mu.Lock()
					if err == nil && d.Allowed {
						total++
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if total != 100 {
			t.Errorf("five nodes admitted %d together", total)
		}
	})
	t.Run("the snippet's time", func(t *testing.T) {
		for _, s := range []string{"100 per 15 _ 60 _ 1000", "100 per 15 * 60 * 1000", "100 per 900000", "100 per 900000ms"} {
			if l, err := ratelimit.Parse(s); err == nil {
				t.Errorf("%q is %v", s, l)
			}
		}
	})
}

// TestErrata07: the guide's INCR, then EXPIRE by every allowed request, shuts a polite
// client out after 100 requests in a day, tells nobody when to come back, and leaves
// counters behind that never end when the second command is lost.
func TestErrata07(t *testing.T) {
	t.Run("a polite client is never refused", func(t *testing.T) {
		for _, s := range []string{"100 per 15m", "100/h burst 25"} {
			c := newClock()
			m, l := memory(t, ratelimit.MemoryConfig{Now: c.now}), limit(t, s)
			for i := range 30 * 24 * 60 / 14 {
				if d := take(t, m, ratelimit.Key{}, l, 1); !d.Allowed {
					t.Fatalf("%v: request %d, one in 14 minutes, is refused: %+v", l, i, d)
				}
				c.wait(14 * time.Minute)
			}
		}
	})
	t.Run("nor a busy one under the limit", func(t *testing.T) {
		c := newClock()
		m, l := memory(t, ratelimit.MemoryConfig{Now: c.now}), limit(t, "100 per 15m")
		for i := range 10_000 { // 91 in 15 minutes
			if d := take(t, m, ratelimit.Key{}, l, 1); !d.Allowed {
				t.Fatalf("request %d is refused: %+v", i, d)
			}
			c.wait(15 * time.Minute / 91)
		}
	})
	t.Run("a 429 says when", func(t *testing.T) {
		c := newClock()
		l := limiter(t, "default", "100 per 15m", memory(t, ratelimit.MemoryConfig{Now: c.now}))
		var d ratelimit.Decision
		for range 101 {
			d, _ = l.Take(t.Context(), ratelimit.Key{}, 1)
			c.wait(time.Second)
		}
		h := httptest.NewRecorder().Header()
		l.Apply(h, d)
		retry := l.Refusal(d).Header.Get("Retry-After")
		if d.Allowed || retry == "" || retry == "0" || h.Get("RateLimit") == "" {
			t.Fatalf("%+v %q", d, retry)
		}
		wait, _ := time.ParseDuration(retry + "s")
		c.wait(wait - time.Second)
		if d, _ = l.Take(t.Context(), ratelimit.Key{}, 1); !d.Allowed {
			t.Errorf("refused after Retry-After %s: %+v", retry, d)
		}
	})
	t.Run("no counter is left", func(t *testing.T) {
		c := newClock()
		m, l := memory(t, ratelimit.MemoryConfig{MaxKeys: 64, Now: c.now}), limit(t, "100 per 15m")
		for i := range 60 {
			take(t, m, numbered(i), l, 100)
		}
		c.wait(15 * time.Minute)
		for i := range 60 {
			if d := take(t, m, numbered(i), l, 0); d.Remaining != 100 || d.Reset != 0 {
				t.Fatalf("key %d: %+v", i, d)
			}
		}
		for i := range 1000 {
			take(t, m, numbered(1000+i), l, 1)
			c.wait(15 * time.Minute)
		}
		if m.Len() > 3 {
			t.Errorf("%d keys are held when one counts", m.Len())
		}
	})
}
