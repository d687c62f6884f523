package model

import "time"

// Logging in.

// barred is why a user may not log in.
func (u *user) barred() string {
	switch {
	case u == nil:
		return "there is no such user"
	case u.disabled:
		return "the user is disabled"
	case u.mustReset != nil:
		return "the password has to be reset"
	case !u.confirmed:
		return "the address is not confirmed"
	}
	return ""
}

func login(s *State, e *Env, c *Call) (yes, no *State, why string) {
	u := s.users[c.User]
	if why := u.barred(); why != "" {
		return nil, s, why
	}
	if u.password != c.Password {
		return nil, s, "the password is wrong"
	}
	next := s.clone()
	if u.factor.on {
		next.end(e, c, "another login began", c.User, "", Half)
		next.gives = gives{kinds: []Kind{Half}, user: c.User, device: -1}
		return next, nil, "the password is right"
	}
	next.enter(e, c, c.User, false)
	d := s.creds[c.Other]
	if d != nil && d.kind == Device && d.user == c.User && d.dead == nil && e.within(d.end) == Accept {
		next.gives.device = c.Other
	}
	return next, nil, "the password is right"
}

// enter starts a session.
func (s *State) enter(e *Env, c *Call, name string, factor bool) {
	s.fresh = &session{
		user: name, number: 1, rotated: e.Now, idle: e.Now.Add(idleTTL), expires: e.Now.Add(sessionTTL), auth: e.Now,
		factor: factor, cookie: c.Cookie,
	}
	s.gives = gives{kinds: []Kind{Access, Refresh, Device}, user: name, number: 1, device: -1}
}

func second(s *State, e *Env, c *Call) (yes, no *State, why string) {
	half := s.creds[c.Cred]
	want, why := s.oneTime(e, half, Half)
	if want == Refuse {
		return nil, s, why
	}
	next := s.clone()
	if !next.spend(e, c, half.user) {
		if one := next.creds[c.Cred]; one.tries+1 < maxTries {
			one.tries++
		} else {
			one.dead = s.over(e, c, "five codes were wrong")
		}
		return nil, next, "the code is wrong"
	}
	next.creds[c.Cred].dead = s.over(e, c, "it was used")
	next.enter(e, c, half.user, true)
	return settle(want, next, s, why)
}

// spend uses a code of the app or a recovery code up. Whoever has one needs no recovery.
func (s *State) spend(e *Env, c *Call, name string) bool {
	if !s.spent(e, c, name) {
		return false
	}
	s.end(e, c, "the second factor was used", name, "", Recover)
	return true
}

func (s *State) spent(e *Env, c *Call, name string) bool {
	f := &s.users[name].factor
	if !f.on {
		return false
	}
	if one := s.creds[c.Other]; one != nil {
		if one.kind != Code || one.user != name || one.dead != nil {
			return false
		}
		one.dead = s.over(e, c, "the recovery code was used")
		return true
	}
	return c.Seed == f.seed && f.accept(e, c.Step)
}

// accept takes a code of the app: of the present time step or a neighbour, and after the
// last one that was taken.
func (f *factor) accept(e *Env, step int64) bool {
	present := e.Now.Unix() / int64(codeStep/time.Second)
	if step <= f.last || step < present-1 || step > present+1 {
		return false
	}
	f.last = step
	return true
}
