package redisstore

import (
	"context"
	"time"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

// alone decides without Redis, by this process's share, after a call that failed. What was
// charged to the share before that call is not charged again.
func (s *Store) alone(t *ratelimit.Take, charged bool) { s.decide(t, charged, false) }

// inOutage decides like alone, unless the outage has ended meanwhile. Then what it would admit is
// told too late, and Redis has to be asked; the share has been charged.
func (s *Store) inOutage(t *ratelimit.Take, charged bool) bool { return s.decide(t, charged, true) }

func (s *Store) decide(t *ratelimit.Take, charged, outage bool) bool {
	d := s.fromShare(t, charged)
	if d.Allowed && t.Cost > 0 && !s.admit(t, outage) {
		return false
	}
	t.Decision = d
	s.counts.alone.Add(1)
	return true
}

// admit notes what is admitted alone, in an outage only while that lasts: recover closes the
// breaker, and then tells what it finds under the locks.
func (s *Store) admit(t *ratelimit.Take, outage bool) bool {
	b := bucket{t.Key, t.Limit}
	sh := s.table.shard(b)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if outage && !s.breaker.open.Load() {
		return false
	}
	s.took.Charge(t.Key, t.Limit, t.Cost)
	s.owe(sh, b, t.Cost)
	return true
}

// owe notes what Redis has to be told of a bucket. The entry may have made room for
// another since it was seen. The lock is held.
func (s *Store) owe(sh *tableShard, b bucket, n int) {
	if n == 0 {
		return
	}
	if e := sh.get(b); e != nil {
		e.owed += n
		s.owes.Store(true)
	} else {
		s.counts.untold.Add(int64(n))
	}
}

// settleUp takes out what Redis is to be told of a bucket: what is over by now is nothing
// to tell. The lock is held.
func (s *Store) settleUp(b bucket, e *entry) (owed int) {
	if e.owed > 0 {
		owed, e.owed = min(e.owed, s.counting(b.key, b.limit, 0)), 0
	}
	return owed
}

// withinShare takes from this process's share, and refuses what is above it. What Redis
// refuses afterwards stays taken: that is for some seconds after an outage only.
func (s *Store) withinShare(t *ratelimit.Take) bool {
	d := s.fromShare(t, false)
	if !d.Allowed {
		t.Decision = d
		s.counts.alone.Add(1)
	}
	return d.Allowed || t.Cost > t.Limit.Quota()
}

// fromShare takes from this process's share. Every permit counts as many times as there
// are processes, and at the most as the whole quota, so that one at a time is always
// admitted. What was charged is admitted: only the rest is looked at.
func (s *Store) fromShare(t *ratelimit.Take, charged bool) ratelimit.Decision {
	n := s.nodes.count(s.fixed)
	quota := t.Limit.Quota()
	cost := t.Cost
	charged = charged && cost <= quota // more than that is never charged
	switch {
	case charged:
		cost = 0
	case cost <= quota:
		cost = min(cost*n, quota)
	}
	d, _ := s.mirror.Take(context.Background(), t.Key, t.Limit, cost) // Check said that it has no error
	if charged {
		d.Allowed, d.RetryAfter = true, 0
	}
	d.Degraded = true
	d.Remaining /= n
	return d
}

// failed notes a call about key that Redis did not answer.
func (s *Store) failed(err error, key string) {
	s.failing.Store(&key)
	s.counts.failed.Add(1)
	if s.breaker.fail(err, s.clock()) && s.notify != nil {
		s.notify(Change{Degraded: true, Reason: err.Error(), Nodes: s.nodes.count(s.fixed)})
	}
}

// recover tells Redis what was admitted without it, and has it asked again. The others learn that
// this process asks by its next beat, which comes after everything is told: until then they keep
// to their shares.
func (s *Store) recover(ctx context.Context) {
	if !s.tell(ctx) {
		return
	}
	_, known, err := s.sayHere(ctx, countFor, false)
	if err != nil {
		return
	}
	if !known { // it may have lost its keys, also those of which nothing is owed
		s.report(ctx, lastSeen)
	}
	since, reason := s.breaker.close(s.now())
	s.tell(ctx) // what was admitted in between
	if s.notify != nil {
		s.notify(Change{Reason: reason, Lasted: s.clock().Sub(since), Nodes: s.nodes.count(s.fixed)})
	}
}

// remind tells a server that has lost its keys what this process took. Those that others
// took are told by them: until then it is the share that holds.
func (s *Store) remind(ctx context.Context) {
	s.breaker.doubt(s.now())
	s.report(ctx, lastSeen)
	if s.notify != nil {
		s.notify(Change{Lost: true, Reason: "the server lost its keys", Nodes: s.nodes.count(s.fixed)})
	}
}

// lastSeen picks what has a state in Redis: the question has its birth, and what to add
// if it is another.
func lastSeen(_ bucket, e *entry, _ *question) bool { return e.birth != 0 }

// atOnce is how many buckets are told about in one call.
const atOnce = 512

// tellFor is how long one such call may take.
const tellFor = 2 * time.Second

// telling is what Redis is told of one bucket.
type telling struct {
	b bucket
	q question
}

// tell reports what is owed, and reports whether all of it arrived.
func (s *Store) tell(ctx context.Context) bool {
	return s.report(ctx, func(b bucket, e *entry, q *question) bool {
		q.owed = s.settleUp(b, e)
		return q.owed > 0
	})
}

// giveBack returns what is left of leases that ended; of all, when the Store closes.
func (s *Store) giveBack(ctx context.Context, all bool) {
	now := s.now()
	s.report(ctx, func(_ bucket, e *entry, q *question) bool {
		if e.lease.left == 0 || e.flight != nil || !all && now < e.lease.expires {
			return false
		}
		q.back, q.lent = e.lease.left, e.lease.lent
		e.lease.left = 0
		return true
	})
}

// report asks nothing but tells Redis what pick says of each entry.
func (s *Store) report(ctx context.Context, pick func(bucket, *entry, *question) bool) bool {
	var list []telling
	s.table.each(func(b bucket, e *entry) {
		q := question{birth: e.birth}
		if pick(b, e, &q) {
			q.own = s.own(b, e)
			list = append(list, telling{b, q})
		}
	})
	ok := true
	for len(list) > 0 {
		n := min(len(list), atOnce)
		calls := make([]Call, n)
		for i, t := range list[:n] {
			w := s.word(t.b.limit)
			calls[i] = Call{decide, []string{name(s.prefix, t.b.key, w)}, []string{s.time(), t.q.argument(w)}}
		}
		limited, cancel := context.WithTimeout(ctx, tellFor)
		answers := s.client.EvalAll(limited, calls)
		cancel()
		for i, a := range answers {
			got, err := replies(a.Integers, 1)
			ok = ok && a.Err == nil && err == nil
			s.told(list[i], got)
		}
		list = list[n:]
	}
	return ok
}

// told takes in the answer to a report; without one, what was to be told stays owed.
func (s *Store) told(t telling, got []reply) {
	sh := s.table.shard(t.b)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if len(got) == 0 {
		s.owe(sh, t.b, t.q.owed)
	} else if e := sh.entries[t.b]; e != nil {
		e.saw(got[0], t.b.limit, s.now())
	}
}
