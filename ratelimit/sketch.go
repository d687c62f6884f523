package ratelimit

import "time"

// sketch remembers of dropped keys an upper bound of what they used. A key has three
// cells in each of two generations; a cell takes the highest of what is noted in it,
// so that it is a bound of every key it stands for, and the lowest of three is one.
//
// A key is noted in the fresh generation. When nothing counts any more of the former
// one, the fresh one takes its place. So all is out of the sketch after twice the
// longest Per, and light keys that are noted again and again cannot keep the bound of a
// heavy one alive. What a key owes is at most the sum of both.
type sketch struct {
	gen   [2][]cell
	epoch uint32
	start int64 // when the fresh one began
	idle  int64 // when all of the fresh one is idle
	dead  int64 // when all of the former one is
}

const (
	fresh = iota
	former
)

type cell struct {
	level uint32
	// idle is when all the keys noted are idle, in grains, rounded up.
	idle uint32
}

const (
	cellsPerKey = 8
	rows        = 3
	// grainBits makes the grain of time of a cell: 67 ms. It lasts for nine years; a
	// process that lives longer does not forget what it noted.
	grainBits = 26
)

// newSketch returns the sketch of a shard of max keys.
func newSketch(max int, now int64) *sketch {
	n := 1
	for n < max*cellsPerKey {
		n *= 2
	}
	return &sketch{gen: [2][]cell{make([]cell, n), make([]cell, n)}, epoch: 1, start: now}
}

// at is the i-th cell of a key.
func (s *sketch) at(g int, hash uint64, i int) *cell {
	return &s.gen[g][mix(hash+uint64(i))%uint64(len(s.gen[g]))]
}

// mix spreads its input over all bits (the finalizer of MurmurHash3's 64-bit form).
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// minAge is how long a generation lasts at least, so that clearing one is rare.
const minAge = int64(time.Second)

// age turns the generations when it is time.
func (s *sketch) age(now int64) {
	if now < s.start+minAge || now < s.dead {
		return
	}
	s.gen[fresh], s.gen[former] = s.gen[former], s.gen[fresh]
	clear(s.gen[fresh])
	s.epoch++
	s.start, s.idle, s.dead = now, 0, s.idle
}

// note adds a key that is dropped.
func (s *sketch) note(hash uint64, level uint32, idle int64) {
	grains := ceilGrain(idle)
	s.idle = max(s.idle, fromGrain(grains))
	for i := range rows {
		c := s.at(fresh, hash, i)
		c.level, c.idle = max(c.level, level), max(c.idle, grains)
	}
}

// bound is what is known of a key: its level is no higher, and it is idle no later. The
// decision of a window counts the level in permits.
type bound struct {
	level uint32
	idle  int64
}

func (s *sketch) recall(g int, hash uint64, now int64) bound {
	b := bound{whole, 1 << 62}
	for i := range rows {
		c := s.at(g, hash, i)
		b.level, b.idle = min(b.level, c.level), min(b.idle, fromGrain(c.idle))
	}
	if b.idle <= now {
		return bound{}
	}
	return b
}

func ceilGrain(t int64) uint32 {
	return uint32(min((t+1<<grainBits-1)>>grainBits, 1<<32-1))
}

func fromGrain(g uint32) int64 {
	if g == 1<<32-1 {
		return 1 << 62
	}
	return int64(g) << grainBits
}

// debt is what was assumed of a key when it was put in that the former generation
// holds, and when it leaves the key's state. The sketch still has it, so that it is not
// noted once more when the key is dropped. Otherwise every key would hand on what it
// was charged for others, and that would never end.
type debt struct {
	epoch  uint32
	amount uint32 // permits of a window, the level of a bucket
	until  int64
}

// recall assumes in st what the sketch knows of the key.
func (d *debt) recall(s *sketch, l Limit, st *state, hash uint64, now int64) {
	whole := uint32(whole)
	var b [2]bound
	for g := range b {
		b[g] = s.recall(g, hash, now)
		b[g].idle = min(b[g].idle, now+int64(l.Per()))
	}
	if l.Strict() {
		whole = l.n
		for g := range b {
			b[g].level = uint32(uint64(b[g].level) * uint64(l.n) >> 30)
		}
	}
	first, second := &b[fresh], &b[former]
	if first.idle > second.idle {
		first, second = second, first
	}
	// Together no more than the whole. The one that ends later is kept.
	first.level = min(first.level, whole-second.level)
	l.assume(st, *first, now)
	l.assume(st, *second, now)
	*d = debt{s.epoch, b[former].level, b[former].idle}
}

// owed is what the former generation still has of the debt. When the generations have
// turned since, it is nothing.
func (d *debt) owed(s *sketch, now int64) bound {
	if s.epoch != d.epoch || d.until <= now {
		return bound{}
	}
	return bound{d.amount, d.until}
}
