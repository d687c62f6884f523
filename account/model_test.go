package account_test

import (
	"context"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/internal/model"
	"github.com/sallyport-dev/sallyport/account/sqlite"
)

var (
	modelSeed = flag.Uint64("model.seed", 0, "run the sequences of the model test from this seed on; 0 is another one each time")
	modelRuns = flag.Int("model.runs", 40, "how many sequences the model test runs in each kind of world")
)

// modelWorld is two nodes over one store, with clocks of the test's own.
type modelWorld struct {
	ctx   context.Context
	store account.Store
	nodes [2]*modelNode
	kind  modelKind

	mu      sync.Mutex
	base    time.Time
	offsets [4]time.Duration // by clock
}

func (w *modelWorld) clock(which int) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.base.Add(w.offsets[model.AllClocks] + w.offsets[which])
}

// modelKind is a kind of world in this process.
type modelKind string

const (
	plainStore   modelKind = "store without a clock"
	clockedStore modelKind = "store with a clock"
	behindGate   modelKind = "behind a Gate" // whose clock is the real one
)

func newModelWorld(t *testing.T, dir string, kind modelKind) *modelWorld {
	t.Helper()
	w := &modelWorld{ctx: t.Context(), kind: kind, base: time.Now()}
	path := filepath.Join(dir, "accounts.db")
	file, err := empty()
	if err == nil {
		err = os.WriteFile(path, file, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if w.store, err = sqlite.Open(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	store := w.store
	if kind == clockedStore {
		store = clocked{w.store, func() time.Time { return w.clock(model.StoreClock) }}
	}
	for i, which := range []int{model.ClockA, model.ClockB} {
		if w.nodes[i], err = newModelNode(t.Context(), store, func() time.Time { return w.clock(which) }, kind == behindGate); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *modelWorld) close() {
	for _, n := range w.nodes {
		n.Close()
	}
	w.store.Close()
}

func (w *modelWorld) Do(c *model.Call) model.Result { return w.nodes[c.Node].Do(w.ctx, c) }

func (w *modelWorld) Probe(node int, kind model.Kind, text string, cookie bool) int {
	return w.nodes[node].Probe(w.ctx, kind, text, cookie)
}

func (w *modelWorld) Mails() []model.Sent {
	return mailsOf(w.ctx, w.store, func(node int) []model.Sent { return w.nodes[node].Mails(w.ctx) })
}

func (w *modelWorld) Follow(node int, f model.Fault) error { return w.nodes[node].Follow(w.ctx, f) }

func (w *modelWorld) Clocks() (now time.Time, nodes [2]time.Time) {
	nodes = [2]time.Time{w.clock(model.ClockA), w.clock(model.ClockB)}
	if !(w.kind == clockedStore) {
		return nodes[0], nodes
	}
	return w.clock(model.StoreClock), nodes
}

// apart is how far the clocks of the nodes and of the store may differ here.
const apart = 4 * time.Minute

// Advance moves a clock. Without a clock in the store, both nodes are on one machine.
func (w *modelWorld) Advance(which int, d time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	moved := w.offsets
	moved[which] += d
	if w.kind == behindGate {
		return false
	}
	clocks := moved[model.ClockA:]
	for _, one := range clocks {
		for _, other := range clocks {
			if which != model.AllClocks && (!(w.kind == clockedStore) || (one-other).Abs() > apart) {
				return false
			}
		}
	}
	w.offsets = moved
	return true
}

// modelRun runs a program in a fresh world.
type modelRun func(steps []model.Step, log func(string, ...any)) (*model.Failure, model.Stats)

// modelTest runs programs in worlds of one kind.
type modelTest struct {
	*testing.T
	runs int
	kind modelKind
	run  modelRun
}

// newModelTest is for two nodes in this process, in time of its own.
func newModelTest(t *testing.T, kind modelKind) modelTest {
	return newModelTestOf(t, kind, func(w *modelWorld) *model.Runner { return &model.Runner{World: w} })
}

func newModelTestOf(t *testing.T, kind modelKind, runner func(*modelWorld) *model.Runner) modelTest {
	run := func(steps []model.Step, log func(string, ...any)) (f *model.Failure, stats model.Stats) {
		dir, err := os.MkdirTemp(memory(), "model")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		synctest.Test(t, func(t *testing.T) {
			w := newModelWorld(t, dir, kind)
			defer w.close()
			r := runner(w)
			r.Log, r.StoreClock, r.Drain = log, kind == clockedStore, true
			f, stats = r.Run(steps), r.Stats
		})
		return f, stats
	}
	return modelTest{T: t, runs: max(1, *modelRuns/modelShare), kind: kind, run: run}
}

// memory is a folder in memory, where there is one: thousands of transactions would wait
// for the disk otherwise.
func memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// TestModel runs random sequences of requests on two nodes over one store, with failing
// calls of the store and clocks that are set ahead and back, and compares every answer with
// the model.
func TestModel(t *testing.T) {
	if _, err := empty(); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []modelKind{plainStore, clockedStore, behindGate} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			newModelTest(t, kind).random()
		})
	}
}

// random runs programs, and reports one failure of each kind.
func (m modelTest) random() {
	seed := *modelSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	start := time.Now()
	sum := model.Stats{Accepted: map[string]int{}, Refused: map[string]int{}}
	failures := map[string]uint64{} // seeds, by kind
	for i := range m.runs {
		f, stats := m.run(program(seed+uint64(i)), nil)
		sum.Add(&stats)
		if f == nil {
			continue
		}
		if _, known := failures[f.Kind]; !known {
			m.Errorf("seed %d: %s", seed+uint64(i), f.Kind)
			failures[f.Kind] = seed + uint64(i)
		}
	}
	d := time.Since(start)
	m.Logf("seed %d: %d sequences, %d steps, %d probes in %v: %.0f steps and %.0f probes a second; %d lost answers, at most %d states",
		seed, m.runs, sum.Steps, sum.Probes, d.Round(time.Millisecond), float64(sum.Steps)/d.Seconds(), float64(sum.Probes)/d.Seconds(),
		sum.Faults, sum.States)
	for kind, seed := range failures {
		m.report(seed, kind)
	}
	if len(failures) == 0 {
		m.reached(&sum)
	}
}

// reached fails when the sequences hardly ever did something.
func (m modelTest) reached(sum *model.Stats) {
	for _, verb := range model.Verbs() {
		if verb == "recover-confirm" && m.kind == behindGate {
			continue // nobody can wait for three days there
		}
		if m.runs >= 200 && sum.Accepted[verb] < m.runs/40 {
			m.Errorf("%s: accepted %d times in %d sequences: raise its weight", verb, sum.Accepted[verb], m.runs)
		}
		m.Logf("%-16s %5d accepted %5d refused", verb, sum.Accepted[verb], sum.Refused[verb])
	}
}

func program(seed uint64) []model.Step {
	rng := rand.New(rand.NewPCG(seed, 1))
	return model.Generate(rng, 20+rng.IntN(60))
}

// report shrinks a failure and prints what is left of it, as a row for TestSequences.
func (m modelTest) report(seed uint64, kind string) {
	m.Helper()
	less := model.Shrink(program(seed), func(steps []model.Step) bool {
		f, _ := m.run(steps, nil)
		return f != nil && f.Kind == kind
	})
	last, _ := m.run(less, m.Logf)
	m.Errorf("seed %d: %v\n%s", seed, last, model.Format(less))
}
