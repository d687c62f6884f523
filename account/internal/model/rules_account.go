package model

// What users and administrators change.

// admin is a change of a user by an administrator, who is refused nothing but a user that
// is not there.
func admin(f func(s *State, e *Env, c *Call, u *user)) rule {
	return func(s *State, e *Env, c *Call) (yes, no *State, why string) {
		next := s.clone()
		u := next.users[c.User]
		if u == nil {
			return nil, s, "there is no such user"
		}
		f(next, e, c, u)
		return next, nil, "an administrator may do it"
	}
}

func endSessions(s *State, e *Env, c *Call, _ *user) {
	s.end(e, c, "an administrator ended all sessions", c.User, "", Session)
}

// disable ends everything, for good. Enabling brings none of it back.
func disable(s *State, e *Env, c *Call, u *user) {
	u.disabled = true
	s.end(e, c, "the user was disabled", c.User, "", append(byMail, Session, Device, Key)...)
}

func enable(_ *State, _ *Env, _ *Call, u *user) { u.disabled = false }

// setRoles ends the access tokens, which name the former roles. Sessions go on.
func setRoles(s *State, e *Env, c *Call, u *user) {
	u.roles = c.Roles
	d := s.over(e, c, "the roles were changed")
	for _, one := range s.creds {
		if one.kind == Access && one.user == c.User && one.dead == nil && s.sessions[one.session].end == nil {
			one.dead = d
		}
	}
}

func forceReset(s *State, e *Env, c *Call, u *user) {
	s.end(e, c, "an administrator asked for another password", c.User, "", append(byMail, Session, Device)...)
	u.mustReset = s.over(e, c, "an administrator asked for another password")
	s.mail(e, Reset, c.User, u.email, resetTTL)
	s.mails[len(s.mails)-1].maybe = u.disabled
}

func mfaRemove(s *State, e *Env, c *Call, _ *user) {
	s.dropFactor(e, c, c.User, "an administrator removed the second factor")
	s.end(e, c, "an administrator removed the second factor", c.User, "", append(byMail, Session, Device)...)
}

func changeAddress(s *State, e *Env, c *Call) (yes, no *State, why string) {
	want, why := s.sensitive(e, c)
	if want == Refuse {
		return nil, s, why
	}
	next := s.clone()
	_, now, u := next.by(c)
	if u.email == c.Email {
		return nil, s, "the user has this address"
	}
	next.end(e, c, "another change was asked for", now.user, "", Change)
	if other, _ := s.owner(c.Email); other == "" {
		next.mail(e, Change, now.user, c.Email, dayTTL)
		free, _ := s.free(e, c.Email, now.user)
		next.mails[len(next.mails)-1].maybe = free != Accept
	}
	return settle(want, next, s, why)
}

func changePassword(s *State, e *Env, c *Call) (yes, no *State, why string) {
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
	u.password = c.New
	next.end(e, c, "the password was changed", now.user, id, append(byMail, Session, Device)...)
	return settle(want, next, s, why)
}

func forgot(s *State, e *Env, c *Call) (yes, no *State, why string) {
	next := s.clone()
	if name, u := next.owner(c.Email); u != nil {
		next.end(e, c, "another one was asked for", name, "", Reset)
		if !u.disabled {
			next.mail(e, Reset, name, u.email, resetTTL)
		}
	}
	return next, nil, "it is always accepted"
}

// reset sets another password by mail, and takes away what somebody else may have made:
// sessions, remembered devices, API keys.
func reset(s *State, e *Env, c *Call) (yes, no *State, why string) {
	one := s.creds[c.Cred]
	want, why := s.oneTime(e, one, Reset)
	if want == Refuse {
		return nil, s, why
	}
	if s.users[one.user].disabled {
		return nil, s, "the user is disabled"
	}
	next := s.clone()
	u := next.users[one.user]
	next.end(e, c, "the password was reset", one.user, "", append(byMail, Session, Device, Key)...)
	if !u.confirmed {
		next.dropFactor(e, c, one.user, "the address was never confirmed")
	}
	u.password, u.mustReset, u.confirmed = c.New, nil, true
	return settle(want, next, s, why)
}

func mfaOn(s *State, e *Env, c *Call) (yes, no *State, why string) {
	want, why := s.sensitive(e, c)
	if want == Refuse {
		return nil, s, why
	}
	next := s.clone()
	id, now, u := next.by(c)
	if u.factor.on {
		return nil, s, "there is a second factor"
	}
	next.seq++
	u.factor = factor{on: true, since: next.seq}
	if !u.factor.accept(e, c.Step) {
		return nil, s, "the code is of another time"
	}
	now.auth, now.factor = e.Now, true
	next.end(e, c, "a second factor was set up", now.user, id, append(byMail, Session, Device)...)
	next.gives = gives{kinds: []Kind{Code}, user: now.user, device: -1}
	return settle(want, next, s, why)
}

// factored is sensitive for what takes a code, which is used up.
func factored(s *State, e *Env, c *Call) (next *State, want Want, why string) {
	if want, why = s.sensitive(e, c); want == Refuse {
		return nil, want, why
	}
	next = s.clone()
	_, now, u := next.by(c)
	if !u.factor.on {
		return nil, Refuse, "there is no second factor"
	}
	if !next.spend(e, c, now.user) {
		return nil, Refuse, "the code is wrong"
	}
	return next, want, why
}

// mfaOff ends this session's access tokens too, which say that there was a second factor.
func mfaOff(s *State, e *Env, c *Call) (yes, no *State, why string) {
	next, want, why := factored(s, e, c)
	if want == Refuse {
		return nil, s, why
	}
	id, now, _ := next.by(c)
	why = "the second factor was switched off"
	next.dropFactor(e, c, now.user, why)
	next.end(e, c, why, now.user, id, append(byMail, Session, Device, Access)...)
	now.factor = false
	return settle(want, next, s, why)
}

func mfaCodes(s *State, e *Env, c *Call) (yes, no *State, why string) {
	next, want, why := factored(s, e, c)
	if want == Refuse {
		return nil, s, why
	}
	_, now, _ := next.by(c)
	next.end(e, c, "other recovery codes were made", now.user, "", Code)
	next.gives = gives{kinds: []Kind{Code}, user: now.user, device: -1}
	return settle(want, next, s, why)
}

func keyIssue(s *State, e *Env, c *Call) (yes, no *State, why string) {
	want, why := s.sensitive(e, c)
	if want == Refuse {
		return nil, s, why
	}
	next := s.clone()
	_, now, _ := next.by(c)
	next.gives = gives{kinds: []Kind{Key}, user: now.user, device: -1}
	return settle(want, next, s, why)
}

func keyRevoke(s *State, e *Env, c *Call) (yes, no *State, why string) {
	want, why := s.self(e, c)
	if want == Refuse {
		return nil, s, why
	}
	key := s.creds[c.Other]
	if key.user != s.creds[c.Cred].user || key.dead != nil {
		return nil, s, "the key is another user's, or was revoked"
	}
	next := s.clone()
	next.creds[c.Other].dead = s.over(e, c, "the key was revoked")
	return settle(want, next, s, why)
}

// revokeKey takes a signing key away. Text is its id.
func revokeKey(s *State, e *Env, c *Call) (yes, no *State, why string) {
	if s.keys[c.Text] != nil {
		return nil, s, "the key was revoked"
	}
	next := s.clone()
	d := s.over(e, c, "the signing key was revoked")
	if c.Fault.At > 0 {
		d.by = -1 // it is done although this node could not read its keys again
	}
	next.keys[c.Text] = d
	return next, s, "a key may have been pruned already"
}

// recoverFactor asks for the removal of a second factor that its owner has lost, with a login
// that waits for its second step. Asking again does not put it off.
func recoverFactor(s *State, e *Env, c *Call) (yes, no *State, why string) {
	half := s.creds[c.Cred]
	want, why := s.oneTime(e, half, Half)
	if want == Refuse {
		return nil, s, why
	}
	next := s.clone()
	u := next.users[half.user]
	from := e.Now.Add(recoverAfter)
	end := from.Add(recoverFor)
	for _, one := range next.creds {
		if one.kind == Recover && one.user == half.user && one.dead == nil && e.within(one.end) != Refuse {
			from, end = one.from, one.end
		}
	}
	next.end(e, c, "another one was asked for", half.user, "", Recover)
	one := next.mail(e, Recover, half.user, u.email, 0)
	one.from, one.end = from, end
	return settle(want, next, s, why)
}

// recoverConfirm removes the second factor, and what somebody else may have made with it.
func recoverConfirm(s *State, e *Env, c *Call) (yes, no *State, why string) {
	one := s.creds[c.Cred]
	want, why := s.oneTime(e, one, Recover)
	switch {
	case want == Refuse:
		return nil, s, why
	case s.users[one.user].disabled:
		return nil, s, "the user is disabled"
	case e.Now.Before(one.from):
		return nil, s, "it is too early"
	}
	next := s.clone()
	next.dropFactor(e, c, one.user, "the second factor was removed by mail")
	next.end(e, c, "the second factor was removed by mail", one.user, "", append(byMail, Session, Device, Key)...)
	return settle(want, next, s, why)
}

func recoverCancel(s *State, e *Env, c *Call) (yes, no *State, why string) {
	want, why := s.self(e, c)
	if want == Refuse {
		return nil, s, why
	}
	next := s.clone()
	next.end(e, c, "the removal of the second factor was cancelled", s.creds[c.Cred].user, "", Recover)
	return settle(want, next, s, why)
}
