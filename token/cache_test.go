package token

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/secret"
)

// switching is a KeySource that the test turns.
type switching struct{ set atomic.Pointer[KeySet] }

func (s *switching) Keys() *KeySet       { return s.set.Load() }
func (s *switching) Missing(string) bool { return false }

// cacheWorld is one verifier, with and without a cache, on a clock and keys that move.
type cacheWorld struct {
	plain   *Verifier
	cache   *Cache
	clock   atomic.Int64
	sources [2]*switching
	keys    []*SigningKey
	sets    [2][]*KeySet
}

func newCacheWorld(t testing.TB, entries, bytes int) *cacheWorld {
	t.Helper()
	w := &cacheWorld{}
	w.clock.Store(now.UnixNano())
	var issuers []Issuer
	for i, name := range []string{issuerA, issuerB} {
		w.sources[i] = &switching{}
		issuers = append(issuers, Issuer{Name: name, Audiences: []string{audience1}, Source: w.sources[i]})
	}
	for i := range 4 {
		w.keys = append(w.keys, must(NewSecretKey(HS256, fmt.Sprint("k", i), secret.NewBytes(randomBytes(32)))))
	}
	w.keys = append(w.keys, signer()[Ed25519])
	// The sets of the first issuer's rotation: one key after the other, with overlaps; of
	// the second, one key and none.
	for _, members := range [][]int{{0}, {0, 1}, {1}, {1, 2}, {2, 3}, {3}, {3, 0}} {
		var list []Key
		for _, m := range members {
			list = append(list, w.keys[m].Key())
		}
		w.sets[0] = append(w.sets[0], must(NewKeySet(list)))
	}
	w.sets[1] = []*KeySet{must(NewKeySet([]Key{w.keys[4].Key()})), must(NewKeySet([]Key{w.keys[4].Key(), otherKey().Key()}))}
	for i := range w.sources {
		w.sources[i].set.Store(w.sets[i][0])
	}
	w.plain = must(New(Config{Issuers: issuers, MaxSize: 2048, Now: func() time.Time { return time.Unix(0, w.clock.Load()) }}))
	w.cache = must(NewCache(CacheConfig{Verifier: w.plain, MaxEntries: entries, MaxBytes: bytes}))
	return w
}

// token is one of many that there could be.
func (w *cacheWorld) token(r *rand.Rand) string {
	c := fair()
	base := time.Unix(0, w.clock.Load())
	c["jti"], c["iat"] = fmt.Sprint("j", r.IntN(200)), base.Add(-time.Minute).Unix()
	c["exp"] = base.Add(time.Duration(r.IntN(120)-20) * time.Second).Unix()
	if r.IntN(4) == 0 {
		c["nbf"] = base.Add(time.Duration(r.IntN(60)-30) * time.Second).Unix()
	}
	if r.IntN(10) == 0 {
		c["aud"] = "another"
	}
	k := w.keys[r.IntN(4)]
	if r.IntN(40) == 0 {
		c["iss"], k = issuerB, w.keys[4]
	}
	return forge(k, head(k), claimsJSON(c))
}

// mutate changes a token as an attacker would.
func mutate(r *rand.Rand, raw string) string {
	at := r.IntN(len(raw))
	switch r.IntN(4) {
	case 0:
		return raw[:at] + string("AZaz09-_."[r.IntN(9)]) + raw[at+1:]
	case 1:
		return raw[:at]
	case 2:
		return raw + "A"
	}
	return strings.ToUpper(raw)
}

// TestCacheSaysTheSame: through rotations, revocations, a clock that steps back and forth,
// keys that cannot be had, and entries that are pushed out, the two say the same of every
// token at every step.
func TestCacheSaysTheSame(t *testing.T) {
	const steps = 30_000
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	w := newCacheWorld(t, 64, 16*(2*2048+512+32*4*maxList+128*maxKeep))
	var pool []string
	revoked := map[string]bool{}
	good, hits := 0, 0
	for step := range steps {
		switch r.IntN(200) {
		case 0:
			w.sources[0].set.Store(w.sets[0][r.IntN(len(w.sets[0]))])
		case 1:
			if r.IntN(10) == 0 {
				w.sources[r.IntN(2)].set.Store(nil)
			}
		case 2:
			i := r.IntN(2)
			w.sources[i].set.Store(w.sets[i][r.IntN(len(w.sets[i]))])
		case 3, 4:
			w.clock.Store(now.Add(time.Duration(r.IntN(120)-60) * time.Second).UnixNano())
		case 5:
			revoked[fmt.Sprint("j", r.IntN(200))] = true
		case 6:
			clear(revoked)
		}
		if len(pool) < 100 || r.IntN(100) == 0 {
			raw := w.token(r)
			if len(pool) < 100 {
				pool = append(pool, raw)
			} else {
				pool[r.IntN(len(pool))] = raw
			}
		}
		raw := pool[r.IntN(len(pool))]
		if r.IntN(50) == 0 {
			raw = mutate(r, raw)
		}
		want, wantErr := verdict(w.plain.Verify(raw))(revoked)
		got, gotErr := verdict(w.cache.Verify(raw))(revoked)
		if want != got || fmt.Sprint(wantErr) != fmt.Sprint(gotErr) {
			t.Fatalf("seed %d, step %d: with the cache %q %v, without %q %v", seed, step, got, gotErr, want, wantErr)
		}
		if gotErr == nil {
			good++
			if w.cache.shards[shardOf(raw)].entries[raw] != nil {
				hits++
			}
		}
	}
	t.Logf("%d steps, %d tokens good, seed %d", steps, good, seed)
	if good < steps/20 || hits == 0 {
		t.Errorf("only %d of %d were good: the schedule tells little", good, steps)
	}
	for i := range w.cache.shards {
		s := &w.cache.shards[i]
		total := 0
		for _, e := range s.ring {
			total += e.size()
		}
		if len(s.ring) != len(s.entries) || len(s.ring) > s.maxCount || s.bytes != total || s.bytes > s.maxBytes {
			t.Errorf("shard %d: %d in the ring, %d entries, %d bytes of %d", i, len(s.ring), len(s.entries), s.bytes, total)
		}
	}
}

// verdict is what a gate makes of a verification, as text and error.
func verdict(c *Claims, err error) func(revoked map[string]bool) (string, error) {
	return func(revoked map[string]bool) (string, error) {
		switch {
		case err != nil:
			return "", err
		case revoked[c.ID]:
			return "revoked", nil
		}
		return fmt.Sprintf("%+v", *c), nil
	}
}

// TestCacheAtOnce: many ask while keys change and entries are pushed out.
func TestCacheAtOnce(t *testing.T) {
	w := newCacheWorld(t, 16, 0)
	r := rand.New(rand.NewPCG(1, 1))
	var pool []string
	for range 100 {
		pool = append(pool, w.token(r))
	}
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 2))
			for range 2000 {
				if r.IntN(100) == 0 {
					w.sources[0].set.Store(w.sets[0][r.IntN(len(w.sets[0]))])
				}
				w.cache.Verify(pool[r.IntN(len(pool))])
			}
		})
	}
	all.Wait()
}

// TestCacheBytes: what a full cache takes is no more than MaxBytes, also of tokens that
// are all lists of one letter.
func TestCacheBytes(t *testing.T) {
	k := signer()[HS256]
	v := verifierOf(t, HS256, nil)
	letters := slices.Repeat([]string{"a"}, 600)
	c := fair()
	c["roles"], c["amr"], c["scope"], c["aud"] = letters, letters, strings.Join(letters, " "), append(letters[1:], audience1)
	for name, claims := range map[string]map[string]any{"small": fair(), "lists": c} {
		const most = 8 << 20
		cache := must(NewCache(CacheConfig{Verifier: v, MaxEntries: 1 << 20, MaxBytes: most}))
		before := heap()
		for n := range 2000 {
			claims["jti"] = fmt.Sprint("j", n)
			if _, err := cache.Verify(forge(k, head(k), claimsJSON(claims))); err != nil {
				t.Fatal(err)
			}
		}
		took := heap() - before
		entries := 0
		for i := range cache.shards {
			entries += len(cache.shards[i].ring)
		}
		t.Logf("%s: %d entries take %d bytes of %d", name, entries, took, most)
		if took > most || entries < 50 {
			t.Errorf("%s: %d entries take %d bytes of %d", name, entries, took, most)
		}
		runtime.KeepAlive(cache)
	}
}

// heap is what is in use.
func heap() int64 {
	var m runtime.MemStats
	for range 2 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestCacheConfig(t *testing.T) {
	v := verifierOf(t, ES256, nil)
	for _, cfg := range []CacheConfig{{}, {Verifier: v, MaxEntries: 1}, {Verifier: v, MaxBytes: 1000}, {Verifier: v, MaxEntries: -1}} {
		if _, err := NewCache(cfg); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
}

func TestCacheHitAllocates(t *testing.T) {
	k := signer()[ES256]
	c := must(NewCache(CacheConfig{Verifier: verifierOf(t, ES256, nil)}))
	raw := forge(k, head(k), claimsJSON(fair()))
	if n := testing.AllocsPerRun(100, func() { c.Verify(raw) }); n != 0 {
		t.Errorf("%v allocations at a hit", n)
	}
}

func BenchmarkCache(b *testing.B) {
	for _, alg := range []Algorithm{ES256, RS256, HS256} {
		k := signer()[alg]
		v := verifierOf(b, alg, nil)
		raw := forge(k, head(k), claimsJSON(fair()))
		b.Run(string(alg)+"/verify", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				v.Verify(raw)
			}
		})
		c := must(NewCache(CacheConfig{Verifier: v}))
		b.Run(string(alg)+"/hit", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Verify(raw)
			}
		})
		b.Run(string(alg)+"/hits at once", func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					c.Verify(raw)
				}
			})
		})
	}
}
