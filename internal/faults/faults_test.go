package faults_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// TestFaults plays every row on two gates that share PostgreSQL, Redis, a mail server, an upstream
// and another issuer, and in the end looks for the mail of every registration.
func TestFaults(t *testing.T) {
	if !*long {
		t.Skip("run with -long, as `make test-long` does")
	}
	t.Parallel()
	w := newWorld(t)
	w.playAll(rows)
}

// users is how many log in.
const users = 6

func (w *world) playAll(rows []row) {
	w.dice = newDice()
	w.Logf("seed %d", *seed)
	var names []string
	for i := range users {
		name := fmt.Sprintf("user%d", i)
		if c := w.add(w.Context(), name); c.err != nil {
			w.Fatalf("%v: %s", c.err, c.out)
		}
		names = append(names, name)
	}
	var results []result
	for _, r := range rows {
		name := r.dependency + ", " + r.name
		if !strings.Contains(name, *only) {
			continue
		}
		w.Run(name, func(t *testing.T) {
			results = append(results, w.as(t, func() result { return w.play(r, names) }))
		})
	}
	start := time.Now()
	lost, late, twice := w.mails(10)
	for _, text := range lost {
		w.Errorf("lost: %s", text)
	}
	w.Logf("%d registrations were acknowledged: %d mails are lost, %d were claimed for minutes, %d came twice; "+
		"the last after %v", len(w.ledger.registrants), len(lost), late, twice, time.Since(start).Round(time.Second))
	w.Logf("the table:\n%s", table(results))
}

// as has the world belong to a subtest for a while.
func (w *world) as(t *testing.T, f func() result) result {
	outer := w.T
	w.T = t
	defer func() { w.T = outer }()
	return f()
}

const (
	warm = time.Second     // before a fault
	calm = 3 * time.Second // without harm, after which a row is over
)

// play plays a row.
func (w *world) play(r row, names []string) result {
	if r.prepare != nil {
		r.prepare(w)
	}
	w.ledger.row = r.dependency + ", " + r.name
	t := w.traffic(names)
	ctx, stop := context.WithCancel(w.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		t.run(ctx)
	}()
	<-time.After(warm)
	marks := make([]mark, len(w.gates))
	for i, g := range w.gates {
		marks[i] = g.mark()
	}
	begin := time.Now()
	r.begin(w)
	readiness := w.unready(time.Until(begin.Add(r.lasts)))
	r.end(w)
	end := time.Now()
	for limit := end.Add(r.back + calm + storeWait); time.Since(t.lastHarm(end)) < calm && time.Now().Before(limit); {
		<-time.After(100 * time.Millisecond)
	}
	mended := w.mended(r, marks, end)
	stop()
	<-done

	if r.brief && end.Sub(begin) > unheard-everywhere {
		r.spared = nil
	}
	res := result{
		row: r, lasted: end.Sub(begin), statuses: t.statuses(), readiness: readiness, back: max(t.lastHarm(end).Sub(end), 0)}
	res.lost, res.mended = w.settle(t), mended
	for i, g := range w.gates {
		if !g.process.Running() {
			w.Errorf("gate %s has ended", g.name)
		}
		if r.told != silence {
			res.told = cmp.Or(res.told, g.told(marks[i], regexp.MustCompile(r.told)))
		}
	}
	res.judge(t)
	return res
}

// mended waits until each gate that told of the fault tells that it is over, and returns how long
// that took after the end.
func (w *world) mended(r row, marks []mark, end time.Time) time.Duration {
	if r.mended == "" {
		return 0
	}
	told, mended := regexp.MustCompile(r.told), regexp.MustCompile(r.mended)
	for {
		open := false
		for i, g := range w.gates {
			open = open || g.told(marks[i], told) != "" && g.told(marks[i], mended) == ""
		}
		if took := time.Since(end); !open || took > 2*sharedIn {
			return took
		}
		<-time.After(50 * time.Millisecond)
	}
}

// traffic makes the sessions and the key that a row begins with.
func (w *world) traffic(names []string) *traffic {
	w.Helper()
	t := &traffic{world: w, users: names, sessions: make(chan *session, 40)}
	for i := range 6 {
		s, a := w.login(w.Context(), w.gates[i%len(w.gates)], names[i%len(names)])
		if a.status != 200 {
			w.Fatalf("before the fault, a login gets %v", a)
		}
		t.put(s)
	}
	t.reader, _ = w.login(w.Context(), w.gates[0], names[t.dice.roll(len(names))])
	_, key, a := t.makeKey(w.Context(), w.gates[0])
	if key == "" {
		w.Fatalf("before the fault, a new key gets %v", a)
	}
	t.key = key
	if w.issuer != nil {
		t.foreign = w.issuer.token(w.T)
	}
	return t
}

// unready waits, and returns what the readiness of a gate said meanwhile if it was not ready.
func (w *world) unready(wait time.Duration) (said string) {
	limit := time.After(wait)
	for {
		select {
		case <-limit:
			return said
		case <-time.After(time.Second):
			if status, text := w.gates[0].ready(w.Context()); status == 503 && said == "" {
				said = fmt.Sprintf("%d %s", status, text)
			}
		}
	}
}

// lastHarm returns when the last caller after a time was told that all is not well, or the time.
func (t *traffic) lastHarm(last time.Time) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, o := range t.outcomes {
		if at := o.at.Add(o.took); o.status != good[o.kind] && at.After(last) {
			last = at
		}
	}
	return last
}

// statuses counts the answers by kind and status.
func (t *traffic) statuses() map[kind]map[int]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := map[kind]map[int]int{}
	for _, o := range t.outcomes {
		if m[o.kind] == nil {
			m[o.kind] = map[int]int{}
		}
		m[o.kind][o.status]++
	}
	return m
}

// result is what became of a row.
type result struct {
	row
	lasted    time.Duration
	statuses  map[kind]map[int]int
	worst     time.Duration
	worstOf   kind
	back      time.Duration
	commands  string
	lost      []string
	mended    time.Duration
	told      string
	readiness string
}

// judge holds a row to what is asked of it.
func (r *result) judge(t *traffic) {
	t.mu.Lock()
	defer t.mu.Unlock()
	seen := map[string]int{}
	fault := func(format string, args ...any) { seen[fmt.Sprintf(format, args...)]++ }
	for _, o := range t.outcomes {
		if o.took > r.worst {
			r.worst, r.worstOf = o.took, o.kind
		}
		wait := r.wait
		if o.kind == logins || o.kind == registers {
			wait += hashing
		}
		if o.took > wait {
			fault("%s: a caller waited for %v, want %v", o.kind, o.took.Round(time.Millisecond), wait)
		}
		switch {
		case o.status == good[o.kind]:
		case o.status == 0:
			if !r.broken {
				fault("%s: no answer: %v", o.kind, o.err)
			}
		case slices.Contains(r.spared, o.kind) || !slices.Contains(r.may, o.status):
			fault("%s: %d %s", o.kind, o.status, o.code())
		case !o.isProblem():
			fault("%s: %d is no problem document but %q", o.kind, o.status, o.media)
		}
	}
	for _, text := range t.faults {
		fault("%s", text)
	}
	worst, failed := time.Duration(0), 0
	for _, c := range t.commands {
		worst = max(worst, c.took)
		if c.err != nil {
			failed++
			if !r.failing {
				fault("%s: %v: %s", c.name, c.err, tail(c.out, 200))
			}
		}
	}
	r.commands = fmt.Sprintf("%d, %d failed, ≤ %v", len(t.commands), failed, worst.Round(100*time.Millisecond))
	if worst >= commandLimit {
		fault("a command did not end within %v", commandLimit)
	}
	if r.mended > sharedIn {
		fault("a gate said that it is over after %v, want %v", r.mended.Round(time.Millisecond), sharedIn)
	}
	if r.back > r.row.back {
		fault("all is good again after %v, want %v", r.back.Round(time.Millisecond), r.row.back)
	}
	if r.row.told != silence && r.told == "" {
		fault("no line says %s", r.row.told)
	}
	for _, text := range r.lost {
		fault("lost: %s", text)
	}
	for _, text := range slices.Sorted(maps.Keys(seen)) {
		t.Errorf("%d × %s", seen[text], text)
	}
	t.Logf("%s", table([]result{*r}))
	t.Logf("told: %s; readiness: %s", cmp.Or(tail(r.told, 400), "-"), cmp.Or(tail(r.readiness, 300), "-"))
}

// table prints results for docs/faults.md.
func table(results []result) string {
	var text strings.Builder
	out := tabwriter.NewWriter(&text, 0, 4, 1, ' ', 0)
	fmt.Fprintln(out, "| what fails\t| for\t| answers\t| longest wait\t| good again after\t| commands\t| lost |")
	for _, r := range results {
		fmt.Fprintf(out, "| %s: %s\t| %v\t| %s\t| %v (%s)\t| %v\t| %s\t| %d |\n", r.dependency, r.name,
			r.lasted.Round(100*time.Millisecond), r.answers(),
			r.worst.Round(10*time.Millisecond), r.worstOf, r.back.Round(10*time.Millisecond), r.commands, len(r.lost))
	}
	out.Flush()
	return text.String()
}

// answers says how many requests got what they asked for, and what the others got.
func (r *result) answers() string {
	var all, well int
	var rest []string
	for _, k := range everything {
		for _, status := range slices.Sorted(maps.Keys(r.statuses[k])) {
			n := r.statuses[k][status]
			if all += n; status == good[k] {
				well += n
			} else {
				rest = append(rest, fmt.Sprintf("%s %d × %d", k, n, status))
			}
		}
	}
	return fmt.Sprintf("%d of %d good; %s", well, all, cmp.Or(strings.Join(rest, ", "), "-"))
}
