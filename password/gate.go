package password

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// ErrBusy is in the chain of the error returned when every slot and every place in
// the queue is taken: answer 503 with the [BusyError]'s RetryAfter.
var ErrBusy = errors.New("password: every hashing slot and the queue are taken")

// BusyError is ErrBusy with a time to come back.
type BusyError struct {
	// RetryAfter is about how long a full queue takes to drain.
	RetryAfter time.Duration
}

func (*BusyError) Error() string { return ErrBusy.Error() }

// Unwrap returns [ErrBusy].
func (*BusyError) Unwrap() error { return ErrBusy }

// perHash is the time one hash is taken for when RetryAfter is estimated.
const perHash = 100 * time.Millisecond

// gate lets a fixed number in and a bounded number wait.
type gate struct {
	slots   chan struct{}
	waiting atomic.Int64
	queue   int64
	busy    error // made once, so that refusing allocates nothing
}

func newGate(slots, queue int) *gate {
	drain := time.Duration(1+queue/slots) * perHash
	return &gate{
		slots: make(chan struct{}, slots),
		queue: int64(queue),
		busy:  &BusyError{RetryAfter: max(drain.Round(time.Second), time.Second)},
	}
}

// enter takes a slot. After a nil error the caller must leave.
func (g *gate) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case g.slots <- struct{}{}:
		return nil
	default:
	}
	if g.waiting.Add(1) > g.queue {
		g.waiting.Add(-1)
		return g.busy
	}
	defer g.waiting.Add(-1)
	return take(ctx, g.slots)
}

func (g *gate) leave() { <-g.slots }

func take(ctx context.Context, from chan struct{}) error {
	select {
	case from <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
