package pattern

import (
	"regexp/syntax"
	"unicode/utf8"
)

// stepsPerUnit is how many instructions are one unit of work.
const stepsPerUnit = 16

// Machine has the memory of matches, and uses it again. The zero value is ready.
type Machine struct {
	queue queue
	seeds []uint32 // instructions that the next place begins with
	held  []places // where each lookaround holds
	steps int      // since a unit was counted
	left  int      // units
}

// places is a set of places in a text.
type places []uint64

func (p places) add(at int)      { p[at/64] |= 1 << (at % 64) }
func (p places) has(at int) bool { return p[at/64]>>(at%64)&1 != 0 }

// Match reports whether p matches somewhere in a text. It takes its work off left, and ends where none is left: left is
// then negative, and the result means nothing.
func (m *Machine) Match(p *Pattern, text string, left *int) bool {
	m.left = *left - 1
	for len(m.held) < len(p.looks) {
		m.held = append(m.held, nil)
	}
	for i := range p.looks {
		l := &p.looks[i]
		held := append(m.held[i][:0], make(places, len(text)/64+1)...)
		m.held[i] = held
		if m.left -= len(held) / stepsPerUnit; m.left < 0 {
			break
		}
		if l.behind {
			m.forward(p, &l.program, text, held)
		} else {
			m.backward(p, &l.program, text, held)
		}
	}
	found := m.forward(p, &p.main, text, nil)
	*left = m.left
	return found
}

// forward runs a program from the beginning of the text to its end. It notes the places where a match ends in found, or
// without found returns true at the first one.
func (m *Machine) forward(p *Pattern, code *program, text string, found places) bool {
	m.begin(code)
	before := rune(-1)
	for at := 0; m.left >= 0; {
		after, size := rune(-1), 0
		if at < len(text) {
			after, size = rune(text[at]), 1
			if after >= utf8.RuneSelf {
				after, size = utf8.DecodeRuneInString(text[at:])
			}
		}
		if !code.anchored || at == 0 {
			m.seeds = append(m.seeds, code.start)
		}
		if m.enter(p, code, at, before, after) {
			if found == nil {
				return true
			}
			found.add(at)
		}
		if size == 0 || len(m.queue.dense) == 0 && code.anchored {
			return false
		}
		m.step(code, after)
		before, at = after, at+size
	}
	return false
}

// backward is forward from the end of the text to its beginning.
func (m *Machine) backward(p *Pattern, code *program, text string, found places) {
	m.begin(code)
	after := rune(-1)
	for at := len(text); m.left >= 0; {
		before, size := rune(-1), 0
		if at > 0 {
			before, size = utf8.DecodeLastRuneInString(text[:at])
		}
		m.seeds = append(m.seeds, code.start)
		if m.enter(p, code, at, before, after) {
			found.add(at)
		}
		if size == 0 {
			return
		}
		m.step(code, before)
		after, at = before, at-size
	}
}

func (m *Machine) begin(code *program) {
	m.queue.fit(len(code.inst))
	m.seeds = m.seeds[:0]
}

// enter fills the queue with all instructions that the seeds lead to at one place without a character, and reports
// whether a match ends there.
func (m *Machine) enter(p *Pattern, code *program, at int, before, after rune) (match bool) {
	q := &m.queue
	q.clear()
	context := syntax.EmptyOpContext(before, after)
	for len(m.seeds) > 0 {
		pc := m.seeds[len(m.seeds)-1]
		m.seeds = m.seeds[:len(m.seeds)-1]
		if !q.add(pc) {
			continue
		}
		switch in := &code.inst[pc]; in.Op {
		case syntax.InstMatch:
			match = true
		case syntax.InstAlt:
			m.seeds = append(m.seeds, in.Out, in.Arg)
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(in.Arg)&^context == 0 {
				m.seeds = append(m.seeds, in.Out)
			}
		case syntax.InstCapture:
			if m.held[in.Arg].has(at) != p.looks[in.Arg].not {
				m.seeds = append(m.seeds, in.Out)
			}
		}
	}
	m.count(1 + len(q.dense))
	return match
}

// step makes seeds of the instructions that follow those in the queue by a character.
func (m *Machine) step(code *program, r rune) {
	for _, pc := range m.queue.dense {
		switch in := &code.inst[pc]; in.Op {
		case syntax.InstRune1:
			if r == in.Rune[0] {
				m.seeds = append(m.seeds, in.Out)
			}
		case syntax.InstRuneAny:
			m.seeds = append(m.seeds, in.Out)
		case syntax.InstRune:
			if in.MatchRune(r) {
				m.seeds = append(m.seeds, in.Out)
			}
		}
	}
}

func (m *Machine) count(steps int) {
	if m.steps += steps; m.steps >= stepsPerUnit {
		m.left -= m.steps / stepsPerUnit
		m.steps %= stepsPerUnit
	}
}

// queue is a set of instructions that is emptied at no cost.
type queue struct {
	sparse, dense []uint32
}

// fit makes room for so many instructions.
func (q *queue) fit(n int) {
	if len(q.sparse) < n {
		q.sparse, q.dense = make([]uint32, n), make([]uint32, 0, n)
	}
	q.clear()
}

func (q *queue) clear() { q.dense = q.dense[:0] }

// add adds an instruction, and reports whether it was not there.
func (q *queue) add(pc uint32) bool {
	if i := q.sparse[pc]; int(i) < len(q.dense) && q.dense[i] == pc {
		return false
	}
	q.sparse[pc] = uint32(len(q.dense))
	q.dense = append(q.dense, pc)
	return true
}
