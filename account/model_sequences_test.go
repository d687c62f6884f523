package account_test

import (
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account/internal/model"
)

// sequences are programs that showed a fault once, and what it was. They are written as
// TestModel prints them.
var sequences = []struct{ name, text string }{
	{"a reset asked for before the user was disabled is void after they are enabled", `
		A add 0 0
		A forgot 0 0
		A disable 0 0
		A enable 0 0
		B reset 0 0`},
	{"a change of address is not confirmed for a disabled user", `
		A add 0 0
		A login 0 0
		A change-address 0 2
		A disable 0 0
		A verify 0 0`},
	{"half a login does not survive disabling", `
		A add 0 0
		A login 0 0
		A mfa-on 0 0
		A login 0 0
		B disable 0 0
		A enable 0 0
		B second 0 0
		A second 0 1`},
	{"an API key does not survive disabling", `
		A add 0 0
		A login 0 0
		A key-issue 0 0
		B disable 0 0
		A enable 0 0`},
	{"a reset by mail revokes the API keys", `
		A add 0 0
		A forgot 0 0
		A login 0 0
		A key-issue 0 0
		B reset 0 0`},
	{"a recovery code is taken where a code of the app is", `
		A add 0 0
		A login 0 0
		A mfa-on 0 0
		A mfa-codes 0 1
		B reauth 0 2
		A mfa-off 0 3`},
	{"a token is good on a node whose clock is within the margin", `
		A add 0 0
		A login 0 0
		A clock 1 14
		A clock 2 4`},
	{"a clock set back does not refuse a token that was just made", `
		A add 0 0
		A login 0 0
		A clock 0 14`},
	{"a proof of who it is from the future is not recent", `
		A add 0 0
		A login 0 0
		A clock 0 17
		A refresh 0 0
		A key-issue 0 0`},
	{"a mail leaves at once, whose clock it may be that is ahead", `
		A clock 2 0
		B invite 0 0
		A clock 3 1
		A invite 1 0
		A clock 1 4
		A invite 2 0`},
	{"what was revoked is not forgotten while a clock is ahead for a while", `
		A add 0 0
		A login 0 0
		A logout 0 0
		A clock 0 8
		B prune 0 0
		A clock 0 20
		A restart 0 0
		B restart 0 0`},
	{"a revoked signing key is refused after a failed read", `
		A add 0 0
		A login 0 0
		A revoke-key 0 0 ~
		B follow 0 0 !2 ~
		B follow 0 0 !3 ~
		B follow 0 0
		A login 0 0`},
	{"two rotations five minutes apart", `
		A add 0 0
		A login 0 0
		A rotate 0 0
		A clock 0 4
		A clock 0 4
		A clock 0 3
		A clock 0 3
		B rotate 0 0
		A clock 0 5
		A refresh 0 0
		B clock 0 4
		B refresh 0 0
		A clock 0 4
		A refresh 0 0
		A clock 0 4
		A refresh 0 0
		A clock 0 4
		B refresh 0 0
		A clock 0 4`},
	{"a rotation, and then the old key is revoked", `
		A add 0 0
		A login 0 0
		A rotate 0 0
		A revoke-key 0 0
		A refresh 0 0
		A clock 0 5
		A refresh 0 0
		A clock 0 4
		B refresh 0 0
		A clock 0 4
		A refresh 0 0
		A clock 0 4
		A clock 0 4
		A clock 0 4`},
}

// TestSequences runs the sequences that showed a fault on a store without a clock, and on one
// that has its own.
func TestSequences(t *testing.T) {
	if _, err := empty(); err != nil {
		t.Fatal(err)
	}
	for _, c := range sequences {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			steps, err := model.Parse(c.text)
			if err != nil {
				t.Fatal(err)
			}
			for _, kind := range []modelKind{plainStore, clockedStore, behindGate} {
				m := newModelTestOf(t, kind, func(w *modelWorld) *model.Runner {
					return &model.Runner{World: w, Thorough: true}
				})
				f, stats := m.run(steps, t.Logf)
				if f != nil {
					t.Errorf("%s: %v", kind, f)
				}
				if stats.Left > 0 && kind != behindGate {
					t.Errorf("%s: %d steps are about nothing that there is", kind, stats.Left)
				}
			}
		})
	}
}

// liar is a world that does one thing wrong.
type liar struct {
	*modelWorld
	probe  func(status int) int
	result func(c *model.Call, r *model.Result)
	mails  func([]model.Sent) []model.Sent
}

func (l *liar) Probe(node int, kind model.Kind, text string, cookie bool) int {
	status := l.modelWorld.Probe(node, kind, text, cookie)
	if l.probe != nil {
		return l.probe(status)
	}
	return status
}

func (l *liar) Do(c *model.Call) model.Result {
	r := l.modelWorld.Do(c)
	if l.result != nil {
		l.result(c, &r)
	}
	return r
}

func (l *liar) Mails() []model.Sent {
	list := l.modelWorld.Mails()
	if l.mails != nil {
		return l.mails(list)
	}
	return list
}

// TestModel_notices: accounts that did one thing wrong would not pass.
func TestModel_notices(t *testing.T) {
	if _, err := empty(); err != nil {
		t.Fatal(err)
	}
	status := func(verb string, from, to int) func(*model.Call, *model.Result) {
		return func(c *model.Call, r *model.Result) {
			if c.Verb == verb && r.Status == from {
				r.Status = to
			}
		}
	}
	for name, l := range map[string]liar{
		"honest":                      {},
		"tokens never die":            {probe: func(int) int { return 200 }},
		"a good token is refused":     {probe: func(int) int { return 401 }},
		"any refresh token is taken":  {result: status("refresh", 400, 200)},
		"a good refresh is refused":   {result: status("refresh", 200, 400)},
		"any reset token is taken":    {result: status("reset", 400, 204)},
		"any half login is completed": {result: status("second", 401, 200)},
		"a right password is refused": {result: status("login", 200, 401)},
		"mails are lost":              {mails: func([]model.Sent) []model.Sent { return nil }},
		"mails go to somebody else": {mails: func(list []model.Sent) []model.Sent {
			for i := range list {
				list[i].To = "mallory@example.com"
			}
			return list
		}},
		"refresh tokens stay the same": {result: func(c *model.Call, r *model.Result) {
			for i := range r.Given {
				if c.Verb == "refresh" && r.Given[i].Kind == model.Refresh {
					r.Given[i].Text = c.Text
				}
			}
		}},
		"access tokens live for a day": {result: func(_ *model.Call, r *model.Result) {
			for i := range r.Given {
				r.Given[i].End = r.Given[i].From.Add(24 * time.Hour)
			}
		}},
		"roles are those of before": {result: func(_ *model.Call, r *model.Result) {
			for i := range r.Given {
				r.Given[i].Roles = "user"
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			noticed := 0
			for seed := uint64(1); seed <= 10 && noticed == 0; seed++ {
				m := newModelTestOf(t, plainStore, func(w *modelWorld) *model.Runner {
					l := l
					l.modelWorld = w
					return &model.Runner{World: &l}
				})
				if f, _ := m.run(program(seed), nil); f != nil {
					noticed++
				}
			}
			if noticed > 0 == (name == "honest") {
				t.Errorf("noticed: %t", noticed > 0)
			}
		})
	}
}
