package redisstore

import (
	"context"
	"time"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

// asked is one take on its way to Redis.
type asked struct {
	take   *ratelimit.Take
	word   wording
	q      question
	e      *entry  // nil when there is no room for one
	flight *flight // in leased mode
	// charged says that the share has been charged.
	charged bool
}

// ask has Redis decide the first take, and those behind it of the same owner that this
// process cannot decide. It charges the first to the share where that is needed and not done.
func (s *Store) ask(ctx context.Context, takes []ratelimit.Take, charged bool) (int, error) {
	from := s.now()
	unsettled := s.breaker.unsettled.Load()
	if unsettled && !charged && !s.withinShare(&takes[0]) {
		return 1, nil
	}
	list := make([]asked, 0, len(takes))
	for i := range takes {
		if i > 0 && (s.lease > 0 || unsettled || !sameOwner(takes[0].Key, takes[i].Key) || s.knows(&takes[i])) {
			break
		}
		a, ok := s.prepare(&takes[i], s.lease > 0 && !unsettled)
		a.charged = unsettled || charged && i == 0
		if !ok {
			return 0, nil
		}
		list = append(list, a)
	}
	call := Call{Script: decide, Keys: make([]string, len(list)), Args: make([]string, 1+len(list))}
	call.Args[0] = s.time()
	for i, a := range list {
		call.Keys[i] = name(s.prefix, a.take.Key, a.word)
		call.Args[1+i] = a.q.argument(a.word)
	}
	patience := ctx
	if list[0].flight != nil {
		patience = context.WithoutCancel(ctx) // others wait for the lease, and may share its bucket
	}
	answers, err := s.call(patience, call, len(list))
	for i := range list {
		if i < len(answers) {
			s.apply(&list[i], answers[i], from)
		} else {
			s.unasked(&list[i])
		}
	}
	switch {
	case err == nil:
		return len(answers), nil
	case ctx.Err() != nil:
		return 0, ctx.Err()
	}
	for i := range list {
		if s.alone(&takes[i], list[i].charged); !takes[i].Decision.Allowed {
			return i + 1, nil
		}
	}
	return len(list), nil
}

func sameOwner(a, b ratelimit.Key) bool {
	const half = len(a) / 2
	return [half]byte(a[:half]) == [half]byte(b[:half])
}

// knows reports whether this process can decide by itself.
func (s *Store) knows(t *ratelimit.Take) bool {
	b := bucket{t.Key, t.Limit}
	sh := s.table.shard(b)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	e := sh.entries[b]
	return e != nil && s.now() < e.until
}

// prepare works out what to ask. It is not ok when somebody else has begun to.
func (s *Store) prepare(t *ratelimit.Take, lease bool) (asked, bool) {
	a := asked{take: t, word: s.word(t.Limit), q: question{cost: t.Cost, want: t.Cost}}
	if t.Cost > t.Limit.Quota() {
		a.q.cost, a.q.want = 0, 0 // only look
	}
	now := s.now()
	b := bucket{t.Key, t.Limit}
	sh := s.table.shard(b)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	e := sh.get(b)
	if e == nil {
		return a, true
	}
	lease = lease && a.q.cost > 0
	if lease && e.flight != nil {
		return a, false
	}
	a.e = e
	a.q.birth = e.birth
	a.q.owed = s.settleUp(b, e)
	a.q.own = s.own(b, e)
	if !lease {
		return a, true
	}
	e.flight = &flight{landed: make(chan struct{})}
	a.flight = e.flight
	a.q.want = max(e.lease.next(now, s.most), t.Cost+e.waiting)
	a.q.part = s.nodes.count(s.fixed) + 1
	a.q.ahead = s.span(t.Limit)
	a.q.back, a.q.lent = e.lease.left, e.lease.lent
	e.waiting, e.lease.left = 0, 0
	return a, true
}

// margin is by how much the clocks of a process and a server may differ on when a permit
// comes back, by the way the answer took.
const margin = 250 * time.Millisecond

// counting is how much this process has taken that will still count after a while.
func (s *Store) counting(key ratelimit.Key, l ratelimit.Limit, after time.Duration) int {
	return s.took.Used(key, l, after)
}

// own is how much this process has taken that surely still counts. Where the state has
// ended by itself, nothing does: then a key that is not there is no loss. The lock is held.
func (s *Store) own(b bucket, e *entry) int {
	if e.birth == 0 || s.now() >= e.ends {
		return 0
	}
	return s.counting(b.key, b.limit, margin)
}

// call runs the script, in the time a decision has.
func (s *Store) call(ctx context.Context, c Call, n int) ([]reply, error) {
	s.counts.asked.Add(1)
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	raw, err := s.client.Eval(limited, c)
	var list []reply
	if err == nil {
		list, err = replies(raw, n)
	}
	switch {
	case err == nil:
		s.breaker.succeed()
	case ctx.Err() == nil: // the caller's patience is no sign of anything
		s.failed(err, c.Keys[0])
	}
	return list, err
}

// apply takes in the answer about one bucket. Nobody may spend a lease later than its
// span after it was asked for.
func (s *Store) apply(a *asked, r reply, from int64) {
	t := a.take
	t.Decision = r.decision(t.Limit, t.Cost)
	if t.Cost > t.Limit.Quota() {
		t.Decision.Allowed, t.Decision.RetryAfter = false, ratelimit.Never
	}
	if r.granted > 0 {
		s.took.Charge(t.Key, t.Limit, r.granted)
	}
	if r.granted > 0 && !a.charged {
		s.remember(t.Key, t.Limit, r.granted)
	}
	if a.e == nil {
		return
	}
	b := bucket{t.Key, t.Limit}
	sh := s.table.shard(b)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	e := a.e
	defer a.land()
	e.saw(r, t.Limit, s.now()+int64(a.q.ahead))
	switch {
	case r.granted < 0:
		keep := r.retry
		if s.lease > 0 {
			keep = min(keep, max(s.span(t.Limit), time.Millisecond)) // others may give back
		}
		e.deny(t.Decision, t.Cost, from, keep)
	case a.flight != nil:
		e.lease.granted, e.lease.left = r.granted, r.granted-t.Cost
		e.lease.from, e.lease.expires = from, from+int64(a.q.ahead)
		e.lease.lent, e.lease.known = r.noted, r.remaining
		e.lease.resetAt = from + int64(r.reset)
		t.Decision.Remaining += e.lease.left
	}
}

// unasked puts back what was to be told of a bucket, and was not.
func (s *Store) unasked(a *asked) {
	if a.e == nil {
		return
	}
	b := bucket{a.take.Key, a.take.Limit}
	sh := s.table.shard(b)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s.owe(sh, b, a.q.owed)
	if a.flight != nil {
		a.e.lease = lease{} // what was asked for may be gone: the next one is small
		a.flight.lost = true
	}
	a.land()
}

// land lets those go on that waited. The lock is held.
func (a *asked) land() {
	if a.flight != nil {
		a.e.flight = nil
		close(a.flight.landed)
	}
}

// remember notes what this process admitted, times the processes that share the limit:
// the share of each is used up when that reaches the limit.
func (s *Store) remember(key ratelimit.Key, l ratelimit.Limit, n int) {
	s.mirror.Charge(key, l, min(n*s.nodes.count(s.fixed), l.Quota()))
}
