// Package bench_test puts memory stores of rate limiters side by side. It is a module of
// its own, so that the gate does not depend on what it is compared with.
package bench_test

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/sallyport-dev/sallyport/ratelimit"
)

// stores are opened anew for each benchmark. Each has a limit that no benchmark uses up
// and under which no key ends while one runs.
var stores = []struct {
	name string
	open func(testing.TB) store
}{
	{"sallyport-window", window},
	{"sallyport-bucket", bucket},
	{"x-time-rate", timeRate},
	{"httprate", httpRate},
	{"throttled", gcra},
	{"go-limiter", goLimiter},
	{"ulule", ulule},
}

// store takes one permit of a key, which it has in two forms.
type store interface {
	take(k key) bool
}

type key struct {
	bytes ratelimit.Key
	text  string
}

func keys(n int) []key {
	var keyer ratelimit.Keyer
	list := make([]key, n)
	var number [8]byte
	for i := range list {
		binary.BigEndian.PutUint64(number[:], uint64(i))
		list[i].bytes = keyer.Sum(string(number[:]))
		list[i].text = string(list[i].bytes[:])
	}
	return list
}

// fill takes of every key, and returns how much the heap grew. A store that keeps texts
// gets its own.
func fill(b *testing.B, s store, all []key) (grown int64) {
	before := heap()
	for _, k := range all {
		k.text = strings.Clone(k.text)
		if !first(s, k) {
			b.Fatal("refused")
		}
	}
	return heap() - before
}

// first takes so much that the key counts for as long as a benchmark runs.
func first(s store, k key) bool {
	if s, ok := s.(interface{ first(key) bool }); ok {
		return s.first(k)
	}
	return s.take(k)
}

func heap() int64 {
	var s runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

// processor is the time that the process has run, in nanoseconds. It says more than the
// clock on the wall on a machine that does other work.
func processor(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func BenchmarkTake(b *testing.B) {
	for _, n := range []int{1, 1000, 1_000_000} {
		all := keys(n)
		for _, c := range stores {
			s, perKey := store(nil), 0.0
			outer := b
			b.Run(fmt.Sprintf("%s/keys=%d", c.name, n), func(b *testing.B) {
				if s == nil { // not again for every length of the run
					s = c.open(outer)
					perKey = float64(fill(b, s, all)) / float64(n)
				}
				measure(b, s, all)
				if n > 1 {
					b.ReportMetric(perKey, "B/key")
				}
			})
		}
	}
}

func measure(b *testing.B, s store, all []key) {
	b.ReportAllocs()
	b.ResetTimer()
	start := processor(b)
	for i := range b.N {
		if !s.take(all[i%len(all)]) {
			b.Fatal("refused")
		}
	}
	b.ReportMetric(float64(processor(b)-start)/float64(b.N), "cpu-ns/op")
}

func BenchmarkTakeHotKeyParallel(b *testing.B) {
	all := keys(1)
	for _, c := range stores {
		b.Run(c.name, func(b *testing.B) {
			s := c.open(b)
			b.ReportAllocs()
			start := processor(b)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if !s.take(all[0]) {
						b.Error("refused")
						return
					}
				}
			})
			b.ReportMetric(float64(processor(b)-start)/float64(b.N), "cpu-ns/op")
		})
	}
}
