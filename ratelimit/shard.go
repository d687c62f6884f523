package ratelimit

import (
	"math/rand/v2"
	"sync"
)

// A shard holds the keys whose owner's hash ends in its number.
type shard struct {
	mu     sync.Mutex
	last   int64 // the latest time it saw
	max    int
	limits *interned
	table  table
	hand   int      // where the sweep goes on
	lost   *sketch  // nil until a key was evicted
	debts  []debt   // of slots, by the same number; empty like lost
	_      [64]byte // keeps the locks of two shards off one cache line
}

// bucket is a key under a limit.
type bucket struct {
	key    Key
	number uint16 // of limit
	limit  Limit
	hash   uint64 // of key and limit
}

// take is Take with the lock held.
func (s *shard) take(b *bucket, now int64, cost int) Decision {
	now = max(now, s.last)
	s.last = now
	if i := s.table.find(b.hash, &b.key, b.number); i >= 0 {
		return b.limit.take(&s.table.slot(i).state, now, cost)
	}
	return s.takeNew(b, now, cost)
}

// takeNew is take for a key that is not held. It is put in when something is admitted.
func (s *shard) takeNew(b *bucket, now int64, cost int) Decision {
	p := slot{key: b.key, state: state{meta: b.number << lenBits}}
	var owed debt
	if s.lost != nil {
		s.lost.age(now)
		owed.recall(s.lost, b.limit, &p.state, b.hash, now)
	}
	answer := b.limit.take(&p.state, now, cost)
	if answer.Allowed && cost > 0 {
		s.put(&p, b.hash, owed, now)
	}
	return answer
}

// put holds a new key.
func (s *shard) put(p *slot, hash uint64, owed debt, now int64) {
	s.sweep(now)
	if s.table.n >= s.max {
		s.evict(now)
	}
	if s.table.crowded() {
		s.table.rebuild()
	}
	i := s.table.add(p, hash)
	if s.debts != nil {
		s.debts[i] = owed
	}
}

// perPut is how many slots are looked at for each new key. At two, a shard into which
// keys come holds about as many idle keys as live ones at the worst.
const perPut = 2

// sweep drops idle keys, a few at a time.
func (s *shard) sweep(now int64) {
	for range perPut {
		if s.table.n == 0 {
			return
		}
		s.hand++
		if s.hand >= s.table.n {
			s.hand = 0
		}
		if s.table.slot(s.hand).idle() <= now {
			s.drop(s.hand)
		}
	}
}

// sample is how many keys an eviction picks from.
const sample = 8

// evict makes room: it drops the least used of a few keys picked at random and notes
// what that key used.
func (s *shard) evict(now int64) {
	if s.lost == nil {
		s.lost = newSketch(s.max, now)
		s.debts = make([]debt, s.max)
	}
	victim, least := 0, uint32(whole+1)
	for range sample {
		i := rand.IntN(s.table.n)
		if level := s.level(i, now); level < least {
			victim, least = i, level
		}
	}
	if least > 0 {
		s.lost.note(s.table.hash(victim), least, s.table.slot(victim).idle())
	}
	s.drop(victim)
}

// level is what the sketch must be told of the i-th slot when it is dropped.
func (s *shard) level(i int, now int64) uint32 {
	p := s.table.slot(i)
	return s.limits.limit(p.number()).level(&p.state, s.debts[i].owed(s.lost, now), now)
}

// drop forgets the i-th slot; the last one takes its place.
func (s *shard) drop(i int) {
	s.table.remove(i)
	if s.debts != nil {
		s.debts[i] = s.debts[s.table.n]
	}
}
