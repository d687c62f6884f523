package dpop

import (
	"sync"
	"time"
)

// clock reads the time, and notices when it is set back: proofs that were used before are
// forgotten by the time at which the clock calls them young again.
type clock struct {
	now func() time.Time

	mu     sync.Mutex
	ahead  time.Time // the reading that was furthest ahead, with the monotonic one if it has that
	latest time.Time // when the latest proof was made that was accepted
	floor  time.Time // proofs made up to then are refused
}

// read returns the time, and the time after which a proof must be made. That is zero, or after
// the clock was set back, when the latest proof was made that had been accepted before.
func (c *clock) read() (now, floor time.Time) {
	now = c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	// Sub goes by the monotonic clock where both have it, and Round takes that away. Small steps
	// back add up: each is compared with what the clock would say without all of them, but for
	// the 100 ppm by which the two clocks of some systems drift apart.
	passed := max(now.Sub(c.ahead), 0)
	back := c.ahead.Round(0).Add(passed - passed/10_000).Sub(now.Round(0))
	if stepped := !c.ahead.IsZero() && back > slack; stepped || back <= 0 {
		c.ahead = now
		if stepped && c.latest.After(c.floor) {
			c.floor = c.latest
		}
	}
	return now, c.floor
}

// accept notes when a proof was made that is accepted.
func (c *clock) accept(made time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if made.After(c.latest) {
		c.latest = made
	}
}
