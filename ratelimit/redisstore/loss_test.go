package redisstore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/redistest"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
)

// spend takes one at a time until the store refuses, n times at the most, and returns
// how many it admitted.
func (f *fleet) spend(s *redisstore.Store, key ratelimit.Key, l ratelimit.Limit, n int) (sum int) {
	f.Helper()
	for range n {
		d, err := s.Take(f.Context(), key, l, 1)
		if err != nil {
			f.Fatal(err)
		}
		if !d.Allowed {
			break
		}
		sum++
	}
	return sum
}

// TestLostKeysOneNode: a caller who stays with one of several nodes gets no more for it
// that the server lost its keys.
func TestLostKeysOneNode(t *testing.T) {
	for _, text := range []string{"100 per 1h", "100/h burst 100"} {
		server := redistest.Start(t)
		f := newFleet(t, "redis://"+server.Addr(), 4, redisstore.Config{})
		f.beat()
		l, key := parse(t, text), ratelimit.Key{1}
		sum := f.spend(f.stores[0], key, l, 90)
		server.Do(t, "FLUSHALL")
		for range 5 { // long enough for all to have told
			f.wait(11 * time.Second)
			f.beat()
		}
		sum += f.spend(f.stores[0], key, l, 200)
		if sum > l.Quota()+1 { // the bucket gains one meanwhile
			t.Errorf("%s: %d were admitted: %+v", text, sum, f.stores[0].Stats())
		}
	}
}

// TestIdleIsNoLoss: a key that ended by itself was not lost; whoever stays within a
// bucket is not refused for it.
func TestIdleIsNoLoss(t *testing.T) {
	for _, c := range []struct {
		name  string
		nodes int
		lease time.Duration
		limit string
		first int
		idle  time.Duration
	}{
		{"several nodes", 4, 0, "60/m burst 20", 2, 2300 * time.Millisecond},
		{"a lease given back", 1, time.Second, "60/m burst 600", 40, 45 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := redistest.Start(t)
			f := newFleet(t, "redis://"+server.Addr(), c.nodes, redisstore.Config{Lease: c.lease})
			f.beat()
			l, key := parse(t, c.limit), ratelimit.Key{1}
			f.spend(f.stores[0], key, l, c.first)
			f.wait(c.lease + 100*time.Millisecond)
			f.beat()
			f.wait(c.idle)
			for line := range strings.Lines(server.Do(t, "KEYS", "*burst*")) {
				server.Do(t, "DEL", strings.TrimSpace(line)) // as the server does by its own clock
			}
			if got := f.left(f.stores[0], key, l); got != l.Quota() {
				t.Errorf("%d of %d are left", got, l.Quota())
			}
			d, err := f.stores[0].Take(t.Context(), key, l, l.Quota())
			if err != nil || !d.Allowed {
				t.Errorf("the whole of an idle bucket is refused: %+v, %v", d, err)
			}
		})
	}
}

// TestEmptyRestart: what a node took before an outage it also tells a server that came
// back from it empty.
func TestEmptyRestart(t *testing.T) {
	server := redistest.Start(t)
	f := newFleet(t, "redis://"+server.Addr(), 2, redisstore.Config{Timeout: time.Second})
	f.beat()
	a, b := f.stores[0], f.stores[1]
	l, key := parse(t, "100 per 1h"), ratelimit.Key{1}
	sum := f.spend(a, key, l, 90)
	server.Kill()
	for range 3 {
		f.beat()
	}
	if !a.Stats().Degraded || !b.Stats().Degraded {
		t.Fatal("no outage")
	}
	server.Restart(t)
	f.wait(time.Second)
	for a.Stats().Degraded || b.Stats().Degraded {
		f.beat()
	}
	f.wait(time.Minute)
	f.beat()
	sum += f.spend(b, key, l, 200)
	if sum > l.Quota() {
		t.Errorf("%d were admitted", sum)
	}
}
