package faults_test

import (
	"context"
	mrand "math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// kind is what a request is for.
type kind string

const (
	reads     kind = "read"     // a guarded route, with a token of the gate's own
	foreign   kind = "foreign"  // with one of another issuer
	keyed     kind = "API key"  // with an API key
	logins    kind = "login"    //
	refreshes kind = "refresh"  //
	logouts   kind = "logout"   //
	registers kind = "register" //
	newKeys   kind = "new key"  //
	checks    kind = "me"       // the accounts' own endpoint
)

// good is the status that a kind of request has when all is well.
var good = map[kind]int{
	reads: 200, foreign: 200, keyed: 200, checks: 200,
	logins: 200, refreshes: 200, logouts: 204, registers: 202, newKeys: 201,
}

// pace is how often each kind is sent: enough to be hit by a fault, and little enough that the
// hashing of passwords leaves the processors to the rest.
var pace = map[kind]time.Duration{
	reads: 50 * time.Millisecond, foreign: 200 * time.Millisecond, keyed: 200 * time.Millisecond,
	checks: 200 * time.Millisecond, refreshes: 250 * time.Millisecond, logins: 700 * time.Millisecond,
	logouts: time.Second, registers: 1100 * time.Millisecond, newKeys: 2 * time.Second,
}

// session is one login, and the tokens of its last refresh. One goroutine has it at a time.
type session struct {
	user, access, refresh string
	born                  time.Time
}

// dice are rolled by all goroutines.
type dice struct {
	mu  sync.Mutex
	rng *mrand.Rand
}

func newDice() *dice { return &dice{rng: mrand.New(mrand.NewPCG(*seed, 0))} }

// roll returns a number below n.
func (d *dice) roll(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rng.IntN(n)
}

// outcome is one request and its answer.
type outcome struct {
	kind kind
	gate *gate
	answer
}

// traffic sends requests until it is stopped.
type traffic struct {
	*world
	users    []string
	foreign  string
	sessions chan *session // to refresh and to log out
	reader   *session      // for reading alone
	key      string

	mu       sync.Mutex
	outcomes []outcome
	commands []command
	faults   []string // what must never be
	waiting  sync.WaitGroup
}

func (t *traffic) note(o outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.outcomes = append(t.outcomes, o)
}

func (t *traffic) fault(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = append(t.faults, text)
}

// run sends until the context ends, and returns when all have been answered.
func (t *traffic) run(ctx context.Context) {
	for k, every := range pace {
		if k == foreign && t.foreign == "" {
			continue
		}
		t.waiting.Go(func() { t.repeat(ctx, k, every) })
	}
	t.waiting.Go(func() { t.commandLoop(ctx) })
	<-ctx.Done()
	t.waiting.Wait()
}

// most is how many requests of a kind wait at the same time.
const most = 12

func (t *traffic) repeat(ctx context.Context, k kind, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	slots := make(chan struct{}, most)
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		select {
		case slots <- struct{}{}:
			t.waiting.Go(func() {
				t.send(context.WithoutCancel(ctx), k)
				<-slots
			})
		default: // all wait
		}
	}
}

// send sends one request of a kind, to some gate.
func (t *traffic) send(ctx context.Context, k kind) {
	g := t.gates[t.dice.roll(len(t.gates))]
	note := func(a answer) answer {
		t.note(outcome{k, g, a})
		return a
	}
	switch k {
	case reads:
		note(g.do(ctx, "GET", "/hello", t.reader.access, ""))
	case foreign:
		note(g.do(ctx, "GET", "/hello", t.foreign, ""))
	case keyed:
		note(g.do(ctx, "GET", "/hello", t.key, ""))
	case checks:
		note(g.do(ctx, "GET", "/auth/me", t.reader.access, ""))
	case logins:
		if s, a := t.login(ctx, g, t.users[t.dice.roll(len(t.users))]); note(a).status == http.StatusOK {
			t.put(s)
		}
	case refreshes:
		if s := t.get(); s != nil {
			note(t.renew(ctx, g, s))
			t.put(s)
		}
	case logouts:
		t.logout(ctx, g, note)
	case registers:
		name := unique("r")
		user := body("username", name, "email", name+"@example.com", "password", password)
		a := note(g.do(ctx, "POST", "/auth/register", "", user))
		if a.status == http.StatusAccepted {
			t.ledger.registered(name)
		}
	case newKeys:
		t.newKey(ctx, g, note)
	}
}

// body is a JSON object of texts.
func body(pairs ...string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	data, _ := json.Marshal(m, json.Deterministic(true))
	return string(data)
}

// tokens are in the answers to logins and refreshes.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

func (w *world) login(ctx context.Context, g *gate, user string) (*session, answer) {
	a := g.do(ctx, "POST", "/auth/login", "", body("username", user, "password", password))
	s := &session{user: user, born: time.Now()}
	s.take(a)
	return s, a
}

func (s *session) take(a answer) {
	var got tokens
	if a.status == http.StatusOK && json.Unmarshal(a.body, &got) == nil {
		s.access, s.refresh = got.Access, got.Refresh
	}
}

func (w *world) renew(ctx context.Context, g *gate, s *session) answer {
	a := g.do(ctx, "POST", "/auth/refresh", "", body("refresh_token", s.refresh))
	s.take(a)
	return a
}

func (t *traffic) put(s *session) {
	select {
	case t.sessions <- s:
	default: // enough
	}
}

func (t *traffic) get() *session {
	select {
	case s := <-t.sessions:
		return s
	default:
		return nil
	}
}

// logout ends a session, and then looks whether it is dead. One whose logout was not acknowledged
// is left alone: it may have ended or not.
func (t *traffic) logout(ctx context.Context, g *gate, note func(answer) answer) {
	s := t.get()
	if s == nil {
		return
	}
	if note(g.do(ctx, "POST", "/auth/logout", s.access, "")).status != http.StatusNoContent {
		return
	}
	acknowledged := time.Now()
	t.ledger.loggedOut(s)
	t.watch(ctx, g, s, acknowledged)
}

const (
	// everywhere is when a logout holds on every node that can read the feed: within a second, and
	// one more for a loaded machine.
	everywhere = 2 * time.Second
	// unheard is how long a node serves without having heard of the store.
	unheard = 5 * time.Second
)

// watch reads with the tokens of a session that was ended on a gate.
func (t *traffic) watch(ctx context.Context, told *gate, s *session, ended time.Time) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for time.Since(ended) < unheard+everywhere+time.Second {
		for _, g := range t.gates {
			a := g.do(ctx, "GET", "/hello", s.access, "")
			late := a.at.Sub(ended).Round(time.Millisecond)
			if a.status != http.StatusOK {
				continue
			}
			switch {
			case g == told:
				t.fault("a token was accepted by the node that ended its session")
			case late > everywhere && t.ledger.readable(ended, a.at):
				t.fault("a token was accepted " + late.String() + " after its session ended on another node")
			case late > unheard+everywhere:
				t.fault("a token was accepted " + late.String() + " after its session ended, without news of the store")
			}
		}
		if now := time.Now(); now.Sub(ended) > everywhere+time.Second && t.ledger.readable(ended, now) {
			return
		}
		<-tick.C
	}
}

// newKey makes an API key, and takes some of them back.
func (t *traffic) newKey(ctx context.Context, g *gate, note func(answer) answer) {
	id, key, a := t.makeKey(ctx, g)
	if note(a); key == "" {
		return
	}
	t.ledger.keyed(id, key)
	if t.dice.roll(3) == 0 && g.do(ctx, "DELETE", "/auth/keys/"+id, t.reader.access, "").status == http.StatusNoContent {
		t.ledger.revoked(key)
	}
}

func (t *traffic) makeKey(ctx context.Context, g *gate) (id, key string, a answer) {
	a = g.do(ctx, "POST", "/auth/keys", t.reader.access, `{"name":"bench","scopes":["api"],"days":1}`)
	var got struct {
		ID  string `json:"id"`
		Key string `json:"key"`
	}
	a.into(&got)
	return got.ID, got.Key, a
}

// commandLoop runs the commands in turn.
func (t *traffic) commandLoop(ctx context.Context) {
	tick := time.NewTicker(2500 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		quiet := context.WithoutCancel(ctx)
		var c command
		if i%2 == 0 {
			c = t.world.run(quiet, "", "user", "list")
		} else {
			name := unique("c")
			if c = t.add(quiet, name); c.err == nil {
				t.ledger.added(name)
			}
		}
		t.mu.Lock()
		t.commands = append(t.commands, c)
		t.mu.Unlock()
	}
}

// isProblem reports whether a refusal is told as RFC 9457 has it.
func (a answer) isProblem() bool { return strings.HasPrefix(a.media, "application/problem+json") }

// into reads the JSON of an answer, as far as it goes.
func (a answer) into(v any) { _ = json.Unmarshal(a.body, v) }

// code is that of a problem.
func (a answer) code() string {
	var p struct{ Code, Detail string }
	_ = json.Unmarshal(a.body, &p, json.MatchCaseInsensitiveNames(true))
	return p.Code + " " + p.Detail
}
