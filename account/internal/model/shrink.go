package model

import "slices"

// Shrink drops and simplifies steps as long as what is left still fails.
func Shrink(steps []Step, fails func([]Step) bool) []Step {
	for size := len(steps) / 2; size > 0; size /= 2 {
		for from := 0; from < len(steps); {
			less := slices.Delete(slices.Clone(steps), from, min(from+size, len(steps)))
			if fails(less) {
				steps = less
			} else {
				from += size
			}
		}
	}
	for i := 0; i < len(steps); {
		if other, ok := simpler(steps, i, fails); ok {
			steps = other
		} else {
			i++
		}
	}
	return steps
}

// simpler returns the program with a simpler step, if that still fails.
func simpler(steps []Step, i int, fails func([]Step) bool) ([]Step, bool) {
	for _, one := range simplify(steps[i]) {
		other := slices.Clone(steps)
		other[i] = one
		if fails(other) {
			return other, true
		}
	}
	return nil, false
}

// simplify returns simpler forms of a step, each with one thing less.
func simplify(s Step) (list []Step) {
	add := func(change func(*Step)) {
		one := s
		change(&one)
		if one != s {
			list = append(list, one)
		}
	}
	add(func(s *Step) { s.With = nil })
	add(func(s *Step) { s.Fault = Fault{} })
	add(func(s *Step) { s.Lag = false })
	add(func(s *Step) { s.N = 0 })
	add(func(s *Step) { s.M = 0 })
	add(func(s *Step) { s.Node = 0 })
	return list
}
