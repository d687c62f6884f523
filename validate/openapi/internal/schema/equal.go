package schema

// child returns the member of an object that has a name, or 0.
func (r *run) child(at int32, name string) int32 {
	r.spend(1 + int(r.v.nodes[at].count)/16)
	return r.v.child(at, name)
}

// child returns the member of an object that has a name, or 0.
func (v *Value) child(at int32, name string) int32 {
	for c := v.nodes[at].first; c != 0; c = v.nodes[c].next {
		if v.nodes[c].name == name && v.nodes[c].flags&cut == 0 {
			return c
		}
	}
	return 0
}

// size is how many children a node has that are not taken out.
func (v *Value) size(n *node) int {
	size := int(n.count)
	if v.cuts == 0 {
		return size
	}
	for c := n.first; c != 0; c = v.nodes[c].next {
		if v.nodes[c].flags&cut != 0 {
			size--
		}
	}
	return size
}

// equal reports whether two values are the same (JSON Schema 2020-12 §4.2.2).
func (r *run) equal(a *Value, x int32, b *Value, y int32) bool {
	m, n := &a.nodes[x], &b.nodes[y]
	if !r.spend(textWork(m)) || m.kind != n.kind || a.size(m) != b.size(n) {
		return false
	}
	switch m.kind {
	case Bool, String:
		return m.text == n.text
	case Number:
		return sameNumber(m.text, n.text)
	case Array: // of which no item is taken out
		for c, d := m.first, n.first; c != 0; c, d = a.nodes[c].next, b.nodes[d].next {
			if !r.equal(a, c, b, d) {
				return false
			}
		}
	case Object:
		return r.equalMembers(a, m, b, y)
	}
	return true
}

// textWork is what comparing or hashing a text costs. A number is read digit by digit.
func textWork(n *node) int {
	if n.kind == Number {
		return 1 + len(n.text)/8
	}
	return 1 + len(n.text)/64
}

func (r *run) equalMembers(a *Value, m *node, b *Value, y int32) bool {
	for c := m.first; c != 0; c = a.nodes[c].next {
		if a.nodes[c].flags&cut != 0 {
			continue
		}
		r.spend(int(m.count) / 16)
		d := b.child(y, a.nodes[c].name)
		if d == 0 || !r.equal(a, c, b, d) {
			return false
		}
	}
	return true
}
