package schema

// likely reports whether a choice may be the one that is meant, by what can be told without
// going deeper than one member: its types, the members it requires, the constants among
// them, and members that it does not take. It is only asked to explain a failure.
func (r *run) likely(s *Schema, at int32, depth int) bool {
	n := &r.v.nodes[at]
	switch {
	case s == nil || depth > 32 || s.orNull && n.kind == Null:
		return true
	case s.always != asks:
		return s.always == takesAll
	case !r.flat(s, at):
		return false
	case n.kind == Object && !r.likelyObject(s, at, n):
		return false
	case s.ref != nil && !r.likely(s.ref, at, depth+1):
		return false
	}
	for _, t := range s.allOf {
		if !r.likely(t, at, depth+1) {
			return false
		}
	}
	return true
}

// flat asks what is about the value alone.
func (r *run) flat(s *Schema, at int32) bool {
	n := &r.v.nodes[at]
	return r.spend(1) && (s.types == 0 || s.fits(n)) && (s.enum == nil || r.listed(s.enum, at, n)) &&
		(s.constant == nil || r.equal(r.v, at, s.constant, 0))
}

func (r *run) likelyObject(s *Schema, at int32, n *node) bool {
	if !r.spend(1 + int(n.count)/8) {
		return false
	}
	for _, name := range s.required {
		if !r.spared(name) && r.child(at, name) == 0 {
			if _, ok := s.spared[name]; !ok {
				return false
			}
		}
	}
	closed := s.additional != nil && s.additional.always == takesNone && s.patterns == nil
	for c := n.first; c != 0; c = r.v.nodes[c].next {
		p := s.properties[r.v.nodes[c].name]
		if p == nil || p.schema == nil {
			if closed {
				return false
			}
			continue
		}
		t := p.schema
		for i := 0; t.ref != nil && i < 32; i++ {
			t = t.ref
		}
		if t.always == takesNone || t.always == asks && !r.flat(t, c) {
			return false
		}
	}
	return true
}
