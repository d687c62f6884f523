package schema

import "regexp/syntax"

// width bounds how many instructions of a program a match is at, at any character: what
// one costs is so many steps. A counted repetition is as many instructions as it counts;
// at one place of the text, where the expression is bound to its beginning, a match is
// only at those that stand so far from the beginning.
func width(p *syntax.Prog) int {
	if p.StartCond()&syntax.EmptyBeginText == 0 {
		return len(p.Inst) // a match may begin anywhere
	}
	first, last := nearest(p), farthest(p)

	begin, end := make([]int, len(p.Inst)+1), make([]int, len(p.Inst)+1)
	for i := range p.Inst {
		if first[i] < 0 {
			continue
		}
		begin[first[i]]++
		if last[i] >= 0 {
			end[last[i]]++
		}
	}
	now, most := 0, 1
	for at := range begin {
		now += begin[at]
		most = max(most, now)
		now -= end[at]
	}
	return most
}

// follow calls f for the instructions that come after one, and says whether a character is
// taken on the way.
func follow(in *syntax.Inst, f func(next uint32, takes bool)) {
	switch in.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		f(in.Out, false)
		f(in.Arg, false)
	case syntax.InstCapture, syntax.InstEmptyWidth, syntax.InstNop:
		f(in.Out, false)
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		f(in.Out, true)
	}
}

// nearest is after how few characters each instruction is reached, -1 for never.
func nearest(p *syntax.Prog) []int {
	near := make([]int, len(p.Inst))
	for i := range near {
		near[i] = -1
	}
	now, then := []uint32{uint32(p.Start)}, []uint32{}
	for at := 0; len(now) > 0; at++ {
		for len(now) > 0 {
			i := now[len(now)-1]
			if now = now[:len(now)-1]; near[i] >= 0 {
				continue
			}
			near[i] = at
			follow(&p.Inst[i], func(next uint32, takes bool) {
				if takes {
					then = append(then, next)
					return
				}
				now = append(now, next)
			})
		}
		now, then = then, now
	}
	return near
}

// farthest is after how many characters each instruction is reached at most, -1 where a
// loop leads to it.
func farthest(p *syntax.Prog) []int {
	near := nearest(p)
	before := make([]int, len(p.Inst)) // how many lead to it that are not done
	for i := range p.Inst {
		if near[i] >= 0 {
			follow(&p.Inst[i], func(next uint32, _ bool) { before[next]++ })
		}
	}

	far, most := make([]int, len(p.Inst)), make([]int, len(p.Inst))
	for i := range far {
		far[i] = -1
	}
	for ready := []uint32{uint32(p.Start)}; len(ready) > 0 && before[p.Start] == 0; {
		i := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		far[i] = most[i]
		follow(&p.Inst[i], func(next uint32, takes bool) {
			if takes {
				most[next] = max(most[next], most[i]+1)
			} else {
				most[next] = max(most[next], most[i])
			}
			if before[next]--; before[next] == 0 {
				ready = append(ready, next)
			}
		})
	}
	return far
}
