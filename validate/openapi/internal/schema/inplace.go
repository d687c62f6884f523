package schema

import "slices"

// inPlace asks the schemas that s asks about the same value.
func (r *run) inPlace(s *Schema, at int32, n *node) bool {
	ok := true
	if s.ref != nil {
		ok = r.ask(s.ref, at)
	}
	if s.dynamic != nil && !r.stop(ok) {
		ok = r.ask(r.outermost(s.dynamic), at) && ok
	}
	for _, t := range s.allOf {
		if r.stop(ok) {
			return false
		}
		ok = r.ask(t, at) && ok
	}
	if s.not != nil && !r.stop(ok) {
		ok = r.not(s, at) && ok
	}
	if s.cond != nil && !r.stop(ok) {
		ok = r.conditional(s, at) && ok
	}
	if s.dependentSchemas != nil && n.kind == Object && !r.stop(ok) {
		for _, d := range s.dependentSchemas {
			if r.child(at, d.name) != 0 {
				ok = r.ask(d.schema, at) && ok
			}
		}
	}
	if s.anyOf != nil && !r.stop(ok) {
		ok = r.anyOf(s, s.anyOf, at) && ok
	}
	if s.oneOf != nil && !r.stop(ok) {
		ok = r.oneOf(s, at) && ok
	}
	if s.discriminator != nil && !r.stop(ok) {
		ok = r.decide(s, at, n) && ok
	}
	return ok
}

// outermost is what a $dynamicRef stands for: the schema of its anchor in the outermost
// resource that was entered on the way here.
func (r *run) outermost(d *dynamicRef) *Schema {
	if d.anchor == "" {
		return d.schema
	}
	for _, home := range r.scope {
		if t := home.dynamic[d.anchor]; t != nil {
			return t
		}
	}
	return d.schema
}

// not keeps no note of what it asks about (JSON Schema 2020-12 §10.2.1.4).
func (r *run) not(s *Schema, at int32) bool {
	before, unsure := len(r.trail), r.unsure
	held := r.condition(s.not, at)
	if r.undo(before); r.over {
		return false
	}
	return !held || r.unsure > unsure || r.fail(s, at, notAllowed)
}

func (r *run) conditional(s *Schema, at int32) bool {
	t, unsure := s.otherwise, r.unsure
	if r.condition(s.cond, at) {
		t = s.then
	}
	if r.unsure > unsure {
		return !r.over // whether it holds is not known
	}
	return !r.over && (t == nil || r.ask(t, at))
}

// anyOf asks all of the choices where notes are needed, as each that holds may describe
// members.
func (r *run) anyOf(s *Schema, choices []*Schema, at int32) bool {
	held := false
	for _, t := range choices {
		if held = r.tryStrict(t, at) || held; r.over || held && !r.collect {
			break
		}
	}
	switch {
	case r.over:
		return false
	case held:
		return true
	}
	return r.none(s, choices, at)
}

func (r *run) oneOf(s *Schema, at int32) bool {
	held, sure := false, 0
	for _, t := range s.oneOf {
		unsure := r.unsure
		if !r.tryStrict(t, at) {
			continue
		}
		if held = true; r.unsure > unsure {
			continue // whether it holds is not known
		}
		if sure++; sure > 1 {
			return r.fail(s, at, ambiguous)
		}
	}
	switch {
	case r.over:
		return false
	case held:
		return true
	}
	return r.none(s, s.oneOf, at)
}

// tryStrict tries a choice as it stands, without a member being taken out for it.
func (r *run) tryStrict(t *Schema, at int32) bool {
	cutting := r.cutting
	r.cutting = false
	ok := r.try(t, at)
	r.cutting = cutting
	return ok
}

// condition is tryStrict for what need not hold.
func (r *run) condition(t *Schema, at int32) bool {
	apart := r.apart
	r.apart = len(r.frames)
	ok := r.tryStrict(t, at)
	r.apart = apart
	return ok
}

// none is the end of a choice none of which holds.
func (r *run) none(s *Schema, choices []*Schema, at int32) bool {
	switch {
	case r.cutting && r.mostDescribed(choices, at):
		return true
	case r.out == nil || r.over:
		return false
	}
	if meant := r.meant(choices, at); meant != nil {
		before := r.out.found
		r.ask(meant, at)
		if r.out.found > before || r.over {
			return false
		}
	}
	r.blur(choices, at)
	return r.fail(s, at, noMatch)
}

// meant is the one choice that is likely to be meant, if there is one and somebody listens.
func (r *run) meant(choices []*Schema, at int32) (meant *Schema) {
	if r.out.deaf {
		return nil
	}
	for _, t := range choices {
		if !r.likely(t, at, 0) {
			continue
		}
		if meant != nil {
			return nil
		}
		meant = t
	}
	return meant
}

// blur notes what any of the choices describes, so that no member is told apart by a
// choice that may not have been meant.
func (r *run) blur(choices []*Schema, at int32) {
	out := r.out
	r.out = &report{deaf: true}
	for _, t := range choices {
		if r.over {
			break
		}
		r.ask(t, at)
	}
	r.out = out
}

// mostDescribed takes the choice that holds once the members are taken out that it does not
// describe: the one that leaves the most.
func (r *run) mostDescribed(choices []*Schema, at int32) bool {
	best, most := (*Schema)(nil), -1
	for _, t := range choices {
		before := len(r.trail)
		if r.try(t, at) {
			if n := len(r.trail) - before; n > most {
				best, most = t, n
			}
			r.undo(before)
		}
		if r.over {
			return false
		}
	}
	return best != nil && r.try(best, at)
}

// decide asks the schema that a discriminator names. Where it was asked before about this
// value, the schema it named has this one in its allOf.
func (r *run) decide(s *Schema, at int32, n *node) bool {
	r.spend((len(r.frames) - r.base) / 16)
	if slices.Contains(r.frames[r.base:len(r.frames)-1], s) {
		return true
	}
	d := s.discriminator
	if n.kind != Object {
		if d.others == nil {
			return r.fail(s, at, notObject)
		}
		return r.anyOf(s, d.others, at)
	}

	c := r.child(at, d.property)
	switch {
	case c == 0 && d.fallback == nil:
		r.blurAll(d, at)
		return r.failAt(s, at, d.property, missing)
	case c == 0:
		return r.ask(d.fallback, at)
	}
	r.noteName(c)
	named := d.choices[r.v.nodes[c].text]
	switch {
	case r.v.nodes[c].kind == String && named != nil && slices.Contains(r.frames[r.base:], named):
		return true // it is being asked already, or is s itself
	case r.v.nodes[c].kind == String && named != nil:
		return r.ask(named, at)
	case d.fallback != nil:
		return r.ask(d.fallback, at)
	}
	r.blurAll(d, at)
	return r.fail(s, c, notChoice)
}

func (r *run) blurAll(d *discriminator, at int32) {
	if r.out == nil {
		return
	}
	for _, name := range d.names {
		r.blur([]*Schema{d.choices[name]}, at)
	}
}
