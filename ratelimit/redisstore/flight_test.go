package redisstore_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-dev/sallyport/internal/redistest"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
)

// between is a client that lets a test meddle with every decision.
type between struct {
	redisstore.Client
	eval atomic.Pointer[evaluation]
}

type evaluation func(ctx context.Context, c redisstore.Call) ([]int64, error)

// as has decisions go by f from now on; nil, as they always do.
func (b *between) as(f evaluation) {
	if f == nil {
		f = b.Client.Eval
	}
	b.eval.Store(&f)
}

func (b *between) Eval(ctx context.Context, c redisstore.Call) ([]int64, error) {
	if f := b.eval.Load(); f != nil && len(c.Keys) > 0 && len(c.Args) == 1+len(c.Keys) {
		return (*f)(ctx, c)
	}
	return b.Client.Eval(ctx, c)
}

// TestAbortsBurnNoLease: who gives up while a lease is on its way to be taken loses what
// it asked for, and nothing of what others share with it.
func TestAbortsBurnNoLease(t *testing.T) {
	client := &between{Client: dial(t, address(t))}
	s := open(t, redisstore.Config{Client: client, Lease: 10 * time.Second}.WithBeat(time.Hour))
	l, key := parse(t, "1000 per 1h"), ratelimit.Key{1}
	for range 3 {
		if d, err := s.Take(t.Context(), key, l, 1); err != nil || !d.Allowed {
			t.Fatal(d, err)
		}
	}
	var giveUp context.CancelFunc
	client.as(func(ctx context.Context, c redisstore.Call) ([]int64, error) {
		got, err := client.Client.Eval(context.WithoutCancel(ctx), c)
		giveUp() // the answer comes too late
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return got, err
	})
	const aborts = 12
	for range aborts {
		var ctx context.Context
		ctx, giveUp = context.WithCancel(t.Context())
		s.Take(ctx, key, l, 1)
		giveUp()
	}
	client.as(nil)
	d, err := s.Take(t.Context(), key, l, 1)
	if err != nil || d.Remaining < 1000-3-aborts-1 {
		t.Errorf("%d aborted requests leave %d of 1000, %v", aborts, d.Remaining, err)
	}
}

// TestDeadShard: where one of several servers is gone and the others answer, nobody
// waits for more than one question.
func TestDeadShard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead := errors.New("down")
		var asked atomic.Int64
		client := &between{Client: &deaf{integers: []int64{1, 1, 0}}}
		client.as(func(ctx context.Context, c redisstore.Call) ([]int64, error) {
			if asked.Add(1)%2 == 0 { // in between, another server answers
				return []int64{1, 1, 0, 0, 0, 1}, nil
			}
			<-ctx.Done()
			return nil, dead
		})
		const timeout = 20 * time.Millisecond
		s := open(t, redisstore.Config{Client: client, Lease: time.Second, Timeout: timeout})
		l, start := parse(t, "100000 per 1h"), time.Now()
		var most atomic.Int64
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				s.Take(t.Context(), ratelimit.Key{1}, l, 1)
				for d := int64(time.Since(start)); ; {
					was := most.Load()
					if d <= was || most.CompareAndSwap(was, d) {
						break
					}
				}
				s.Take(t.Context(), ratelimit.Key{2}, l, 1)
			})
		}
		wg.Wait()
		if got := time.Duration(most.Load()); got > timeout {
			t.Errorf("one waited for %v", got)
		}
	})
}

// TestOneWait: a request that is by several limits waits for a dead server once.
func TestOneWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const timeout = 20 * time.Millisecond
		s := open(t, redisstore.Config{Client: &deaf{}, Timeout: timeout}.WithBeat(time.Hour))
		synctest.Wait()
		start := time.Now()
		takes := make([]ratelimit.Take, 3)
		for i := range takes {
			takes[i] = ratelimit.Take{Key: ratelimit.Key{8: byte(i)}, Limit: parse(t, "9 per 1h"), Cost: 1}
		}
		if n, err := s.TakeAll(t.Context(), takes); n != 3 || err != nil {
			t.Fatal(n, err)
		}
		if got := time.Since(start); got > timeout {
			t.Errorf("it waited for %v", got)
		}
	})
}

// TestOwedOutlivesItsEntry: what was admitted alone is not forgotten because others need
// the room while it is told, and that fails.
func TestOwedOutlivesItsEntry(t *testing.T) {
	server := redistest.Start(t)
	client := &between{Client: dial(t, "redis://"+server.Addr())}
	s := open(t, redisstore.Config{Client: client, MaxKeys: 64, Nodes: 1}.WithBeat(time.Hour))
	l, key := parse(t, "100 per 1h"), ratelimit.Key{1}
	down := errors.New("down")
	client.as(func(ctx context.Context, c redisstore.Call) ([]int64, error) { return nil, down })
	for range 2 { // the breaker stays closed
		s.Take(t.Context(), key, l, 20)
	}
	var once sync.Once
	client.as(func(ctx context.Context, c redisstore.Call) ([]int64, error) {
		again := false
		once.Do(func() { again = true })
		if !again {
			return client.Client.Eval(ctx, c)
		}
		for i := range 2000 { // others come meanwhile
			if d, err := s.Take(t.Context(), ratelimit.Key{2, byte(i), byte(i >> 8)}, l, 1); err != nil || d.Degraded {
				t.Error(d, err)
			}
		}
		return nil, down
	})
	s.Take(t.Context(), key, l, 20)
	client.as(nil)
	d, err := s.Take(t.Context(), key, l, 1)
	if err != nil || d.Degraded || d.Remaining != 39 {
		t.Errorf("after 60 that were admitted alone, %+v, %v", d, err)
	}
}
