package redisstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
)

// between is a client that lets a test meddle with every decision.
type between struct {
	redisstore.Client
	eval func(ctx context.Context, c redisstore.Call) ([]int64, error)
}

func (b *between) Eval(ctx context.Context, c redisstore.Call) ([]int64, error) {
	if b.eval != nil && len(c.Keys) > 0 && len(c.Args) == 1+len(c.Keys) {
		return b.eval(ctx, c)
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
	client.eval = func(ctx context.Context, c redisstore.Call) ([]int64, error) {
		got, err := client.Client.Eval(context.WithoutCancel(ctx), c)
		giveUp() // the answer comes too late
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return got, err
	}
	const aborts = 12
	for range aborts {
		var ctx context.Context
		ctx, giveUp = context.WithCancel(t.Context())
		s.Take(ctx, key, l, 1)
		giveUp()
	}
	client.eval = nil
	d, err := s.Take(t.Context(), key, l, 1)
	if err != nil || d.Remaining < 1000-3-aborts-1 {
		t.Errorf("%d aborted requests leave %d of 1000, %v", aborts, d.Remaining, err)
	}
}
