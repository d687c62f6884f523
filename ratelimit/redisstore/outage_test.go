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
	{name: "loading", config: []string{"appendonly yes", "key-load-delay 1500", "loading-process-events-interval-bytes 1024"},
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
	from, to time.Duration
}

// change is what a node is told.
type change struct {
	node           int
	degraded, lost bool
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
}

// run has each node take as often as pace says, until the time is over.
func (r *traffic) run(callers int, pace, total time.Duration) {
	ctx, cancel := context.WithTimeout(r.Context(), total)
	defer cancel()
	r.runUntil(ctx, callers, pace)
}

func (r *traffic) runUntil(ctx context.Context, callers int, pace time.Duration) {
	var wg sync.WaitGroup
	for _, s := range r.stores {
		for i := range callers {
			wg.Go(func() {
				tick := time.NewTicker(pace)
				defer tick.Stop()
				for {
					select {
					case <-tick.C:
						r.take(s, r.keys[i%len(r.keys)])
					case <-ctx.Done():
						return
					}
				}
			})
		}
	}
	wg.Wait()
}

func (r *traffic) take(s *redisstore.Store, key ratelimit.Key) {
	from := time.Since(r.start)
	d, err := s.Take(r.Context(), key, r.limit, 1)
	to := time.Since(r.start)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.took = append(r.took, to-from)
	if err != nil {
		r.Error(err)
	}
	if d.Allowed {
		r.events = append(r.events, event{key, from, to})
	}
	if d.Degraded {
		r.degraded++
	}
}

// most is the most of one key that was surely admitted within one window that begins in a span.
func (r *traffic) most(from, to time.Duration) (most int) {
	for _, first := range r.events {
		if first.from < from || first.from >= to {
			continue
		}
		n := 0
		for _, e := range r.events {
			if e.key == first.key && e.from >= first.from && e.to < first.from+r.limit.Per() {
				n++
			}
		}
		most = max(most, n)
	}
	return most
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

// What is played: the window, when the outage begins, when it has been noticed, when it
// is over, and when the test is.
const (
	window = 2 * time.Second
	begin  = 2 * window
	begun  = begin + window
	end    = begin + 2*window
	total  = end + 5*window/2
)

func playOutage(t *testing.T, o outage, lease time.Duration) {
	server := redistest.Start(t, o.config...)
	for i := range o.keys {
		server.Do(t, "SET", fmt.Sprint(i), strings.Repeat("x", 1024))
	}
	proxy := redistest.Proxy(t, server.Addr())
	r := &traffic{T: t, limit: parse(t, "90 per 2s"), keys: []ratelimit.Key{{1}}}
	var changes sync.Map
	prefix := rand.Text() + ":"
	for i := range 3 {
		r.stores = append(r.stores, open(t, redisstore.Config{
			Client: dial(t, "redis://"+proxy.Addr()), Prefix: prefix, Timeout: timeout, Lease: lease,
			Notify: func(c redisstore.Change) { changes.Store(change{i, c.Degraded, c.Lost}, true) },
		}.WithBeat(timeout/2)))
	}
	for _, s := range r.stores {
		for s.Stats().Nodes != 3 {
			s.Beat(t.Context())
		}
	}
	r.start = time.Now()
	var faults sync.WaitGroup
	faults.Go(func() {
		<-time.After(begin)
		o.begin(t, server, proxy)
		<-time.After(time.Until(r.start.Add(end)))
		o.end(t, server, proxy)
	})
	r.run(2, 20*time.Millisecond, total)
	faults.Wait()

	quota := r.limit.Quota()
	t.Logf("at most in one window: before %d, at the begin %d, after it %d of %d; alone %d; %d of %d decisions degraded; p99 %v",
		r.most(0, begin-window), r.most(begin-window, begun), r.most(begun, total), quota,
		r.during(begun, end), r.degraded, len(r.took), r.p99())
	if got := r.most(0, begin-window); got > quota {
		t.Errorf("%d before the outage", got)
	}
	if got := r.most(begin-window, begun); got > 2*quota {
		t.Errorf("%d where the outage begins", got)
	}
	if got := r.most(begun, total); got > quota {
		t.Errorf("%d within a window after the outage began", got)
	}
	if r.during(begun, end) == 0 || r.during(end+window, total) == 0 {
		t.Error("nothing is admitted any more")
	}
	if r.degraded == 0 && !o.lost {
		t.Error("no decision was degraded")
	}
	for i := range 3 {
		for _, want := range []change{{i, true, false}, {i, false, false}, {i, false, true}} {
			if _, told := changes.Load(want); !told && want.lost == o.lost {
				t.Errorf("node %d was not told of %+v", i, want)
			}
		}
	}
}
