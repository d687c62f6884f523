package model

import "time"

// Sessions: refreshing, and what a session may do.

func refresh(s *State, e *Env, c *Call) (yes, no *State, why string) {
	one := s.creds[c.Cred]
	now, next := s.sessions[one.session], s.clone()
	over := next.sessions[one.session]
	switch {
	case now.end != nil:
		return nil, s, now.end.why
	case now.cookie != c.Cookie:
		return nil, s, "the session's tokens are kept elsewhere"
	case s.users[now.user].barred() != "":
		over.end = s.over(e, c, "its user was barred")
		return nil, next, over.end.why
	}
	alive := min(e.within(now.idle), e.within(now.expires))
	if max(e.within(now.idle), e.within(now.expires)) == Either && alive != Refuse {
		alive = Either
	}
	if alive == Refuse {
		over.end = s.over(e, c, "the session has expired")
		return nil, next, over.end.why
	}
	yes, no, why = next.present(e, c, one)
	if alive == Either && no == nil {
		no = s // the session was pruned
	}
	return yes, no, why
}

// present is the table of the documentation for a refresh token that is presented.
func (s *State) present(e *Env, c *Call, one *cred) (yes, no *State, why string) {
	thief := s.clone()
	thief.sessions[one.session].end = s.over(e, c, "a refresh token was used twice")
	next := s.sessions[one.session]
	since := e.Now.Sub(next.rotated).Abs()
	switch {
	case one.number == next.number:
		return s.renewed(e, one, next.number+1), nil, "it is the current token"
	case one.number != next.previous:
		return nil, thief, "it was replaced before the last one"
	case since < retryWindow-e.Slack:
		return s.renewed(e, one, next.number), nil, "it was replaced a moment ago"
	case since < retryWindow+e.Slack:
		return s.clone().renewed(e, one, next.number), thief, "it was replaced about as long ago as the window is"
	case next.used == used:
		return nil, thief, "it was replaced, and the next one was used"
	case next.used == unused:
		return s.renewed(e, one, next.number+1), nil, "it was replaced, and the next one never used"
	}
	return s.renewed(e, one, next.number+1), thief, "it was replaced, and who knows whether the next one was used"
}

// retryWindow is how long a refresh token that was exchanged may be presented again.
const retryWindow = 10 * time.Second

func (s *State) renewed(e *Env, one *cred, number int) *State {
	next := s.sessions[one.session]
	if number > next.number {
		next.previous, next.number, next.rotated, next.used = one.number, number, e.Now, unused
	}
	if next.idle = e.Now.Add(idleTTL); next.idle.After(next.expires) {
		next.idle = next.expires
	}
	s.gives = gives{kinds: []Kind{Access, Refresh}, user: next.user, session: one.session, number: number, device: -1}
	return s
}

// touched notes that an access token was used, if the node got as far as that.
func (s *State) touched(e *Env, id, node int, out Outcome) *State {
	c := s.creds[id]
	if c == nil || c.kind != Access || c.number < 2 {
		return s
	}
	want, _ := s.access(e, c, node)
	if now := s.sessions[c.session]; want == Refuse || now.number != c.number || now.used > unsure {
		return s
	}
	next := s.clone()
	if next.sessions[c.session].used = unsure; out == Accepted || out == Refused && want == Accept {
		next.sessions[c.session].used = pending
	}
	return next
}

// written notes that every node has written which tokens were used.
func (s *State) written() {
	for _, one := range s.sessions {
		if one.used == pending {
			one.used = used
		}
	}
}

// self judges a request that a session makes for its user.
func (s *State) self(e *Env, c *Call) (want Want, why string) {
	one := s.creds[c.Cred]
	if one == nil || one.kind != Access {
		return Refuse, "it is no access token of a session"
	}
	now := s.sessions[one.session]
	if now.end != nil {
		return Refuse, now.end.why
	}
	want, why = s.access(e, one, c.Node)
	for _, end := range []time.Time{now.idle, now.expires} {
		switch w := e.within(end); {
		case w == Refuse:
			return Refuse, "the session has expired"
		case w == Either && want == Accept:
			want, why = Either, "the session may have been pruned"
		}
	}
	return want, why
}

// sensitive is self for what needs a recent proof of who it is.
func (s *State) sensitive(e *Env, c *Call) (want Want, why string) {
	if want, why = s.self(e, c); want == Refuse {
		return want, why
	}
	age := e.Now.Sub(s.sessions[s.creds[c.Cred].session].auth)
	if age > reauthTTL || age < -clockMargin {
		return Refuse, "the user has not proved lately who they are"
	}
	return want, why
}

// by returns the session of the caller and its user in the next state.
func (s *State) by(c *Call) (id string, now *session, u *user) {
	id = s.creds[c.Cred].session
	now = s.sessions[id]
	return id, now, s.users[now.user]
}

// logout may be repeated: it is accepted as long as the token is.
func logout(s *State, e *Env, c *Call) (yes, no *State, why string) {
	one := s.creds[c.Cred]
	want, why := s.access(e, one, c.Node)
	next := s.clone()
	if now := next.sessions[one.session]; now.end == nil {
		now.end = s.over(e, c, "it was logged out")
	}
	return settle(want, next, s, why)
}

func logoutAll(s *State, e *Env, c *Call) (yes, no *State, why string) {
	want, why := s.self(e, c)
	next := s.clone()
	next.end(e, c, "all sessions were logged out", s.creds[c.Cred].user, "", Session)
	return settle(want, next, s, why)
}

// endSession ends another session of the same user.
func endSession(s *State, e *Env, c *Call) (yes, no *State, why string) {
	want, why := s.self(e, c)
	if want == Refuse {
		return nil, s, why
	}
	other := s.creds[c.Other]
	if other.user != s.creds[c.Cred].user || s.sessions[other.session].end != nil {
		return nil, s, "the session is another user's, or has ended"
	}
	if !e.Pruned.Before(s.sessions[other.session].idle) {
		want = Either
	}
	next := s.clone()
	next.sessions[other.session].end = s.over(e, c, "the user ended it")
	return settle(want, next, s, why)
}

func reauth(s *State, e *Env, c *Call) (yes, no *State, why string) {
	want, why := s.self(e, c)
	if want == Refuse {
		return nil, s, why
	}
	next := s.clone()
	id, now, u := next.by(c)
	if why := u.barred(); why != "" {
		return nil, s, why
	}
	if u.password != c.Password {
		return nil, s, "the password is wrong"
	}
	if u.factor.on && !next.spend(e, c, now.user) {
		return nil, s, "the code is wrong"
	}
	now.auth, now.factor = e.Now, u.factor.on
	next.gives = gives{kinds: []Kind{Access}, user: now.user, session: id, number: now.number, device: -1}
	return settle(want, next, s, why)
}
