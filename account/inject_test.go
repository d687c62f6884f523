package account_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/internal/totp"
	"github.com/sallyport-dev/sallyport/ratelimit"
)

// injection is a request that succeeds, whose calls of the store, of the store of limits and
// of the list of stolen passwords fail one after the other.
type injection struct {
	// pattern is the endpoint's, as [account.Accounts.Patterns] has it.
	pattern string
	// variant tells several requests to one endpoint apart.
	variant string
	// status is that of the success.
	status int
	// reads says that a success changes nothing.
	reads bool
	// change is made to the Config.
	change func(*account.Config)
	// prepare makes the state in which the request succeeds, and returns the request.
	prepare func(s *stage) request
	// again is the status and the code of the answer to the same request once it took
	// effect and its answer was lost. The default is that of the success.
	again     int
	againCode string
	// way is how a client goes on from there; docs/survivors.md has it in words.
	way func(s *stage)
	// settles says that the node it was sent to knows of it by its next poll, not at once.
	settles bool
	// onTheSide says that a change belongs to the request, and may happen without it.
	onTheSide func(change string) bool
}

func (i *injection) name() string { return strings.TrimSpace(i.pattern + " " + i.variant) }

// request is what a client sends.
type request struct {
	method, path, bearer, body string
	fields                     []string
}

// stage is a world with users, and what the prepared request and the way on need to know.
type stage struct {
	*world
	ada, bob account.User
	// bearers are credentials which have to be judged alike by every node.
	bearers []string
	e       *enrolled
	notes   map[string]string
}

// TestInjection fails each call that each endpoint makes, once and from there on, before
// and after it took effect. It prints the size of the matrix with -v.
func TestInjection(t *testing.T) {
	covered, sums := map[string]bool{}, &tally{rows: map[string]*outcomes{}}
	t.Run("endpoints", func(t *testing.T) {
		for _, c := range injections() {
			covered[c.pattern] = true
			t.Run(c.name(), func(t *testing.T) {
				t.Parallel()
				c.run(t, sums)
			})
		}
	})
	w := newWorld(t, withMail)
	for _, pattern := range w.Patterns() {
		if !covered[pattern] {
			t.Errorf("%s has no case: add one to injections, with the state in which it succeeds", pattern)
		}
		delete(covered, pattern)
	}
	for pattern := range covered {
		t.Errorf("%s is no endpoint: remove its case", pattern)
	}
	sums.log(t)
	checkLost(t)
}

// checkLost holds the table of lost answers in docs/survivors.md to the cases.
func checkLost(t *testing.T) {
	table := readTable(t, "../docs/survivors.md", "request")
	for _, c := range injections() {
		row, ok := table[strings.TrimSpace("`"+c.pattern+"` "+c.variant)]
		if want := fmt.Sprintf("%d `%s`", c.again, c.againCode); ok != (c.again != 0) || ok && row["sent again"] != want {
			t.Errorf("%s: the table of lost answers says %q, want %s (none for 0)", c.name(), row["sent again"], want)
		}
		if ok {
			delete(table, strings.TrimSpace("`"+c.pattern+"` "+c.variant))
		}
	}
	for name := range table {
		t.Errorf("the table of lost answers has a row %s, which is no case", name)
	}
}

// config is that of the stage and of each trial.
func (i *injection) config(mail account.Mailer) func(*account.Config) {
	return func(c *account.Config) {
		limits, _ := ratelimit.NewMemory(ratelimit.MemoryConfig{})
		c.Mail, c.Limits, c.Breached = mail, faultyLimits{limits}, faultyList
		c.RoleScopes = map[string][]string{"verifier": {account.ScopeIntrospect}}
		c.LimitStatus, c.AnswerStatus = func() any { return 1 }, func() any { return 1 }
		if !strings.HasSuffix(i.pattern, "openapi.json") { // making the document takes most of a trial
			c.Off = []account.Group{account.GroupOpenAPI}
		}
		if i.change != nil {
			i.change(c)
		}
	}
}

// trial is one run of a prepared request.
type trial struct {
	*stage
	*injection
	request
	store       *memStore
	base        *memState
	fault       probe
	wanted      []string // the changes of the success
	at          time.Time
	answer      *httptest.ResponseRecorder
	took        bool // the request took effect
	description string
}

// stage prepares the state once, and returns what starts each trial from it.
func (i *injection) stage(t *testing.T) func(t *testing.T, fault probe, change ...func(*account.Config)) *trial {
	t.Helper()
	store := newMemStore()
	s := &stage{world: newWorldOn(t, store, i.config(&mailbox{})), notes: map[string]string{}}
	s.ada, s.bob = add(t, s.Accounts, "ada"), add(t, s.Accounts, "bob")
	r := i.prepare(s)
	s.Accounts.Close()
	return func(t *testing.T, fault probe, change ...func(*account.Config)) *trial {
		store := memStoreOf(store.state.Load())
		w := newWorldAt(t, s.clock, newFaultyStore(store), func(c *account.Config) {
			i.config(account.Elsewhere{})(c)
			for _, f := range change {
				f(c)
			}
		})
		return &trial{
			stage:     &stage{world: w, ada: s.ada, bob: s.bob, bearers: s.bearers, e: s.e, notes: s.notes},
			injection: i, request: r, store: store, base: store.state.Load(), fault: fault, at: s.clock,
		}
	}
}

// run lets each call fail in turn.
func (i *injection) run(t *testing.T, sums *tally) {
	start := i.stage(t)
	first := start(t, probe{fail: -1})
	first.send()
	wanted := first.changes()
	switch {
	case first.answer.Code != i.status:
		t.Fatalf("without a fault: %d, want %d: %s", first.answer.Code, i.status, first.answer.Body)
	case i.reads != (len(wanted) == 0):
		t.Fatalf("without a fault, this changes:\n\t%s", text(wanted))
	}
	first.wanted = wanted
	first.check()

	row := &outcomes{calls: len(first.fault.calls)}
	for n, call := range first.fault.calls {
		for _, m := range call.modes {
			for _, stays := range []bool{false, true} {
				err := map[bool]error{false: errInjected, true: context.DeadlineExceeded}[stays]
				x := start(t, probe{fail: n, mode: m, stays: stays, err: err})
				x.wanted = wanted
				x.description = fmt.Sprintf("call %d, %s: %s, stays %v", n+1, call.name, m, stays)
				x.send()
				x.check()
				x.Accounts.Close()
				row.count(x)
			}
		}
	}
	sums.add(i.name(), row)
}

// ask sends a request with the context of a probe.
func (s *stage) ask(ctx context.Context, r request) *httptest.ResponseRecorder {
	s.Helper()
	req := httptest.NewRequestWithContext(ctx, r.method, r.path, strings.NewReader(r.body))
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+r.bearer)
	}
	for i := 0; i < len(r.fields); i += 2 {
		if r.fields[i] == "Content-Type" {
			req.Header.Del("Content-Type")
		}
		req.Header.Add(r.fields[i], r.fields[i+1])
	}
	rec := httptest.NewRecorder()
	if strings.HasPrefix(r.path, "/admin/") {
		s.Admin().ServeHTTP(rec, req)
	} else {
		s.ServeHTTP(rec, req)
	}
	return rec
}

func (x *trial) send() { x.answer = x.ask(x.fault.in(x.Context()), x.request) }

// changes are those of the request, and no others.
func (x *trial) changes() []string {
	return slices.DeleteFunc(changesOf(x.base, x.store.state.Load()), func(line string) bool {
		return x.onTheSide != nil && x.onTheSide(line)
	})
}

func (x *trial) errorf(format string, args ...any) {
	x.Helper()
	x.Errorf("%s: %s\n\tthe answer: %d %s", x.description, fmt.Sprintf(format, args...), x.answer.Code, x.answer.Body)
}

// check holds the answer to what the store holds.
func (x *trial) check() {
	x.Helper()
	got := x.changes()
	x.took = !x.reads && slices.Equal(got, x.wanted)
	switch code := x.answer.Code; {
	case code == x.status:
		if !slices.Equal(got, x.wanted) {
			x.errorf("a success that changed\n\t%s\n\tinstead of\n\t%s", text(got), text(x.wanted))
		}
		if x.settles {
			x.poll()
		}
		x.judgedAlike()
		x.holds(x.answer)
	case code == 503:
		x.checkFailure(got)
	default:
		x.errorf("neither a success nor a 503")
	}
}

// checkFailure is check for a 503.
func (x *trial) checkFailure(got []string) {
	x.Helper()
	switch {
	case len(got) > 0 && !x.took:
		x.errorf("half of it took effect:\n\t%s\n\tinstead of\n\t%s", text(got), text(x.wanted))
	case x.took && x.fault.mode != unconfirmed:
		x.errorf("it took effect:\n\t%s", text(got))
	case x.took && !strings.Contains(x.audit.String(), "may have taken effect"):
		x.errorf("it took effect, and the audit log has nothing of it: %s", x.audit)
	}
	if secret := shown.FindString(x.answer.Body.String() + fmt.Sprint(x.answer.Header())); secret != "" {
		x.errorf("it shows %q", secret)
	}
	// A count of a guess may be left by a call that is about counts, and by no other.
	name := x.fault.calls[min(x.fault.fail, len(x.fault.calls)-1)].name
	if !x.fault.stays && !strings.Contains(name, "strikes") && strikesIn(x.store.state.Load()) > strikesIn(x.base) {
		x.errorf("it counts as a wrong guess")
	}
	x.poll()
	x.judgedAlike()
	x.sendAgain()
}

// poll reads the feed, as the ticker does four times a second.
func (x *trial) poll() {
	x.Helper()
	if err := x.Poll(x.Context()); err != nil {
		x.Fatal(err)
	}
}

// shown matches what a client must not see unless it holds.
var shown = regexp.MustCompile(`eyJ|spr_|spt_|sp_live_|recovery_codes|"secret"`)

// sendAgain sends the same request once the store is well.
func (x *trial) sendAgain() {
	x.Helper()
	rec := x.ask(x.Context(), x.request)
	want, code := x.status, ""
	if x.took && x.again != 0 {
		want, code = x.again, x.againCode
	}
	if rec.Code != want || !strings.Contains(rec.Body.String(), code) {
		x.errorf("took effect %v; sent again: %d, want %d %s: %s", x.took, rec.Code, want, code, rec.Body)
		return
	}
	if rec.Code < 300 {
		x.holds(rec)
	}
	if !x.took && !slices.Equal(x.changes(), x.wanted) {
		x.errorf("sent again, it changed\n\t%s\n\tinstead of\n\t%s", text(x.changes()), text(x.wanted))
	}
	if x.took && x.way != nil {
		x.way(x.node(&mailbox{}))
	}
}

// node starts another node with a copy of what the store holds now.
func (x *trial) node(mail account.Mailer) *stage {
	x.Helper()
	other := *x.stage
	other.world = newWorldAt(x.T, x.clock, memStoreOf(x.store.state.Load()), x.config(mail))
	if x.e != nil {
		e := *x.e
		e.world, other.e = other.world, &e
	}
	return &other
}

// judgedAlike compares this node, which knows what it revoked, with one that starts now.
func (x *trial) judgedAlike() {
	x.Helper()
	if len(x.bearers) == 0 {
		return
	}
	other := x.node(account.Elsewhere{})
	defer other.Accounts.Close()
	for i, raw := range x.bearers {
		here, there := x.accepts(raw), other.accepts(raw)
		if here != there {
			x.errorf("credential %d: this node accepts it: %v, another node: %v", i, here, there)
		}
	}
}

func (s *stage) accepts(raw string) bool {
	if account.IsAPIKey(raw) {
		_, err := s.APIKey(s.Context(), raw)
		return err == nil
	}
	_, err := s.Authenticate(raw)
	return err == nil
}

// holds checks that what an answer shows is good, on another node.
func (x *trial) holds(rec *httptest.ResponseRecorder) {
	x.Helper()
	var said map[string]any
	if rec.Body.Len() > 0 && rec.Body.Bytes()[0] == '{' {
		if err := unmarshal(rec.Body.String(), &said); err != nil {
			x.Fatal(err)
		}
	}
	shown := map[string]string{}
	for key, value := range said {
		if s, ok := value.(string); ok {
			shown[key] = s
		}
	}
	for _, c := range rec.Result().Cookies() {
		if name, ok := cookieNames[strings.TrimPrefix(c.Name, account.CookiePrefix)]; ok && c.Value != "" {
			shown[name] = c.Value
			if name == "refresh_token" {
				shown["cookie mode"] = "yes"
			}
		}
	}
	for _, secret := range []string{"access_token", "refresh_token", "mfa_token", "key", "secret"} {
		if shown[secret] != "" {
			x.goodElsewhere(secret, shown)
		}
	}
	if list, ok := said["recovery_codes"].([]any); ok {
		x.recoveryHolds(list)
	}
}

var cookieNames = map[string]string{"at": "access_token", "rt": "refresh_token", "mfa": "mfa_token"}

// goodElsewhere uses one of the secrets that were shown on another node.
func (x *trial) goodElsewhere(secret string, all map[string]string) {
	x.Helper()
	value := all[secret]
	other := x.node(account.Elsewhere{})
	defer other.Accounts.Close()
	good := false
	switch secret {
	case "access_token", "key":
		good = other.ask(x.Context(), request{method: "GET", path: "/auth/me", bearer: value}).Code == 200
	case "refresh_token":
		r := request{method: "POST", path: "/auth/refresh", body: body("refresh_token", value)}
		if all["cookie mode"] != "" {
			r.body, r.fields = "{}", append(slices.Clone(fromSite), "Cookie", account.CookiePrefix+"rt="+value)
		}
		good = other.ask(x.Context(), r).Code == 200
	case "mfa_token":
		sum := sha256.Sum256([]byte(value))
		_, err := other.store.Record(x.Context(), "ticket", hex.EncodeToString(sum[:]))
		good = err == nil
	case "secret":
		code := totp.Code(seedOf(x.T, value), totp.Step(x.clock))
		r := request{method: "POST", path: "/auth/mfa/totp/confirm", bearer: x.bearer, body: body("code", code)}
		good = other.ask(x.Context(), r).Code == 200
	}
	if !good {
		x.errorf("it shows %s, which is no good", secret)
	}
}

// recoveryHolds checks recovery codes against the store.
func (x *trial) recoveryHolds(list []any) {
	x.Helper()
	factor, err := x.store.Record(x.Context(), "totp", x.ada.ID)
	if err != nil || len(list) != 10 {
		x.errorf("%d codes, and the factor: %v", len(list), err)
		return
	}
	codes := make([]string, len(list))
	for i, code := range list {
		codes[i] = code.(string)
	}
	if !holdsCodes(factor.Data, codes) {
		x.errorf("it shows recovery codes that are no good")
	}
}

// holdsCodes reports whether recovery codes are among those of a stored factor.
func holdsCodes(factor []byte, codes []string) bool {
	var f struct {
		Recovery [][]byte `json:"recovery"`
	}
	if err := unmarshal(string(factor), &f); err != nil {
		return false
	}
	return !slices.ContainsFunc(codes, func(code string) bool {
		sum := sha256.Sum256([]byte(totp.Normalize(code)))
		return !slices.ContainsFunc(f.Recovery, func(h []byte) bool { return bytes.Equal(h, sum[:]) })
	})
}

// tally is the size of the matrix.
type tally struct {
	mu   sync.Mutex
	rows map[string]*outcomes
}

// outcomes counts the trials of one case.
type outcomes struct{ calls, trials, succeeded, nothing, took int }

func (o *outcomes) count(x *trial) {
	o.trials++
	switch {
	case x.answer.Code == x.status:
		o.succeeded++
	case x.took:
		o.took++
	default:
		o.nothing++
	}
}

func (s *tally) add(name string, row *outcomes) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows[name] = row
}

func (s *tally) log(t *testing.T) {
	var b strings.Builder
	sum := &outcomes{}
	line := func(name string, o *outcomes) {
		fmt.Fprintf(&b, "%-60s %5d %6d %9d %11d %11d\n", name, o.calls, o.trials, o.succeeded, o.nothing, o.took)
	}
	fmt.Fprintf(&b, "%-60s %5s %6s %9s %11s %11s\n", "endpoint", "calls", "trials", "succeeded", "503 nothing", "503 took it")
	for _, name := range slices.Sorted(maps.Keys(s.rows)) {
		o := s.rows[name]
		line(name, o)
		sum.calls, sum.trials = sum.calls+o.calls, sum.trials+o.trials
		sum.succeeded, sum.nothing, sum.took = sum.succeeded+o.succeeded, sum.nothing+o.nothing, sum.took+o.took
	}
	line(fmt.Sprintf("%d cases", len(s.rows)), sum)
	t.Log("\n" + b.String())
}
