package model

import (
	"slices"
	"time"
)

// Call is a request with all it says.
type Call struct {
	Verb string
	Node int
	// User is the name of the user it is about, and Email an address.
	User, Email string
	// Password is the one it proves, and New the one it sets.
	Password, New string
	// Cred is the credential it presents, and Other a second one: a device token, a recovery
	// code, a key or a session that it is about. -1 is none.
	Cred, Other     int
	Text, OtherText string
	// Seed and Step make a code of an authenticator app.
	Seed  string
	Step  int64
	Roles string
	Days  int
	// Cookie says that the tokens go into cookies.
	Cookie bool
	Fault  Fault
}

// Fault makes a call of the store fail.
type Fault struct {
	// At is the number of the call, from 1; 0 is none.
	At int
	// After says that the call took effect, and its answer was lost.
	After bool
}

// rule returns the state after a request that is accepted, and after one that is refused;
// nil for what must not be. why gives the reason.
type rule func(s *State, e *Env, c *Call) (yes, no *State, why string)

// rules are the specification.
var rules = map[string]rule{
	"add": add, "register": register, "invite": invite, "signup": signup, "verify": verify, "resend": resend,
	"login": login, "second": second, "refresh": refresh, "reauth": reauth,
	"logout": logout, "logout-all": logoutAll, "end-session": endSession, "end-sessions": admin(endSessions),
	"disable": admin(disable), "enable": admin(enable), "roles": admin(setRoles), "force-reset": admin(forceReset),
	"change-address": changeAddress, "change-password": changePassword, "forgot": forgot, "reset": reset,
	"mfa-on": mfaOn, "mfa-off": mfaOff, "mfa-codes": mfaCodes, "mfa-remove": admin(mfaRemove),
	"recover": recoverFactor, "recover-confirm": recoverConfirm, "recover-cancel": recoverCancel, "withdraw": withdraw,
	"key-issue": keyIssue, "key-revoke": keyRevoke,
	"rotate": nothing, "revoke-key": revokeKey, "prune": nothing, "restart": nothing,
}

// end ends what a user has of some kinds; of sessions, all but keep.
func (s *State) end(e *Env, c *Call, why, name, keep string, kinds ...Kind) {
	d := s.over(e, c, why)
	if slices.Contains(kinds, Session) {
		for id, one := range s.sessions {
			if one.user == name && id != keep && one.end == nil {
				one.end = d
			}
		}
	}
	s.each(func(one *cred) {
		if one.user == name && one.dead == nil && slices.Contains(kinds, one.kind) {
			one.dead = d
		}
	})
}

// each visits all credentials, those in mails that are not read yet included.
func (s *State) each(f func(*cred)) {
	for _, one := range s.creds {
		f(one)
	}
	for _, l := range s.mails {
		f(l.cred)
	}
}

func (s *State) over(e *Env, c *Call, why string) *death {
	return &death{why: why, tick: e.Tick, at: e.Now, by: c.Node}
}

func nothing(s *State, _ *Env, _ *Call) (yes, no *State, why string) {
	return s.clone(), nil, "it always works"
}

// settle returns what a rule returns, of what it wants.
func settle(want Want, yes, no *State, why string) (*State, *State, string) {
	switch want {
	case Accept:
		return yes, nil, why
	case Refuse:
		return nil, no, why
	}
	return yes, no, why
}

// The ways in.

func (s *State) owner(email string) (string, *user) {
	for name, u := range s.users {
		if u.email == email {
			return name, u
		}
	}
	return "", nil
}

// free judges whether a user may have an address: nobody has it, and nobody may take it back.
func (s *State) free(e *Env, email, name string) (Want, string) {
	if other, _ := s.owner(email); other != "" && other != name {
		return Refuse, "another user has the address"
	}
	h, held := s.holds[email]
	if !held || h.user == name {
		return Accept, "the address is free"
	}
	switch e.within(h.end) {
	case Refuse:
		return Accept, "nobody may take the address back any more"
	case Accept:
		return Refuse, "its former user may take the address back"
	}
	return Either, "its former user may have forfeited the address"
}

func (s *State) admit(c *Call, email, roles string, confirmed bool) *State {
	next := s.clone()
	next.users[c.User] = &user{email: email, password: c.New, roles: roles, confirmed: confirmed}
	return next
}

// add is done by an administrator.
func add(s *State, e *Env, c *Call) (yes, no *State, why string) {
	if s.users[c.User] != nil {
		return nil, s, "the name is taken"
	}
	want, why := s.free(e, c.Email, c.User)
	return settle(want, s.admit(c, c.Email, "user", true), s, why)
}

// register answers alike whether the name or the address is taken.
func register(s *State, e *Env, c *Call) (yes, no *State, why string) {
	want, why := s.free(e, c.Email, c.User)
	if s.users[c.User] != nil || want == Refuse {
		return s.clone(), nil, "it is accepted, and a mail says that nothing was made"
	}
	next := s.admit(c, c.Email, "user", false)
	next.mail(e, Verify, c.User, c.Email, dayTTL)
	if want == Either {
		return next, s, why // bind tells by the mail
	}
	return next, nil, why
}

func invite(s *State, e *Env, c *Call) (yes, no *State, why string) {
	next := s.clone()
	next.each(func(one *cred) {
		if one.kind == Invite && one.email == c.Email && one.dead == nil {
			one.dead = s.over(e, c, "another invite")
		}
	})
	next.mail(e, Invite, "", c.Email, longTTL).roles = c.Roles
	if want, why := s.free(e, c.Email, ""); want != Accept {
		next.mails[len(next.mails)-1].maybe = true
		return next, s, why
	}
	return next, nil, "an address that nobody has"
}

func withdraw(s *State, e *Env, c *Call) (yes, no *State, why string) {
	next := s.clone()
	want, d := Refuse, s.over(e, c, "the invite was withdrawn")
	next.each(func(one *cred) {
		if one.kind == Invite && one.email == c.Email && one.dead == nil {
			want = max(want, e.within(one.end))
			one.dead = d
		}
	})
	return settle(want, next, s, "whether there is an invite for the address")
}

// signup registers with an invite, whose address is confirmed by that.
func signup(s *State, e *Env, c *Call) (yes, no *State, why string) {
	one := s.creds[c.Cred]
	want, why := s.oneTime(e, one, Invite)
	if want == Refuse {
		return nil, s, why
	}
	if s.users[c.User] != nil || one.email != c.Email {
		return nil, s, "the name is taken, or the invite is for another address"
	}
	if free, reason := s.free(e, one.email, c.User); free != Accept {
		want, why = free, reason
	}
	next := s.admit(c, one.email, one.roles, true)
	next.creds[c.Cred].dead = s.over(e, c, "the invite was used")
	return settle(want, next, s, why)
}

// mail expects a token to be mailed.
func (s *State) mail(e *Env, kind Kind, name, to string, ttl time.Duration) *cred {
	s.seq++
	one := &cred{kind: kind, user: name, email: to, end: e.Now.Add(ttl), seq: s.seq}
	s.mails = append(s.mails, letter{cred: one, to: to})
	return one
}

func resend(s *State, e *Env, c *Call) (yes, no *State, why string) {
	next := s.clone()
	if name, u := next.owner(c.Email); u != nil {
		next.end(e, c, "another one was asked for", name, "", Verify)
		if !u.disabled && !u.confirmed {
			next.mail(e, Verify, name, u.email, dayTTL)
		}
	}
	return next, nil, "it is always accepted"
}

// verify takes a token that was mailed to confirm an address, to change to another one, or
// to take the former one back.
func verify(s *State, e *Env, c *Call) (yes, no *State, why string) {
	one := s.creds[c.Cred]
	want, why := s.oneTime(e, one, Verify, Change, Revert)
	if want == Refuse {
		return nil, s, why
	}
	if s.users[one.user].disabled && one.kind != Revert {
		return nil, s, "the user is disabled"
	}
	next := s.clone()
	u := next.users[one.user]
	next.creds[c.Cred].dead = s.over(e, c, "it was used")
	switch one.kind {
	case Verify:
		u.confirmed = true
	case Change:
		if free, reason := s.free(e, one.email, one.user); free != Accept {
			return settle(free, next.moved(e, c, one), s, reason)
		}
		next.moved(e, c, one)
	case Revert:
		next.movedBack(e, c, one)
	}
	return settle(want, next, s, why)
}

// moved gives a user another address. The former one may take the account back for three
// days, and nobody else gets it until then.
func (s *State) moved(e *Env, c *Call, one *cred) *State {
	u := s.users[one.user]
	s.end(e, c, "the address was changed", one.user, "", append(byMail, Session, Device)...)
	s.mail(e, Revert, one.user, u.email, longTTL).email = u.email
	s.holds[u.email] = hold{one.user, e.Now.Add(longTTL)}
	u.email = one.email
	return s
}

// movedBack takes everything from whoever took the account over. Links of addresses that
// the account had before this one stay.
func (s *State) movedBack(e *Env, c *Call, one *cred) {
	u := s.users[one.user]
	d := s.over(e, c, "the account was taken back")
	s.end(e, c, d.why, one.user, "", append(byMail, Session, Device, Key)...)
	s.each(func(other *cred) {
		if other.kind == Revert && other.user == one.user && other.seq > one.seq && other.dead == nil {
			other.dead = d
		}
	})
	if u.factor.on && u.factor.since > one.seq {
		s.dropFactor(e, c, one.user, d.why)
	}
	u.email, u.mustReset = one.email, d
	s.mail(e, Reset, one.user, u.email, resetTTL)
	s.mails[len(s.mails)-1].maybe = u.disabled
}

func (s *State) dropFactor(e *Env, c *Call, name, why string) {
	s.users[name].factor = factor{}
	s.end(e, c, why, name, "", Code)
}
