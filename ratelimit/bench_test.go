package ratelimit_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"runtime"
	"testing"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

// never and often are limits that a benchmark cannot use up, and has used up at once.
// A key from which first was taken counts for an hour under never.
var both = []struct {
	name, never, often string
	first              int
}{
	{"window", "1000000000 per 1h", "1 per 366d", 1},
	{"bucket", "1/s burst 10000000", "1/d burst 1", 3600},
}

func keys(n int) []ratelimit.Key {
	k, list := ratelimit.NewKeyer(), make([]ratelimit.Key, n)
	for i := range list {
		list[i] = k.Sum(fmt.Sprint(i))
	}
	return list
}

func BenchmarkTake(b *testing.B) {
	for _, n := range []int{1, 1000, 1_000_000} {
		all := keys(n)
		for _, c := range both {
			b.Run(fmt.Sprintf("%s/keys=%d", c.name, n), func(b *testing.B) {
				m, l := memory(b, ratelimit.MemoryConfig{MaxKeys: 1 << 21}), limit(b, c.never)
				before := heap() // the empty store is some 15 kB
				for _, k := range all {
					take(b, m, k, l, c.first)
				}
				perKey := float64(heap()-before) / float64(n)
				ctx := b.Context()
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					if d, err := m.Take(ctx, all[i], l, 1); err != nil || !d.Allowed {
						b.Fatal(d, err)
					}
					if i++; i == n {
						i = 0
					}
				}
				if n >= 1000 {
					b.ReportMetric(perKey, "B/key")
				}
				runtime.KeepAlive(m)
			})
		}
	}
}

func heap() int64 {
	var s runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

func BenchmarkTakeHotKeyParallel(b *testing.B) {
	for _, c := range both {
		b.Run(c.name, func(b *testing.B) {
			m, l := memory(b, ratelimit.MemoryConfig{}), limit(b, c.never)
			ctx := b.Context()
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					m.Take(ctx, ratelimit.Key{}, l, 1)
				}
			})
		})
	}
}

func BenchmarkTakeRefused(b *testing.B) {
	for _, c := range both {
		b.Run(c.name, func(b *testing.B) {
			m, l := memory(b, ratelimit.MemoryConfig{}), limit(b, c.often)
			take(b, m, ratelimit.Key{}, l, 1)
			ctx := b.Context()
			b.ReportAllocs()
			for b.Loop() {
				if d, _ := m.Take(ctx, ratelimit.Key{}, l, 1); d.Allowed {
					b.Fatal(d)
				}
			}
		})
	}
}

// BenchmarkTakeFull is every key new, in a store that is full of keys that count.
func BenchmarkTakeFull(b *testing.B) {
	const max = 1 << 16
	before := heap()
	m, l := memory(b, ratelimit.MemoryConfig{MaxKeys: max}), limit(b, "100 per 15m")
	for i := range 2 * max {
		take(b, m, numbered(i), l, 1)
	}
	perKey := float64(heap()-before) / max
	k := ratelimit.NewKeyer()
	p := netip.MustParsePrefix("2001:db8::/64")
	a := p.Addr().As16()
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		a[4]++
		for i := 4; i < 7 && a[i] == 0; i++ {
			a[i+1]++
		}
		m.Take(ctx, k.Prefix("client", netip.PrefixFrom(netip.AddrFrom16(a), 64)), l, 1)
	}
	b.ReportMetric(perKey, "B/key")
}

func BenchmarkApply(b *testing.B) {
	l := limiter(b, "default", "100 per 15m", memory(b, ratelimit.MemoryConfig{}))
	d := take(b, memory(b, ratelimit.MemoryConfig{}), ratelimit.Key{}, l.Limit(), 7)
	h := http.Header{}
	b.ReportAllocs()
	for b.Loop() {
		clear(h)
		l.Apply(h, d)
	}
}

// allocs pins what may be allocated on each path.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	m := memory(t, ratelimit.MemoryConfig{MaxKeys: 64})
	k := ratelimit.NewKeyer()
	p := netip.MustParsePrefix("2001:db8::/64")
	ctx := t.Context()
	for _, c := range both {
		never, often := limit(t, c.never), limit(t, c.often)
		full := limiter(t, "default", c.often, m)
		take(t, m, ratelimit.Key{}, never, 1)
		take(t, m, ratelimit.Key{}, often, 1)
		refused := take(t, m, ratelimit.Key{}, often, 1)
		takes := []ratelimit.Take{{Limit: never, Cost: 1}, {Limit: often, Cost: 1}}
		h := http.Header{}
		full.Refusal(refused)
		for name, pin := range map[string]struct {
			most float64
			f    func()
		}{
			"a known key":       {0, func() { m.Take(ctx, ratelimit.Key{}, never, 1) }},
			"refused":           {0, func() { m.Take(ctx, ratelimit.Key{}, often, 1) }},
			"refused, not held": {0, func() { m.Take(ctx, ratelimit.Key{1: 1}, often, 2) }},
			"two in one go":     {0, func() { ratelimit.TakeAll(ctx, m, takes) }},
			"charged":           {0, func() { m.Charge(ratelimit.Key{}, never, 1) }},
			"an error":          {0, func() { m.Take(ctx, ratelimit.Key{}, often, -1) }},
			"a key of parts":    {0, func() { sinkKey = k.Sum("principal", "https://issuer.example", "7") }},
			"a key of a prefix": {0, func() { sinkKey = k.Prefix("client", p) }},
			"never, made again": {0, func() { full.Refusal(ratelimit.Decision{RetryAfter: ratelimit.Never}) }},
			"the fields":        {2, func() { clear(h); full.Apply(h, refused) }},
		} {
			if got := testing.AllocsPerRun(100, pin.f); got > pin.most {
				t.Errorf("%s, %s: %v allocations", c.name, name, got)
			}
		}
	}
}
