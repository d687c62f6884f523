package account_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/internal/totp"
)

// The cells of the table in docs/survivors.md.
const (
	ends  = "ends"
	stays = "stays"
	none  = "–" // there can be none
)

// survivors is a user, and one of everything that opens the account or was mailed for it.
type survivors struct {
	*world
	store       *memStore
	e           *enrolled // nil without a second factor
	unconfirmed bool      // the address is

	own, ownRefresh, other, otherRefresh string
	half, reset, verify, change, revert  string
	invite, removal                      string
	key, keyID, device                   string
}

// event is a row of the table: something that happens to a user.
type event struct {
	name string
	// factor says that the user has a second factor before.
	factor bool
	do     func(s *survivors)
}

// The events that there are for a confirmed address alone.
const (
	removedByMail = "the second factor is removed by mail"
	takenBack     = "the address before is taken back"
)

func events() []event {
	self := func(status int, method, path string, in ...string) func(*survivors) {
		return func(s *survivors) {
			s.Helper()
			text := ""
			if len(in) > 0 {
				text = body(in...)
			}
			s.mustCall(status, method, path, s.own, text)
		}
	}
	administers := func(do func(s *survivors) error) func(*survivors) {
		return func(s *survivors) {
			s.Helper()
			if err := do(s); err != nil {
				s.Fatal(err)
			}
		}
	}
	link := func(path string, token func(s *survivors) string, in ...string) func(*survivors) {
		return func(s *survivors) {
			s.Helper()
			s.mustCall(204, "POST", path, "", body(append([]string{"token", token(s)}, in...)...))
		}
	}
	withCode := func(status int, path string) func(*survivors) {
		return func(s *survivors) {
			s.Helper()
			s.mustCall(status, "POST", path, s.own, body("code", s.e.next()))
		}
	}
	disable := func(disabled ...bool) func(*survivors) {
		return administers(func(s *survivors) (err error) {
			for _, d := range disabled {
				_, err = s.SetDisabled(s.Context(), "ada", d)
			}
			return err
		})
	}
	return []event{
		{"the user changes the password", true, self(204, "POST", "/auth/password/change", "current_password", adasPW, "new_password", newPW)},
		{"a password is set by mail", true, link("/auth/password/reset", func(s *survivors) string { return s.reset }, "password", newPW)},
		{"an administrator demands another password", true, administers(func(s *survivors) error {
			_, err := s.ForceReset(s.Context(), "ada")
			return err
		})},
		{"the user is disabled", true, disable(true)},
		{"the user is disabled and enabled again", true, disable(true, false)},
		{"the roles change, and the user stays an administrator", true, administers(func(s *survivors) error {
			_, err := s.SetRoles(s.Context(), "ada", []string{"admin", "editor"})
			return err
		})},
		{"the user is an administrator no longer", true, administers(func(s *survivors) error {
			_, err := s.SetRoles(s.Context(), "ada", []string{"editor"})
			return err
		})},
		{"a second factor is switched on", false, func(s *survivors) {
			seed := seedOf(s.T, s.mustCall(200, "POST", "/auth/mfa/totp/enroll", s.own, "")["secret"].(string))
			s.mustCall(200, "POST", "/auth/mfa/totp/confirm", s.own, body("code", totp.Code(seed, totp.Step(s.clock))))
		}},
		{"the second factor is switched off", true, withCode(204, "/auth/mfa/totp/disable")},
		{"an administrator removes the second factor", true, administers(func(s *survivors) error {
			_, err := s.RemoveSecondFactor(s.Context(), "ada")
			return err
		})},
		{removedByMail, true, link("/auth/mfa/recover/confirm", func(s *survivors) string { return s.removal })},
		{"other recovery codes are made", true, withCode(200, "/auth/mfa/recovery/regenerate")},
		{"the user logs out", true, self(204, "POST", "/auth/logout")},
		{"the user logs out everywhere", true, self(204, "POST", "/auth/logout-all")},
		{"the user ends another session", true, func(s *survivors) {
			self(204, "DELETE", "/auth/sessions/"+claimsOf(s.T, s.other)["sid"].(string))(s)
		}},
		{"an administrator ends all sessions", true, administers(func(s *survivors) error { return s.EndSessions(s.Context(), "ada") })},
		{"a refresh token of this session is used by two", true, func(s *survivors) {
			access, refresh := s.refresh(s.ownRefresh)
			s.refresh(refresh)
			s.mustCall(400, "POST", "/auth/refresh", "", body("refresh_token", s.ownRefresh))
			s.own = access
		}},
		{"another address is confirmed", true, link("/auth/email/verify", func(s *survivors) string { return s.change })},
		{takenBack, true, link("/auth/email/verify", func(s *survivors) string { return s.revert })},
		{"the API key is revoked", true, func(s *survivors) { self(204, "DELETE", "/auth/keys/"+s.keyID)(s) }},
		{"the invite is withdrawn", true, administers(func(s *survivors) error {
			return s.WithdrawInvite(s.Context(), "carol@example.com")
		})},
		{"the signing key is revoked", true, administers(func(s *survivors) error { return s.RevokeKey(s.Context(), s.newest()) })},
	}
}

func survivorsConfig(c *account.Config) {
	withMail(c)
	c.RegisterLimit, c.FactorRecovery = "10000 per 1m", recoveryDelay
}

// newSurvivors makes a user with everything but a link to confirm the address.
func newSurvivors(t *testing.T, factor bool) *survivors {
	t.Helper()
	store := newMemStore()
	s := &survivors{world: newWorldOn(t, store, survivorsConfig), store: store}
	add(t, s.Accounts, "ada")
	access, _ := s.login()
	s.mustCall(202, "POST", "/auth/email/change", access, body("email", "ada@new.example"))
	s.mustCall(204, "POST", "/auth/email/verify", "", body("token", s.token("ada@new.example", "Confirm your new")))
	s.revert = s.token("ada@example.com", "was changed")

	if _, err := s.SetRoles(t.Context(), "ada", []string{"admin"}); err != nil {
		t.Fatal(err)
	}
	s.e = enroll(s.world)
	s.sent()
	root := s.e.second(200, s.e.first(), "code", s.e.next())["access_token"].(string)
	if status, said := s.admin("POST", "/invites", root, `{"email":"carol@example.com"}`); status != 204 {
		t.Fatal(status, said)
	}
	s.invite = s.token("carol@example.com", "invited")
	if !factor {
		s.mustCall(204, "POST", "/auth/mfa/totp/disable", root, body("code", s.e.next()))
		s.e = nil
	}
	s.fill()
	return s
}

// fill logs the user in, twice and a half, and has links mailed.
func (s *survivors) fill() {
	s.Helper()
	said := s.enter()
	s.own, s.ownRefresh, s.device = said["access_token"].(string), said["refresh_token"].(string), said["device_token"].(string)
	said = s.enter()
	s.other, s.otherRefresh = said["access_token"].(string), said["refresh_token"].(string)
	key := s.mustCall(201, "POST", "/auth/keys", s.own, body("name", "k"))
	s.key, s.keyID = key["key"].(string), key["id"].(string)
	s.sent()
	if s.unconfirmed {
		return
	}
	if s.e != nil {
		s.half = s.e.first()
		s.mustCall(202, "POST", "/auth/mfa/recover", "", body("mfa_token", s.half))
		s.removal = s.token("ada@new.example", "going to be removed")
	}
	s.later(2 * time.Minute) // so that it outlives the delay of the removal
	s.mustCall(202, "POST", "/auth/email/change", s.own, body("email", "ada@third.example"))
	s.change = s.token("ada@third.example", "Confirm your new")
	s.reset = s.world.reset("ada@new.example")
}

// mature lets the delay of the removal of the second factor pass, after which other things
// are made anew.
func (s *survivors) mature() {
	s.Helper()
	s.later(recoveryDelay - time.Minute)
	s.own, s.ownRefresh = s.refresh(s.ownRefresh)
	s.other, s.otherRefresh = s.refresh(s.otherRefresh)
	s.half = s.e.first()
	s.reset = s.world.reset("ada@new.example")
}

const recoveryDelay = 24 * time.Hour

// enter logs the user in.
func (s *survivors) enter() map[string]any {
	s.Helper()
	if s.e != nil {
		return s.e.second(200, s.e.first(), "code", s.e.next())
	}
	_, said := s.loginAs("ada", adasPW)
	return said
}

// newUnconfirmed makes a user with a link to confirm the address, who may log in before.
func newUnconfirmed(t *testing.T, factor bool) *survivors {
	t.Helper()
	store := newMemStore()
	s := &survivors{store: store, unconfirmed: true}
	s.world = newWorldOn(t, store, func(c *account.Config) { survivorsConfig(c); c.InsecureUnverified = true })
	s.register()
	if _, err := s.SetRoles(t.Context(), "ada", []string{"admin"}); err != nil {
		t.Fatal(err)
	}
	if factor {
		s.e = enroll(s.world)
	}
	s.sent()
	s.fill()
	s.mustCall(202, "POST", "/auth/email/change", s.own, body("email", "ada@third.example"))
	s.change = s.token("ada@third.example", "Confirm your new")
	s.mustCall(202, "POST", "/auth/email/resend", "", body("email", "ada@example.com"))
	s.verify = s.token("Ada@Example.com", "Confirm")
	s.mustCall(202, "POST", "/auth/password/forgot", "", body("email", "ada@example.com"))
	s.reset = s.token("Ada@Example.com", "new password")
	return s
}

// TestSurvivors holds what survives each event to the table in docs/survivors.md: on the node
// that was told, and on another one.
func TestSurvivors(t *testing.T) {
	table := readTable(t, "../docs/survivors.md", "event")
	for _, ev := range events() {
		t.Run(ev.name, func(t *testing.T) {
			t.Parallel()
			row := table[ev.name]
			got := ev.run(t)
			var line []string
			for _, column := range columns {
				if got[column] == nil {
					got[column] = []string{none}
				}
				cell := strings.Join(slices.Compact(got[column]), " on one node, and on another ")
				line = append(line, cell)
				if cell != row[column] {
					t.Errorf("%s: %s; the table says %q", column, cell, row[column])
				}
			}
			t.Logf("| %s | %s |", ev.name, strings.Join(line, " | "))
		})
	}
	for name := range table {
		if !slices.ContainsFunc(events(), func(e event) bool { return e.name == name }) {
			t.Errorf("the table has a row %q, which no event is named", name)
		}
	}
}

// columns are those of the table, in its order.
var columns = []string{
	"access token", "others' access tokens", "refresh token", "others' refresh tokens",
	"stream", "others' streams", "half login",
	"reset link", "verify link", "change link", "revert link", "removal link",
	"invite", "API key", "remembered device", "second factor", "recovery codes",
}

// run lets the event happen, and returns what became of each thing on both nodes.
func (ev event) run(t *testing.T) map[string][]string {
	s := newSurvivors(t, ev.factor)
	if ev.name == removedByMail {
		s.mature()
	}
	got := s.after(t, ev.do, s.probes())
	if ev.name == removedByMail || ev.name == takenBack {
		return got
	}
	u := newUnconfirmed(t, ev.factor)
	if ev.name == "the invite is withdrawn" {
		if err := u.Invite(t.Context(), "carol@example.com", nil); err != nil {
			t.Fatal(err)
		}
	}
	got["verify link"] = u.after(t, ev.do, []probing{{"verify link", u.redeems("/auth/email/verify", u.verify)}})["verify link"]
	return got
}

// probing is how a thing is tried out on a node: it reports whether it is good.
type probing struct {
	column string
	good   func(node *world) bool
}

// after lets an event happen on one node, and tries each thing out there and on another. What
// a try changes is undone before the next one.
func (s *survivors) after(t *testing.T, event func(*survivors), probes []probing) map[string][]string {
	t.Helper()
	other := newWorldAt(t, s.clock, s.store, func(c *account.Config) {
		survivorsConfig(c)
		c.InsecureUnverified = s.unconfirmed
	})
	cut := map[*world]map[string]func(context.Context) bool{}
	for _, node := range []*world{s.world, other} {
		cut[node] = map[string]func(context.Context) bool{}
		for name, raw := range map[string]string{"stream": s.own, "others' streams": s.other} {
			p, err := node.Authenticate(raw)
			if err != nil {
				t.Fatal(err)
			}
			cut[node][name] = node.Watch(p)
		}
		p, err := node.APIKey(t.Context(), s.key)
		if err != nil {
			t.Fatal(err)
		}
		cut[node]["API key"] = node.Watch(p)
	}

	event(s)
	other.setClock(s.clock)
	got := map[string][]string{}
	state := s.store.state.Load()
	for _, node := range []*world{s.world, other} {
		for _, name := range []string{"stream", "others' streams"} {
			got[name] = append(got[name], verdict(!cut[node][name](t.Context())))
		}
		for _, p := range probes {
			s.store.state.Store(state)
			good := p.good(node)
			got[p.column] = append(got[p.column], verdict(good))
			if p.column == "API key" && cut[node]["API key"](t.Context()) == good {
				t.Errorf("an API key is good: %v, and so is it that its stream is cut", good)
			}
		}
	}
	return got
}

func verdict(good bool) string {
	if good {
		return stays
	}
	return ends
}

// probes are those of all things that the user has.
func (s *survivors) probes() (list []probing) {
	try := func(column, thing string, good func(node *world) bool) {
		if thing != "" {
			list = append(list, probing{column, good})
		}
	}
	accepted := func(raw *string) func(*world) bool {
		return func(node *world) bool { _, err := node.Authenticate(*raw); return err == nil }
	}
	refreshes := func(raw string) func(*world) bool {
		return func(node *world) bool { status, _, _ := node.tryRefresh(raw); return status == 200 }
	}
	// What this process knows comes first, as the other tries may add to it.
	try("access token", s.own, accepted(&s.own))
	try("others' access tokens", s.other, accepted(&s.other))
	try("API key", s.key, func(node *world) bool { _, err := node.APIKey(node.Context(), s.key); return err == nil })
	try("refresh token", s.ownRefresh, refreshes(s.ownRefresh))
	try("others' refresh tokens", s.otherRefresh, refreshes(s.otherRefresh))
	try("half login", s.half, func(node *world) bool {
		node.later(30 * time.Second)
		in := body("mfa_token", s.half, "code", totp.Code(s.e.seed, totp.Step(node.clock)))
		return node.send("POST", "/auth/mfa/totp/verify", "", in).Code == 200
	})
	try("reset link", s.reset, s.redeems("/auth/password/reset", s.reset, "password", "another-violet-otter-17"))
	try("change link", s.change, s.redeems("/auth/email/verify", s.change))
	try("revert link", s.revert, s.redeems("/auth/email/verify", s.revert))
	try("invite", s.invite, func(node *world) bool { return node.accept("carol", s.invite) == 201 })
	try("remembered device", s.device, func(node *world) bool {
		u, err := node.Find(node.Context(), "ada")
		return err == nil && node.KnowsDevice(u, s.device)
	})
	if s.e != nil {
		try("second factor", "yes", func(*world) bool { return s.factorHolds(nil) })
		try("recovery codes", "yes", func(*world) bool { return s.factorHolds(s.e.recovery) })
	}
	try("removal link", s.removal, func(node *world) bool {
		node.later(recoveryDelay)
		return s.redeems("/auth/mfa/recover/confirm", s.removal)(node)
	})
	return list
}

// redeems is the use of a link.
func (s *survivors) redeems(path, token string, in ...string) func(*world) bool {
	return func(node *world) bool {
		return node.send("POST", path, "", body(append([]string{"token", token}, in...)...)).Code == 204
	}
}

// factorHolds reports whether there is a second factor, with these recovery codes.
func (s *survivors) factorHolds(codes []string) bool {
	for _, rec := range s.store.state.Load().records {
		if rec.Kind == "totp" {
			return strings.Contains(string(rec.Data), `"confirmed":true`) && holdsCodes(rec.Data, codes)
		}
	}
	return false
}

// readTable reads those tables of a document whose first column has this heading: the cells,
// by the first cell of their row and the heading of their column.
func readTable(t *testing.T, path, first string) map[string]map[string]string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]map[string]string{}
	var head []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			head = nil
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimRight(strings.TrimSpace(cells[i]), "¹²³⁴⁵⁶⁷⁸⁹")
		}
		switch {
		case head == nil:
			head = cells
		case strings.HasPrefix(cells[0], "--"):
		case len(cells) != len(head):
			t.Fatal(fmt.Errorf("%s: %d cells under %d headings: %s", path, len(cells), len(head), line))
		case head[0] == first:
			if rows[cells[0]] == nil {
				rows[cells[0]] = map[string]string{}
			}
			for i, cell := range cells[1:] {
				rows[cells[0]][head[i+1]] = cell
			}
		}
	}
	return rows
}
