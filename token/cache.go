package token

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Bounds of a Cache.
const (
	defaultEntries = 1 << 14
	defaultBytes   = 32 << 20
	cacheShards    = 16
)

// CacheConfig says what a Cache remembers.
type CacheConfig struct {
	// Verifier decides. It is required.
	Verifier *Verifier
	// MaxEntries and MaxBytes bound what is remembered; defaults 16,384 and 32 MiB. The
	// bytes are an estimate of what an entry takes: twice its token, its lists, and some more.
	MaxEntries, MaxBytes int
}

// Cache remembers tokens that were good, so that the signature of each is checked once.
// What it says of a token is always what its Verifier would say now: a token is found by
// all of its text; one is remembered only together with the very set of keys it was
// verified with, so that a rotation forgets it; and its times are compared with the clock
// at every hit, by the same code.
//
// It says nothing of revocation, no more than the Verifier: ask for that at every hit.
//
// Only good tokens are remembered, so that nobody without one can push them out. It is
// safe for concurrent use.
type Cache struct {
	verifier *Verifier
	shards   [cacheShards]cacheShard
}

// cacheShard is a part of the entries, in a ring by which the ones that are not used go
// first.
type cacheShard struct {
	mu       sync.RWMutex
	entries  map[string]*cacheEntry
	ring     []*cacheEntry
	hand     int
	bytes    int
	maxCount int
	maxBytes int
}

type cacheEntry struct {
	raw    string
	claims *Claims
	issuer *issuer
	set    *KeySet
	used   atomic.Bool
}

// size is about what an entry takes: its text twice, as the claims are a part of it, and
// the lists, whose members take more than their text when they are short.
func (e *cacheEntry) size() int {
	c := e.claims
	return 2*len(e.raw) + 512 + 32*(len(c.Audience)+len(c.Scopes)+len(c.Roles)+len(c.Methods)) + 128*(len(c.Kept)+len(c.Unread))
}

// largest is the most that size can be.
func (v *Verifier) largest() int {
	items := min(4*maxList, v.maxSize/2) // one takes two bytes of the token or more
	return 2*v.maxSize + 512 + 32*items + 128*(maxKeep+maxUnread)
}

// NewCache returns an empty Cache.
func NewCache(cfg CacheConfig) (*Cache, error) {
	if cfg.Verifier == nil {
		return nil, &ConfigError{"Verifier", "", "is missing: take New's"}
	}
	if cfg.MaxEntries == 0 {
		cfg.MaxEntries = defaultEntries
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = defaultBytes
	}
	if cfg.MaxEntries < cacheShards {
		return nil, &ConfigError{"MaxEntries", fmt.Sprint(cfg.MaxEntries), "is too few: write 16 or more"}
	}
	if least := cacheShards * cfg.Verifier.largest(); cfg.MaxBytes < least {
		return nil, &ConfigError{"MaxBytes", fmt.Sprint(cfg.MaxBytes), fmt.Sprintf("is too few for the longest tokens: write %d or more", least)}
	}
	c := &Cache{verifier: cfg.Verifier}
	for i := range c.shards {
		s := &c.shards[i]
		s.entries, s.maxCount, s.maxBytes = map[string]*cacheEntry{}, cfg.MaxEntries/cacheShards, cfg.MaxBytes/cacheShards
	}
	return c, nil
}

// Verify says what the Verifier would. The claims of a token that came before are the
// same ones: do not change them.
func (c *Cache) Verify(raw string) (*Claims, error) { return unbound(c.VerifyBound(raw)) }

// VerifyBound is Verify for tokens of both kinds, see [Verifier.VerifyBound]. What confirms
// the key of one is not remembered: it must be looked at with every request.
func (c *Cache) VerifyBound(raw string) (*Claims, error) {
	if len(raw) == 0 || len(raw) > c.verifier.maxSize {
		return c.verifier.VerifyBound(raw)
	}
	s := &c.shards[shardOf(raw)]
	s.mu.RLock()
	e := s.entries[raw]
	s.mu.RUnlock()
	if e != nil {
		switch set := e.issuer.source.Keys(); set {
		case nil:
			return nil, ErrNoKeys
		case e.set:
			if !e.used.Load() {
				e.used.Store(true)
			}
			if err := c.verifier.check(e.claims, e.issuer); err != nil {
				return nil, err
			}
			return e.claims, nil
		}
	}
	v, err := c.verifier.verify(raw)
	if err != nil {
		return nil, err
	}
	// The text is copied, as it may be part of a whole request's header.
	e = &cacheEntry{raw: strings.Clone(raw), claims: v.claims, issuer: v.issuer, set: v.set}
	for _, list := range []*[]string{&e.claims.Audience, &e.claims.Scopes, &e.claims.Roles, &e.claims.Methods} {
		*list = slices.Clip(*list)
	}
	s.put(e)
	return e.claims, nil
}

// shardOf spreads tokens by a character in the middle of their signature.
func shardOf(raw string) int { return int(raw[max(len(raw)-8, 0)]) % cacheShards }

// put remembers an entry in place of one with the same text, or of those that were not
// used since the hand last passed.
func (s *cacheShard) put(e *cacheEntry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.entries[e.raw]; old != nil {
		s.ring[slices.Index(s.ring, old)] = e
		s.bytes += e.size() - old.size()
		s.entries[e.raw] = e
		return
	}
	for len(s.ring) >= s.maxCount || s.bytes+e.size() > s.maxBytes {
		s.evict()
	}
	s.ring = append(s.ring, e)
	s.bytes += e.size()
	s.entries[e.raw] = e
}

// evict drops the next entry that was not used, passing over each that was once.
func (s *cacheShard) evict() {
	for {
		s.hand %= len(s.ring)
		e := s.ring[s.hand]
		if e.used.Swap(false) {
			s.hand++
			continue
		}
		last := len(s.ring) - 1
		s.ring[s.hand] = s.ring[last]
		s.ring[last] = nil
		s.ring = s.ring[:last]
		s.bytes -= e.size()
		delete(s.entries, e.raw)
		return
	}
}
