package redisstore_test

import (
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/redistest"
	"github.com/sallyport-dev/sallyport/internal/servers"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
	"github.com/sallyport-dev/sallyport/ratelimit/storetest"
)

// several is the address of some servers.
func several(list []string, parameters ...string) string {
	return "redis://" + list[0] + "?" + strings.Join(append(parameters, "addr="+strings.Join(list[1:], "&addr=")), "&")
}

func clusterAddress(c *redistest.Nodes) string { return several(c.Addrs()) }

func sentinelAddress(g *redistest.Group) string {
	return several(g.SentinelAddrs(), "master_set="+redistest.MasterName)
}

func TestContractCluster(t *testing.T) { contract(t, clusterAddress(redistest.Cluster(t))) }

func TestContractSentinel(t *testing.T) { contract(t, sentinelAddress(redistest.Sentinel(t))) }

func contract(t *testing.T, address string) {
	storetest.Run(t, func(t *testing.T, now func() time.Time) ratelimit.Store {
		return open(t, redisstore.Config{Client: dial(t, address)}.WithClock(now))
	})
}

// slot is a name in the hash slot of an owner's keys.
func slot(owner ratelimit.Key) string {
	return "{" + base64.RawURLEncoding.EncodeToString(owner[:len(owner)/2]) + "}"
}

// TestClusterShards: what is asked about one owner is one command on one server, and the
// owners are spread over all of them.
func TestClusterShards(t *testing.T) {
	c := redistest.Cluster(t)
	s := open(t, redisstore.Config{Client: dial(t, clusterAddress(c))})
	l := parse(t, "100 per 1m")
	used := map[*redistest.Server]int{}
	const owners, limits = 60, 5
	for i := range owners {
		owner := ratelimit.Key{byte(i)}
		var takes []ratelimit.Take
		for j := range limits {
			takes = append(takes, ratelimit.Take{Key: owner.For(ratelimit.Key{8: byte(j)}), Limit: l, Cost: 1})
		}
		before := s.Stats().Asked
		if n, err := s.TakeAll(t.Context(), takes); n != limits || err != nil || s.Stats().Asked-before != 1 {
			t.Fatalf("%d decided in %d trips, %v", n, s.Stats().Asked-before, err)
		}
		for _, take := range takes {
			if d := take.Decision; !d.Allowed || d.Degraded || d.Remaining != 99 {
				t.Fatalf("%+v", d)
			}
		}
		used[c.Owner(t, slot(owner))]++
	}
	if len(used) != 3 {
		t.Errorf("%d servers have keys", len(used))
	}
	for server, n := range used {
		keys := strings.Count(server.Do(t, "KEYS", "*:100-per-*")+"\n", "\n")
		if keys != n*limits {
			t.Errorf("%s has %d keys of %d owners", server.Addr(), keys, n)
		}
	}
}

// TestFailover has the master die in the middle. Nothing fails, the nodes go on, all are
// told when it begins, and when it is over the limit holds.
func TestFailover(t *testing.T) {
	owners := []ratelimit.Key{{1}, {2}}
	for _, mode := range []struct {
		name  string
		lease time.Duration
	}{{"exact", 0}, {"leased", time.Second}} {
		t.Run("sentinel "+mode.name, func(t *testing.T) {
			t.Parallel()
			g := redistest.Sentinel(t)
			failover(t, sentinelAddress(g), mode.lease, owners[:1], func() {
				before := g.KillMaster(t)
				g.Other(t, before)
			})
		})
		t.Run("cluster "+mode.name, func(t *testing.T) {
			t.Parallel()
			c := redistest.Cluster(t)
			failover(t, clusterAddress(c), mode.lease, owners, func() {
				before := c.Owner(t, slot(owners[0]))
				before.Kill()
				c.Other(t, slot(owners[0]), before)
			})
		})
	}
}

// failover returns when the nodes have found the server that took over.
func failover(t *testing.T, address string, lease time.Duration, keys []ratelimit.Key, fail func()) {
	const nodes = 3
	r := &traffic{T: t, limit: parse(t, "90 per 1s"), keys: keys}
	prefix := rand.Text() + ":"
	for i := range nodes {
		r.stores = append(r.stores, open(t, redisstore.Config{
			Client: dial(t, address), Prefix: prefix, Timeout: timeout, Lease: lease, Notify: r.notify(i),
		}.WithBeat(100*time.Millisecond)))
	}
	for _, s := range r.stores {
		for s.Stats().Nodes != nodes {
			s.Beat(t.Context())
		}
	}
	window := r.limit.Per()
	stop := r.run(4, 15*time.Millisecond)
	<-time.After(2 * window)
	r.healthy()
	begin := time.Since(r.start)
	fail()
	moved := time.Since(r.start)
	times := outageTimes{begin: begin}
	for i := range r.stores { // each is told that it began, and that it is over
		noticed := r.await(i, begin, began)
		times.noticed = max(times.noticed, noticed)
		times.back = append(times.back, r.await(i, noticed, ended))
	}
	r.healthy()
	back := time.Since(r.start)
	<-time.After(3 * window)
	stop()

	end := time.Since(r.start)
	t.Logf("moved after %v", moved-begin)
	r.hold(times, end)
	// What was admitted alone counts as of when Redis was told, for one window.
	if r.during(begin+window/2, moved) == 0 || r.during(back+window, end) == 0 {
		t.Error("nothing is admitted any more")
	}
}

// await waits until a node is told of a change.
func (r *traffic) await(node int, from time.Duration, is func(redisstore.Change) bool) time.Duration {
	r.Helper()
	for limit := time.After(servers.Limit); ; {
		if at, ok := r.first(node, from, is); ok {
			return at
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-limit:
			r.Fatalf("node %d was not told within %v", node, servers.Limit)
		}
	}
}

// healthy waits until no node decides alone, as one may on a loaded machine.
func (r *traffic) healthy() {
	for slices.ContainsFunc(r.stores, func(s *redisstore.Store) bool { return s.Stats().Degraded }) {
		<-time.After(10 * time.Millisecond)
	}
}
