package redisstore_test

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/ratelimit/redisstore"
)

const (
	// orders is set in the processes that TestManyProcesses starts.
	orders = "SALLYPORT_TEST_ORDERS"
	// decisions raises how many decisions TestManyProcesses makes, in each mode.
	decisions = "SALLYPORT_TEST_DECISIONS"

	processes = 4
)

// order is what one process is to do: take until it has made so many decisions, and for
// so long at least. It writes what it did to a file.
type order struct {
	Address, Prefix, Limit, File string
	Lease, Time                  time.Duration
	Decisions                    int64
}

// summary stands at the begin of that file, before the begin and end of every admission.
type summary struct{ Decisions, Asked, Failed, Degraded, Admitted int64 }

// TestManyProcesses has processes share one bucket, each as fast as it can: no window
// sees more than the limit.
func TestManyProcesses(t *testing.T) {
	if text := os.Getenv(orders); text != "" {
		obey(t, text)
		return
	}
	raised, _ := strconv.ParseInt(os.Getenv(decisions), 10, 64)
	for _, c := range []struct {
		name  string
		order order
		quota int
	}{
		{"exact", order{Limit: "5000 per 1s", Time: 6 * time.Second, Decisions: raised}, 5000},
		{"leased", order{Limit: "200000 per 1s", Lease: time.Second, Time: 5 * time.Second, Decisions: max(raised, 1_000_000)}, 200000},
	} {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() && c.order.Lease == 0 {
				c.order.Time = time.Second
			}
			c.order.Address, c.order.Prefix = address(t), rand.Text()+":"
			c.order.Decisions /= processes
			start := time.Now()
			sum, all := command(t, c.order)
			took := time.Since(start)
			most := mostSurely(all, int64(time.Second))
			t.Logf("%d processes: %d decisions, %d admitted, at most %d of %d in a window (%.3f), %.0f decisions a second, %.4f round trips a decision",
				processes, sum.Decisions, sum.Admitted, most, c.quota, float64(most)/float64(c.quota), float64(sum.Decisions)/took.Seconds(),
				float64(sum.Asked)/float64(sum.Decisions))
			switch {
			case most > c.quota:
				t.Errorf("%d within a window", most)
			case sum.Failed > 0 || sum.Degraded > 0:
				t.Errorf("%+v: the test does not test", sum)
			}
		})
	}
}

// command starts the processes, and returns what they did.
func command(t *testing.T, o order) (sum summary, all []span) {
	var wg sync.WaitGroup
	files := make([]string, processes)
	for i := range files {
		o.File = filepath.Join(t.TempDir(), "events")
		files[i] = o.File
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestManyProcesses$", "-test.timeout=1h")
		cmd.Env = append(os.Environ(), orders+"="+string(text))
		wg.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		r := bytes.NewReader(raw)
		var one summary
		if err := binary.Read(r, binary.LittleEndian, &one); err != nil {
			t.Fatal(err)
		}
		list := make([]span, one.Admitted)
		if err := binary.Read(r, binary.LittleEndian, list); err != nil {
			t.Fatal(err)
		}
		sum.Decisions, sum.Asked, sum.Failed = sum.Decisions+one.Decisions, sum.Asked+one.Asked, sum.Failed+one.Failed
		sum.Degraded, sum.Admitted = sum.Degraded+one.Degraded, sum.Admitted+one.Admitted
		all = append(all, list...)
	}
	return sum, all
}

// span is one admission: it happened between its two times.
type span struct{ From, To int64 }

// mostSurely is the most admissions that began and ended within one window, over all
// windows that begin with one.
func mostSurely(all []span, per int64) (most int) {
	var from, to []int64
	var long []span // may lie around a whole window
	for _, e := range all {
		from, to = append(from, e.From), append(to, e.To)
		if e.To-e.From >= per {
			long = append(long, e)
		}
	}
	slices.Sort(from)
	slices.Sort(to)
	ended := 0
	for began, t := range from {
		if began > 0 && t == from[began-1] {
			continue
		}
		for ended < len(to) && to[ended] < t+per {
			ended++
		}
		n := ended - began // without those that began before: all of these ended, but for
		for _, e := range long {
			if e.From < t && e.To >= t+per {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

func TestMostSurely(t *testing.T) {
	for _, c := range []struct {
		all  []span
		want int
	}{
		{nil, 0},
		{[]span{{0, 1}, {0, 1}, {5, 6}}, 3},
		{[]span{{0, 1}, {9, 9}, {10, 11}}, 2},
		{[]span{{0, 1}, {8, 10}}, 1},         // may have come after the window
		{[]span{{0, 30}, {5, 6}, {7, 8}}, 2}, // may have come whenever
		{[]span{{3, 4}, {3, 4}, {3, 4}, {3, 20}}, 3},
	} {
		if got := mostSurely(c.all, 10); got != c.want {
			t.Errorf("%v: %d, want %d", c.all, got, c.want)
		}
	}
}

// obey is what a process does.
func obey(t *testing.T, text string) {
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	s := open(t, redisstore.Config{Client: dial(t, o.Address), Prefix: o.Prefix, Lease: o.Lease, Timeout: 10 * time.Second})
	l := parse(t, o.Limit)
	const callers = 8
	var sum summary
	var all []span
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := time.Now()
	for range callers {
		wg.Go(func() {
			var mine summary
			var list []span
			for mine.Decisions < o.Decisions/callers+1 || time.Since(start) < o.Time {
				from := time.Now().UnixNano()
				d, err := s.Take(t.Context(), ratelimit.Key{1}, l, 1)
				if err != nil {
					t.Error(err)
					return
				}
				mine.Decisions++
				if d.Allowed {
					list = append(list, span{from, time.Now().UnixNano()})
				}
				if d.Degraded {
					mine.Degraded++
				}
			}
			mu.Lock()
			defer mu.Unlock()
			sum.Decisions, sum.Degraded = sum.Decisions+mine.Decisions, sum.Degraded+mine.Degraded
			all = append(all, list...)
		})
	}
	wg.Wait()
	sum.Asked, sum.Failed, sum.Admitted = s.Stats().Asked, s.Stats().Failed, int64(len(all))
	f, err := os.Create(o.File)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, part := range []any{sum, all} {
		if err := binary.Write(f, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
}
