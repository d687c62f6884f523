package account

import (
	"sync/atomic"
	"time"
)

// storeClock tells the time of a store with a clock of its own outside of transactions too:
// the last one's, and what has passed since then on this machine. Setting this machine's
// clock changes neither.
type storeClock struct{ last atomic.Pointer[reading] }

type reading struct{ store, here time.Time }

// saw notes the store's time at a moment of this process. here keeps its monotonic reading.
func (c *storeClock) saw(store, here time.Time) { c.last.Store(&reading{store, here}) }

// storeNow is the time that is compared with what is stored: the store's where it has a clock,
// so that processes on machines whose clocks differ judge alike, and otherwise this machine's.
func (a *Accounts) storeNow() time.Time {
	now := a.now()
	if r := a.clock.last.Load(); r != nil {
		return r.store.Add(now.Sub(r.here))
	}
	return now
}
