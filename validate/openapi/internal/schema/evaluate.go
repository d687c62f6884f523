package schema

import (
	"slices"
	"unicode/utf8"
)

// evaluate asks every keyword of s. It ends at the first failure, unless failures are
// gathered.
func (r *run) evaluate(s *Schema, at int32) bool {
	n := &r.v.nodes[at]
	since := len(r.trail)
	if s.barred && at != 0 { // readOnly is about a part: a whole parameter may be of such a schema
		if r.note(at, barred); r.out != nil {
			return true // that it is there is what is said of it
		}
	}
	if s.orNull && n.kind == Null { // in place of the choice, and not of a list of values
		return r.value(s, at, n) && !r.over
	}
	if s.types != 0 && !s.fits(n) {
		return r.fail(s, at, wrongType)
	}

	ok := r.value(s, at, n)
	if r.stop(ok) {
		return false
	}
	switch n.kind {
	case String:
		ok = r.text(s, at, n) && ok
	case Number:
		ok = r.number(s, at, n) && ok
	case Array:
		ok = r.array(s, at, n) && ok
	case Object:
		ok = r.object(s, at, n) && ok
	}
	if r.stop(ok) {
		return false
	}
	ok = r.inPlace(s, at, n) && ok
	if r.stop(ok) {
		return false
	}

	// These look at what all the others have evaluated.
	if s.unevaluatedItems != nil && n.kind == Array {
		ok = r.leftItems(s, at, since) && ok
	}
	if s.unevaluated != nil && n.kind == Object {
		ok = r.leftMembers(s, at, since) && ok
	}
	return ok && !r.over
}

// fits reports whether the value is of the type.
func (s *Schema) fits(n *node) bool {
	if n.kind == Number && s.types&(1<<Number) == 0 {
		return s.types&integerType != 0 && isWhole(n.text)
	}
	return s.types.has(n.kind)
}

// value asks enum and const.
func (r *run) value(s *Schema, at int32, n *node) bool {
	ok := true
	if s.enum != nil && !r.listed(s.enum, at, n) {
		ok = r.fail(s, at, notInEnum)
	}
	if s.constant != nil && !r.equal(r.v, at, s.constant, 0) {
		ok = r.fail(s, at, notConst)
	}
	return ok
}

func (r *run) listed(e *enum, at int32, n *node) bool {
	if n.kind == String {
		r.spend(len(n.text) / 64)
		_, ok := e.texts[n.text]
		return ok
	}
	r.spend(len(e.values))
	return slices.ContainsFunc(e.values, func(v *Value) bool { return r.equal(r.v, at, v, 0) })
}

func (r *run) text(s *Schema, at int32, n *node) bool {
	ok := true
	if s.minLength >= 0 || s.maxLength >= 0 {
		r.spend(len(n.text) / 64)
		switch length := utf8.RuneCountInString(n.text); {
		case length < s.minLength:
			ok = r.fail(s, at, tooShort)
		case s.maxLength >= 0 && length > s.maxLength:
			return r.fail(s, at, tooLong) // and is not looked at further
		}
	}
	if s.format != nil {
		r.spend(len(n.text) * max(s.format.cost, 1) / 16)
	}
	if r.over {
		return false
	}
	if s.pattern != nil && !r.matches(s.pattern, n.text) {
		ok = r.fail(s, at, notPattern)
	}
	if s.unmatched {
		r.unsure++
	}
	if s.format != nil && !s.format.fits(n) {
		ok = r.fail(s, at, notFormat)
	}
	return ok
}

func (r *run) number(s *Schema, at int32, n *node) bool {
	ok, text := true, n.text
	if s.minimum != nil && s.minimum.compare(text) < 0 {
		ok = r.fail(s, at, tooSmall)
	}
	if s.maximum != nil && s.maximum.compare(text) > 0 {
		ok = r.fail(s, at, tooLarge)
	}
	if s.above != nil && s.above.compare(text) <= 0 {
		ok = r.fail(s, at, notAbove)
	}
	if s.below != nil && s.below.compare(text) >= 0 {
		ok = r.fail(s, at, notBelow)
	}
	if s.multiple != nil && !s.multiple.divides(text) {
		ok = r.fail(s, at, notMultiple)
	}
	if s.format != nil && !s.format.fits(n) {
		ok = r.fail(s, at, notFormat)
	}
	return ok
}

func (r *run) array(s *Schema, at int32, n *node) bool {
	ok := true
	count := int(n.count)
	if count < s.minItems {
		ok = r.fail(s, at, tooFewItems)
	}
	if s.maxItems >= 0 && count > s.maxItems {
		ok = r.fail(s, at, tooManyItems)
	}
	if s.unique && !r.distinct(at) {
		ok = r.fail(s, at, notUnique)
	}
	if r.stop(ok) {
		return false
	}
	ok = r.items(s, n) && ok
	if r.stop(ok) || s.contains == nil {
		return ok
	}
	return r.contains(s, at, n) && ok
}

// items asks prefixItems and items.
func (r *run) items(s *Schema, n *node) bool {
	ok := true
	if s.prefix == nil && s.items == nil {
		return true
	}
	i := 0
	for c := n.first; c != 0; c = r.v.nodes[c].next {
		t := s.items
		if i < len(s.prefix) {
			t = s.prefix[i]
		}
		if i++; t == nil {
			break
		}
		if t.always == takesNone {
			ok = r.fail(t, c, extraItem)
		} else {
			ok = r.below(t, c) && ok
		}
		if r.stop(ok) {
			return false
		}
		r.note(c, described)
	}
	return ok
}

func (r *run) contains(s *Schema, at int32, n *node) bool {
	found, sure := 0, 0
	cutting := r.cutting
	r.cutting = false // an item counts as it stands
	defer func() { r.cutting = cutting }()
	for c := n.first; c != 0; c = r.v.nodes[c].next {
		out, before, unsure := r.out, len(r.trail), r.unsure
		r.out = nil
		if r.below(s.contains, c) {
			if found++; r.unsure == unsure {
				sure++
			}
			r.note(c, described)
		} else {
			r.undo(before)
			r.unsure = unsure
		}
		r.out = out
	}
	least := 1
	if s.minContains >= 0 {
		least = s.minContains
	}
	switch {
	case r.over:
		return false
	case found < least:
		return r.fail(s, at, containsFew)
	case s.maxContains >= 0 && sure > s.maxContains:
		return r.fail(s, at, containsMany)
	}
	return true
}

// leftItems asks unevaluatedItems.
func (r *run) leftItems(s *Schema, at int32, since int) bool {
	ok := true
	mark := r.stampEvaluated(since)
	for c := r.v.nodes[at].first; c != 0; c = r.v.nodes[c].next {
		if r.v.nodes[c].stamp == mark {
			continue
		}
		if s.unevaluatedItems.always == takesNone {
			ok = r.fail(s.unevaluatedItems, c, extraItem)
		} else {
			ok = r.below(s.unevaluatedItems, c) && ok
		}
		if r.stop(ok) {
			return false
		}
		r.note(c, described)
	}
	return ok
}
