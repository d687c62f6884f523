package ratelimit

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// maxLimits is how many limits the 12 bits can number that a slot has for it; 0 is not
// a number.
const maxLimits = 1<<12 - 1

// ErrLimits is the answer of a [Memory] to a limit when it was given 4095 others.
var ErrLimits = errors.New("ratelimit: a Memory tells 4095 limits apart, and this is one more; " +
	"take limits from the configuration, not from requests, or spread them over several stores")

// interned numbers the limits that a store was given. A key that is held has the number
// only.
type interned struct {
	grow sync.Mutex
	// list is never changed, but replaced by a longer one.
	list atomic.Pointer[limitList]
}

// limitList is the limits by number. When it is long, numbers has them the other way
// round.
type limitList struct {
	limits  []Limit
	numbers map[Limit]uint16
}

// short is how many limits are found faster one by one than in a map.
const short = 8

func (i *interned) number(l Limit) (uint16, error) {
	if n := i.list.Load().find(l); n > 0 {
		return n, nil
	}
	return i.add(l)
}

func (i *interned) limit(number uint16) Limit { return i.list.Load().limits[number] }

// find returns 0 for a limit that has no number.
func (t *limitList) find(l Limit) uint16 {
	if t.numbers != nil {
		return t.numbers[l]
	}
	for n, other := range t.limits {
		if other == l {
			return uint16(n)
		}
	}
	return 0
}

func (i *interned) add(l Limit) (uint16, error) {
	i.grow.Lock()
	defer i.grow.Unlock()
	old := i.list.Load()
	if n := old.find(l); n > 0 {
		return n, nil
	}
	if len(old.limits) > maxLimits {
		return 0, ErrLimits
	}
	next := old.with(l)
	i.list.Store(next)
	return uint16(len(next.limits) - 1), nil
}

// with is a copy that has one limit more.
func (t *limitList) with(l Limit) *limitList {
	next := &limitList{append(slices.Clip(t.limits), l), maps.Clone(t.numbers)}
	switch {
	case next.numbers != nil:
		next.numbers[l] = uint16(len(t.limits))
	case len(next.limits) > short:
		next.numbers = make(map[Limit]uint16, len(next.limits))
		for n, l := range next.limits {
			next.numbers[l] = uint16(n)
		}
	}
	return next
}
