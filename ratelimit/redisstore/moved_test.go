package redisstore_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/redistest"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
)

// healed is how soon limits are shared again once the address leads to a good server, as the doc
// comment of redisconn.Conn states.
const healed = 5 * time.Second

// move is a failover behind an address that stays the same. A was the master, b takes over.
type move struct {
	name    string
	timeout time.Duration // of a decision
	begin   func(t *testing.T, a, b *redistest.Server, p *redistest.Relay)
	lead    time.Duration // after begin, until the address leads to b
	stays   bool          // it goes on leading to a
}

// promote makes b the master.
func promote(t *testing.T, a, b *redistest.Server, _ *redistest.Relay) {
	b.Do(t, "REPLICAOF", "NO", "ONE")
}

// demote makes b the master of a.
func demote(t *testing.T, a, b *redistest.Server, p *redistest.Relay) {
	promote(t, a, b, p)
	a.Do(t, "REPLICAOF", "127.0.0.1", b.Addr()[len("127.0.0.1:"):])
}

var moves = []move{
	{name: "the old master is a replica", timeout: time.Second, begin: demote},
	{name: "the address moves later", timeout: time.Second, begin: demote, lead: 5 * time.Second},
	{name: "the old master is frozen", timeout: time.Second,
		begin: func(t *testing.T, a, b *redistest.Server, p *redistest.Relay) {
			promote(t, a, b, p)
			a.Freeze(t)
		}},
	{name: "the old connections are dead", timeout: 100 * time.Millisecond, stays: true,
		begin: func(t *testing.T, a, b *redistest.Server, p *redistest.Relay) {
			promote(t, a, b, p)
			p.Lead(b.Addr())
			p.Silence()
		}},
	{name: "connecting takes longer than a decision may", timeout: 100 * time.Millisecond,
		begin: func(t *testing.T, a, b *redistest.Server, p *redistest.Relay) {
			demote(t, a, b, p)
			p.Delay(200 * time.Millisecond)
		}},
	{name: "broken, and connecting takes longer than a decision may", timeout: 100 * time.Millisecond, stays: true,
		begin: func(t *testing.T, a, b *redistest.Server, p *redistest.Relay) {
			p.Delay(200 * time.Millisecond)
			p.Cut()
		}},
}

// TestMoved: after a failover behind one address, two nodes share their limits again, whatever
// became of the old master and of the connections to it.
func TestMoved(t *testing.T) {
	for _, m := range moves {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			playMove(t, m)
		})
	}
}

func playMove(t *testing.T, m move) {
	a, b := redistest.Start(t), redistest.Start(t)
	proxy := redistest.Proxy(t, a.Addr())
	l, key, prefix := parse(t, "1000 per 1h"), ratelimit.Key{1}, rand.Text()+":"
	var stores []*redisstore.Store
	var changes []chan redisstore.Change
	for range 2 {
		told := make(chan redisstore.Change, 64)
		changes = append(changes, told)
		stores = append(stores, open(t, redisstore.Config{
			Client: dial(t, "redis://"+proxy.Addr()), Prefix: prefix, Timeout: m.timeout,
			Notify: func(c redisstore.Change) { told <- c },
		}))
	}
	take := func(s *redisstore.Store) ratelimit.Decision {
		d, err := s.Take(t.Context(), key, l, 1)
		if err != nil || !d.Allowed {
			t.Fatalf("%+v, %v", d, err)
		}
		return d
	}
	for _, s := range stores {
		s.Beat(t.Context())
		take(s)
	}

	m.begin(t, a, b, proxy)
	for i, s := range stores {
		for n := 0; len(changes[i]) == 0 && n < 20; n++ { // an outage may be over with the first call
			take(s)
		}
	}
	<-time.After(m.lead)
	if !m.stays {
		proxy.Lead(b.Addr())
	}
	moved := time.Now()
	for _, told := range changes {
		for over := len(told) == 0; !over; {
			over = !(<-told).Degraded
		}
	}
	took := time.Since(moved)
	t.Logf("shared again after %v", took)
	if took > healed {
		t.Errorf("shared again after %v, want %v", took, healed)
	}
	for _, s := range stores { // what each of them owes has been told
		s.Beat(t.Context())
	}
	first := take(stores[0])
	if second := take(stores[1]); first.Degraded || second.Degraded || second.Remaining != first.Remaining-1 {
		t.Errorf("the nodes do not share: %+v, then %+v", first, second)
	}
}

// TestMovedSentinel: nodes of a Sentinel group follow it to another master while the old one is up,
// or comes back.
func TestMovedSentinel(t *testing.T) {
	for _, c := range []struct {
		name string
		move func(t *testing.T, g *redistest.Group)
	}{
		{"by order", func(t *testing.T, g *redistest.Group) { g.Failover(t) }},
		{"the old master was frozen", func(t *testing.T, g *redistest.Group) {
			before := g.Master(t)
			before.Freeze(t)
			g.Other(t, before)
			before.Thaw()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := redistest.Sentinel(t)
			f := newFleet(t, sentinelAddress(g), 2, redisstore.Config{Timeout: time.Second})
			l, key := parse(t, "1000 per 1h"), ratelimit.Key{1}
			f.spend(f.stores[0], key, l, 10)
			c.move(t, g)
			moved := time.Now()
			first, second := f.share(key, l)
			for ; second.Remaining != first.Remaining-1 || first.Degraded || second.Degraded; first, second = f.share(key, l) {
				if time.Since(moved) > 2*healed {
					t.Fatalf("the nodes do not share: %+v, then %+v", first, second)
				}
				<-time.After(100 * time.Millisecond)
				f.beat()
			}
			t.Logf("shared again after %v", time.Since(moved))
			if took := time.Since(moved); took > healed {
				t.Errorf("shared again after %v, want %v", took, healed)
			}
		})
	}
}

// share takes one on each of two nodes.
func (f *fleet) share(key ratelimit.Key, l ratelimit.Limit) (first, second ratelimit.Decision) {
	f.Helper()
	for i, d := range []*ratelimit.Decision{&first, &second} {
		var err error
		if *d, err = f.stores[i].Take(f.Context(), key, l, 1); err != nil {
			f.Fatal(err)
		}
	}
	return first, second
}
