// Package fleet_test plays many nodes that share limits, in a time of its own.
package fleet_test

import (
	crand "crypto/rand"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-dev/sallyport/internal/redistest"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m)) }

// load is what comes: half as much again as the limits allow, from some nodes much more
// than from others, and in bursts.
type load struct {
	name  string
	quota int
	keys  int
}

const (
	per    = 10 * time.Second
	length = time.Minute
	demand = 1.5
)

var loads = []load{{"one limit of 10000 in 10 s", 10000, 1}, {"200 keys, 100 in 10 s each", 100, 200}}

// stores are nodes with the real store, on a real server.
type stores struct {
	t     *testing.T
	s     *server
	nodes []*redisstore.Store
	limit ratelimit.Limit
}

func open(t *testing.T, address string, n, quota int, lease time.Duration) *stores {
	s, err := dial(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.conn.Close() })
	all := &stores{t: t, s: s}
	if all.limit, err = ratelimit.Parse(fmt.Sprintf("%d per %v", quota, per)); err != nil {
		t.Fatal(err)
	}
	prefix := crand.Text() + ":"
	for range n {
		node, err := redisstore.New(redisstore.Config{Client: client{s}, Prefix: prefix, Lease: lease, MaxKeys: 1024})
		if err != nil {
			t.Fatal(err)
		}
		all.nodes = append(all.nodes, node)
		t.Cleanup(func() { node.Close() })
	}
	return all
}

func (s *stores) take(node, key int, _ time.Time) bool {
	d, err := s.nodes[node].Take(s.t.Context(), ratelimit.Key{1: byte(key), 2: byte(key >> 8)}, s.limit, 1)
	if err != nil || d.Degraded {
		s.t.Fatal(d, err)
	}
	return d.Allowed
}

func (s *stores) commands() int64 {
	s.s.mu.Lock()
	defer s.s.mu.Unlock()
	return s.s.commands
}

// TestFleet prints a line for every way. Of ours, no window sees more than the limit.
func TestFleet(t *testing.T) {
	address := redistest.Shared(t).Addr()
	fmt.Println("| load | nodes | way | most in a window / L | admitted, of an exact log | refused too early | commands a decision |")
	fmt.Println("|---|--:|---|--:|--:|--:|--:|")
	for _, l := range loads {
		for _, n := range []int{10, 100, 1000} {
			for _, w := range []struct {
				name  string
				holds bool
				open  func(t *testing.T) way
			}{
				{"redisstore, exact", true, func(t *testing.T) way { return open(t, address, n, l.quota, 0) }},
				{"redisstore, leased", true, func(t *testing.T) way { return open(t, address, n, l.quota, time.Second) }},
				{"L/N on each node", n <= l.quota, func(*testing.T) way { return &local{max(l.quota/n, 1), per, map[at][]time.Time{}} }},
				{"synced every second", false, func(*testing.T) way {
					return &synced{l.quota, per, map[int]map[int64]int{}, map[at]*part{}, 0}
				}},
				{"fixed windows", false, func(*testing.T) way { return &fixed{l.quota, per, map[int]map[int64]int{}, 0} }},
				{"two windows, weighed", false, func(*testing.T) way { return &weighed{fixed{l.quota, per, map[int]map[int64]int{}, 0}} }},
			} {
				synctest.Test(t, func(t *testing.T) {
					time.Sleep(time.Until(time.Date(2026, 2, 28, 23, 59, 59, 0, time.UTC)))
					r := l.run(w.open(t), n)
					fmt.Printf("| %s | %d | %s | %.3f | %.3f | %.1f %% | %.3f |\n", l.name, n, w.name, r.most, r.admitted, 100*r.early, r.commands)
					if w.holds && r.most > 1 {
						t.Errorf("%s: %.3f of the limit", w.name, r.most)
					}
				})
			}
		}
	}
}

// result is what became of a load.
type result struct {
	most     float64 // that a window saw, of the limit
	admitted float64 // of what a log of every single permit admits
	early    float64 // of all requests: refused, although the window before was not full
	commands float64 // to Redis, for each request
}

// log is what was admitted of one key in the last window.
type log []time.Time

func (l *log) forget(now time.Time) {
	for len(*l) > 0 && now.Sub((*l)[0]) >= per {
		*l = (*l)[1:]
	}
}

func (l load) run(w way, nodes int) result {
	rng := rand.New(rand.NewPCG(1, uint64(l.keys)))
	whichNode, whichKey := rand.NewZipf(rng, 1.1, 2, uint64(nodes-1)), rand.NewZipf(rng, 1.1, 2, uint64(l.keys-1))
	logs, exact := make([]log, l.keys), make([]log, l.keys)
	decisions, most, early, admitted, could := 0, 0, 0, 0, 0
	for start := time.Now(); time.Since(start) < length; decisions++ {
		time.Sleep(time.Duration(rng.ExpFloat64() / l.rate(time.Since(start)) * float64(time.Second)))
		now, node, key := time.Now(), int(whichNode.Uint64()), int(whichKey.Uint64())
		got, best := &logs[key], &exact[key]
		got.forget(now)
		best.forget(now)
		if len(*best) < l.quota {
			*best = append(*best, now)
			could++
		}
		if w.take(node, key, now) {
			*got = append(*got, now)
			most = max(most, len(*got))
			admitted++
		} else if len(*got) < l.quota {
			early++
		}
	}
	n := float64(decisions)
	return result{float64(most) / float64(l.quota), float64(admitted) / float64(could), float64(early) / n, float64(w.commands()) / n}
}

// rate is how many come in a second: of every seven, one has four times as many.
func (l load) rate(since time.Duration) float64 {
	mean := demand * float64(l.quota*l.keys) / per.Seconds()
	if l.keys > 1 {
		mean /= demand // some keys are wanted much more than others
	}
	if int(since.Seconds())%7 == 3 {
		return mean * 4 * 7 / 10
	}
	return mean * 7 / 10
}
