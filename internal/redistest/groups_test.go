package redistest_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/sallyport-dev/sallyport/internal/redistest"
)

// fatal is a test whose end is looked at.
type fatal struct {
	testing.TB
	failed chan<- string
}

func (f *fatal) Fatal(args ...any) {
	f.failed <- fmt.Sprint(args...)
	runtime.Goexit()
}

// TestSentinel: a failover gives another master, with the data, and so does the death of
// a master; when it comes back, it follows.
func TestSentinel(t *testing.T) {
	t.Parallel()
	g := redistest.Sentinel(t)
	first := g.Master(t)
	if first != g.Servers[0] || len(g.SentinelAddrs()) != 3 {
		t.Fatalf("%s of %v", first.Addr(), g.SentinelAddrs())
	}
	first.Do(t, "SET", "key", "kept")
	g.Await(t)
	second := g.Failover(t)
	if got := second.Do(t, "GET", "key"); second == first || got != "kept" {
		t.Errorf("the second master has %q", got)
	}
	if _, err := first.Try(t.Context(), "SET", "key", "lost"); !isReply(err) {
		t.Errorf("the master of before takes writes: %v", err)
	}
	second.Do(t, "SET", "key", "again")
	g.Await(t)
	if killed := g.KillMaster(t); killed != second {
		t.Fatalf("killed %s", killed.Addr())
	}
	third := g.Other(t, second)
	if got := third.Do(t, "GET", "key"); third == second || got != "again" {
		t.Errorf("the third master has %q", got)
	}
	second.Restart(t)
	if fourth := g.Failover(t); fourth == third {
		t.Error("no failover after a restart")
	}
}

// TestCluster: keys belong to nodes by what is in their braces, and find another when
// theirs is replaced, or dies.
func TestCluster(t *testing.T) {
	t.Parallel()
	c := redistest.Cluster(t)
	owners := map[*redistest.Server]bool{}
	for i := range 30 {
		key := fmt.Sprintf("{%d}one", i)
		owner := c.Owner(t, key)
		owners[owner] = true
		if same := c.Owner(t, fmt.Sprintf("{%d}two", i)); same != owner {
			t.Errorf("%s: %s and %s", key, same.Addr(), owner.Addr())
		}
		c.Do(t, key, "SET", key, "here")
	}
	if len(c.Addrs()) != 6 || len(owners) != 3 {
		t.Errorf("%d of %d nodes have keys", len(owners), len(c.Addrs()))
	}
	before := c.Owner(t, "{0}one")
	c.Await(t)
	after := c.Failover(t, "{0}one")
	if got := after.Do(t, "GET", "{0}one"); after == before || got != "here" {
		t.Errorf("after a failover: %q", got)
	}
	after.Kill()
	last := c.Other(t, "{0}one", after)
	if got := last.Do(t, "GET", "{0}one"); last == after || got != "here" {
		t.Errorf("after a death: %q", got)
	}
	after.Restart(t)
	c.Await(t)
}
