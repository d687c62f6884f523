package model

import (
	"fmt"
	"slices"
)

// What is presented after each step, and at the end.

// probe presents what is not used up by that: what died in this step, and with all what is
// good and some of the rest.
func (r *Runner) probe(tick int, all bool) {
	r.tell()
	for id := range r.given {
		g := &r.given[id]
		c := r.states[0].creds[id]
		if g.Kind != Access && g.Kind != Key || c == nil {
			continue
		}
		if g.Kind == Access && c.number > 1 && id%3 == 0 && tick%5 != 0 && !r.Thorough {
			continue // not used, so that the next refresh finds an answer that got lost
		}
		over := c.dead
		if s := r.states[0].sessions[c.session]; g.Kind == Access && over == nil {
			over = s.end
		}
		fresh := over == nil && all || over != nil && over.tick == tick
		if !fresh && (id+tick)%5 != 0 && !r.Thorough {
			continue
		}
		for node := range 2 {
			if over == nil && (id+tick+node)%2 == 0 && !r.Thorough {
				continue // good ones on one of the nodes
			}
			if r.probeOn(id, node); r.failure != nil {
				return
			}
		}
	}
}

func (r *Runner) probeOn(id, node int) {
	g := &r.given[id]
	cookie := r.states[0].creds[id].cookie
	status := r.World.Probe(node, g.Kind, g.Text, cookie)
	r.Stats.Probes++
	out := (&Result{Status: status}).outcome()
	var why string
	var next []*State
	for _, s := range r.states {
		want, reason, ok := s.Probe(&r.env, id, node)
		if !ok || out == Accepted && want == Refuse || out == Refused && want == Accept {
			why = reason
			continue
		}
		next = append(next, s.touched(&r.env, id, node, out))
	}
	if len(next) == 0 {
		kind := fmt.Sprintf("probe %s %d: %s", g.Kind, status, why)
		r.fail(kind, "%s %d on node %c: %d; but %s", g.Kind, id, 'A'+node, status, why)
		return
	}
	r.states = next
}

// spends are the verbs that use a credential up.
var spends = map[Kind]string{
	Refresh: "refresh", Half: "second", Reset: "reset", Verify: "verify", Change: "verify", Revert: "verify",
	Invite: "signup", Recover: "recover-confirm",
}

// drain presents every credential once more that can be used up, valid ones and others.
func (r *Runner) drain(tick int) {
	for id, all := 0, len(r.given); id < all && r.failure == nil; id++ {
		verb := spends[r.given[id].Kind]
		n := slices.Index(r.list(verbKinds[verb]...), id)
		if verb == "" || n < 0 {
			continue
		}
		tick++
		s := &Step{Node: tick % 2, Verb: verb, N: n}
		if verb == "second" {
			s.M = 1 // with a recovery code
		}
		r.step(tick, s)
	}
}
