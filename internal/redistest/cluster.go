package redistest

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/servers"
)

// Nodes is a cluster.
type Nodes struct{ Servers []*Server }

// masters is how many nodes share the slots. Each has a replica.
const masters = 3

// Cluster starts a cluster of three masters and three replicas, and waits until every
// node finds it well.
func Cluster(t testing.TB, config ...string) *Nodes {
	t.Helper()
	config = slices.Concat([]string{"cluster-enabled yes", "cluster-node-timeout 2000", "cluster-replica-validity-factor 0"}, config)
	c := &Nodes{startAll(t, 2*masters, func(int) (*Server, error) { return start(config) })}
	c.join(t)
	c.Await(t)
	return c
}

func (c *Nodes) join(t testing.TB) {
	t.Helper()
	cli, err := servers.Find(install, "redis-cli", "valkey-cli")
	servers.Check(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), servers.Limit)
	defer cancel()
	args := slices.Concat([]string{"--cluster", "create"}, c.Addrs(), []string{"--cluster-replicas", "1", "--cluster-yes"})
	cmd := exec.CommandContext(ctx, cli, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
}

// Addrs are the addresses that a client is given.
func (c *Nodes) Addrs() []string { return addrs(c.Servers) }

// Await waits until all running nodes say that all slots are served, and the same about
// who follows whom, and all that the masters were told by now has reached their replicas.
func (c *Nodes) Await(t testing.TB) {
	t.Helper()
	if err := servers.Until(c.well); err != nil {
		t.Fatal(err)
	}
}

func (c *Nodes) well() error {
	var views []string
	for _, s := range running(c.Servers) {
		text, err := s.try(time.Second, "CLUSTER", "INFO")
		if info := fields(text); err != nil || info["cluster_state"] != "ok" || info["cluster_slots_ok"] != "16384" {
			return errors.Join(err, fmt.Errorf("%s: %s", s.Addr(), text))
		}
		if text, err = s.try(time.Second, "CLUSTER", "NODES"); err != nil {
			return err
		}
		views = append(views, view(text))
	}
	if len(slices.Compact(views)) > 1 { // a master ignores the failover of a replica that it does not know yet
		return fmt.Errorf("the nodes do not agree: %q", views)
	}
	_, err := caughtUp(c.Servers)
	return err
}

// view is who follows whom among those that are well, in the eyes of one node.
func view(nodes string) string {
	var list []string
	for line := range strings.Lines(nodes) { // id, address, flags, master, …
		if f := strings.Fields(line); len(f) > 3 && !strings.Contains(f[2], "fail") {
			list = append(list, f[0]+" follows "+f[3])
		}
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// Owner returns the node that a key belongs to, as the first running node knows it.
func (c *Nodes) Owner(t testing.TB, key string) *Server {
	t.Helper()
	s, err := c.owner(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (c *Nodes) owner(key string) (*Server, error) {
	first := running(c.Servers)[0]
	_, err := first.try(servers.Limit, "EXISTS", key)
	if err == nil {
		return first, nil
	}
	moved, ok := errors.AsType[ReplyError](err)
	if !ok || !strings.HasPrefix(string(moved), "MOVED ") {
		return nil, err
	}
	return c.at(string(moved[strings.LastIndexByte(string(moved), ' ')+1:]))
}

func (c *Nodes) at(addr string) (*Server, error) {
	for _, s := range c.Servers {
		if s.Addr() == addr {
			return s, nil
		}
	}
	return nil, fmt.Errorf("no node has the address %q", addr)
}

// Do runs a command on the node that a key belongs to.
func (c *Nodes) Do(t testing.TB, key string, args ...string) string {
	t.Helper()
	return c.Owner(t, key).Do(t, args...)
}

// Failover makes the replica of a key's owner the owner, and returns it when all know.
func (c *Nodes) Failover(t testing.TB, key string) *Server {
	t.Helper()
	before := c.Owner(t, key)
	role := strings.Split(before.Do(t, "ROLE"), "\n") // master, offset, and of a replica: host, port, offset
	if len(role) < 5 {
		t.Fatalf("no replica: %q", role)
	}
	replica, err := c.at(role[2] + ":" + role[3])
	if err != nil {
		t.Fatal(err)
	}
	replica.Do(t, "CLUSTER", "FAILOVER")
	c.awaitOther(t, key, before)
	return replica
}

// Other waits until a key, whose owner was killed, belongs to another node, and all is
// well again without the one before.
func (c *Nodes) Other(t testing.TB, key string, before *Server) *Server {
	t.Helper()
	c.awaitOther(t, key, before)
	return c.Owner(t, key)
}

// awaitOther asks every running node, as each learns of it by itself.
func (c *Nodes) awaitOther(t testing.TB, key string, before *Server) {
	t.Helper()
	if err := servers.Until(func() error { return c.moved(key, before) }); err != nil {
		t.Fatal(err)
	}
	c.Await(t)
}

func (c *Nodes) moved(key string, before *Server) error {
	for _, s := range running(c.Servers) {
		after, err := (&Nodes{append([]*Server{s}, c.Servers...)}).owner(key)
		if err != nil || after == before {
			return fmt.Errorf("%s still sends to %s, or nowhere: %v", s.Addr(), before.Addr(), err)
		}
	}
	return nil
}
