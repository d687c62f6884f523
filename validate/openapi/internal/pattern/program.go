package pattern

import "regexp/syntax"

// program is what a Machine runs: the instructions of regexp/syntax, of which a capture asks a lookaround.
type program struct {
	inst     []syntax.Inst
	start    uint32
	anchored bool // a match begins at the beginning of the text alone
}

// assemble compiles a tree. It goes from the end to the beginning, so that where an instruction leads is known, and
// writes repetitions out one after another: regexp/syntax puts them into each other, as deep as they count.
func assemble(re *syntax.Regexp) program {
	var p program
	end := p.add(syntax.Inst{Op: syntax.InstMatch})
	p.start = p.compile(re, end)
	p.anchored = isAnchored(re)
	return p
}

// add appends an instruction, and returns its number.
func (p *program) add(in syntax.Inst) uint32 {
	p.inst = append(p.inst, in)
	return uint32(len(p.inst) - 1)
}

// compile adds what a tree matches before the instruction next, and returns where that begins.
func (p *program) compile(re *syntax.Regexp, next uint32) uint32 {
	switch re.Op {
	case syntax.OpNoMatch:
		return p.add(syntax.Inst{Op: syntax.InstFail})
	case syntax.OpLiteral, syntax.OpCharClass:
		return p.character(re, next)
	case syntax.OpCapture:
		return p.add(syntax.Inst{Op: syntax.InstCapture, Out: next, Arg: uint32(re.Cap)})
	case syntax.OpConcat:
		for i := len(re.Sub) - 1; i >= 0; i-- {
			next = p.compile(re.Sub[i], next)
		}
	case syntax.OpAlternate:
		last := len(re.Sub) - 1
		start := p.compile(re.Sub[last], next)
		for i := last - 1; i >= 0; i-- {
			start = p.add(syntax.Inst{Op: syntax.InstAlt, Out: p.compile(re.Sub[i], next), Arg: start})
		}
		return start
	case syntax.OpRepeat:
		return p.repeat(re, next)
	}
	if condition, ok := conditions[re.Op]; ok {
		return p.add(syntax.Inst{Op: syntax.InstEmptyWidth, Out: next, Arg: uint32(condition)})
	}
	return next
}

var conditions = map[syntax.Op]syntax.EmptyOp{
	syntax.OpBeginText: syntax.EmptyBeginText, syntax.OpEndText: syntax.EmptyEndText,
	syntax.OpWordBoundary: syntax.EmptyWordBoundary, syntax.OpNoWordBoundary: syntax.EmptyNoWordBoundary,
}

func (p *program) character(re *syntax.Regexp, next uint32) uint32 {
	in := syntax.Inst{Op: syntax.InstRune, Out: next, Arg: uint32(re.Flags), Rune: re.Rune}
	switch {
	case len(re.Rune) == 1 && re.Flags&syntax.FoldCase == 0:
		in.Op = syntax.InstRune1
	case len(re.Rune) == 2 && re.Rune[0] == anything[0] && re.Rune[1] == anything[1]:
		in.Op = syntax.InstRuneAny
	}
	return p.add(in)
}

// repeat adds x{n,m} as n times x and, behind each of the others, a way to the end.
func (p *program) repeat(re *syntax.Regexp, next uint32) uint32 {
	sub, least, end := re.Sub[0], re.Min, next
	if re.Max == unbounded {
		loop := p.add(syntax.Inst{Op: syntax.InstAlt, Arg: end})
		again := p.compile(sub, loop)
		p.inst[loop].Out = again
		if next = loop; least > 0 {
			next, least = again, least-1
		}
	}
	for range re.Max - max(re.Min, 0) {
		next = p.add(syntax.Inst{Op: syntax.InstAlt, Out: p.compile(sub, next), Arg: end})
	}
	for range least {
		next = p.compile(sub, next)
	}
	return next
}

// isAnchored reports whether all that a tree matches begins with ^.
func isAnchored(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpBeginText:
		return true
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			if !isAnchored(sub) {
				return false
			}
		}
		return true
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if sub.Op != syntax.OpCapture && sub.Op != syntax.OpEmptyMatch {
				return isAnchored(sub)
			}
		}
	}
	return false
}
