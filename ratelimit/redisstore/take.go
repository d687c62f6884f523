package redisstore

import (
	"context"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

// Take implements [ratelimit.Store]. The only errors are those of the arguments and of
// ctx: without Redis, this process decides alone.
func (s *Store) Take(ctx context.Context, key ratelimit.Key, l ratelimit.Limit, cost int) (ratelimit.Decision, error) {
	takes := [1]ratelimit.Take{{Key: key, Limit: l, Cost: cost}}
	_, err := s.TakeAll(ctx, takes[:])
	return takes[0].Decision, err
}

// TakeAll implements [ratelimit.Joint]. What has to be asked of Redis about one owner is
// asked in one round trip.
func (s *Store) TakeAll(ctx context.Context, takes []ratelimit.Take) (int, error) {
	for i := range takes {
		if err := takes[i].Check(); err != nil {
			return 0, err
		}
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	for i := 0; i < len(takes); {
		n, err := s.step(ctx, takes[i:])
		if err != nil {
			return i, err
		}
		i += n
		if !takes[i-1].Decision.Allowed {
			return i, nil
		}
	}
	return len(takes), nil
}

// step decides the first take, and with it those after it that can be asked about
// together.
func (s *Store) step(ctx context.Context, takes []ratelimit.Take) (int, error) {
	t := &takes[0]
	charged := false // the share has been, for t
	for {
		wait, local := s.local(t)
		switch {
		case local:
			return 1, nil
		case s.breaker.open.Load():
			if s.inOutage(t, charged) {
				return 1, nil
			}
			charged = true
			continue
		case wait == nil:
			if n, err := s.ask(ctx, takes, charged); n > 0 || err != nil {
				return n, err
			}
			continue // somebody else asks
		}
		select {
		case <-wait.landed:
			if wait.lost { // the next would wait as long in vain, and who is behind it longer
				s.alone(t, charged)
				return 1, nil
			}
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// local decides by what this process knows already. Otherwise there may be a flight to
// wait for; if not, the caller is the one to ask.
func (s *Store) local(t *ratelimit.Take) (wait *flight, ok bool) {
	now := s.now()
	b := bucket{t.Key, t.Limit}
	sh := s.table.shard(b)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	e := sh.entries[b]
	if e == nil {
		return nil, false
	}
	if t.Decision, ok = e.refused(now, t.Cost); ok {
		s.counts.denied.Add(1)
		return nil, true
	}
	if s.lease == 0 || t.Cost == 0 {
		return nil, false
	}
	if t.Decision, ok = e.lease.spend(now, t.Cost, t.Limit); ok {
		s.counts.leased.Add(1)
		return nil, true
	}
	if e.flight != nil {
		e.waiting = min(e.waiting+min(t.Cost, t.Limit.Quota()), s.most)
		return e.flight, false
	}
	return nil, false
}
