package schema

import (
	"hash/maphash"
	"slices"
)

// distinct reports whether no two items are the same. Items are told apart by a hash first,
// so that many of them cost no more than sorting.
func (r *run) distinct(at int32) bool {
	n := &r.v.nodes[at]
	if n.count < 2 {
		return true
	}
	first := len(r.hashes)
	for c := n.first; c != 0; c = r.v.nodes[c].next {
		r.hashes = append(r.hashes, r.hash(c))
	}
	hashes := r.hashes[first:]
	slices.Sort(hashes)
	r.hashes = r.hashes[:first]
	for i := 1; i < len(hashes) && !r.over; i++ {
		if hashes[i] == hashes[i-1] && r.repeats(n, hashes[i]) {
			return false
		}
	}
	return true
}

// repeats reports whether two items with a hash are the same. Others may have it by chance.
// Nothing is the same as anything once the work is used up, so the search ends there.
func (r *run) repeats(n *node, hash uint64) bool {
	for c := n.first; c != 0 && !r.over; c = r.v.nodes[c].next {
		if r.hash(c) != hash {
			continue
		}
		for d := r.v.nodes[c].next; d != 0 && !r.over; d = r.v.nodes[d].next {
			if r.hash(d) == hash && r.equal(r.v, c, r.v, d) {
				return true
			}
		}
	}
	return false
}

// hash is the same for values that are equal, whatever their spelling.
func (r *run) hash(at int32) uint64 {
	n := &r.v.nodes[at]
	r.spend(textWork(n))
	switch n.kind {
	case Bool, String:
		return maphash.String(r.seed, n.text) + uint64(n.kind)
	case Number:
		return r.hashNumber(n.text)
	}
	sum := uint64(n.kind)
	for c := n.first; c != 0; c = r.v.nodes[c].next {
		if r.v.nodes[c].flags&cut != 0 {
			continue
		}
		h := r.hash(c)
		if n.kind == Object { // in any order
			sum += mix(maphash.String(r.seed, r.v.nodes[c].name) ^ mix(h))
			continue
		}
		sum = mix(sum) + h
	}
	return mix(sum)
}

func (r *run) hashNumber(text string) uint64 {
	var d decimal
	if !d.read(text) {
		return maphash.String(r.seed, text)
	}
	h := mix(uint64(int64(d.exp)))
	if d.neg {
		h++
	}
	for _, digit := range d.digits[:d.n] {
		h = mix(h + uint64(digit))
	}
	return h
}

// mix spreads the bits of x.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
