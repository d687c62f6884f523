package ratelimit

import (
	"hash/maphash"
	"math/rand/v2"
	"time"
)

// id tells buckets apart: a key under two limits is two.
type id struct {
	key           Key
	n, burst, sec uint32
}

func (l Limit) of(key Key) id {
	return id{key, l.n, l.burst, uint32(l.per / time.Second)}
}

func (d id) limit() Limit {
	return Limit{n: d.n, burst: d.burst, per: time.Duration(d.sec) * time.Second}
}

// slot is a key that is held. Its log, if any, is in shard.logs.
type slot struct {
	id   id
	fill uint32
	idle int64
}

func (s slot) state() state { return state{s.idle, s.fill} }

// take is Take with the lock held.
func (s *shard) take(d id, hash uint64, l Limit, now int64, cost int) Decision {
	now = max(now, s.last)
	s.last = now
	if i, ok := s.index[d]; ok {
		p := &s.slots[i]
		st := p.state()
		answer := l.take(&st, s.log(i, l), now, cost)
		p.idle, p.fill = st.idle, st.fill
		return answer
	}
	return s.takeNew(d, hash, l, now, cost)
}

// takeNew is take for a key that is not held. It is put in when something is admitted.
func (s *shard) takeNew(d id, hash uint64, l Limit, now int64, cost int) Decision {
	var st state
	var log batches
	var owed debt
	if s.lost != nil {
		s.lost.age(now)
		owed.recall(s.lost, l, &st, &log, hash, now)
	}
	answer := l.take(&st, &log, now, cost)
	if answer.Allowed && cost > 0 {
		s.put(slot{d, st.fill, st.idle}, &log, owed, now)
	}
	return answer
}

func (s *shard) log(i uint32, l Limit) *batches {
	if !l.Strict() {
		return nil
	}
	return &s.logs[i]
}

// put holds a new key.
func (s *shard) put(p slot, log *batches, owed debt, now int64) {
	s.sweep(now)
	if len(s.slots) >= s.max {
		s.evict(now)
	}
	if p.id.limit().Strict() && s.logs == nil {
		s.logs = make([]batches, len(s.slots), cap(s.slots))
	}
	s.index[p.id] = uint32(len(s.slots))
	s.slots = append(s.slots, p)
	if s.logs != nil {
		s.logs = append(s.logs, *log)
	}
	if s.debts != nil {
		s.debts = append(s.debts, owed)
	}
}

// perPut is how many slots are looked at for each new key. At two, a shard into which
// keys come holds about as many idle keys as live ones at the worst.
const perPut = 2

// sweep drops idle keys, a few at a time.
func (s *shard) sweep(now int64) {
	for range perPut {
		if len(s.slots) == 0 {
			return
		}
		s.hand++
		if s.hand >= len(s.slots) {
			s.hand = 0
		}
		if s.slots[s.hand].idle <= now {
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
		s.debts = make([]debt, len(s.slots), cap(s.slots))
	}
	victim, least := 0, uint32(whole+1)
	for range sample {
		i := rand.IntN(len(s.slots))
		if level := s.level(i, now); level < least {
			victim, least = i, level
		}
	}
	if least > 0 {
		p := &s.slots[victim]
		s.lost.note(maphash.Comparable(s.seed, p.id), least, p.idle)
	}
	s.drop(victim)
}

// level is what the sketch must be told of the i-th slot when it is dropped.
func (s *shard) level(i int, now int64) uint32 {
	p := &s.slots[i]
	l := p.id.limit()
	return l.level(p.state(), s.log(uint32(i), l), s.debts[i].owed(s.lost, now), now)
}

// drop forgets the i-th slot; the last one takes its place.
func (s *shard) drop(i int) {
	last := len(s.slots) - 1
	delete(s.index, s.slots[i].id)
	if i != last {
		s.slots[i] = s.slots[last]
		s.index[s.slots[i].id] = uint32(i)
	}
	s.slots = s.slots[:last]
	if s.logs != nil {
		s.logs[i] = s.logs[last]
		s.logs = s.logs[:last]
	}
	if s.debts != nil {
		s.debts[i] = s.debts[last]
		s.debts = s.debts[:last]
	}
}
