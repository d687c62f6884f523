// Package redis_test measures stores on Redis beside each other.
package redis_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/redistest"
)

const (
	mostCallers = 512
	keys        = 256
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m)) }

func BenchmarkTake(b *testing.B) {
	for _, callers := range []int{1, 64, mostCallers} {
		for _, c := range []struct {
			name   string
			open   func(testing.TB, string) store
			denied bool
		}{
			{"exact_window", open("1000000000 per 15m", 0), false},
			{"exact_bucket", open("1000000/s burst 100000000", 0), false},
			{"leased_window", open("1000000000 per 15m", time.Second), false},
			{"leased_bucket", open("1000000/s burst 100000000", time.Second), false},
			{"denied", open("1 per 15m", 0), true},
			{"redis_rate", openRate, false},
			{"ulule", openUlule, false},
		} {
			b.Run(fmt.Sprintf("callers=%d/%s", callers, c.name), func(b *testing.B) {
				server := redistest.Shared(b)
				server.Do(b, "FLUSHALL")
				s := c.open(b, server.Addr())
				list := newKeys(keys)
				take(b, s, list, len(list), callers, false) // connections, scripts and keys are there
				if c.denied {
					take(b, s, list, len(list), callers, true)
				}
				before, tripsBefore, cpu := count(b, server), s.trips(), processor(b)
				b.ReportAllocs()
				b.ResetTimer()
				take(b, s, list, b.N, callers, c.denied)
				b.StopTimer()
				n, after, cpu := float64(b.N), count(b, server), processor(b)-cpu
				b.ReportMetric(float64(cpu.Nanoseconds())/n, "cpu-ns/op")
				b.ReportMetric(float64((after.cpu-before.cpu).Nanoseconds())/n, "server-ns/op")
				b.ReportMetric(n/b.Elapsed().Seconds(), "decisions/s")
				b.ReportMetric(float64(s.trips()-tripsBefore)/n, "trips/op")
				b.ReportMetric(float64(after.client-before.client)/n, "commands/op")
				b.ReportMetric(float64(after.inner-before.inner)/n, "inner/op")
			})
		}
	}
}

// take has callers take n permits in all, each in turn of the keys.
func take(b *testing.B, s store, list []key, n, callers int, denied bool) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for {
				i := next.Add(1)
				if i > int64(n) {
					return
				}
				allowed, err := s.take(b.Context(), list[i%int64(len(list))])
				if err != nil || allowed == denied {
					b.Errorf("allowed %v, %v", allowed, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// processor is the time that this process was on a processor.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// commands is how many commands a server has run, for clients and within scripts, and how
// long it was on a processor.
type commands struct {
	client, inner int
	cpu           time.Duration
}

func count(b *testing.B, s *redistest.Server) (c commands) {
	cpu := s.Info(b, "cpu")
	for _, name := range []string{"used_cpu_user", "used_cpu_sys"} {
		seconds, err := strconv.ParseFloat(cpu[name], 64)
		if err != nil {
			b.Fatal(err)
		}
		c.cpu += time.Duration(seconds * float64(time.Second))
	}
	for name, text := range s.Info(b, "commandstats") {
		name = strings.TrimPrefix(name, "cmdstat_")
		_, calls, _ := strings.Cut(strings.Split(text, ",")[0], "=")
		n, err := strconv.Atoi(calls)
		if err != nil {
			b.Fatalf("%s: %q", name, text)
		}
		switch {
		case name == "evalsha" || name == "eval":
			c.client += n
		case inner[name]:
			c.inner += n
		}
	}
	return c
}

// inner are the commands that the scripts of all the stores call, and nothing else here.
var inner = map[string]bool{
	"get": true, "set": true, "time": true, "setex": true, "incrby": true, "pexpire": true, "pttl": true, "expire": true,
	"exists": true, "incr": true, "hget": true, "hset": true, "zadd": true, "zcard": true, "zcount": true, "zscore": true, "zremrangebyscore": true,
}
