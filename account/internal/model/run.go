package model

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// World is what a program runs on: two nodes over one store.
type World interface {
	// Do sends a request. It is called for two nodes at once.
	Do(c *Call) Result
	// Probe presents a credential that is not used up by that, and returns the status.
	Probe(node int, kind Kind, text string, cookie bool) int
	// Mails returns the tokens that were mailed since it was last called.
	Mails() []Sent
	// Follow lets a node read what was revoked, and write which tokens were used.
	Follow(node int, f Fault) error
	// Clocks returns the deciding clock and those of the nodes.
	Clocks() (now time.Time, nodes [2]time.Time)
	// Advance moves a clock: that of everything, of node A, of node B, or of the store. It
	// reports whether this world has such a clock.
	Advance(which int, d time.Duration) bool
}

// The clocks of Advance.
const (
	AllClocks = iota
	ClockA
	ClockB
	StoreClock
)

// Failure is an answer that no possible state allows.
type Failure struct {
	Step int
	// Kind is the same for failures that are probably one.
	Kind, What string
}

func (f *Failure) Error() string { return fmt.Sprintf("step %d: %s", f.Step, f.What) }

// Stats count what a run did.
type Stats struct {
	Steps, Probes, States int
	// Left counts the steps that were about nothing that there is.
	Left              int
	Accepted, Refused map[string]int // by verb
	Faults            int            // answers of unknown outcome
}

// Runner runs programs.
type Runner struct {
	World World
	Stats Stats
	Log   func(format string, args ...any)
	// Slack is how far the deciding clock may have gone on since a request, where the test does
	// not set it.
	Slack time.Duration
	// StoreClock says that the store has a clock.
	StoreClock bool
	// Thorough presents everything after each step that is not used up by that.
	Thorough bool
	// Drain presents every credential that is left once, at the end.
	Drain bool

	checker
	given     []Given // by id
	texts     map[string]int
	passwords map[string][]string // by user, the newest last
	made      int                 // passwords
	failure   *Failure
	// rounds are the times of pruning in a store without a clock.
	rounds struct{ seen, trusted time.Time }
}

var (
	names     = []string{"ada", "bob", "cyd", "dan"}
	addresses = []string{
		"ada@example.com", "bob@example.com", "cyd@example.com", "dan@example.com", "eve@example.net", "fay@example.net",
	}
	roleSets = []string{"user", "user editor", "editor"}
	// steps of clocks. Most stay within what nodes may differ by.
	jumps = []time.Duration{
		time.Second, 4 * time.Second, 11 * time.Second, 31 * time.Second,
		2 * time.Minute, 6 * time.Minute, 11 * time.Minute, 70 * time.Minute,
		25 * time.Hour, 4 * 24 * time.Hour, 8 * 24 * time.Hour, 31 * 24 * time.Hour,
	}
)

// Run runs a program from the beginning, and returns what was wrong first.
func (r *Runner) Run(steps []Step) *Failure {
	r.env.Slack = r.Slack
	r.states, r.texts, r.passwords = []*State{NewState()}, map[string]int{}, map[string][]string{}
	r.Stats.Accepted, r.Stats.Refused = map[string]int{}, map[string]int{}
	for i := range steps {
		if r.step(i, &steps[i]); r.failure != nil {
			return r.failure
		}
	}
	if r.Drain {
		r.drain(len(steps))
	}
	return r.failure
}

func (r *Runner) fail(kind, format string, args ...any) {
	if r.failure == nil {
		r.failure = &Failure{r.env.Tick, kind, fmt.Sprintf(format, args...)}
	}
}

func (r *Runner) step(i int, s *Step) {
	r.env.Tick = i
	r.Stats.Steps++
	switch s.Verb {
	case "clock":
		r.clock(s)
	case "follow":
		r.tell()
		if r.World.Follow(s.Node, s.Fault) == nil {
			r.heard(s.Node)
		}
	default:
		r.request(s)
	}
	if r.failure != nil {
		return
	}
	r.probe(i, true)
	if s.Lag {
		return
	}
	for node := range 2 {
		if err := r.World.Follow(node, Fault{}); err != nil {
			r.fail("follow", "node %c does not follow the feed: %v", 'A'+node, err)
			return
		}
		r.heard(node)
	}
	for _, s := range r.states {
		s.written()
	}
	r.states = distinct(r.states, &r.env)
	r.probe(i, false)
}

// heard notes that a node knows everything up to this step.
func (r *Runner) heard(node int) { r.env.Heard[node] = r.env.Tick + 1 }

// tell reads the clocks.
func (r *Runner) tell() { r.env.Now, r.env.Nodes = r.World.Clocks() }

// clock moves clocks. A node whose clock was moved has news of the store before anything
// else is asked of it, as its ticker would get it.
func (r *Runner) clock(s *Step) {
	n := s.M % (2 * len(jumps))
	d := jumps[n%len(jumps)]
	if n >= len(jumps) {
		d = -d
	}
	r.log("%s: %s", s, d)
	r.advance1(s.N%4, d)
}

func (r *Runner) advance1(which int, d time.Duration) bool {
	if !r.World.Advance(which, d) {
		return false
	}
	r.tell()
	for node := range 2 {
		if err := r.World.Follow(node, Fault{}); err != nil {
			r.fail("follow", "node %c does not follow the feed: %v", 'A'+node, err)
		}
		r.env.Heard[node] = r.env.Tick // the request of this step is still to come
	}
	return true
}

func (r *Runner) log(format string, args ...any) {
	if r.Log != nil {
		r.Log(format, args...)
	}
}

// request sends the one or two requests of a step, and compares.
func (r *Runner) request(s *Step) {
	calls := []*Call{}
	for one := s; one != nil; one = one.With {
		c, err := r.resolve(one)
		if err != nil {
			r.log("%s: left out: %v", one, err)
			r.Stats.Left++
			continue
		}
		if one != s { // on the other node, whatever the program says
			c.Node = 1 - s.Node
		}
		calls = append(calls, c)
	}
	if len(calls) == 0 {
		return
	}
	r.tell()
	results := r.send(calls)
	mails := r.World.Mails()
	r.tell()
	r.register(results, mails)
	var next []*State
	var why string
	for _, order := range orders(len(calls)) {
		states, reason := r.states, ""
		for _, i := range order {
			spurious := len(calls) > 1 && raises[calls[1-i].Verb]
			if states, reason = r.checker.advance(states, calls[i], &results[i], spurious); len(states) == 0 {
				break
			}
		}
		why = cmpOr(reason, why)
		for _, state := range states {
			list, wrong := state.delivered(mails)
			next, why = append(next, list...), cmpOr(wrong, why)
		}
	}
	if len(next) == 0 {
		var said []string
		for i, c := range calls {
			said = append(said, fmt.Sprintf("%s: %d %s", c, results[i].Status, results[i].Text))
		}
		kind := fmt.Sprintf("%s %d: %s", calls[0].Verb, results[0].Status, why)
		if len(calls) > 1 {
			kind = fmt.Sprintf("%s | %s %d: %s", calls[0].Verb, calls[1].Verb, results[1].Status, kind)
		}
		r.fail(kind, "%s; but %s", strings.Join(said, " | "), why)
		return
	}
	r.count(calls, results)
	r.states = distinct(next, &r.env)
	r.Stats.States = max(r.Stats.States, len(r.states))
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// raises are the requests after which others that were proving something begin again.
var raises = map[string]bool{
	"change-password": true, "reset": true, "force-reset": true, "mfa-on": true, "mfa-off": true, "mfa-remove": true,
	"verify": true, "disable": true, "enable": true,
}

func orders(n int) [][]int {
	if n == 1 {
		return [][]int{{0}}
	}
	return [][]int{{0, 1}, {1, 0}}
}

func (r *Runner) send(calls []*Call) []Result {
	results := make([]Result, len(calls))
	done := make(chan bool)
	for i := range calls[1:] {
		go func() { results[i+1] = r.World.Do(calls[i+1]); done <- true }()
	}
	results[0] = r.World.Do(calls[0])
	for range calls[1:] {
		<-done
	}
	for i, c := range calls {
		r.log("%s: %d %s", c, results[i].Status, results[i].Text)
		if c.Verb == "prune" {
			r.pruned(c.Fault.At > 0)
		}
	}
	return results
}

// pruned notes by which time things may have been removed: the store's, less what a token may
// be behind; or without a clock in the store, one that the clock has gone on from for about
// as long as one round of pruning is from the next. After a fault, any.
func (r *Runner) pruned(fault bool) {
	now, nodes := r.World.Clocks()
	by := now
	switch p := &r.rounds; {
	case fault:
		by = slices.MaxFunc(append(nodes[:], now), time.Time.Compare).Add(accessTTL + clockMargin)
	case r.StoreClock:
	case now.Before(p.seen):
		p.seen, by = now, time.Time{}
		if now.Before(p.trusted) {
			p.trusted = now
		}
	case now.Sub(p.seen) > 2*time.Hour:
		p.seen, by = now, p.trusted
	case now.Sub(p.seen) >= 45*time.Minute:
		p.seen, p.trusted, by = now, p.seen, p.seen
	default:
		by = p.trusted
	}
	if by = by.Add(-accessTTL - clockMargin); by.After(r.env.Pruned) {
		r.env.Pruned = by
	}
}

func (r *Runner) count(calls []*Call, results []Result) {
	for i, c := range calls {
		switch results[i].outcome() {
		case Accepted:
			r.Stats.Accepted[c.Verb]++
		case Refused:
			r.Stats.Refused[c.Verb]++
		case Unknown:
			r.Stats.Faults++
		}
	}
}

// register numbers what was handed out.
func (r *Runner) register(results []Result, mails []Sent) {
	for i := range results {
		for j := range results[i].Given {
			g := &results[i].Given[j]
			g.id = r.number(*g)
		}
	}
	for i := range mails {
		mails[i].id = r.number(Given{Kind: mails[i].Kind, Text: mails[i].Text})
	}
}

func (r *Runner) number(g Given) int {
	key := string(g.Kind) + " " + g.Text
	id, known := r.texts[key]
	if !known {
		id = len(r.given)
		r.texts[key] = id
		r.given = append(r.given, g)
	}
	return id
}

var errNone = errors.New("there is nothing of the kind")

// Add adds the counts of another run.
func (s *Stats) Add(other *Stats) {
	s.Steps, s.Probes, s.Faults = s.Steps+other.Steps, s.Probes+other.Probes, s.Faults+other.Faults
	s.States = max(s.States, other.States)
	for verb, n := range other.Accepted {
		s.Accepted[verb] += n
	}
	for verb, n := range other.Refused {
		s.Refused[verb] += n
	}
}

// Verbs returns the verbs of requests, in order.
func Verbs() []string { return slices.Sorted(maps.Keys(rules)) }
