package model

import "time"

// Want is what an answer has to be.
type Want int

// The three. Either is for what the documentation leaves open, such as a token on another
// node within a second of its revocation.
const (
	Refuse Want = iota
	Accept
	Either
)

func (w Want) String() string { return [...]string{"refused", "accepted", "either"}[w] }

// Env is what all possible states have in common: the clocks, and what the nodes know.
type Env struct {
	// Tick is the number of the step.
	Tick int
	// Now is the deciding clock, and Nodes are those of the nodes.
	Now   time.Time
	Nodes [2]time.Time
	// Heard is the first step whose revocations a node may not know.
	Heard [2]int
	// Slack is how exact Now is.
	Slack time.Duration
	// Pruned is the latest time by any clock at which something was pruned.
	Pruned time.Time
}

// after judges something that was revoked: at once by the node that did it, and by another
// one as soon as it has followed the feed.
func (e *Env) after(d *death, node int) (Want, string) {
	if d.by == node || e.Heard[node] > d.tick {
		return Refuse, d.why
	}
	return Either, d.why + ", which this node need not know yet"
}

// within judges the end of something that is in the store. A clock that is set back revives
// it unless it was pruned meanwhile.
func (e *Env) within(end time.Time) Want {
	switch {
	case !e.Now.Before(end):
		return Refuse
	case !e.Pruned.Before(end):
		return Either
	}
	return Accept
}

// access judges an access token on a node, which asks its memory alone.
func (s *State) access(e *Env, c *cred, node int) (Want, string) {
	now := e.Nodes[node]
	if !now.Before(c.end) {
		return Refuse, "it has expired"
	}
	if now.Add(clockMargin).Before(c.from) {
		return Refuse, "it is from a time that this node's clock is far from"
	}
	want, why := Accept, "nothing was revoked"
	if !e.Pruned.Before(c.end) {
		want, why = Either, "what it needs may have been pruned before the clock was set back"
	}
	for _, d := range s.keys {
		if d.tick >= e.Heard[node] && c.tick >= d.tick {
			want, why = Either, "the signing key is one that this node need not know yet"
		}
	}
	for _, d := range []*death{c.dead, s.sessions[c.session].end, s.keys[c.keyID]} {
		if d == nil {
			continue
		}
		w, reason := e.after(d, node) // never Accept
		if w == Refuse && !e.Pruned.Before(d.at.Add(remembered)) && d != s.keys[c.keyID] {
			w, reason = Either, reason+", which was forgotten before the clock was set back"
		}
		if w == Refuse {
			return w, reason
		}
		want, why = w, reason
	}
	return want, why
}

// apiKey judges an API key on a node.
func (s *State) apiKey(e *Env, c *cred, node int) (Want, string) {
	for _, d := range []*death{c.dead, s.users[c.user].mustReset} {
		if d != nil {
			return e.after(d, node)
		}
	}
	if here, there := e.within(c.end), e.Nodes[node].Before(c.end); here == Refuse || !there {
		if here == Refuse && !there {
			return Refuse, "it has expired"
		}
		return Either, "it is about to expire"
	}
	return Accept, "nothing was revoked"
}

// oneTime judges a token for one use, which is looked up in the store.
func (s *State) oneTime(e *Env, c *cred, kinds ...Kind) (Want, string) {
	for _, k := range kinds {
		if c != nil && c.kind == k {
			if c.dead != nil {
				return Refuse, c.dead.why
			}
			if made := c.end.Add(-halfTTL); k == Half && made.Sub(e.Now) > clockMargin {
				return Refuse, "it was begun before the clock was set back"
			}
			return e.within(c.end), "the time it is valid"
		}
	}
	return Refuse, "it is for something else"
}

// Probe judges a credential that can be presented without being used up. ok is false for
// others.
func (s *State) Probe(e *Env, id, node int) (want Want, why string, ok bool) {
	c := s.creds[id]
	switch {
	case c == nil:
		return Refuse, "it was never given", true
	case c.kind == Access:
		want, why = s.access(e, c, node)
	case c.kind == Key:
		want, why = s.apiKey(e, c, node)
	default:
		return 0, "", false
	}
	return want, why, true
}
