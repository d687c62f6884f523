package account

import (
	"context"
	"errors"
	"time"

	"github.com/go-json-experiment/json"
)

const (
	tendEvery  = time.Hour
	pruneEvery = time.Hour
	// pruneFirst is when a process prunes first, which may run for less than an hour.
	pruneFirst = time.Minute
	// pruneWithin bounds one round of pruning. What is left over is for the next one.
	pruneWithin = 10 * time.Minute
	// A time is trusted when the clock has gone on from it for about as long as one round is
	// from the next. A gap beyond that is a machine that was off, or a clock that was set: it
	// shows in the round after it.
	leastRound, longestRound = 45 * time.Minute, 2 * time.Hour

	kindPruned = "pruned"
	prunedID   = "clock"
)

// pruneClock keeps what a clock that is wrong for a while must not remove. Only stores
// without a clock of their own have one.
type pruneClock struct {
	// Seen is the last time that was read, and Trusted one that the clock has gone on from for
	// long enough; zero for none yet.
	Seen    time.Time `json:"seen"`
	Trusted time.Time `json:"trusted,omitzero"`
}

// read takes the time of a clock in. The time to prune by is then Trusted.
func (p *pruneClock) read(now time.Time) {
	switch {
	case now.Before(p.Seen): // the clock was ahead then, or is behind now
		p.Seen, p.Trusted = now, earlier(p.Trusted, now)
	case p.Seen.IsZero() || now.Sub(p.Seen) > longestRound:
		p.Seen = now
	case now.Sub(p.Seen) >= leastRound:
		p.Seen, p.Trusted = now, p.Seen
	}
}

// prune removes what has ended from the store and from memory.
func (a *Accounts) prune(ctx context.Context) error {
	now, err := a.pruneTime(ctx)
	if err == nil && !now.IsZero() {
		// A session, or a session's end in the feed, is needed as long as its last access token.
		now = now.Add(-a.ttl.access - clockMargin)
		a.revoked.forget(now)
		a.delivered.forget(now)
		err = a.store.Prune(ctx, now)
	}
	if err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		a.errors.ErrorContext(ctx, "pruning the accounts store", "error", err)
	}
	return err
}

// pruneTime returns the time to prune by, zero for not yet. It is the store's where it has a
// clock; this machine's may be wrong for a while, such as after a start without a battery.
func (a *Accounts) pruneTime(ctx context.Context) (now time.Time, err error) {
	err = a.update(ctx, kindPruned, func(c *change) error {
		if c.timed {
			now = c.now
			return nil
		}

		var p pruneClock
		rec, err := c.Record(ctx, kindPruned, prunedID)
		if err == nil {
			err = json.Unmarshal(rec.Data, &p)
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		p.read(c.now)
		now = p.Trusted
		data, err := json.Marshal(p)
		if err != nil {
			return err
		}
		return c.PutRecord(ctx, Record{Kind: kindPruned, ID: prunedID, Data: data})
	})
	return now, err
}

// tend looks after the signing keys.
func (a *Accounts) tend(ctx context.Context) error {
	err := a.ring.tend(ctx)
	if err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		a.errors.ErrorContext(ctx, "looking after the signing keys", "error", err)
	}
	return err
}
