package ratelimit

import (
	"math/bits"
	"time"
)

// state is what is known of one key. Times are nanoseconds on the store's clock.
// From idle on the key is like one that was never seen, whatever the rest says: so
// dropping it then forgets nothing.
//
// A bucket is the time at which it is full again, which is idle, and nothing else
// (GCRA's theoretical arrival time).
//
// A window is a log of what was taken in which neighbours are merged into batches of
// ⌈n/Precision⌉. A batch counts as if all of it was taken when its last was. That
// errs to the strict side, by less than one batch, since only the oldest batch that
// still counts can hold anything that should not: from this follow both promises of
// [Precision]. The newest batch is here, it was last added to at idle − per, and
// holds fill; full ones before it are in batches.
type state struct {
	idle int64
	fill uint32
}

// batches are the full batches of a window, oldest first, in a ring. A time is kept
// in ticks of per/2³⁰, rounded up, modulo 2³².
type batches struct {
	at       [Precision - 1]uint32
	first, n uint8
}

func (b *batches) nth(i int) uint32 { return b.at[(int(b.first)+i)%len(b.at)] }

func (b *batches) pop() {
	b.first = uint8((int(b.first) + 1) % len(b.at))
	b.n--
}

func (b *batches) push(tick uint32) {
	b.at[(int(b.first)+int(b.n))%len(b.at)] = tick
	b.n++
}

// take is the decision: it changes s and old as the answer says and looks at nothing
// else. now is not before any earlier now for the same state.
func (l Limit) take(s *state, old *batches, now int64, cost int) Decision {
	above := cost > l.Quota()
	if above {
		cost = 0 // only look
	}
	var d Decision
	if l.Strict() {
		d = l.takeWindow(s, old, now, cost)
	} else {
		d = l.takeBucket(s, now, cost)
	}
	if above {
		d.Allowed, d.RetryAfter = false, Never
	}
	return d
}

func (l Limit) takeBucket(s *state, now int64, cost int) Decision {
	interval := int64(l.interval())
	full := int64(l.burst) * interval
	debt := min(max(s.idle-now, 0), full) // what is out, in time
	want := int64(cost) * interval
	d := Decision{Limit: int(l.burst), Allowed: debt+want <= full}
	if d.Allowed {
		debt += want
		s.idle = now + debt
	} else {
		d.RetryAfter = time.Duration(debt + want - full)
	}
	d.Remaining = int((full - debt) / interval)
	if debt > 0 {
		d.Reset = time.Duration((debt-1)%interval + 1)
	}
	return d
}

func (l Limit) takeWindow(s *state, old *batches, now int64, cost int) Decision {
	per, batch := int64(l.per), int(l.batch())
	if s.idle <= now {
		s.fill, old.n = 0, 0
	}
	for old.n > 0 && l.ends(s, old, 0) <= now {
		old.pop()
	}
	used := int(old.n)*batch + int(s.fill)
	remaining := max(int(l.n)-used, 0)
	d := Decision{Limit: int(l.n), Allowed: cost <= remaining}
	if d.Allowed {
		l.add(s, old, now, cost)
		remaining -= cost
		used += cost
	} else {
		// The batches that must end to make room; the last one may be the newest.
		d.RetryAfter = time.Duration(l.ends(s, old, (cost-remaining+batch-1)/batch-1) - now)
	}
	d.Remaining = remaining
	if used > 0 {
		d.Reset = min(time.Duration(l.ends(s, old, 0)-now), time.Duration(per))
	}
	return d
}

// add logs cost taken at now.
func (l Limit) add(s *state, old *batches, now int64, cost int) {
	batch := l.batch()
	for cost > 0 {
		if s.fill == batch {
			old.push(uint32(l.ticks(s.idle - int64(l.per))))
			s.fill = 0
		}
		k := min(cost, int(batch-s.fill))
		cost -= k
		s.fill += uint32(k)
		s.idle = now + int64(l.per)
	}
}

// ends is when the i-th batch stops to count: the oldest is 0, those after the full
// ones are the newest.
func (l Limit) ends(s *state, old *batches, i int) int64 {
	if i >= int(old.n) {
		return s.idle
	}
	// No batch was taken after the newest, and none was left that is older by per
	// when the newest was added: 2³⁰ ticks and a few, so the difference is not
	// ambiguous.
	newest := l.ticks(s.idle - int64(l.per))
	at := newest - int64(uint32(newest)-old.nth(i))
	return min(at*l.tick()+int64(l.per), s.idle)
}

// batch is how many permits a window's log merges into one.
func (l Limit) batch() uint32 { return (l.n + Precision - 1) / Precision }

// tick is the grain of a window's log.
func (l Limit) tick() int64 { return (int64(l.per) + 1<<30 - 1) >> 30 }

func (l Limit) ticks(t int64) int64 { return (t + l.tick() - 1) / l.tick() }

// whole is the level of a quota that is used up.
const whole = 1 << 30

// level is how much of the quota is in use beyond what is owed, of whole and rounded
// up. It makes limits comparable. What is owed must be in the state.
func (l Limit) level(s state, old *batches, owed bound, now int64) uint32 {
	if s.idle <= now {
		return 0
	}
	if !l.Strict() {
		per := uint64(l.Per())
		in := share(min(uint64(s.idle-now), per), per, true)
		return in - min(in, owed.level, share(min(uint64(max(owed.idle-now, 0)), per), per, false))
	}
	used := uint64(old.n)*uint64(l.batch()) + uint64(s.fill)
	return share(used-min(used, uint64(owed.level)), uint64(l.n), true)
}

// share is part/of, of whole. It does not overflow: part is at most of.
func share(part, of uint64, up bool) uint32 {
	hi, lo := bits.Mul64(part, whole)
	q, rem := bits.Div64(hi, lo, of)
	if up && rem > 0 {
		q++
	}
	return uint32(q)
}

// assume adds to the state of a key of which only a bound is known. Calls for one state
// come in the order of idle.
func (l Limit) assume(s *state, old *batches, b bound, now int64) {
	if b.idle <= now || b.level == 0 {
		return
	}
	if l.Strict() {
		l.add(s, old, b.idle-int64(l.per), int(b.level))
		return
	}
	hi, lo := bits.Mul64(uint64(b.level), uint64(l.Per()))
	s.idle = min(b.idle, max(s.idle, now)+int64(hi<<34|lo>>30)+1)
}
