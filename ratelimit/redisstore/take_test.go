package redisstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/redistest"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
)

// TestOneTrip: what is asked about one owner is one call, and nothing is taken of what
// comes after a refusal.
func TestOneTrip(t *testing.T) {
	f := newFleet(t, address(t), 1, redisstore.Config{})
	s := f.stores[0]
	wide, narrow := parse(t, "100 per 1m"), parse(t, "2 per 1m")
	owner := ratelimit.Key{1}
	takes := func() []ratelimit.Take {
		return []ratelimit.Take{
			{Key: owner.For(ratelimit.Key{8: 1}), Limit: wide, Cost: 1},
			{Key: owner.For(ratelimit.Key{8: 2}), Limit: narrow, Cost: 1},
			{Key: owner.For(ratelimit.Key{8: 3}), Limit: wide, Cost: 1},
			{Key: ratelimit.Key{2}, Limit: wide, Cost: 1}, // another owner
		}
	}
	for i, want := range []struct{ decided, asked int }{
		{4, 2},
		{4, 2},
		{2, 1}, // the second refuses
		{2, 1}, // and does so without asking, but the first is counted
	} {
		before := s.Stats().Asked
		all := takes()
		n, err := s.TakeAll(t.Context(), all)
		if err != nil || n != want.decided || s.Stats().Asked-before != int64(want.asked) {
			t.Fatalf("round %d: %d decided in %d trips, %v: %+v", i, n, s.Stats().Asked-before, err, all)
		}
		for j, one := range all {
			if decided := one.Decision != (ratelimit.Decision{}); decided != (j < n) {
				t.Errorf("round %d: take %d: %+v", i, j, one.Decision)
			}
		}
	}
	for i, want := range []int{96, 0, 98, 98} {
		if left := f.left(s, takes()[i].Key, takes()[i].Limit); left != want {
			t.Errorf("take %d: %d are left, want %d", i, left, want)
		}
	}
}

// TestDeniedIsLocal: who is refused is refused without a question, until then.
func TestDeniedIsLocal(t *testing.T) {
	for _, text := range []string{"3 per 10s", "1/s burst 3"} {
		f := newFleet(t, address(t), 2, redisstore.Config{})
		s, l, key := f.stores[0], parse(t, text), ratelimit.Key{1}
		for range 3 {
			f.take(s, key, l, 1)
		}
		first, err := s.Take(t.Context(), key, l, 1)
		if err != nil || first.Allowed {
			t.Fatal(first, err)
		}
		asked := s.Stats().Asked
		f.wait(100 * time.Millisecond)
		for range 50 {
			d, err := s.Take(t.Context(), key, l, 1)
			if err != nil || d.Allowed || d.RetryAfter != first.RetryAfter-100*time.Millisecond || d.Reset > d.RetryAfter || d.Limit != 3 {
				t.Fatalf("%s: %+v after %+v, %v", text, d, first, err)
			}
		}
		if d, _ := s.Take(t.Context(), key, l, 4); d.Allowed || d.RetryAfter != ratelimit.Never {
			t.Errorf("%s: above the quota: %+v", text, d)
		}
		if got := s.Stats().Asked - asked; got != 0 {
			t.Errorf("%s: asked %d times", text, got)
		}
		f.wait(first.RetryAfter)
		if f.take(s, key, l, 1) != 1 {
			t.Errorf("%s: still refused", text)
		}
	}
}

// deaf is a client that gives one answer to everything.
type deaf struct {
	integers []int64
	err      error
	closed   bool
}

func (d *deaf) Eval(ctx context.Context, c redisstore.Call) ([]int64, error) {
	if d.err == nil && d.integers == nil {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return d.integers, d.err
}

func (d *deaf) EvalAll(ctx context.Context, calls []redisstore.Call) []redisstore.Answer {
	list := make([]redisstore.Answer, len(calls))
	for i, c := range calls {
		list[i].Integers, list[i].Err = d.Eval(ctx, c)
	}
	return list
}

func (d *deaf) Close() { d.closed = true }

// TestAlone: whatever Redis says or does not say, this process goes on with its share.
func TestAlone(t *testing.T) {
	for name, client := range map[string]*deaf{
		"an error":      {err: errors.New("LOADING Redis is loading the dataset in memory")},
		"silence":       {},
		"no integers":   {integers: []int64{}},
		"too few":       {integers: []int64{1, 2, 3, 4, 5}},
		"too many":      {integers: make([]int64, 12)},
		"negative":      {integers: []int64{0, -1, 0, 0, 0, 0}},
		"far too many":  {integers: []int64{1 << 40, 0, 0, 0, 0, 0}},
		"for ever":      {integers: []int64{-1, 0, 0, 1 << 62, 0, 0}},
		"before all":    {integers: []int64{-2, 0, 0, 0, 0, 0}},
		"a negative to": {integers: []int64{0, 0, 0, -1, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, redisstore.Config{Client: client, Nodes: 3, Timeout: time.Millisecond})
			for _, c := range []struct {
				limit string
				want  int
			}{{"90 per 1h", 30}, {"1/h burst 90", 30}, {"2 per 1h", 1}} {
				l, got := parse(t, c.limit), 0
				for range 100 {
					d, err := s.Take(t.Context(), ratelimit.Key{1}, l, 1)
					if err != nil || !d.Degraded || d.Allowed != (d.RetryAfter == 0) || d.Limit != l.Quota() || d.Remaining > c.want {
						t.Fatalf("%s: %+v, %v", c.limit, d, err)
					}
					if d.Allowed {
						got++
					}
				}
				if got != c.want {
					t.Errorf("%s: %d of 100 are admitted, want %d", c.limit, got, c.want)
				}
			}
			if d, err := s.Take(t.Context(), ratelimit.Key{1}, parse(t, "90 per 1h"), 91); err != nil || d.RetryAfter != ratelimit.Never {
				t.Errorf("above the quota: %+v, %v", d, err)
			}
			if st := s.Stats(); !st.Degraded || st.Alone < 300 || st.Asked > 10 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// TestImpatience: a caller that gives up gets its error, and says nothing about Redis.
func TestImpatience(t *testing.T) {
	s := open(t, redisstore.Config{Client: &deaf{}, Timeout: 10 * time.Second})
	for range 10 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		d, err := s.Take(ctx, ratelimit.Key{1}, parse(t, "9 per 1h"), 1)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || d != (ratelimit.Decision{}) {
			t.Fatal(d, err)
		}
	}
	if s.Stats().Degraded {
		t.Error("the callers' haste opened the breaker")
	}
}

func TestConfig(t *testing.T) {
	_, err := redisstore.New(redisstore.Config{
		Prefix: "a{b", Timeout: time.Minute, Lease: time.Hour, MaxLease: -1, Nodes: -1, MaxKeys: 3,
	})
	for _, want := range []string{"Client", `Prefix "a{b"`, "Timeout", "Lease", "MaxLease", "Nodes", "MaxKeys"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %s in: %v", want, err)
		}
	}
	client := &deaf{err: errors.New("down")}
	s, err := redisstore.New(redisstore.Config{Client: client})
	if err != nil {
		t.Fatal(err)
	}
	if s.Close(); !client.closed {
		t.Error("the client is not closed")
	}
}

// TestNames: keys are in the slot of their owner, end by themselves, and say nothing of
// whom they are about.
func TestNames(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, redisstore.Config{Client: dial(t, "redis://"+server.Addr()), Prefix: "app:"})
	keyer, err := ratelimit.NewSharedKeyer([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	owner := keyer.Sum("https://issuer.example", "alice")
	for _, text := range []string{"9 per 1m", "1/s burst 9"} {
		for _, label := range []string{"caller", "route"} {
			if _, err := s.Take(t.Context(), owner.For(keyer.Sum(label)), parse(t, text), 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	var slot string
	for key := range strings.Lines(server.Do(t, "KEYS", "*:[0-9]*")) {
		key = strings.TrimSuffix(key, "\n")
		if ttl := server.Do(t, "PTTL", key); strings.HasPrefix(ttl, "-") || len(ttl) > 5 {
			t.Errorf("%s lives %s ms", key, ttl)
		}
		if strings.Contains(key, "alice") || !strings.HasPrefix(key, "app:{") {
			t.Errorf("key %q", key)
		}
		_, rest, _ := strings.Cut(key, "{")
		tag, _, _ := strings.Cut(rest, "}")
		if slot == "" {
			slot = tag
		}
		if tag == "" || tag != slot {
			t.Errorf("%s is not in the slot of %q", key, slot)
		}
	}
	if slot == "" {
		t.Error("there are no keys")
	}
}
