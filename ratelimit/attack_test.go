package ratelimit_test

import (
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

// TestAttackWithManyAddresses: one that has used up its quota is not forgiven, and
// newcomers are not shut out, while a million addresses come by.
func TestAttackWithManyAddresses(t *testing.T) {
	t.Parallel()
	addresses, max := 1_000_000, 1<<16
	if testing.Short() || raceEnabled {
		addresses, max = 100_000, 1<<13
	}
	for _, s := range []string{"20 per 15m", "20/h burst 20"} {
		c := newClock()
		m := memory(t, ratelimit.MemoryConfig{MaxKeys: max, Now: c.now})
		l := limit(t, s)
		const guilty = 100
		for i := range guilty {
			take(t, m, numbered(-1-i), l, 20)
		}
		for i := range addresses {
			if !take(t, m, numbered(i), l, 1).Allowed && i < max {
				t.Fatalf("%v: address %d is refused", l, i)
			}
			if i%1000 == 0 && m.Len() > max {
				t.Fatalf("%d keys are held", m.Len())
			}
		}
		for i := range guilty {
			if take(t, m, numbered(-1-i), l, 1).Allowed {
				t.Fatalf("%v: a guilty key is forgiven", l)
			}
		}
		left, newcomers := 0, 1000
		for i := range newcomers {
			d := take(t, m, numbered(addresses+i), l, 1)
			if !d.Allowed {
				t.Errorf("%v: newcomer %d is refused", l, i)
			}
			left += d.Remaining
		}
		t.Logf("%v: a newcomer has %d of 19 left", l, left/newcomers)
		// After two windows nothing is left of it.
		c.wait(2 * l.Per())
		for i := range guilty {
			if d := take(t, m, numbered(-1-i), l, 20); !d.Allowed {
				t.Fatalf("%v: %+v long after", l, d)
			}
		}
	}
}

// TestAttackAtFullQuota: even when half as many keys as there is room for are dropped
// at their limit, few newcomers pay, and none after two windows, although light keys
// keep being dropped.
func TestAttackAtFullQuota(t *testing.T) {
	t.Parallel()
	const max = 1 << 13
	c := newClock()
	m := memory(t, ratelimit.MemoryConfig{MaxKeys: max, Now: c.now})
	l := limit(t, "20 per 15m")
	for i := range max * 3 / 2 {
		take(t, m, numbered(i), l, 20)
	}
	refused := func(from int) (n int) {
		for i := range 1000 {
			if !take(t, m, numbered(from+i), l, 1).Allowed {
				n++
			}
		}
		return n
	}
	n := refused(1 << 20)
	t.Logf("%d of 1000 newcomers are refused", n)
	if n > 20 {
		t.Errorf("%d of 1000 newcomers are refused", n)
	}
	for i := range 30 * max { // over three windows
		take(t, m, numbered(1<<30+i), l, 1)
		c.wait(3 * l.Per() / (30 * max))
	}
	if n := refused(1 << 21); n > 0 {
		t.Errorf("%d of 1000 newcomers are refused long after", n)
	}
}

// TestSustainedAttack: what newcomers pay for others does not add up from window to
// window.
func TestSustainedAttack(t *testing.T) {
	t.Parallel()
	const max = 1 << 11
	c := newClock()
	m := memory(t, ratelimit.MemoryConfig{MaxKeys: max, Now: c.now})
	l := limit(t, "20 per 15m")
	const each = 16 * max // new keys in a window
	for window := range 10 {
		for i := range each {
			take(t, m, numbered(window<<32+i), l, 1)
			c.wait(l.Per() / each)
		}
		left := 0
		for i := range 100 {
			left += take(t, m, numbered(-1-window*100-i), l, 0).Remaining
		}
		if left < 100*15 {
			t.Errorf("window %d: a newcomer has %d of 20", window, left/100)
		}
	}
}

// TestTheLeastUsedAreDropped: heavy keys keep their place, and with it all that is
// known of them: here, that ten of fifteen permits came back.
func TestTheLeastUsedAreDropped(t *testing.T) {
	t.Parallel()
	c := newClock()
	m := memory(t, ratelimit.MemoryConfig{MaxKeys: 1 << 10, Now: c.now})
	l := limit(t, "20 per 15m")
	const heavy = 300
	for _, cost := range []int{10, 5} {
		for i := range heavy {
			take(t, m, numbered(-1-i), l, cost)
		}
		c.wait(5 * time.Minute)
	}
	for i := range 20_000 {
		take(t, m, numbered(i), l, 1)
	}
	c.wait(5 * time.Minute)
	kept := 0
	for i := range heavy {
		if take(t, m, numbered(-1-i), l, 0).Remaining == 15 {
			kept++
		}
	}
	if kept < heavy*95/100 {
		t.Errorf("%d of %d heavy keys are held", kept, heavy)
	}
}
