package redisstore

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

// entry is what this process knows of one bucket. Times are nanoseconds on the store's
// clock.
type entry struct {
	// denied is the last refusal. Until `until`, a cost of deniedCost or more is refused
	// without asking again.
	denied     ratelimit.Decision
	deniedCost int
	deniedAt   int64
	until      int64

	lease lease
	// flight is open while somebody fetches a lease; the others wait for it.
	flight  *flight
	waiting int

	// birth is that of the bucket's state in Redis when it was last seen, and owed what
	// was admitted here since without asking.
	birth int64
	owed  int
	// ends is when that state ends by itself, if nobody else takes of it.
	ends int64
}

// flight is a lease on its way.
type flight struct {
	landed chan struct{} // closed when the answer is here, or will not come
	lost   bool          // it will not come; to be read after landed
}

// saw notes the state that an answer was about, at now or when a lease ends.
func (e *entry) saw(r reply, l ratelimit.Limit, now int64) {
	e.birth, e.ends = r.birth, now
	switch out := l.Quota() - r.remaining; {
	case l.Strict():
		e.ends += int64(l.Per())
	case out > 0:
		e.ends += int64(out-1)*int64(l.Per())/int64(l.Quota()) + int64(r.reset)
	}
}

// busy says that the entry holds what must not be forgotten.
func (e *entry) busy() bool { return e.owed > 0 || e.flight != nil || e.lease.left > 0 }

// refused answers from the last refusal, if that still stands for the cost.
func (e *entry) refused(now int64, cost int) (ratelimit.Decision, bool) {
	if now >= e.until || cost < e.deniedCost {
		return ratelimit.Decision{}, false
	}
	d := e.denied
	since := time.Duration(now - e.deniedAt)
	d.RetryAfter = max(d.RetryAfter-since, time.Microsecond)
	d.Reset = max(d.Reset-since, 0)
	d.RetryAfter = max(d.RetryAfter, d.Reset)
	if cost > d.Limit {
		d.RetryAfter = ratelimit.Never
	}
	return d, true
}

// deny remembers a refusal for so long.
func (e *entry) deny(d ratelimit.Decision, cost int, now int64, keep time.Duration) {
	e.denied, e.deniedCost, e.deniedAt, e.until = d, cost, now, now+int64(keep)
}

type bucket struct {
	key   ratelimit.Key
	limit ratelimit.Limit
}

// table holds the entries, in shards. It is bounded: when a shard is full, an entry
// that is not busy makes room, which costs no more than a question to Redis. Where all
// are busy, a bucket has none.
type table struct {
	seed   maphash.Seed
	shards [64]tableShard
}

type tableShard struct {
	mu      sync.Mutex
	entries map[bucket]*entry
	max     int
	_       [40]byte // one shard to a cache line
}

func newTable(max int) *table {
	t := &table{seed: maphash.MakeSeed()}
	for i := range t.shards {
		t.shards[i].entries = map[bucket]*entry{}
		t.shards[i].max = (max + len(t.shards) - 1) / len(t.shards)
	}
	return t
}

func (t *table) shard(b bucket) *tableShard {
	return &t.shards[maphash.Comparable(t.seed, b.key)%uint64(len(t.shards))]
}

// get returns the entry of a bucket, and makes it; nil if there is no room. The lock is
// held.
func (s *tableShard) get(b bucket) *entry {
	if e := s.entries[b]; e != nil {
		return e
	}
	if len(s.entries) >= s.max && !s.makeRoom() {
		return nil
	}
	e := new(entry)
	s.entries[b] = e
	return e
}

// looks is among how many entries one is sought that may go.
const looks = 8

func (s *tableShard) makeRoom() bool {
	seen := 0
	for b, e := range s.entries { // in no order
		if !e.busy() {
			delete(s.entries, b)
			return true
		}
		if seen++; seen == looks {
			break
		}
	}
	return false
}

// each calls f for every entry, with its lock held.
func (t *table) each(f func(b bucket, e *entry)) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		for b, e := range s.entries {
			f(b, e)
		}
		s.mu.Unlock()
	}
}
