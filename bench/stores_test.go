package bench_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/httprate"
	"github.com/sethvargo/go-limiter"
	"github.com/sethvargo/go-limiter/memorystore"
	"github.com/throttled/throttled/v2"
	"github.com/throttled/throttled/v2/store/memstore"
	ululelimiter "github.com/ulule/limiter/v3"
	ululememory "github.com/ulule/limiter/v3/drivers/store/memory"
	"golang.org/x/time/rate"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

const (
	quota = 1_000_000_000
	per   = time.Hour
)

// ours is a Memory that has room for all keys.
type ours struct {
	m     *ratelimit.Memory
	limit ratelimit.Limit
	cost  int // of the first take
}

func open(tb testing.TB, text string, cost int) store {
	l, err := ratelimit.Parse(text)
	if err != nil {
		tb.Fatal(err)
	}
	m, err := ratelimit.NewMemory(ratelimit.MemoryConfig{MaxKeys: 1 << 21})
	if err != nil {
		tb.Fatal(err)
	}
	return &ours{m, l, cost}
}

func window(tb testing.TB) store { return open(tb, "1000000000 per 1h", 1) }

// bucket is forgotten when it is full again, which takes an hour after the first take.
func bucket(tb testing.TB) store { return open(tb, "1000/s burst 1000000000", 3_600_000) }

func (s *ours) first(k key) bool { return s.charge(k, s.cost) }

func (s *ours) take(k key) bool { return s.charge(k, 1) }

func (s *ours) charge(k key, cost int) bool {
	d, err := s.m.Take(context.Background(), k.bytes, s.limit, cost)
	return err == nil && d.Allowed
}

// limiters is what one has who puts x/time/rate in a map.
type limiters struct {
	mu sync.Mutex
	of map[ratelimit.Key]*rate.Limiter
}

func timeRate(testing.TB) store { return &limiters{of: map[ratelimit.Key]*rate.Limiter{}} }

func (s *limiters) take(k key) bool {
	s.mu.Lock()
	l, ok := s.of[k.bytes]
	if !ok {
		l = rate.NewLimiter(rate.Limit(quota)/rate.Limit(per/time.Second), quota)
		s.of[k.bytes] = l
	}
	s.mu.Unlock()
	return l.Allow()
}

// chi is the counter of httprate under a lock, as its limiter has it, without the weighing
// of the two windows.
type chi struct {
	mu sync.Mutex
	c  httprate.LimitCounter
}

func httpRate(testing.TB) store { return &chi{c: httprate.NewLocalLimitCounter(per)} }

func (s *chi) take(k key) bool {
	now := time.Now().UTC().Truncate(per)
	s.mu.Lock()
	defer s.mu.Unlock()
	current, former, err := s.c.Get(k.text, now, now.Add(-per))
	if err != nil || current+former >= quota {
		return false
	}
	return s.c.IncrementBy(k.text, now, 1) == nil
}

type throttle struct{ *throttled.GCRARateLimiterCtx }

func gcra(tb testing.TB) store {
	s, err := memstore.NewCtx(1 << 21)
	if err != nil {
		tb.Fatal(err)
	}
	l, err := throttled.NewGCRARateLimiterCtx(s, throttled.RateQuota{MaxRate: throttled.PerSec(1_000_000), MaxBurst: quota})
	if err != nil {
		tb.Fatal(err)
	}
	l.SetMaxCASAttemptsLimit(1 << 30) // by default it gives up when many come at once
	return throttle{l}
}

func (s throttle) take(k key) bool {
	limited, _, err := s.RateLimitCtx(context.Background(), k.text, 1)
	return err == nil && !limited
}

type seth struct{ limiter.Store }

func goLimiter(tb testing.TB) store {
	s, err := memorystore.New(&memorystore.Config{Tokens: quota, Interval: per})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close(context.Background()) })
	return seth{s}
}

func (s seth) take(k key) bool {
	_, _, _, ok, err := s.Take(context.Background(), k.text)
	return err == nil && ok
}

type ululeStore struct{ *ululelimiter.Limiter }

func ulule(testing.TB) store {
	return ululeStore{ululelimiter.New(ululememory.NewStore(), ululelimiter.Rate{Period: per, Limit: quota})}
}

func (s ululeStore) take(k key) bool {
	c, err := s.Get(context.Background(), k.text)
	return err == nil && !c.Reached
}
