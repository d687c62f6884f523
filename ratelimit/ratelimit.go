// Package ratelimit counts what callers take and refuses what is too much.
//
// A [Limit] is written as people say it: "100 per 15m" is a strict window, of which
// no 15 minutes ever see more than 100; "10/s burst 20" is a token bucket. A [Store]
// keeps the counters, [Memory] in this process. A [Limiter] binds a policy's name to
// a limit and a store, and writes the RateLimit fields and the 429.
//
// It fails when composed wrongly:
//
//   - The key decides who shares a bucket. A key made from what a client sends
//     unverified (a header, a user name, a path) is a key the client may change at
//     will, and then there is no limit. Use an address from package clientip or a
//     verified principal, and both parts of it: two issuers may use one subject.
//   - Limit by address before any cryptography, by principal after it. Only by
//     principal, and guessing tokens costs nothing; only by address, and an office
//     behind one address shares one quota.
//   - One process's memory does not know what other processes admitted: n processes
//     with a [Memory] each admit n times the limit.
//   - [Limiter.Take] that returns an error has not admitted anything.
package ratelimit

import (
	"context"
	"errors"
	"math"
	"time"
)

// Never is the RetryAfter of what is refused for good: a cost above the quota.
const Never time.Duration = math.MaxInt64

// Decision is what a store says to one Take.
type Decision struct {
	// Allowed says whether the cost was admitted, and so taken. It is all or nothing.
	Allowed bool
	// Limit is the quota, [Limit.Quota].
	Limit int
	// Remaining is the highest cost that would be admitted right now, after this Take.
	Remaining int
	// Reset is when Remaining grows next, if nothing else is taken; zero when the
	// quota is whole. It is not when the quota is whole again: under a strict window
	// permits come back one batch after another, as they were taken.
	Reset time.Duration
	// RetryAfter is zero when allowed. Otherwise the same cost is admitted after
	// exactly this wait, if nothing else is taken, and not before; [Never] if it is
	// above the quota. It is never shorter than Reset.
	RetryAfter time.Duration
	// Degraded says that a store which several processes share could not be asked: this
	// process decided alone, by its share of the limit.
	Degraded bool
}

// A Store keeps the counters. Package storetest holds the tests that every store
// must pass. The rules:
//
//   - Take is atomic: of any number of callers at once, no more are admitted than if
//     they had come one after the other.
//   - A key under two different limits is two separate buckets, so that a changed
//     configuration cannot read the counters of another as its own.
//   - Cost 0 looks without taking, and is admitted. A negative cost is [ErrCost], the
//     zero Limit [ErrNoLimit]. A cost above the quota is refused with [Never], and
//     takes nothing.
//   - A refused Take takes nothing: who keeps knocking is not kept out longer.
//   - The strict window never admits more than n within any half-open time span of
//     the limit's length, whatever its alignment, and admits whoever stays at
//     n·(1 − 1/[Precision]) within any such span. For the second half, a store may
//     round what it keeps of time, to the strict side, by 1/[Grain] of the window.
//   - The token bucket admits at most burst + d/interval within any time span d,
//     and refuses nobody who stays within it.
//   - Time never goes back. With a clock that does, the store goes on at the latest
//     time it saw, and never admits more for it.
//   - A store that cannot answer returns an error and the zero Decision. It gives up
//     when ctx ends, and does not make up an answer.
//   - A store with bounded memory says what it does when full. It never forgets what
//     a key took while that still counts; it may remember it as more, or as later.
type Store interface {
	Take(ctx context.Context, key Key, l Limit, cost int) (Decision, error)
}

// Take is one of several that belong together, and its answer.
type Take struct {
	Key      Key
	Limit    Limit
	Cost     int
	Decision Decision
}

// Check says what is wrong with the arguments: [ErrNoLimit] or [ErrCost].
func (t *Take) Check() error { return check(t.Limit, t.Cost) }

// Joint is a store that takes from several buckets in one go. The rules of TakeAll are
// those of the function of this name.
type Joint interface {
	TakeAll(ctx context.Context, takes []Take) (n int, err error)
}

// TakeAll takes in the order given, and stops after the first that is refused: those
// before it stay taken, those after it are not touched. n is how many Decisions were
// filled in; when all n are allowed and n is len(takes), all were admitted.
//
// Nothing is taken when one of the arguments is wrong. After another error, what is in
// the first n Decisions was taken, and nothing else was admitted.
//
// A [Joint] does it by itself, perhaps in one round trip; from any other store it takes
// one by one.
func TakeAll(ctx context.Context, s Store, takes []Take) (n int, err error) {
	for i := range takes {
		if err := takes[i].Check(); err != nil {
			return 0, err
		}
	}
	if joint, ok := s.(Joint); ok {
		return joint.TakeAll(ctx, takes)
	}
	for i := range takes {
		t := &takes[i]
		d, err := s.Take(ctx, t.Key, t.Limit, t.Cost)
		if err != nil {
			return i, err
		}
		if t.Decision = d; !d.Allowed {
			return i + 1, nil
		}
	}
	return len(takes), nil
}

// Precision is the k of the strict window: a client that stays at n·(1 − 1/k) in any
// window is never refused, and one that takes exactly n per window at an even pace
// waits at most 1/k of the window, and what [Grain] rounds, longer than it had to.
const Precision = 12

// Grain is the finest part of a window that a store must tell apart.
const Grain = 1 << 15

var (
	// ErrNoLimit is the answer to the zero Limit: no limit was set, and the store
	// does not guess one.
	ErrNoLimit = errors.New("ratelimit: the zero Limit is no limit; make one with Parse, Window or Rate")
	// ErrCost is the answer to a negative cost.
	ErrCost = errors.New("ratelimit: a cost is 0 or more")
)

func check(l Limit, cost int) error {
	if l.IsZero() {
		return ErrNoLimit
	}
	if cost < 0 {
		return ErrCost
	}
	return nil
}
