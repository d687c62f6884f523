package redisstore

import (
	"time"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

// A lease is a batch of permits that this process took from Redis and has not spent
// yet. Redis counts them as spent at the last moment at which they may be: the limit
// holds whenever that is.
type lease struct {
	left    int
	granted int
	size    int   // what the next one asks for
	from    int64 // when it was asked for
	expires int64 // from then on, what is left is not spent any more
	lent    int64 // when Redis counts it as spent, on the server's clock

	known   int   // what was left in Redis
	resetAt int64 // when that grows
}

// spend takes cost from the lease, if it holds as much.
func (l *lease) spend(now int64, cost int, limit ratelimit.Limit) (ratelimit.Decision, bool) {
	if now >= l.expires || cost > l.left {
		return ratelimit.Decision{}, false
	}
	l.left -= cost
	return ratelimit.Decision{
		Allowed: true, Limit: limit.Quota(), Remaining: l.left + l.known, Reset: time.Duration(max(l.resetAt-now, int64(time.Microsecond))),
	}, true
}

// next is how much to ask for, after what became of the lease before: twice as much
// where it was used up in the first half of its time, half where half of it was not
// used at all. So whoever comes rarely is counted one by one.
func (l *lease) next(now int64, most int) int {
	half := (l.expires - l.from) / 2
	switch {
	case l.granted == 0:
		l.size = 1
	case l.left == 0 && now-l.from < half:
		l.size = min(max(l.size, l.granted)*2, most)
	case l.left > l.granted/2 && now >= l.expires:
		l.size = max(l.size/2, 1)
	}
	return max(l.size, 1)
}

// span is how long a lease of a limit may be spent: a small part of the window, as what
// is lent counts for so much longer.
func (s *Store) span(l ratelimit.Limit) time.Duration {
	return min(s.lease, l.Per()/ratelimit.Precision)
}
