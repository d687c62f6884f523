package redisstore_test

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/redistest"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
)

// cable is a client that a test can cut, and look at.
type cable struct {
	redisstore.Client
	cut  atomic.Bool
	then atomic.Pointer[func(redisstore.Call)] // is called after a call was answered
}

func (c *cable) Eval(ctx context.Context, call redisstore.Call) ([]int64, error) {
	if c.cut.Load() {
		return nil, errors.New("cut")
	}
	got, err := c.Client.Eval(ctx, call)
	if then := c.then.Load(); then != nil {
		(*then)(call)
	}
	return got, err
}

func (c *cable) EvalAll(ctx context.Context, calls []redisstore.Call) []redisstore.Answer {
	list := make([]redisstore.Answer, len(calls))
	for i, call := range calls {
		list[i].Integers, list[i].Err = c.Eval(ctx, call)
	}
	return list
}

// pair is two nodes in an outage, with a clock of the test's own.
type pair struct {
	*fleet
	server *redistest.Server
	prefix string
	cables [2]*cable
	clock  atomic.Pointer[func()] // is called when the second node looks at its clock
	limit  ratelimit.Limit
	key    ratelimit.Key
}

// slowBeat is longer than these tests take, and a third of it less than the time after which a
// node no longer waits for the others.
const slowBeat = 6 * time.Second

func newPair(t *testing.T) *pair {
	p := &pair{
		fleet: &fleet{T: t}, server: redistest.Start(t), prefix: rand.Text() + ":",
		limit: parse(t, "90 per 1h"), key: ratelimit.Key{1},
	}
	p.at.Store(time.Date(2026, 2, 28, 23, 59, 59, 0, time.UTC).UnixNano())
	for i := range p.cables {
		p.cables[i] = &cable{Client: dial(t, "redis://"+p.server.Addr())}
		now := func() time.Time {
			if hook := p.clock.Load(); i == 1 && hook != nil {
				(*hook)()
			}
			return time.Unix(0, p.at.Load())
		}
		c := redisstore.Config{Client: p.cables[i], Prefix: p.prefix}.WithClock(now).WithBeat(slowBeat)
		p.stores = append(p.stores, open(t, c))
	}
	p.beat()
	p.beat()
	for _, c := range p.cables {
		c.cut.Store(true)
	}
	for range 3 {
		p.beat()
	}
	if !p.stores[0].Stats().Degraded || !p.stores[1].Stats().Degraded || p.stores[0].Stats().Nodes != 2 {
		t.Fatalf("no outage: %+v, %+v", p.stores[0].Stats(), p.stores[1].Stats())
	}
	return p
}

// mend ends the outage, for the server long after it began: whoever was there does not ask now.
func (p *pair) mend() {
	names := strings.Fields(p.server.Do(p, "ZRANGE", p.prefix+"nodes", "0", "-1"))
	for _, name := range names {
		p.server.Do(p, "ZINCRBY", p.prefix+"nodes", "-20000", name)
	}
	for _, c := range p.cables {
		c.cut.Store(false)
	}
}

// settleTime is how long a node keeps to its share, when all ask again.
const settleTime = 3*slowBeat + time.Second

// rest has both nodes settle, and returns what both then admit.
func (p *pair) rest() int {
	for range 2 {
		p.beat()
		p.wait(settleTime)
	}
	p.beat()
	return p.all(0) + p.all(1)
}

func (p *pair) all(node int) int { return p.spend(p.stores[node], p.key, p.limit, 200) }

// TestSharesUntilAllIsTold: no node goes beyond its share while another may still admit what Redis
// does not know.
func TestSharesUntilAllIsTold(t *testing.T) {
	p := newPair(t)
	a, b := p.stores[0], p.stores[1]
	sum := p.spend(a, p.key, p.limit, 10) + p.spend(b, p.key, p.limit, 10)
	p.mend()
	a.Beat(t.Context())
	p.wait(settleTime)
	during := func(c redisstore.Call) {
		if c.Keys[0] != p.prefix+"nodes" || !b.Stats().Degraded {
			return
		}
		p.cables[1].then.Store(nil)
		sum += p.all(1) // the second node has told what it owed, and goes on alone for a moment
		a.Beat(t.Context())
		sum += p.all(0)
	}
	p.cables[1].then.Store(&during)
	b.Beat(t.Context())
	if p.cables[1].then.Load() != nil {
		t.Fatal("the second node did not come back")
	}
	if sum += p.rest(); sum != p.limit.Quota() {
		t.Errorf("%d of %d were admitted", sum, p.limit.Quota())
	}
}

// TestStragglerAsks: a decision that began in an outage, and ends after it, is not the node's own.
func TestStragglerAsks(t *testing.T) {
	p := newPair(t)
	sum, looks := 0, 0
	after := func() {
		if looks++; looks != 2 { // first what is known of the bucket, and then the share
			return
		}
		p.clock.Store(nil)
		p.mend()
		sum += p.rest()
	}
	p.clock.Store(&after)
	d, err := p.stores[1].Take(t.Context(), p.key, p.limit, 1)
	if err != nil || sum == 0 || p.stores[1].Stats().Degraded {
		t.Fatalf("%+v, %v, %d", d, err, sum)
	}
	if d.Allowed {
		sum++
	}
	if sum != p.limit.Quota() {
		t.Errorf("%d of %d were admitted", sum, p.limit.Quota())
	}
}

// TestTimeoutIsTold: what was admitted as one call failed is told with the next beat, though its
// caller does not come again.
func TestTimeoutIsTold(t *testing.T) {
	p := newPair(t)
	p.mend()
	p.rest() // both are settled, and the bucket is empty
	p.wait(2 * time.Hour)
	p.cables[0].cut.Store(true)
	sum := p.spend(p.stores[0], p.key, p.limit, 2) // fewer than make an outage
	p.cables[0].cut.Store(false)
	p.stores[0].Beat(t.Context())
	if sum += p.all(1); sum != p.limit.Quota() {
		t.Errorf("%d of %d were admitted", sum, p.limit.Quota())
	}
}

// TestChargedOnce: a request is charged to the share of its node once, whatever fails on its way.
func TestChargedOnce(t *testing.T) {
	for _, c := range []struct {
		name string
		take func(p *pair) bool
	}{
		{"asked after an outage, and not answered", func(p *pair) bool {
			p.mend()
			p.stores[0].Beat(t.Context())
			p.cables[0].cut.Store(true)
			return p.spend(p.stores[0], p.key, p.limit, 1) == 1
		}},
		{"begun in an outage, asked after it, and not answered", func(p *pair) bool {
			looks := 0
			after := func() {
				if looks++; looks == 2 { // what is known of the bucket, then the share
					p.clock.Store(nil)
					p.mend()
					p.stores[1].Beat(t.Context())
					p.cables[1].cut.Store(true)
				}
			}
			p.clock.Store(&after)
			return p.spend(p.stores[1], p.key, p.limit, 1) == 1 && looks == 2
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t)
			p.limit = parse(t, "3 per 1h") // of two nodes each admits one
			if !c.take(p) {
				t.Error("the first request of a caller is refused")
			}
			if p.all(0)+p.all(1) > 2 {
				t.Error("more than the shares is admitted")
			}
		})
	}
}
