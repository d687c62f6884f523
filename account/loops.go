package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// The names of the background loops, as [Accounts.Health] reports them.
const (
	loopRevocations = "revocations"
	loopTokenUse    = "token-use"
	loopKeys        = "keys"
	loopPrune       = "prune"
	loopOutbox      = "outbox"
)

// lateBy is how much later than planned a round may begin or end before its loop counts as
// stuck: a machine under load is late, too.
const lateBy = 5 * time.Second

// LoopHealth is the state of one background loop of [Accounts].
type LoopHealth struct {
	// Name is "revocations" (reads what other processes revoked), "token-use" (writes which
	// refresh tokens reached their client), "keys" (replaces signing keys in time), "prune" or
	// "outbox" (sends mail).
	Name string
	// Begun is when the last round began. Ended is when the last round that is over ended,
	// so it is before Begun while a round runs. Both are zero before the first round.
	Begun, Ended time.Time
	// Err is the error of the last round that is over, or nil. It may name hosts and files,
	// and is for the operator.
	Err error
	// Panics counts the rounds that ended by a panic. Each was logged, and the loop goes on.
	Panics int64
	// Stuck is the reason why the loop does not do its work any more, or empty. It is set
	// when a round began or ended later than it must, and not for a round that failed in time.
	Stuck string
}

// Health returns the state of the background loops: those that this process runs.
func (a *Accounts) Health() []LoopHealth {
	now := a.now()
	list := make([]LoopHealth, len(a.loops))
	for i, l := range a.loops {
		list[i] = l.health(now)
	}
	return list
}

// loop runs rounds, one after the other.
type loop struct {
	name string
	// every is the time between the beginnings of rounds, within the bound of one round.
	every, within time.Duration
	first         time.Duration // until the first round, where it is not every
	// wake begins a round before its time; nil for a loop that has its rhythm alone.
	wake <-chan struct{}
	// run is one round. It logs what went wrong where that is worth a line.
	run func(context.Context) error

	started time.Time
	mu      sync.Mutex
	running bool
	state   LoopHealth
}

// startLoops starts the background loops. Their reads of the store end with ctx.
func (a *Accounts) startLoops(ctx context.Context) {
	ctx = context.WithValue(ctx, readsEnd{}, true)
	a.loops = []*loop{
		{name: loopRevocations, every: pollEvery, within: a.patience, run: a.keepUp()},
	}
	if !a.administer {
		a.loops = append(a.loops,
			&loop{name: loopTokenUse, every: pollEvery, within: a.patience, run: a.confirm},
			&loop{name: loopKeys, every: tendEvery, within: a.patience, run: a.tend},
			&loop{name: loopPrune, first: pruneFirst, every: pruneEvery, within: pruneWithin, run: a.prune})
	}
	if _, others := a.mail.(Elsewhere); a.mail != nil && !others && !a.administer {
		a.loops = append(a.loops, &loop{
			name: loopOutbox, every: pollEvery, within: 3 * a.patience, wake: a.outbox.posted, run: a.sendDue(ctx),
		})
	}
	for _, l := range a.loops {
		l.started = a.now()
		a.stopped.Go(func() { a.every(ctx, l) })
	}
}

// every runs a loop until ctx ends.
func (a *Accounts) every(ctx context.Context, l *loop) {
	tick := time.NewTicker(cmp.Or(l.first, l.every))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-l.wake:
		}
		tick.Reset(l.every)
		a.round(ctx, l)
	}
}

// round runs one round, and keeps when and how it ended.
func (a *Accounts) round(ctx context.Context, l *loop) {
	ctx, cancel := context.WithTimeout(ctx, l.within)
	defer cancel()
	l.begin(a.now())

	err := recovered(func() error { return l.run(ctx) })
	if p, ok := errors.AsType[*panicError](err); ok {
		a.errors.ErrorContext(ctx, "a background loop panicked, and goes on", "loop", l.name, "panic", p.value, "stack", p.stack)
	}
	l.end(a.now(), err)
}

func (l *loop) begin(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running, l.state.Begun = true, now
}

func (l *loop) end(now time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running, l.state.Ended, l.state.Err = false, now, err
	if _, ok := errors.AsType[*panicError](err); ok {
		l.state.Panics++
	}
}

func (l *loop) health(now time.Time) LoopHealth {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.state
	h.Name = l.name
	busy, isBusy := errors.AsType[*stuckError](h.Err)
	idle := now.Sub(later(h.Ended, l.started))
	switch {
	case l.running && now.Sub(h.Begun) > l.within+lateBy:
		h.Stuck = fmt.Sprintf("a round runs for %s, and must end within %s", now.Sub(h.Begun).Round(time.Second), l.within)
	case !l.running && idle > l.every+lateBy:
		h.Stuck = fmt.Sprintf("no round for %s, and one is due every %s", idle.Round(time.Second), l.every)
	case isBusy:
		h.Stuck = busy.Error()
	}
	return h
}

// stuckError is the error of a round that could not do its work because something that
// was begun before never ended.
type stuckError struct{ reason string }

func (e *stuckError) Error() string { return e.reason }

// panicError is a panic as an error.
type panicError struct {
	value any
	stack string
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// recovered runs f, and returns a panic of it as a *panicError.
func recovered(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v, string(debug.Stack())}
		}
	}()
	return f()
}
