package account

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport-dev/sallyport/visit"
)

const (
	// pollEvery is how soon what another process revoked is known here; together with the
	// time an answer of the store takes, it is less than a second.
	pollEvery = 250 * time.Millisecond
	// staleAfter is how long tokens are accepted without news from the store.
	staleAfter = 5 * time.Second
	// hearWithin is how long one read of the feed may take. A connection that is dead, and does not
	// say so, costs that much, and another one is tried before tokens are refused.
	hearWithin = 2 * time.Second
	// answerWithin is how long anybody waits for a store that has stopped to answer.
	answerWithin = 10 * time.Second
	// feedPage is how many entries of the feed are read at once.
	feedPage = 1000
	// clockMargin is how far the clocks of processes that share a store may be apart.
	clockMargin = 5 * time.Minute
	// setBack is how far a clock may be set back before a token that was revoked is good
	// again: what was revoked is remembered for so much longer than it matters.
	setBack = time.Hour
)

// Why a token with a good signature is not accepted.
var (
	// ErrRevoked is for a token whose session or user lost it.
	ErrRevoked = errors.New("account: the token was revoked")
	// ErrStale is for any token while the store has not been heard of for 5 seconds, as
	// it may have been revoked since.
	ErrStale = errors.New("account: what was revoked is not known, as the store does not answer")
)

// Revoked says whether a credential of this issuer was taken back: [ErrRevoked],
// [ErrStale], or nil. One of another issuer is none of its business. It asks nothing but
// this process's memory: a logout in this process counts at once, one in another process
// that shares the store within a second.
func (a *Accounts) Revoked(p visit.Principal) error {
	if p.Issuer != a.name {
		return nil
	}
	if a.stale() {
		return ErrStale
	}
	if p.Session == "" { // an API key's, which was looked at when it was read
		return nil
	}
	number, epoch, ok := stamp(p.Token)
	if !ok || a.revoked.has(p.Session, epoch) {
		return ErrRevoked
	}
	if a.administer { // which looks at tokens, and uses none
		return nil
	}
	if number > 1 && !a.delivered.mark(p.Subject, p.Session, number) {
		return ErrStale
	}
	return nil
}

// stale reports whether the store has not been heard of for too long.
func (a *Accounts) stale() bool { return a.now().Sub(*a.revoked.heard.Load()) > staleAfter }

// tokenID is the jti of an access token: unique, and it tells which refresh token of the
// session it came with, and the session's epoch.
func tokenID(now time.Time, number, epoch int64) string {
	return visit.NewID(now) + "." + strconv.FormatInt(number, 10) + "." + strconv.FormatInt(epoch, 10)
}

func stamp(jti string) (number, epoch int64, ok bool) {
	_, rest, ok1 := strings.Cut(jti, ".")
	first, second, ok2 := strings.Cut(rest, ".")
	number, err1 := strconv.ParseInt(first, 10, 64)
	epoch, err2 := strconv.ParseInt(second, 10, 64)
	return number, epoch, ok1 && ok2 && err1 == nil && err2 == nil
}

// view is what of the feed still matters, in memory.
type view struct {
	// heard is when the store last answered. It keeps its monotonic reading, so that
	// setting the clock back does not make old news fresh.
	heard atomic.Pointer[time.Time]

	polling sync.Mutex
	last    int64 // number of the last entry that was read

	// generation counts the entries about other things than sessions.
	generation atomic.Int64

	mu       sync.RWMutex
	sessions map[string]ending
	// changed is told what is about something else than a session.
	changed func(Revocation)
}

// ending says which epochs of a session are over: those below, or all.
type ending struct {
	below int64
	until time.Time
}

func (v *view) has(session string, epoch int64) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	e, ok := v.sessions[session]
	return ok && (e.below == 0 || epoch < e.below)
}

// add is idempotent: what this process revoked comes around again in the feed.
func (v *view) add(r Revocation) {
	if r.Kind != KindSession {
		v.generation.Add(1)
		v.changed(r)
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if e, ok := v.sessions[r.ID]; ok && (e.below == 0 || r.Below != 0 && r.Below <= e.below) {
		r.Below = e.below // what was over stays over, and is remembered the longer of the two
		r.Until = later(r.Until, e.until)
	}
	v.sessions[r.ID] = ending{r.Below, r.Until}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// forget drops what no living token is concerned by.
func (v *view) forget(now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for id, e := range v.sessions {
		if !now.Before(e.until) {
			delete(v.sessions, id)
		}
	}
}

// follow reads the feed, and starts to follow it.
func (a *Accounts) follow(ctx context.Context) error {
	err := a.poll(ctx)
	for errors.Is(err, errReading) && ctx.Err() == nil {
		err = a.poll(ctx)
	}
	if err != nil {
		return fmt.Errorf("account: reading what was revoked: %w", err)
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop = stop
	a.startLoops(background)
	return nil
}

// Close writes what is still to be written, and stops following the store. A mail that is
// being sent gets five seconds to be finished. The store itself is the caller's.
func (a *Accounts) Close() error {
	a.stop()
	a.stopped.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	a.confirm(ctx)
	return nil
}

// keepUp returns what follows the feed, and says once when it cannot.
func (a *Accounts) keepUp() func(context.Context) error {
	failing := false
	return func(ctx context.Context) error {
		err := a.poll(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			a.errors.ErrorContext(ctx, "the accounts store does not answer; tokens are refused until it does", "error", err)
		}
		failing = err != nil
		return err
	}
}

// hear reads one page of the feed.
func (a *Accounts) hear(ctx context.Context, after int64) ([]Revocation, error) {
	ctx, cancel := context.WithTimeout(ctx, hearWithin)
	defer cancel()
	return a.store.Feed(ctx, after, feedPage)
}

// errReading is for a feed that is longer than what can be read in one round.
var errReading = errors.New("account: what was revoked is much, and is still being read")

// poll reads the feed to its end, or for as long as tokens are good without news: the next call
// goes on from there. It reads one page at least, however little time ctx has left.
func (a *Accounts) poll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, staleAfter)
	defer cancel()
	v := &a.revoked
	v.polling.Lock()
	defer v.polling.Unlock()
	end, _ := ctx.Deadline()
	for first := true; first || time.Until(end) >= hearWithin; first = false {
		asked := a.now()
		list, err := a.hear(ctx, v.last)
		if err != nil {
			// What answers next may be a standby that has taken over and had not heard the last
			// entries: it gives their numbers to others. So all is read again.
			v.last = 0
			return err
		}
		for _, r := range list {
			v.add(r)
			v.last = r.Seq
		}
		if len(list) < feedPage {
			// Of keys that changed and could not be read, one may have been revoked: that is no
			// news by which to accept tokens.
			err := a.ring.follow(ctx)
			if err == nil || !a.ring.dirty.Load() {
				v.heard.Store(&asked)
			}
			return err
		}
	}
	return errReading
}
