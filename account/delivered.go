package account

import (
	"context"
	"errors"
	"sync"
	"time"
)

// maxDelivered bounds what one process remembers of tokens that were used. Beyond it, what
// has been written is forgotten, and written again when the token is used again. When so
// many wait to be written, no further token is taken: a use that nobody notices would let
// a thief pass for a client whose answer was lost.
const maxDelivered = 1 << 16

// delivered notices that an access token reached its client, as the client uses it. That
// tells a client that never got an answer from one that did, which no issuer can know
// that is not also the guard.
type delivered struct {
	mu      sync.RWMutex
	seen    map[string]sighting // by session
	pending []arrival
}

type sighting struct {
	number int64
	until  time.Time
}

type arrival struct {
	user, session string
	number        int64
}

// mark is on the way of every request: it takes the read lock only, except at the first
// use of a token. It is false for a use that cannot be kept until it is written.
func (d *delivered) mark(user, session string, number int64) bool {
	d.mu.RLock()
	known := d.seen[session].number >= number
	d.mu.RUnlock()
	if known {
		return true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.seen[session].number >= number {
		return true
	}
	if len(d.pending) >= maxDelivered {
		return false
	}
	d.seen[session] = sighting{number: number}
	d.pending = append(d.pending, arrival{user, session, number})
	return true
}

// take returns what has not been written yet.
func (d *delivered) take(until time.Time) []arrival {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := d.pending
	d.pending = nil
	if len(d.seen) >= maxDelivered {
		clear(d.seen)
	}
	for _, one := range list {
		d.seen[one.session] = sighting{max(one.number, d.seen[one.session].number), until}
	}
	return list
}

// giveBack keeps what could not be written for the next time: were it lost, a thief would
// pass for a client whose answer was.
func (d *delivered) giveBack(list []arrival) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pending = append(list, d.pending...)
}

func (d *delivered) forget(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, s := range d.seen {
		if !s.until.IsZero() && now.After(s.until) {
			delete(d.seen, id)
		}
	}
}

// confirm writes what has been delivered since it was last called.
func (a *Accounts) confirm(ctx context.Context) error {
	list := a.delivered.take(a.storeNow().Add(a.ttl.access))
	for i, one := range list {
		err := a.store.Update(ctx, one.user, func(tx Tx) error {
			s, err := tx.Session(ctx, one.session)
			if err != nil || s.Refresh.Current != one.number || s.Refresh.Delivered {
				return err
			}
			s.Refresh.Delivered = true
			return tx.SetSession(ctx, s)
		})
		if err != nil && !errors.Is(err, ErrNotFound) {
			a.delivered.giveBack(list[i:])
			return err // keepUp logs that the store does not answer
		}
	}
	return nil
}
