package redistest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/servers"
)

// MasterName is what the sentinels of [Sentinel] call their master.
const MasterName = "limits"

// downAfter is how long a master may be silent. A second is what a busy machine's tests
// bear; the election takes about as long again.
const downAfter = time.Second

// Group is a master with two replicas, watched by three sentinels.
type Group struct {
	Servers   []*Server // in the order of their start: the first was the master
	Sentinels []*Server
}

// Sentinel starts a group, and waits until every sentinel knows all of it.
func Sentinel(t testing.TB, config ...string) *Group {
	t.Helper()
	g := &Group{Servers: []*Server{Start(t, config...)}}
	replica := append(slices.Clone(config), "replicaof 127.0.0.1 "+g.Servers[0].port)
	g.Servers = append(g.Servers, startAll(t, 2, func(int) (*Server, error) { return start(replica) })...)
	g.Await(t)
	monitor := g.monitor()
	g.Sentinels = startAll(t, 3, func(int) (*Server, error) { return launch(monitor, "--sentinel") })
	for _, s := range g.Sentinels {
		s.try(servers.Limit, "SENTINEL", "DEBUG", "INFO-PERIOD", "500", "PUBLISH-PERIOD", "500") // unknown before version 7: then it takes longer
	}
	g.await(t, g.known)
	return g
}

func (g *Group) monitor() []string {
	return []string{
		"sentinel monitor " + MasterName + " 127.0.0.1 " + g.Servers[0].port + " 2",
		fmt.Sprintf("sentinel down-after-milliseconds %s %d", MasterName, downAfter.Milliseconds()),
		fmt.Sprintf("sentinel failover-timeout %s %d", MasterName, 3*downAfter.Milliseconds()),
	}
}

func (g *Group) await(t testing.TB, ready func() error) {
	t.Helper()
	if err := servers.Until(ready); err != nil {
		t.Fatal(err)
	}
}

// Await waits until one of the running servers is the master of the others, and all that
// it was told by now has reached them.
func (g *Group) Await(t testing.TB) {
	t.Helper()
	g.await(t, g.followed)
}

// SentinelAddrs are the addresses that a client is given.
func (g *Group) SentinelAddrs() []string { return addrs(g.Sentinels) }

// Master waits until the running sentinels name the same running master, and returns it.
func (g *Group) Master(t testing.TB) *Server {
	t.Helper()
	return g.Other(t, nil)
}

// Other waits like [Group.Master], for another one than the server before.
func (g *Group) Other(t testing.TB, before *Server) (master *Server) {
	t.Helper()
	g.await(t, func() (err error) {
		if master, err = g.named(); err == nil && master == before {
			err = fmt.Errorf("still %s", before.Addr())
		}
		return err
	})
	return master
}

// KillMaster kills the master, and returns it. The sentinels have yet to notice: see
// [Group.Other].
func (g *Group) KillMaster(t testing.TB) *Server {
	t.Helper()
	s := g.Master(t)
	s.Kill()
	return s
}

// Failover makes another server the master, and returns it when the others follow.
func (g *Group) Failover(t testing.TB) *Server {
	t.Helper()
	before := g.Master(t)
	g.await(t, func() error { // while the replicas are too new to it, a sentinel refuses
		_, err := g.Sentinels[0].try(servers.Limit, "SENTINEL", "FAILOVER", MasterName)
		return err
	})
	after := g.Other(t, before)
	g.Await(t)
	return after
}

// named returns the master that the running sentinels name, if it takes writes.
func (g *Group) named() (*Server, error) {
	var names []string
	for _, s := range running(g.Sentinels) {
		name, err := s.try(time.Second, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", MasterName)
		if err != nil {
			return nil, err
		}
		names = append(names, strings.ReplaceAll(name, "\n", ":"))
	}
	names = slices.Compact(names)
	i := slices.IndexFunc(g.Servers, func(s *Server) bool { return len(names) == 1 && s.Addr() == names[0] })
	if i < 0 {
		return nil, fmt.Errorf("the sentinels name %q", names)
	}
	role, err := g.Servers[i].try(time.Second, "ROLE")
	if err == nil && !strings.HasPrefix(role, "master") {
		err = fmt.Errorf("%s is not the master yet: %q", names[0], role)
	}
	return g.Servers[i], err
}

func (g *Group) followed() error {
	masters, err := caughtUp(g.Servers)
	if err == nil && masters != 1 {
		err = fmt.Errorf("%d masters", masters)
	}
	return err
}

// known returns nil when every sentinel knows all servers and the other sentinels.
func (g *Group) known() error {
	for _, s := range g.Sentinels {
		text, err := s.try(time.Second, "SENTINEL", "MASTER", MasterName)
		if err != nil {
			return err
		}
		for name, n := range map[string]int{"num-slaves": len(g.Servers) - 1, "num-other-sentinels": len(g.Sentinels) - 1} {
			if want := fmt.Sprintf("\n%s\n%d\n", name, n); !strings.Contains(text, want) {
				return fmt.Errorf("%s does not say %q: %q", s.Addr(), want, text)
			}
		}
	}
	return nil
}
