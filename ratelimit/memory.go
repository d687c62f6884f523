package ratelimit

import (
	"context"
	"encoding/binary"
	"hash/maphash"
	"math/rand/v2"
	"time"
)

// DefaultMaxKeys is the MaxKeys of the zero MemoryConfig: about 8 MB when it is full,
// and 27 MB once it had to drop keys.
const DefaultMaxKeys = 1 << 17

// maxMaxKeys keeps every index in 32 bits with room to spare.
const maxMaxKeys = 1 << 28

// MemoryConfig says how much a [Memory] may hold.
type MemoryConfig struct {
	// MaxKeys is how many keys are held at most; 0 is [DefaultMaxKeys], the most is
	// 1<<28. Of many keys, each takes 58 to 64 bytes; 144 to 272 more once keys had
	// to be dropped. The number is split evenly over up to 64 shards, of which some
	// may be full shortly before the whole is. All keys that begin with the same 8
	// bytes, which name their owner, are in one shard, so no owner may have buckets
	// without bound.
	MaxKeys int
	// Now is the clock; the system's monotonic clock if nil.
	Now func() time.Time
}

// Memory is the [Store] in this process. It holds what it is given up to MaxKeys, and
// a key no longer than the limit's [Limit.Per] after it was last admitted; keys that
// ended are swept as new ones come, without a goroutine. A refused key that is not held
// is not put in.
//
// When it is full and a new key comes, it drops the least used of eight keys picked at
// random, and notes an upper bound of what that key used in three cells, which a hash
// under a secret picks. There are eight to sixteen cells for each of the MaxKeys. A key
// that is not held starts with the lowest bound of its three cells. So:
//
//   - Nobody is forgiven. The limit holds for every key, however often it is dropped.
//     Under a strict window, what a dropped key used counts as if all of it was taken
//     when its last was, and for 67 ms longer.
//   - Keys that are held pay nothing for others.
//   - A new key pays for others only if all of its three cells hold dropped keys, then
//     what the lowest of the three bounds says, and for no longer than twice the
//     longest Per of the keys dropped. What is paid for others does not add up from
//     window to window.
//
// To shut new keys out, an attacker has to use up whole quotas: 1.5·MaxKeys keys at
// their limit hit fewer than one new key in fifty. As many as sixteen new keys for each
// of the MaxKeys in one Per, with one request each, cost a new key three or four
// permits. So MaxKeys has to fit the smallest quota: a sixteenth of the keys an attacker
// is thought to have is enough for a quota of 20.
//
// It tells 4095 limits apart, and keeps them for good; [ErrLimits] is the answer to one
// more. Limits come from a configuration, so there are few.
//
// Memory is for use by many goroutines. Each process that has one admits the whole
// limit for itself.
type Memory struct {
	now    func() time.Time // nil for the system's clock
	start  time.Time
	seed   maphash.Seed
	owner  [2]uint64 // secret, for the shard of an owner
	limits interned
	// shards are a power of two, each with a lock of its own.
	shards []shard
}

const (
	maxShards   = 64
	minPerShard = 64
)

// NewMemory returns an empty store. An error is a *[ConfigError].
func NewMemory(c MemoryConfig) (*Memory, error) {
	if c.MaxKeys == 0 {
		c.MaxKeys = DefaultMaxKeys
	}
	if c.MaxKeys < 0 || c.MaxKeys > maxMaxKeys {
		return nil, configError("MaxKeys", c.MaxKeys, "it is 1 to 268435456; leave it 0 for the default")
	}
	n := 1
	for n < maxShards && c.MaxKeys/(n*2) >= minPerShard {
		n *= 2
	}
	m := &Memory{now: c.Now, start: time.Now(), seed: maphash.MakeSeed(), owner: [2]uint64{rand.Uint64(), rand.Uint64() | 1}, shards: make([]shard, n)}
	m.limits.list.Store(&limitList{limits: make([]Limit, 1)})
	if c.Now != nil {
		m.start = c.Now()
	}
	for i := range m.shards {
		s := &m.shards[i]
		s.max = c.MaxKeys/n + min(1, max(0, c.MaxKeys%n-i)) // the shares add up to MaxKeys
		s.limits, s.table = &m.limits, newTable(m.seed)
	}
	return m, nil
}

// Take implements [Store]. The only errors are [ErrLimits], and those of the arguments
// and of ctx.
func (m *Memory) Take(ctx context.Context, key Key, l Limit, cost int) (Decision, error) {
	if err := ctx.Err(); err != nil {
		return Decision{}, err
	}
	b, err := m.bucket(key, l, cost)
	if err != nil {
		return Decision{}, err
	}
	s, now := m.shard(key), m.clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.take(&b, now, cost), nil
}

// Charge takes what is left of cost, and always admits. It is for what was admitted
// elsewhere: a store that falls back to this one when it cannot be reached finds here
// what was taken before. The errors are those of Take.
func (m *Memory) Charge(key Key, l Limit, cost int) (Decision, error) {
	b, err := m.bucket(key, l, cost)
	if err != nil {
		return Decision{}, err
	}
	s, now := m.shard(key), m.clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	left := s.take(&b, now, 0).Remaining
	return s.take(&b, now, min(cost, left)), nil
}

// Used is how many permits key has taken that will still count after a wait. A key that
// is not held has none.
func (m *Memory) Used(key Key, l Limit, after time.Duration) int {
	b, err := m.bucket(key, l, 0)
	if err != nil {
		return 0
	}
	s, now := m.shard(key), m.clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.table.find(b.hash, &b.key, b.number)
	if i < 0 {
		return 0
	}
	then := s.table.slot(i).state // a copy
	seen := l.take(&then, max(now, s.last)+int64(after), 0)
	return seen.Limit - seen.Remaining
}

// TakeAll implements [Joint]. What is side by side in takes and of one owner (the first
// half of its key) is taken at one time, with nothing of others between.
func (m *Memory) TakeAll(ctx context.Context, takes []Take) (n int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	for i := range takes {
		if _, err := m.bucket(takes[i].Key, takes[i].Limit, takes[i].Cost); err != nil {
			return 0, err
		}
	}
	now := m.clock()
	for allowed := true; allowed && n < len(takes); {
		var some int
		some, allowed = m.takeRun(takes[n:], now)
		n += some
	}
	return n, nil
}

// takeRun takes what is in one shard with the first, up to the first of another or that
// is refused.
func (m *Memory) takeRun(takes []Take, now int64) (n int, allowed bool) {
	s := m.shard(takes[0].Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	for n = range takes {
		t := &takes[n]
		if n > 0 && m.shard(t.Key) != s {
			return n, true
		}
		b, _ := m.bucket(t.Key, t.Limit, t.Cost) // has been checked
		if t.Decision = s.take(&b, now, t.Cost); !t.Decision.Allowed {
			return n + 1, false
		}
	}
	return len(takes), true
}

// bucket checks what was given and says where to look for it.
func (m *Memory) bucket(key Key, l Limit, cost int) (bucket, error) {
	if err := check(l, cost); err != nil {
		return bucket{}, err
	}
	n, err := m.limits.number(l)
	return bucket{key, n, l, hash(m.seed, &key, n)}, err
}

// shard is that of the key's owner, whom the first half names: all that one owner has
// is under one lock. Mixing with secrets costs less than a second maphash; multiplying
// alone leaves some shards fuller than others, with some secrets and keys in a row.
func (m *Memory) shard(key Key) *shard {
	half := (binary.LittleEndian.Uint64(key[:]) ^ m.owner[0]) * m.owner[1]
	return &m.shards[mix(half)&uint64(len(m.shards)-1)]
}

// clock is the time since the start, in nanoseconds. The bound, 146 years, keeps every
// sum with a Per in range.
func (m *Memory) clock() int64 {
	if m.now == nil {
		return int64(time.Since(m.start)) // reads the monotonic clock only
	}
	return min(int64(m.now().Sub(m.start)), 1<<62)
}

// Len is how many keys are held, those included that are not swept yet.
func (m *Memory) Len() int {
	n := 0
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		n += s.table.n
		s.mu.Unlock()
	}
	return n
}
