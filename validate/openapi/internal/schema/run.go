package schema

import (
	"hash/maphash"
	"sync"

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/pattern"
)

// The budget of one walk: a constant part, and more for each value and each byte of names
// and texts. A unit is about one evaluation of a schema. Without a budget, a schema that
// refers to itself in several choices would be evaluated as many times as there are choices,
// to the power of the depth, and the client chooses the depth.
const (
	workAtOnce   = 50_000
	workPerValue = 40
	bytesPerWork = 1

	// maxNesting is how many schemas may be asking at once. One that asks itself about the
	// same value would never end.
	maxNesting = 4_000
)

// run is one walk over a value.
type run struct {
	v    *Value
	set  *settings
	left int  // units of work
	over bool // there was too much of it

	collect bool // notes are needed
	cutting bool // what no schema describes is to be taken out, and so is no failure

	// The schemas that are being asked: those since base about the same value.
	frames []*Schema
	base   int
	apart  int         // those since then are of a condition, which others spare nothing
	scope  []*resource // for $dynamicRef, outermost first

	trail  []entry // what was noted, so that it can be undone
	hashes []uint64
	seed   maphash.Seed

	machine pattern.Machine
	unsure  int   // how many patterns that cannot be matched were passed over
	scratch Value // a member's name, for propertyNames

	out *report // nil while deciding
}

// entry is one note: a flag of a node.
type entry struct {
	node  int32
	flag  flag
	fresh bool // the flag was not there before
	known bool // by name alone: to unevaluatedProperties the member is not evaluated
}

var runs = sync.Pool{New: func() any { return &run{seed: maphash.MakeSeed()} }}

// start takes a run from the pool. v must not have been walked by another schema since
// forget.
func start(s *Schema, v *Value) *run {
	r := runs.Get().(*run)
	r.v, r.set = v, s.set
	r.left = workAtOnce + workPerValue*len(v.nodes) + v.bytes/bytesPerWork
	r.collect = !s.set.open || s.set.unevaluated || s.set.barred
	return r
}

// keptEntries bounds what a run keeps for the next one.
const keptEntries = 1 << 16

// done gives r back, unless it has grown large.
func (r *run) done() {
	if cap(r.trail) > keptEntries || cap(r.hashes) > keptEntries {
		return
	}
	*r = run{seed: r.seed, machine: r.machine, frames: r.frames[:0], scope: r.scope[:0], trail: r.trail[:0], hashes: r.hashes[:0], scratch: Value{nodes: r.scratch.nodes[:0]}}
	runs.Put(r)
}

// spend counts n units of work, and reports whether they were left.
func (r *run) spend(n int) bool {
	if r.left -= n; r.left < 0 {
		r.over = true
	}
	return !r.over
}

// note sets a flag.
func (r *run) note(at int32, f flag) {
	if !r.collect && f != barred && f != near && f != exact {
		return
	}
	n := &r.v.nodes[at]
	r.trail = append(r.trail, entry{node: at, flag: f, fresh: n.flags&f == 0})
	n.flags |= f
}

// noteName notes a member whose name alone is known.
func (r *run) noteName(at int32) {
	if r.note(at, described); r.collect {
		r.trail[len(r.trail)-1].known = true
	}
}

// undo takes back what was noted since the trail had so many entries.
func (r *run) undo(to int) {
	for i := len(r.trail) - 1; i >= to; i-- {
		if e := r.trail[i]; e.fresh {
			r.v.nodes[e.node].flags &^= e.flag
		}
	}
	r.trail = r.trail[:to]
}

// stampEvaluated marks the children that were noted since then, and returns the mark.
func (r *run) stampEvaluated(since int) int32 {
	r.v.stamp++
	r.spend(1 + (len(r.trail)-since)/8)
	for _, e := range r.trail[since:] {
		if e.flag == described && !e.known {
			r.v.nodes[e.node].stamp = r.v.stamp
		}
	}
	return r.v.stamp
}

// ask evaluates s about the node that is being looked at.
func (r *run) ask(s *Schema, at int32) bool {
	if s.always != asks {
		return s.always == takesAll || r.fail(s, at, falseSchema)
	}
	if !r.spend(1) || len(r.frames) == maxNesting {
		r.over = true
		return false
	}

	r.frames = append(r.frames, s)
	scoped := r.set.dynamic && (len(r.scope) == 0 || r.scope[len(r.scope)-1] != s.home)
	if scoped {
		r.scope = append(r.scope, s.home)
	}
	ok := r.evaluate(s, at)
	if scoped {
		r.scope = r.scope[:len(r.scope)-1]
	}
	r.frames = r.frames[:len(r.frames)-1]
	return ok
}

// below evaluates s about a child of the node that is being looked at.
func (r *run) below(s *Schema, at int32) bool {
	base := r.base
	r.base = len(r.frames)
	ok := r.ask(s, at)
	r.base = base
	return ok
}

// try evaluates s without a word about its failures. What it has noted stays where it
// holds.
func (r *run) try(s *Schema, at int32) bool {
	out, before, unsure := r.out, len(r.trail), r.unsure
	r.out = nil
	ok := r.ask(s, at)
	if r.out = out; !ok {
		r.undo(before)
		r.unsure = unsure
	}
	return ok
}

// stop reports whether there is nothing more to find out: a failure was met and nobody asks
// for another one.
func (r *run) stop(ok bool) bool { return r.over || !ok && (r.out == nil || r.out.full()) }
