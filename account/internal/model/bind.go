package model

import (
	"fmt"
	"slices"
	"time"
)

// What an answer held and what must follow from it.

// bind takes the credentials of an answer into a state, and returns what is wrong with them.
func (s *State) bind(e *Env, c *Call, r *Result, out Outcome) (wrong string) {
	if c.Verb == "mfa-on" {
		if r.Seed == "" {
			return "no seed was given"
		}
		_, _, u := s.by(c)
		u.factor.seed = r.Seed
	}
	for _, l := range s.mails {
		l.cred.unknown(e, c, out)
	}
	if out == Unknown {
		s.lost(e, c)
		return ""
	}
	for _, kind := range s.gives.kinds {
		if !slices.ContainsFunc(r.Given, func(g Given) bool { return g.Kind == kind }) {
			return "the answer lacks the " + string(kind)
		}
	}
	for i := range r.Given {
		if !slices.Contains(s.gives.kinds, r.Given[i].Kind) {
			return "the answer holds a " + string(r.Given[i].Kind)
		}
		if wrong := s.take(e, c, &r.Given[i]); wrong != "" {
			return wrong
		}
	}
	return ""
}

// unknown makes nobody know at once of what a lost answer ended.
func (one *cred) unknown(e *Env, c *Call, out Outcome) {
	if out == Unknown {
		one.dead = forgotten(e, c, one.dead)
	}
}

func forgotten(e *Env, c *Call, d *death) *death {
	if d == nil || d.tick != e.Tick || d.by != c.Node {
		return d
	}
	other := *d
	other.by = -1
	return &other
}

// lost is for a change whose answer was lost: the node that did it learns of it from the
// feed, as the others do.
func (s *State) lost(e *Env, c *Call) {
	s.each(func(one *cred) { one.unknown(e, c, Unknown) })
	for _, one := range s.sessions {
		one.end = forgotten(e, c, one.end)
	}
	for _, u := range s.users {
		u.mustReset = forgotten(e, c, u.mustReset)
	}
	for id, d := range s.keys {
		s.keys[id] = forgotten(e, c, d)
	}
}

// take takes one credential of an answer into a state.
func (s *State) take(e *Env, c *Call, g *Given) (wrong string) {
	s.seq++
	one := &cred{tick: e.Tick, kind: g.Kind, user: s.gives.user, number: s.gives.number, seq: s.seq, cookie: c.Cookie}
	known := s.creds[g.id]
	switch g.Kind {
	case Access:
		return s.takeAccess(e, g, one)
	case Refresh:
		one.session = s.gives.session
		if one.session == "" {
			return "" // takeAccess follows, which tells the session
		}
		if known != nil && (known.session != one.session || known.number != one.number) {
			return "it is a refresh token of before"
		}
		for id, other := range s.creds {
			if other.kind == Refresh && other.session == one.session && other.number == one.number && id != g.id {
				return "it is another refresh token than the one given for this use before"
			}
		}
		if known != nil {
			return ""
		}
	case Device:
		if s.gives.device >= 0 && g.id != s.gives.device {
			return "another device token than the one that was sent, which is good"
		}
		if known != nil {
			if s.gives.device != g.id {
				return "the device token that was sent, which is not good"
			}
			return ""
		}
		one.end = e.Now.Add(deviceTTL)
	case Half:
		one.end = e.Now.Add(halfTTL)
	case Key:
		one.end = e.Now.AddDate(0, 0, g.Days)
	}
	s.creds[g.id] = one
	return ""
}

// takeAccess checks what an access token says, too. It comes first in an answer.
func (s *State) takeAccess(e *Env, g *Given, one *cred) (wrong string) {
	if s.fresh != nil {
		if s.sessions[g.Session] != nil {
			return "the login continues a session"
		}
		s.sessions[g.Session], s.fresh, s.gives.session = s.fresh, nil, g.Session
	}
	now := s.sessions[g.Session]
	switch {
	case g.Session != s.gives.session:
		return "the access token is of another session"
	case g.Roles != s.users[now.user].roles:
		return fmt.Sprintf("the access token says roles %q, not %q", g.Roles, s.users[now.user].roles)
	case g.End.Sub(g.From) > accessTTL+time.Second:
		return "the access token lives too long"
	case g.End.After(now.expires.Add(time.Second)):
		return "the access token outlives its session"
	case s.keys[g.KeyID] != nil && e.Heard[0] > s.keys[g.KeyID].tick && e.Heard[1] > s.keys[g.KeyID].tick:
		return "the access token is signed with a key that was revoked"
	}
	one.session, one.from, one.end, one.keyID, one.cookie = g.Session, g.From, g.End, g.KeyID, now.cookie
	s.creds[g.id] = one
	return ""
}
