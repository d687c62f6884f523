package model

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Given is a credential that an answer held.
type Given struct {
	Kind Kind
	Text string
	// Of access tokens: what they say.
	Session, KeyID, Roles string
	From, End             time.Time
	// Days is how long an API key is good.
	Days int

	id int
}

// Sent is a token that was found in a mail.
type Sent struct {
	Kind     Kind
	To, Text string

	id int
}

// Result is an answer.
type Result struct {
	Status int
	Text   string // of the answer, for messages
	Given  []Given
	// Seed is that of a second factor that is being set up.
	Seed string
}

// Outcome is what an answer says of what happened.
type Outcome int

// The outcomes. Of Unknown nobody knows whether it happened; Throttled did not.
const (
	Accepted Outcome = iota
	Refused
	Unknown
	Throttled
)

func (r *Result) outcome() Outcome {
	switch {
	case r.Status >= 200 && r.Status < 300:
		return Accepted
	case r.Status == 503:
		return Unknown
	case r.Status == 429:
		return Throttled
	}
	return Refused
}

// checker holds the states that all answers so far allow. More than one is possible after
// an answer that says nothing, until a later answer tells.
type checker struct {
	env    Env
	states []*State
}

// maxStates bounds the possibilities; a real run has a few.
const maxStates = 256

// advance takes the states over one request. spurious allows a refusal of what would be
// accepted: for a request beside another one that changed what it was about to prove.
func (k *checker) advance(from []*State, c *Call, r *Result, spurious bool) (to []*State, why string) {
	out := r.outcome()
	for _, s := range from {
		s = s.touched(&k.env, c.Cred, c.Node, out)
		yes, no, reason := rules[c.Verb](s, &k.env, c)
		why = reason
		if out == Unknown && (yes != nil || no != nil && no != s) { // a refusal may have had its effect, or none
			to = append(to, s)
		}
		if yes != nil && (out == Accepted || out == Unknown) {
			if wrong := yes.bind(&k.env, c, r, out); wrong != "" {
				why = wrong
			} else {
				to = append(to, yes)
			}
		}
		quiet := out == Accepted && c.Verb == "register"
		if out == Unknown && no != nil && no != s {
			no.lost(&k.env, c)
		}
		if no != nil && (out != Accepted || quiet) {
			to = append(to, no)
		} else if no == nil && (out == Throttled || out == Refused && spurious) {
			to = append(to, s)
		}
	}
	return to[:min(len(to), maxStates)], why
}

// delivered takes the mails of a step into a state. Of two requests at once, nobody can tell
// which of two mails is whose. No list of states says what is wrong.
func (s *State) delivered(mails []Sent) (list []*State, wrong string) {
	turned := slices.Clone(mails)
	slices.Reverse(turned)
	for i, order := range [][]Sent{mails, turned} {
		if i > 0 && len(mails) < 2 {
			break
		}
		next := s.clone()
		if reason := next.deliver(order); reason != "" {
			wrong = reason
			continue
		}
		list = append(list, next)
	}
	return list, wrong
}

// deliver takes the mails of a step into a state, and returns what is wrong with them.
func (s *State) deliver(mails []Sent) (wrong string) {
	rest := slices.Clone(mails)
	for _, l := range s.mails {
		i := slices.IndexFunc(rest, func(m Sent) bool { return m.Kind == l.cred.kind && m.To == l.to })
		if i < 0 && !l.maybe {
			return fmt.Sprintf("no mail to %s with a token to %s", l.to, l.cred.kind)
		}
		if i >= 0 {
			s.creds[rest[i].id] = l.cred
			rest = slices.Delete(rest, i, i+1)
		}
	}
	s.mails = nil
	if len(rest) > 0 {
		return fmt.Sprintf("a mail to %s with a token to %s", rest[0].To, rest[0].Kind)
	}
	return ""
}

// distinct leaves out states that cannot be told apart any more.
func distinct(list []*State, e *Env) []*State {
	if len(list) < 2 {
		return list
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(s *State) bool {
		key := s.key(e)
		again := seen[key]
		seen[key] = true
		return again
	})
}

// key is what decides about requests to come.
func (s *State) key(e *Env) string {
	var b strings.Builder
	over := func(d *death) int {
		switch {
		case d == nil:
			return -3
		case e.Heard[0] > d.tick && e.Heard[1] > d.tick:
			return -2
		}
		return d.by
	}
	for _, name := range slices.Sorted(maps.Keys(s.users)) {
		u := *s.users[name]
		fmt.Fprint(&b, name, over(u.mustReset))
		u.mustReset = nil
		fmt.Fprint(&b, u)
	}
	for _, id := range slices.Sorted(maps.Keys(s.sessions)) {
		one := *s.sessions[id]
		if fmt.Fprint(&b, id, over(one.end)); one.end == nil {
			fmt.Fprint(&b, one)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.creds)) {
		one := *s.creds[id]
		fmt.Fprint(&b, id, over(one.dead))
		if one.dead = nil; one.kind != Revert {
			one.seq = 0
		}
		fmt.Fprint(&b, one)
	}
	for _, id := range slices.Sorted(maps.Keys(s.keys)) {
		fmt.Fprint(&b, id, over(s.keys[id]))
	}
	for _, email := range slices.Sorted(maps.Keys(s.holds)) {
		fmt.Fprint(&b, email, s.holds[email])
	}
	return b.String()
}
