package redis_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-redis/redis_rate/v10"
	goredis "github.com/redis/go-redis/v9"
	"github.com/ulule/limiter/v3"
	ululeredis "github.com/ulule/limiter/v3/drivers/store/redis"

	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore/redisconn"
)

// store takes one permit of a key.
type store interface {
	take(ctx context.Context, k key) (allowed bool, err error)
	// trips is how often a decision has waited for the server so far.
	trips() int64
}

// key is one in both ways of writing it.
type key struct {
	bytes ratelimit.Key
	text  string
}

func newKeys(n int) []key {
	list := make([]key, n)
	for i := range list {
		rand.Read(list[i].bytes[:])
		list[i].text = hex.EncodeToString(list[i].bytes[:])
	}
	return list
}

// patience is how long a decision may wait: the machine may do other work.
const patience = 10 * time.Second

// ours is a redisstore.
type ours struct {
	*redisstore.Store
	conn  *counted
	limit ratelimit.Limit
}

// counted is a connection that counts how often it was waited for.
type counted struct {
	redisstore.Client
	n atomic.Int64
}

func (c *counted) Eval(ctx context.Context, call redisstore.Call) ([]int64, error) {
	c.n.Add(1)
	return c.Client.Eval(ctx, call)
}

func open(text string, lease time.Duration) func(testing.TB, string) store {
	return func(tb testing.TB, address string) store {
		l, err := ratelimit.Parse(text)
		if err != nil {
			tb.Fatal(err)
		}
		conn, err := redisconn.Dial("redis://" + address)
		if err != nil {
			tb.Fatal(err)
		}
		s := &ours{conn: &counted{Client: conn}, limit: l}
		s.Store, err = redisstore.New(redisstore.Config{Client: s.conn, Lease: lease, Timeout: patience})
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() {
			if n := s.Stats().Failed; n > 0 {
				tb.Errorf("%d calls failed", n)
			}
			s.Close()
		})
		return s
	}
}

func (s *ours) take(ctx context.Context, k key) (bool, error) {
	d, err := s.Take(ctx, k.bytes, s.limit, 1)
	return d.Allowed, err
}

func (s *ours) trips() int64 { return s.conn.n.Load() }

// waits counts how often a go-redis client is waited for.
type waits struct{ n atomic.Int64 }

func (w *waits) DialHook(next goredis.DialHook) goredis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (w *waits) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error {
		w.n.Add(1)
		return next(ctx, cmd)
	}
}

func (w *waits) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error {
		w.n.Add(1)
		return next(ctx, cmds)
	}
}

func (w *waits) trips() int64 { return w.n.Load() }

// client has as many connections as there may be callers, so that none waits for one.
func client(tb testing.TB, address string) (*goredis.Client, *waits) {
	c := goredis.NewClient(&goredis.Options{Addr: address, PoolSize: mostCallers, ReadTimeout: patience, WriteTimeout: patience, PoolTimeout: patience})
	tb.Cleanup(func() { c.Close() })
	w := new(waits)
	c.AddHook(w)
	return c, w
}

type redisRate struct {
	*waits
	l *redis_rate.Limiter
}

func openRate(tb testing.TB, address string) store {
	c, w := client(tb, address)
	return &redisRate{w, redis_rate.NewLimiter(c)}
}

func (s *redisRate) take(ctx context.Context, k key) (bool, error) {
	r, err := s.l.Allow(ctx, k.text, redis_rate.Limit{Rate: 1e6, Burst: 1e8, Period: time.Second})
	return err == nil && r.Allowed > 0, err
}

type ulule struct {
	*waits
	l *limiter.Limiter
}

func openUlule(tb testing.TB, address string) store {
	c, w := client(tb, address)
	s, err := ululeredis.NewStore(c)
	if err != nil {
		tb.Fatal(err)
	}
	return &ulule{w, limiter.New(s, limiter.Rate{Limit: 1e9, Period: 15 * time.Minute})}
}

func (s *ulule) take(ctx context.Context, k key) (bool, error) {
	r, err := s.l.Get(ctx, k.text)
	return err == nil && !r.Reached, err
}
