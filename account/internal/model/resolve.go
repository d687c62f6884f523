package model

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// verbKinds are the kinds of credentials that a verb presents.
var verbKinds = map[string][]Kind{
	"signup": {Invite}, "verify": {Verify, Change, Revert}, "second": {Half}, "refresh": {Refresh}, "reset": {Reset},
	"reauth": {Access}, "logout": {Access}, "logout-all": {Access}, "end-session": {Access}, "change-address": {Access},
	"change-password": {Access}, "mfa-on": {Access}, "mfa-off": {Access}, "mfa-codes": {Access},
	"key-issue": {Access}, "key-revoke": {Access},
	"recover": {Half}, "recover-confirm": {Recover}, "recover-cancel": {Access},
}

// list returns the credentials of some kinds: those that are good first, and of those the
// newest first.
func (r *Runner) list(kinds ...Kind) []int {
	var good, bad []int
	s := r.states[0]
	for id := len(r.given) - 1; id >= 0; id-- {
		c := s.creds[id]
		if c == nil || !slices.Contains(kinds, c.kind) {
			continue
		}
		over := c.dead != nil || c.kind == Refresh && c.number != s.sessions[c.session].number
		if one := s.sessions[c.session]; one != nil && one.end != nil {
			over = true
		}
		if over {
			bad = append(bad, id)
		} else {
			good = append(good, id)
		}
	}
	return append(good, bad...)
}

func (r *Runner) pick(n int, kinds ...Kind) (id int, text string, err error) {
	return r.choose(n, r.list(kinds...))
}

// factored are the access tokens of users with a second factor, if there are any.
func (r *Runner) factored() []int {
	all := r.list(Access)
	some := slices.DeleteFunc(slices.Clone(all), func(id int) bool {
		s := r.states[0]
		return !s.users[s.creds[id].user].factor.on
	})
	if len(some) > 0 {
		return some
	}
	return all
}

// ownKeys are the API keys, those of a user first.
func (r *Runner) ownKeys(name string) []int {
	list := r.list(Key)
	slices.SortStableFunc(list, func(a, b int) int {
		return strings.Compare(r.other(a, name), r.other(b, name))
	})
	return list
}

// other is empty for what is the user's, and the name of another user.
func (r *Runner) other(id int, name string) string {
	if owner := r.states[0].creds[id].user; owner != name {
		return owner
	}
	return ""
}

func (r *Runner) choose(n int, list []int) (id int, text string, err error) {
	if len(list) == 0 {
		return -1, "", errNone
	}
	id = list[n%len(list)]
	return id, r.given[id].Text, nil
}

func (c *Call) String() string {
	return fmt.Sprintf("%c %s user=%s email=%s cred=%d other=%d password=%s new=%s roles=%s cookie=%t fault=%v",
		'A'+c.Node, c.Verb, c.User, c.Email, c.Cred, c.Other, c.Password, c.New, c.Roles, c.Cookie, c.Fault)
}

// resolve finds what a step is about among what there is.
func (r *Runner) resolve(s *Step) (c *Call, err error) {
	c = &Call{Verb: s.Verb, Node: s.Node, Cred: -1, Other: -1, Fault: s.Fault, Days: 1 + s.M%3}
	if kinds := verbKinds[s.Verb]; kinds != nil {
		list := r.list(kinds...)
		if s.Verb == "mfa-off" || s.Verb == "mfa-codes" {
			list = r.factored()
		}
		if c.Cred, c.Text, err = r.choose(s.N, list); err != nil {
			return nil, err
		}
		one := r.states[0].creds[c.Cred]
		c.Cookie, c.Email = one.cookie, one.email
		c.User = one.user
	} else {
		c.User = names[s.N%len(names)]
		c.Email = addresses[s.N%len(names)]
		if u := r.states[0].users[c.User]; u != nil && s.Verb != "add" && s.Verb != "register" {
			c.Email = u.email
		}
	}
	switch s.Verb {
	case "add", "register":
		c.New = r.password(c.User)
	case "signup":
		c.User = names[s.M%len(names)]
		c.New = r.password(c.User)
	case "withdraw":
		c.Email = addresses[s.N%len(addresses)]
	case "invite":
		c.Email, c.Roles = addresses[s.N%len(addresses)], roleSets[s.M%len(roleSets)]
	case "roles":
		c.Roles = roleSets[s.M%len(roleSets)]
	case "login":
		c.Cookie, c.Password = s.M/100%2 == 1, r.known(c.User, s.M/10%10)
		if s.M%10 > 0 {
			c.Other, c.OtherText, _ = r.pick(s.M%10-1, Device)
		}
	case "refresh":
		c.Cookie = c.Cookie != (s.M == 1)
	case "second", "mfa-off", "mfa-codes":
		err = r.code(c, s.M)
	case "reauth":
		c.Password = r.known(c.User, s.M/10%10)
		err = r.code(c, s.M%10)
	case "mfa-on":
		c.Step = r.present()
	case "end-session":
		c.Other, c.OtherText, err = r.pick(s.M, Access)
		c.OtherText = r.states[0].creds[c.Other].session
	case "change-address":
		c.Email = addresses[s.M%len(addresses)]
	case "change-password":
		c.Password, c.New = r.known(c.User, s.M%10), r.password(c.User)
	case "reset":
		c.New = r.password(c.User)
	case "key-revoke":
		c.Other, c.OtherText, err = r.choose(s.M, r.ownKeys(c.User))
	case "revoke-key":
		c.Text, err = r.signingKey(s.N)
	}
	return c, err
}

// password makes one that nobody had, and remembers that it may be a user's.
func (r *Runner) password(name string) string {
	r.made++
	pw := fmt.Sprintf("correct-horse-%d-battery", r.made)
	r.passwords[name] = append(r.passwords[name], pw)
	return pw
}

// known returns the password a user has, or the n-th of those that were ever sent.
func (r *Runner) known(name string, n int) string {
	if u := r.states[0].users[name]; n == 0 && u != nil {
		return u.password
	}
	list := r.passwords[name]
	if len(list) == 0 {
		return "nobody-ever-41-had"
	}
	return list[len(list)-1-n%len(list)]
}

// signingKey returns the n-th newest of the keys that signed anything.
func (r *Runner) signingKey(n int) (string, error) {
	var list []string
	for id := len(r.given) - 1; id >= 0; id-- {
		if g := &r.given[id]; g.Kind == Access && !slices.Contains(list, g.KeyID) {
			list = append(list, g.KeyID)
		}
	}
	if len(list) == 0 {
		return "", errNone
	}
	return list[n%len(list)], nil
}

func (r *Runner) present() int64 {
	r.tell()
	return r.env.Now.Unix() / int64(codeStep/time.Second)
}

// code picks the code of a second factor: 0 is the next code of the app, 9 the last one
// again, and others are recovery codes. Where every code of the time was used, time passes.
func (r *Runner) code(c *Call, n int) (err error) {
	if n > 0 && n < 9 {
		c.Other, c.OtherText, err = r.pick(n-1, Code)
		return err
	}
	u := r.states[0].users[c.User]
	if u == nil || u.factor.seed == "" {
		return nil // what is sent instead of a code is refused
	}
	c.Seed = u.factor.seed
	if c.Step = u.factor.last; n == 9 {
		return nil
	}
	for _, s := range r.states {
		if other := s.users[c.User]; other != nil {
			c.Step = max(c.Step, other.factor.last)
		}
	}
	present := r.present()
	if r.Slack > 0 {
		present++ // the next step may have begun by the time the code arrives
	}
	if c.Step = max(c.Step+1, present-1); c.Step > present+1 || r.Slack > 0 && c.Step > present {
		if !r.advance1(AllClocks, codeStep) {
			return errNone
		}
	}
	return nil
}
