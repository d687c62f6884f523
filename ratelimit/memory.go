package ratelimit

import (
	"context"
	"hash/maphash"
	"sync"
	"time"
)

// DefaultMaxKeys is the MaxKeys of the zero MemoryConfig: about 40 MB when it is full
// of strict windows, and 60 MB once it had to drop keys.
const DefaultMaxKeys = 1 << 17

// maxMaxKeys keeps every index in 32 bits with room to spare.
const maxMaxKeys = 1 << 28

// MemoryConfig says how much a [Memory] may hold.
type MemoryConfig struct {
	// MaxKeys is how many keys are held at most; 0 is [DefaultMaxKeys], the most is
	// 1<<28. A key takes some 130 bytes, under a strict window 300; 140 more once
	// keys had to be dropped. The number is split evenly over up to 64 shards, of
	// which some may be full shortly before the whole is.
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
// Memory is for use by many goroutines. Each process that has one admits the whole
// limit for itself.
type Memory struct {
	now   func() time.Time // nil for the system's clock
	start time.Time
	seed  maphash.Seed
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
	m := &Memory{now: c.Now, start: time.Now(), seed: maphash.MakeSeed(), shards: make([]shard, n)}
	if c.Now != nil {
		m.start = c.Now()
	}
	for i := range m.shards {
		m.shards[i].max = c.MaxKeys/n + min(1, max(0, c.MaxKeys%n-i)) // the shares add up to MaxKeys
		m.shards[i].index = map[id]uint32{}
		m.shards[i].seed = m.seed
	}
	return m, nil
}

// Take implements [Store]. The only errors are those of the arguments and of ctx.
func (m *Memory) Take(ctx context.Context, key Key, l Limit, cost int) (Decision, error) {
	if err := check(l, cost); err != nil {
		return Decision{}, err
	}
	if err := ctx.Err(); err != nil {
		return Decision{}, err
	}
	now := m.clock()
	d := l.of(key)
	hash := maphash.Comparable(m.seed, d)
	s := &m.shards[hash%uint64(len(m.shards))]
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.take(d, hash, l, now, cost), nil
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
		n += len(s.slots)
		s.mu.Unlock()
	}
	return n
}

// A shard holds the keys whose hash ends in its number.
type shard struct {
	mu    sync.Mutex
	last  int64 // the latest time it saw
	max   int
	seed  maphash.Seed
	index map[id]uint32
	slots []slot
	logs  []batches // of slots, by the same index; empty until a strict window comes
	hand  int       // where the sweep goes on
	lost  *sketch   // nil until a key was evicted
	debts []debt    // of slots, by the same index; empty like lost
	_     [64]byte  // keeps the locks of two shards off one cache line
}
