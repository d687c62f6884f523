package ratelimit

import (
	"math/bits"
	"time"
)

// state is what is known of one key. From idle on, the key is like one that was never
// seen, whatever the rest says: so dropping it then forgets nothing.
//
// A bucket is the time at which it is full again, which is idle, and nothing else
// (GCRA's theoretical arrival time).
//
// A window is a log of what was taken in which neighbours are merged into batches of
// ⌈n/Precision⌉. A batch counts as if all of it was taken when its last was. That
// errs to the strict side, by less than one batch, since only the oldest batch that
// still counts can hold anything that should not: from this follow both promises of
// [Precision]. The newest batch was last added to at idle − per, and holds fill. The
// full ones before it are in at, oldest first, each as the tick of its last.
//
// A store holds a great many, so there is no byte between the fields, and no pointer.
type state struct {
	halves [2]uint32 // of idle, which would otherwise align the whole to 8 bytes
	fill   uint32
	meta   uint16 // what the store notes of the limit, and in the low bits the length of at
	at     [Precision - 1]uint16
}

// lenBits hold the length of a log.
const lenBits = 4

// idle is a time in nanoseconds on the store's clock.
func (s *state) idle() int64 { return int64(uint64(s.halves[1])<<32 | uint64(s.halves[0])) }

func (s *state) setIdle(t int64) { s.halves = [2]uint32{uint32(t), uint32(t >> 32)} }

// full is how many full batches there are.
func (s *state) full() int { return int(s.meta & (1<<lenBits - 1)) }

// pop forgets the n oldest batches.
func (s *state) pop(n int) {
	if n > 0 {
		copy(s.at[:], s.at[n:s.full()])
		s.meta -= uint16(n)
	}
}

func (s *state) push(tick uint16) {
	s.at[s.full()] = tick
	s.meta++
}

// take is the decision: it changes s as the answer says and looks at nothing else. now
// is not before any earlier now for the same state.
func (l Limit) take(s *state, now int64, cost int) Decision {
	above := cost > l.Quota()
	if above {
		cost = 0 // only look
	}
	var d Decision
	if l.Strict() {
		d = l.takeWindow(s, now, cost)
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
	debt := min(max(s.idle()-now, 0), full) // what is out, in time
	want := int64(cost) * interval
	d := Decision{Limit: int(l.burst), Allowed: debt+want <= full}
	if d.Allowed {
		debt += want
		s.setIdle(now + debt)
	} else {
		d.RetryAfter = time.Duration(debt + want - full)
	}
	d.Remaining = int((full - debt) / interval)
	if debt > 0 {
		d.Reset = time.Duration((debt-1)%interval + 1)
	}
	return d
}

func (l Limit) takeWindow(s *state, now int64, cost int) Decision {
	batch := int(l.batch())
	l.forget(s, now)
	used := s.full()*batch + int(s.fill)
	remaining := max(int(l.n)-used, 0)
	d := Decision{Limit: int(l.n), Allowed: cost <= remaining}
	if d.Allowed {
		l.add(s, now, cost)
		remaining -= cost
		used += cost
	} else {
		// The batches that must end to make room; the last one may be the newest.
		d.RetryAfter = time.Duration(l.ends(s, (cost-remaining+batch-1)/batch-1) - now)
	}
	d.Remaining = remaining
	if used > 0 {
		d.Reset = min(time.Duration(l.ends(s, 0)-now), l.per)
	}
	return d
}

// forget drops from the log what does not count any more.
func (l Limit) forget(s *state, now int64) {
	if s.idle() <= now {
		s.fill = 0
		s.pop(s.full())
	}
	ended := 0
	for ended < s.full() && l.ends(s, ended) <= now {
		ended++
	}
	s.pop(ended)
}

// add logs cost taken at now.
func (l Limit) add(s *state, now int64, cost int) {
	batch := l.batch()
	for cost > 0 {
		if s.fill == batch {
			s.push(uint16(l.ticks(s.idle() - int64(l.per))))
			s.fill = 0
		}
		k := min(cost, int(batch-s.fill))
		cost -= k
		s.fill += uint32(k)
		s.setIdle(now + int64(l.per))
	}
}

// ends is when the i-th batch stops to count: the oldest is 0, those after the full
// ones are the newest.
func (l Limit) ends(s *state, i int) int64 {
	if i >= s.full() {
		return s.idle()
	}
	// No batch was taken after the newest, and none was left that is older by per
	// when the newest was added: 2¹⁵ ticks and a few, so the difference is not
	// ambiguous.
	newest := l.ticks(s.idle() - int64(l.per))
	at := newest - int64(uint16(newest)-s.at[i])
	return min(at*l.tick()+int64(l.per), s.idle())
}

// batch is how many permits a window's log merges into one.
func (l Limit) batch() uint32 { return (l.n + Precision - 1) / Precision }

// tick is the grain of a window's log: what it keeps of a time is rounded up to one,
// modulo 2¹⁶ of them. A time moves by less than a tick, so by less than per/Grain.
func (l Limit) tick() int64 { return (int64(l.per) + Grain - 1) / Grain }

func (l Limit) ticks(t int64) int64 { return (t + l.tick() - 1) / l.tick() }

// whole is the level of a quota that is used up.
const whole = 1 << 30

// level is how much of the quota is in use beyond what is owed, of whole and rounded
// up. It makes limits comparable. What is owed must be in the state.
func (l Limit) level(s *state, owed bound, now int64) uint32 {
	if s.idle() <= now {
		return 0
	}
	if !l.Strict() {
		per := uint64(l.Per())
		in := share(min(uint64(s.idle()-now), per), per, true)
		return in - min(in, owed.level, share(min(uint64(max(owed.idle-now, 0)), per), per, false))
	}
	used := uint64(s.full())*uint64(l.batch()) + uint64(s.fill)
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
func (l Limit) assume(s *state, b bound, now int64) {
	if b.idle <= now || b.level == 0 {
		return
	}
	if l.Strict() {
		l.add(s, b.idle-int64(l.per), int(b.level))
		return
	}
	hi, lo := bits.Mul64(uint64(b.level), uint64(l.Per()))
	s.setIdle(min(b.idle, max(s.idle(), now)+int64(hi<<34|lo>>30)+1))
}
