package redisstore_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/redistest"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
)

// outage is a way in which a server fails, and comes back.
type outage struct {
	name       string
	config     []string
	keys       int // that are there before
	begin, end func(t *testing.T, s *redistest.Server, p *redistest.Relay)
	lost       bool // no call fails, but the keys are gone
}

var outages = []outage{
	{name: "killed", begin: func(t *testing.T, s *redistest.Server, p *redistest.Relay) { s.Kill() },
		end: func(t *testing.T, s *redistest.Server, p *redistest.Relay) { s.Restart(t) }},
	{name: "frozen", begin: func(t *testing.T, s *redistest.Server, p *redistest.Relay) { s.Freeze(t) },
		end: func(t *testing.T, s *redistest.Server, p *redistest.Relay) { s.Thaw() }},
	{name: "refused", begin: func(t *testing.T, s *redistest.Server, p *redistest.Relay) { p.Set(t, redistest.Refuse) },
		end: func(t *testing.T, s *redistest.Server, p *redistest.Relay) { p.Set(t, redistest.Pass) }},
	{name: "black hole", begin: func(t *testing.T, s *redistest.Server, p *redistest.Relay) { p.Set(t, redistest.BlackHole) },
		end: func(t *testing.T, s *redistest.Server, p *redistest.Relay) { p.Set(t, redistest.Pass) }},
	{name: "slow", begin: func(t *testing.T, s *redistest.Server, p *redistest.Relay) { p.Set(t, redistest.Slow(3*timeout)) },
		end: func(t *testing.T, s *redistest.Server, p *redistest.Relay) { p.Set(t, redistest.Pass) }},
	{name: "read only", begin: func(t *testing.T, s *redistest.Server, p *redistest.Relay) { s.Do(t, "REPLICAOF", "127.0.0.1", "1") },
		end: func(t *testing.T, s *redistest.Server, p *redistest.Relay) { s.Do(t, "REPLICAOF", "NO", "ONE") }},
	{name: "loading", config: []string{"appendonly yes", "key-load-delay 5000", "loading-process-events-interval-bytes 1024"},
		keys: 300, begin: func(t *testing.T, s *redistest.Server, p *redistest.Relay) {
			s.Kill()
			s.Restart(t) // for some two seconds it says LOADING
		},
		end: func(t *testing.T, s *redistest.Server, p *redistest.Relay) {}},
	{name: "flushed", lost: true,
		begin: func(t *testing.T, s *redistest.Server, p *redistest.Relay) { s.Do(t, "FLUSHALL") },
		end:   func(t *testing.T, s *redistest.Server, p *redistest.Relay) {}},
}

// timeout is how long a decision waits in these tests: long, as they share a machine.
const timeout = 400 * time.Millisecond

// event is one admission. It happened between its two times.
type event struct {
	key      ratelimit.Key
	node     int
	alone    bool // without Redis
	from, to time.Duration
}

// change is what a node is told, and when.
type change struct {
	redisstore.Change
	node int
	at   time.Duration
}

// traffic is what some nodes did with some buckets of one limit.
type traffic struct {
	*testing.T
	start  time.Time
	limit  ratelimit.Limit
	keys   []ratelimit.Key
	stores []*redisstore.Store

	mu       sync.Mutex
	events   []event
	took     []time.Duration
	degraded int
	changes  []change
}

// notify returns what a node's store calls.
func (r *traffic) notify(node int) func(redisstore.Change) {
	return func(c redisstore.Change) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.start.IsZero() {
			return
		}
		r.changes = append(r.changes, change{c, node, time.Since(r.start)})
	}
}

// first returns when a node was first told of a kind of change, at a time or later.
func (r *traffic) first(node int, from time.Duration, is func(redisstore.Change) bool) (time.Duration, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.changes {
		if c.node == node && c.at >= from && is(c.Change) {
			return c.at, true
		}
	}
	return 0, false
}

func began(c redisstore.Change) bool { return c.Degraded }
func ended(c redisstore.Change) bool { return !c.Degraded && !c.Lost }
func lost(c redisstore.Change) bool  { return c.Lost }

// run has each node take as often as pace says, until stop, which returns when none does any more.
func (r *traffic) run(callers int, pace time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(r.Context())
	done := make(chan struct{})
	r.mu.Lock()
	r.start = time.Now() // of all times here
	r.mu.Unlock()
	go func() {
		defer close(done)
		r.runUntil(ctx, callers, pace)
	}()
	return func() {
		cancel()
		<-done
	}
}

func (r *traffic) runUntil(ctx context.Context, callers int, pace time.Duration) {
	var wg sync.WaitGroup
	for node := range r.stores {
		for i := range callers {
			wg.Go(func() {
				tick := time.NewTicker(pace)
				defer tick.Stop()
				for {
					select {
					case <-tick.C:
						r.take(node, r.keys[i%len(r.keys)])
					case <-ctx.Done():
						return
					}
				}
			})
		}
	}
	wg.Wait()
}

func (r *traffic) take(node int, key ratelimit.Key) {
	from := time.Since(r.start)
	d, err := r.stores[node].Take(r.Context(), key, r.limit, 1)
	to := time.Since(r.start)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.took = append(r.took, to-from)
	if err != nil {
		r.Error(err)
	}
	if d.Allowed {
		r.events = append(r.events, event{key, node, d.Degraded, from, to})
	}
	if d.Degraded {
		r.degraded++
	}
}

// most is the most of one key that was surely admitted within one window that begins in a span, of
// those with an admission that was made alone and is said to have been so by lone, and of the others.
func (r *traffic) most(from, to time.Duration, lone func(event) bool) (with, without int) {
	for _, first := range r.events {
		if first.from < from || first.from >= to {
			continue
		}
		n, exempt := 0, false
		for _, e := range r.events {
			if e.key == first.key && e.from >= first.from && e.to < first.from+r.limit.Per() {
				n++
				exempt = exempt || e.alone && lone(e)
			}
		}
		if exempt {
			with = max(with, n)
		} else {
			without = max(without, n)
		}
	}
	return with, without
}

// outageTimes are when an outage begins for the server, when the last node has noticed, and when
// each has told Redis and asks it again.
type outageTimes struct {
	begin, noticed time.Duration
	back           []time.Duration
}

// hold holds the windows to the bounds of the package's documentation: the limit, and twice as
// much in the window in which an outage begins. One begins too where a loaded machine lets the
// calls of one node time out, before the outage that the test makes or after it.
func (r *traffic) hold(o outageTimes, end time.Duration) {
	r.Helper()
	quota := r.limit.Quota()
	any := func(event) bool { return true }
	relapse := func(e event) bool { return e.from > o.back[e.node] }
	oddBefore, before := r.most(0, o.begin-r.limit.Per(), any)
	_, around := r.most(o.begin-r.limit.Per(), o.noticed, func(event) bool { return false })
	oddAfter, after := r.most(o.noticed, end, relapse)
	r.Logf("noticed after %v, all back after %v; at most in one window: before %d, at the begin %d, after it %d of %d; "+
		"with one more outage before %d, after %d; %d of %d decisions degraded; p99 %v",
		o.noticed-o.begin, slices.Max(o.back)-o.begin, before, around, after, quota, oddBefore, oddAfter, r.degraded, len(r.took), r.p99())
	for _, row := range []struct {
		name      string
		got, want int
	}{
		{"before the outage", before, quota}, {"where it begins", around, 2 * quota}, {"after it began", after, quota},
		{"where another one begins, before it", oddBefore, 2 * quota},
		{"where another one begins, after it", oddAfter, 2 * quota},
	} {
		if row.got > row.want {
			r.Errorf("%d in a window %s, want %d at most", row.got, row.name, row.want)
		}
	}
}

func (r *traffic) during(from, to time.Duration) (n int) {
	for _, e := range r.events {
		if e.from >= from && e.to < to {
			n++
		}
	}
	return n
}

func (r *traffic) p99() time.Duration {
	slices.Sort(r.took)
	return r.took[len(r.took)*99/100]
}

// TestOutages has three nodes count with a server that fails in the middle and comes
// back. Nothing fails, something is always admitted, and once the outage has begun no
// window sees more than the limit. All ways of failing are played at the same time.
func TestOutages(t *testing.T) {
	var all sync.WaitGroup
	for _, lease := range []time.Duration{0, window / 2} {
		for _, o := range outages {
			name := o.name + " exact"
			if lease > 0 {
				name = o.name + " leased"
			}
			all.Go(func() { t.Run(name, func(t *testing.T) { playOutage(t, o, lease) }) })
		}
	}
	all.Wait()
}

// window is the limit's, and long how long an outage lasts at least.
const (
	window = 2 * time.Second
	long   = 2 * window
)

func playOutage(t *testing.T, o outage, lease time.Duration) {
	server := redistest.Start(t, o.config...)
	for i := range o.keys {
		server.Do(t, "SET", fmt.Sprint(i), strings.Repeat("x", 1024))
	}
	proxy := redistest.Proxy(t, server.Addr())
	r := &traffic{T: t, limit: parse(t, "90 per 2s"), keys: []ratelimit.Key{{1}}}
	prefix := rand.Text() + ":"
	const nodes = 3
	for i := range nodes {
		r.stores = append(r.stores, open(t, redisstore.Config{
			Client: dial(t, "redis://"+proxy.Addr()), Prefix: prefix, Timeout: timeout, Lease: lease, Notify: r.notify(i),
		}.WithBeat(timeout/2)))
	}
	for _, s := range r.stores {
		for s.Stats().Nodes != 3 {
			s.Beat(t.Context())
		}
	}
	stop := r.run(2, 20*time.Millisecond)
	<-time.After(2 * window)
	r.healthy()
	times := outageTimes{begin: time.Since(r.start)}
	o.begin(t, server, proxy)
	<-time.After(time.Until(r.start.Add(times.begin + long)))
	end := time.Since(r.start)
	o.end(t, server, proxy)
	for i := range nodes { // each is told that it began, and that it is over
		start, over := began, ended
		if o.lost {
			start, over = lost, lost
		}
		noticed := r.await(i, times.begin, start)
		times.noticed = max(times.noticed, noticed)
		times.back = append(times.back, r.await(i, noticed, over))
	}
	back := time.Since(r.start)
	<-time.After(5 * window / 2)
	stop()

	total := time.Since(r.start)
	r.hold(times, total)
	if r.during(times.noticed, end) == 0 || r.during(back+window, total) == 0 {
		t.Error("nothing is admitted any more")
	}
	if r.degraded == 0 && !o.lost {
		t.Error("no decision was degraded")
	}
}
