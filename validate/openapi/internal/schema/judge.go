package schema

import (
	"slices"
	"strings"
)

// Verdict is what a schema says of a value.
type Verdict struct {
	// Fits says that the value fits.
	Fits bool
	// TooComplex says that it was too much work to find out. It does not fit then.
	TooComplex bool
	// Failures are the reasons why it does not fit, in the order of their places.
	Failures []Failure
	// More says that there are more of them.
	More bool
	// Removed is how many members were taken out, see [Schema.Cut].
	Removed int
}

// Fits reports whether v fits, without a reason.
func (s *Schema) Fits(v *Value) (fits, tooComplex bool) {
	r := start(s, v)
	defer r.done()
	v.forget()
	fits = r.below(s, 0) && r.noneLeft(s)
	return fits && !r.over, r.over
}

// Judge says whether v fits, and why not. A number that the next reader may have as zero has to fit as that too.
func (s *Schema) Judge(v *Value) Verdict {
	verdict := s.judge(v)
	if verdict.Fits && v.vanishing() {
		return s.judge(v.rounded())
	}
	return verdict
}

func (s *Schema) judge(v *Value) Verdict {
	fits, tooComplex := s.Fits(v)
	switch {
	case fits:
		return Verdict{Fits: true}
	case tooComplex:
		return Verdict{TooComplex: true, Failures: []Failure{TooComplex}}
	}

	r := start(s, v)
	defer r.done()
	v.forget()
	r.out = &report{}
	r.below(s, 0)
	r.noneLeft(s)
	if r.over {
		return Verdict{TooComplex: true, Failures: []Failure{TooComplex}}
	}
	return Verdict{Failures: r.list(), More: r.out.more}
}

// noneLeft looks for members that no schema has described, or that do not go this way.
func (r *run) noneLeft(s *Schema) bool {
	ok := true
	for i := range r.v.nodes {
		n := &r.v.nodes[i]
		switch {
		case n.flags&cut != 0:
		case n.flags&barred != 0:
			ok = r.fail(s, int32(i), isBarred)
		case r.undescribed(int32(i)):
			ok = r.fail(s, int32(i), unknownMember)
		case n.flags&(near|exact) == near:
			ok = r.fail(s, int32(i), nearName)
		}
		if r.stop(ok) {
			return false
		}
	}
	return ok
}

// undescribed reports whether a member is one that no schema speaks of, in an object of
// which one says which members there are.
func (r *run) undescribed(at int32) bool {
	n := &r.v.nodes[at]
	return !r.set.open && at != 0 && n.flags&described == 0 && r.v.nodes[n.up].kind == Object && r.v.nodes[n.up].flags&speaks != 0
}

// Cut takes out of v the members that s does not describe, and those that do not go this
// way. The verdict is about what is left; its failures name what was taken out, too.
func (s *Schema) Cut(v *Value) (verdict Verdict) {
	r := start(s, v)
	v.forget()
	r.cutting, r.collect = true, true
	r.out = &report{deaf: true} // what is described is noted beside what does not fit, too
	r.below(s, 0)
	if r.over {
		r.done()
		return Verdict{TooComplex: true, Failures: []Failure{TooComplex}}
	}

	r.out = &report{}
	for i := 1; i < len(v.nodes); i++ {
		at, n := int32(i), &v.nodes[i]
		switch {
		case v.nodes[n.up].flags&cut != 0:
			n.flags |= cut // it goes with what it is in
			continue
		case v.nodes[n.up].kind == Array:
			continue // an item is no member: without it the others would be other items
		case n.flags&barred != 0:
			r.fail(s, at, isBarred)
		case r.undescribed(at):
			r.fail(s, at, unknownMember)
		default:
			continue
		}
		v.cut(at)
		verdict.Removed++
	}
	verdict.Failures, verdict.More = r.list(), r.out.more
	r.done()

	left := s.Judge(v)
	verdict.Fits, verdict.TooComplex, verdict.More = left.Fits, left.TooComplex, left.More || verdict.More
	verdict.Failures = append(verdict.Failures, left.Failures...)
	slices.SortStableFunc(verdict.Failures, byPlace)
	return verdict
}

// cut marks a node as taken out.
func (v *Value) cut(at int32) {
	v.nodes[at].flags |= cut
	v.cuts++
	for up := v.nodes[at].up; v.nodes[up].flags&cutBelow == 0; up = v.nodes[up].up {
		v.nodes[up].flags |= cutBelow
	}
}

// JSON is the text of v, without what was taken out. What is left is as it was, byte for
// byte.
func (v *Value) JSON() []byte {
	out := make([]byte, 0, len(v.source))
	return v.appendTo(out, 0)
}

func (v *Value) appendTo(out []byte, at int32) []byte {
	n := &v.nodes[at]
	if n.flags&cutBelow == 0 {
		return append(out, v.source[n.value:n.end]...)
	}
	end := byte(']')
	if n.kind == Object {
		end = '}'
	}
	out = append(out, v.source[n.value])
	first := true
	for c := n.first; c != 0; c = v.nodes[c].next {
		m := &v.nodes[c]
		if m.flags&cut != 0 {
			continue
		}
		if !first {
			out = append(out, ',')
		}
		first = false
		if n.kind == Object {
			out = append(out, quoted(v.source[m.start:m.value])...)
		}
		out = v.appendTo(out, c)
	}
	return append(out, end)
}

// quoted is a name with its colon, out of the text from the name to its value.
func quoted(s string) string {
	end := 1
	for ; end < len(s) && s[end] != '"'; end++ {
		if s[end] == '\\' {
			end++
		}
	}
	return s[:end+1] + ":"
}

// FitsText reports whether a text fits as the one type that the schema asks for, where that
// is a string, an integer or a boolean and can be told so. It allocates nothing. What it
// does not take may fit all the same.
func (s *Schema) FitsText(text string) bool {
	t := s
	for i := 0; t.ref != nil && t.types == 0 && i < 16; i++ {
		t = t.ref
	}
	n, kind := node{text: text}, t.types&^typesKnown
	if t.types == 0 && t.enum != nil && t.enum.values == nil {
		kind = 1 << String
	}
	switch kind {
	case 1 << String:
		n.kind = String
	case integerType:
		n.kind = Number
		digits := strings.TrimPrefix(text, "-")
		if _, ok := plainInt(text); !ok || digits[0] == '0' && len(text) > 1 {
			return false // 007 and -0 are left to the other way
		}
	case 1 << Bool:
		n.kind = Bool
		if text != "true" && text != "false" {
			return false
		}
	default:
		return false
	}
	return s.fitsNode(n)
}

// fitsNode judges a value that is one node.
func (s *Schema) fitsNode(n node) bool {
	r := runs.Get().(*run)
	defer r.done()
	r.scratch.nodes = append(r.scratch.nodes[:0], n)
	r.v, r.set, r.left = &r.scratch, s.set, workAtOnce+len(n.text)/bytesPerWork
	return r.below(s, 0) && !r.over && r.scratch.nodes[0].flags&barred == 0
}
