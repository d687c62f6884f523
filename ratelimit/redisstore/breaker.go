package redisstore

import (
	"sync"
	"sync/atomic"
	"time"
)

// breaker says whether Redis is asked at all. It opens when calls fail, so that an
// outage costs a few requests a wait and not all of them; a probe closes it.
type breaker struct {
	open   atomic.Bool
	failed atomic.Int32 // in a row
	// unsettled says that others may still decide alone, or have to tell Redis what they
	// admitted then.
	unsettled atomic.Bool

	mu     sync.Mutex
	since  time.Time
	reason string
	closed int64 // when it was last closed
}

// patience is how many calls may fail in a row. One that was slow may be chance.
const patience = 3

// succeed notes a call that was answered.
func (b *breaker) succeed() {
	if b.failed.Load() != 0 {
		b.failed.Store(0)
	}
}

// fail notes a call that was not, and reports whether that opened the breaker.
func (b *breaker) fail(err error, now time.Time) bool {
	if b.failed.Add(1) < patience || !b.open.CompareAndSwap(false, true) {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.since, b.reason = now, err.Error()
	return true
}

// close has Redis asked again, within the share. It returns since when it was not, and
// why.
func (b *breaker) close(now int64) (since time.Time, reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	since, reason = b.since, b.reason
	b.failed.Store(0)
	b.closed = now
	b.unsettled.Store(true)
	b.open.Store(false)
	return since, reason
}

// doubt has only the share admitted, as after an outage.
func (b *breaker) doubt(now int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = now
	b.unsettled.Store(true)
}

// settle ends what close and doubt began, when all ask again. Before so many beats have
// passed, one that fell silent may still look as if it did; and one that died in the outage
// does not come back at all.
func (b *breaker) settle(now, beat int64, all bool) {
	if !b.unsettled.Load() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	since := now - b.closed
	if all && since > (asksFor+1)*beat || since > int64(countFor) {
		b.unsettled.Store(false)
	}
}
