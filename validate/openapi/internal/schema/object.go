package schema

import "slices"

func (r *run) object(s *Schema, at int32, n *node) bool {
	ok := true
	count := r.v.size(n)
	if count < s.minProperties {
		ok = r.fail(s, at, tooFewMembers)
	}
	if s.maxProperties >= 0 && count > s.maxProperties {
		ok = r.fail(s, at, tooManyMembers)
	}
	ok = r.required(s, at, n) && ok
	ok = r.dependent(s, at) && ok
	if r.stop(ok) {
		return false
	}

	if s.names != nil && !r.memberNames(s, at, n) {
		ok = false
	}
	if r.stop(ok) || s.properties == nil && s.patterns == nil && s.unnamed == nil && s.additional == nil {
		return ok
	}
	if s.speaks() {
		r.note(at, speaks)
	}
	// Scalars first: they tell cheaply that a choice is not the one that is meant.
	if ok = r.members(s, n, false, ok); r.stop(ok) {
		return false
	}
	return r.members(s, n, true, ok)
}

// speaks reports whether s says which members there are.
func (s *Schema) speaks() bool {
	if s.patterns != nil || s.unnamed != nil || s.additional != nil || s.unevaluated != nil {
		return true
	}
	for _, p := range s.properties {
		if p.schema != nil {
			return true
		}
	}
	return false
}

// required asks required. A member that the direction bars is never required.
func (r *run) required(s *Schema, at int32, n *node) bool {
	if len(s.required) == 0 {
		return true
	}
	left := len(s.required)
	for c := n.first; c != 0 && left > 0; c = r.v.nodes[c].next {
		if p := s.properties[r.v.nodes[c].name]; p != nil && p.required && r.v.nodes[c].flags&cut == 0 {
			left--
		}
	}
	r.spend(1 + int(n.count)/8)
	if left == 0 {
		return true
	}

	ok := true
	for _, name := range s.required {
		if r.over || r.out != nil && r.out.deaf {
			return false // nobody listens, and there is nothing to note
		}
		if r.spared(name) || r.child(at, name) != 0 {
			continue
		}
		if ok = r.failAt(s, at, name, missing); r.stop(ok) {
			return false
		}
	}
	return ok
}

// spared reports whether a member of the value that is being looked at is not required, as
// a schema that holds beside bars it. A condition is taken as it is written: nobody is asked
// there to leave the member out, and it would hold for being barred.
func (r *run) spared(name string) bool {
	beside := r.frames[max(r.base, r.apart):]
	r.spend(len(beside) / 4)
	for _, s := range beside {
		if _, ok := s.spared[name]; ok {
			return true
		}
	}
	return false
}

// dependent asks dependentRequired.
func (r *run) dependent(s *Schema, at int32) bool {
	ok := true
	for _, d := range s.dependentRequired {
		if r.child(at, d.name) == 0 {
			continue
		}
		for _, name := range d.required {
			c := r.child(at, name)
			if c != 0 {
				r.noteName(c)
				continue
			}
			if !r.spared(name) {
				ok = r.failAt(s, at, name, missingBeside)
			}
		}
	}
	return ok
}

// memberNames asks propertyNames, about a value that is the name.
func (r *run) memberNames(s *Schema, at int32, n *node) bool {
	for c := n.first; c != 0; c = r.v.nodes[c].next {
		if r.v.nodes[c].flags&cut != 0 {
			continue
		}
		name := r.v.nodes[c].name
		v, out, before := r.v, r.out, len(r.trail)
		r.scratch.nodes = append(r.scratch.nodes[:0], node{kind: String, text: name})
		r.v, r.out = &r.scratch, nil
		fits := r.below(s.names, 0)
		r.undo(before)
		r.v, r.out = v, out
		if !fits {
			return r.failAt(s, at, name, badName)
		}
	}
	return true
}

// members asks what is about members: those with members or items of their own, or the
// others.
func (r *run) members(s *Schema, n *node, deep, ok bool) bool {
	for c := n.first; c != 0; c = r.v.nodes[c].next {
		m := &r.v.nodes[c]
		if deep != (m.kind >= Array) || m.flags&cut != 0 {
			continue
		}
		if ok = r.member(s, c, m.name) && ok; r.stop(ok) {
			return false
		}
	}
	return ok
}

// member asks properties, patternProperties and additionalProperties about one member.
func (r *run) member(s *Schema, c int32, name string) bool {
	ok, named := true, false
	r.spend(len(name) / 64)
	switch p := s.properties[name]; {
	case p == nil:
		r.nameNear(s, c, name)
	case p.schema != nil:
		named = true
		ok = r.below(p.schema, c)
	default:
		r.noteName(c) // required, and so it may be there
	}
	if named && r.set.ambiguous {
		r.note(c, exact)
	}
	for i := range s.patterns {
		if !r.matches(s.patterns[i].pattern, name) {
			continue
		}
		named = true
		ok = r.below(s.patterns[i].schema, c) && ok
	}
	switch {
	case named:
	case s.unnamed != nil:
		return r.unnamed(s, c)
	case s.additional == nil:
		return r.spend(1)
	case s.additional.always == takesNone:
		return r.cutting || r.fail(s.additional, c, unknownMember)
	default:
		ok = r.below(s.additional, c)
	}
	r.note(c, described)
	return ok
}

// unnamed asks about a member that a pattern may describe which cannot be matched here: it fits as one of those does, or
// as the other members do.
func (r *run) unnamed(s *Schema, c int32) bool {
	r.unsure++
	base := r.base
	r.base = len(r.frames)
	held := slices.ContainsFunc(s.unnamed, func(t *Schema) bool { return r.try(t, c) })
	r.base = base

	switch {
	case r.over:
		return false
	case held:
	case s.additional == nil && r.set.open:
		return true
	case s.additional == nil:
		held = r.below(s.unnamed[0], c) // for its failures
	case s.additional.always == takesNone:
		return r.cutting || r.fail(s.additional, c, unknownMember)
	default:
		held = r.below(s.additional, c)
	}
	r.note(c, described)
	return held
}

// leftMembers asks unevaluatedProperties.
func (r *run) leftMembers(s *Schema, at int32, since int) bool {
	ok := true
	mark := r.stampEvaluated(since)
	for c := r.v.nodes[at].first; c != 0; c = r.v.nodes[c].next {
		m := &r.v.nodes[c]
		switch {
		case m.stamp == mark, m.flags&cut != 0:
			continue
		case s.unevaluated.always != takesNone:
			ok = r.below(s.unevaluated, c) && ok
			r.note(c, described)
		case !r.cutting:
			ok = r.fail(s.unevaluated, c, unknownMember)
		}
		if r.stop(ok) {
			return false
		}
	}
	r.note(at, speaks)
	return ok
}
