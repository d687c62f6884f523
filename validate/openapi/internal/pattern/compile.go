package pattern

import (
	"regexp/syntax"
	"slices"
)

// maxSize is how many instructions the programs of one expression may have: ^.{1,65535}$ fits.
const maxSize = 200_000

// Pattern is a compiled expression. It is immutable, and safe for concurrent use.
type Pattern struct {
	text  string
	main  program
	looks []lookProgram
}

// lookProgram is a lookaround. A lookahead is run from the end of the text to its beginning.
type lookProgram struct {
	program
	behind, not bool
}

// Compile compiles an expression. The error wraps [ErrUnsupported] where the expression means something that is not
// matched here, and otherwise says what is wrong with it.
func Compile(text string) (*Pattern, error) {
	t, err := parse(text, false)
	if err != nil {
		return nil, err
	}
	t.root = trim(trim(t.root, false), true)
	size := sizeOf(t.root)
	for i := range t.looks {
		l := &t.looks[i]
		l.body = trim(l.body, l.behind)
		size += sizeOf(l.body)
	}
	if size > maxSize {
		return nil, unsupported("an expression of more than %d steps, as its repetitions are written out,", maxSize)
	}

	p := &Pattern{text: text, main: assemble(t.root)}
	for _, l := range t.looks {
		if !l.behind {
			l.body = reverse(l.body)
		}
		p.looks = append(p.looks, lookProgram{program: assemble(l.body), behind: l.behind, not: l.not})
	}
	return p, nil
}

// Check reads an expression without compiling it. Its errors are those of [Compile].
func Check(text string) error {
	_, err := parse(text, true)
	return err
}

// String returns the expression.
func (p *Pattern) String() string { return p.text }

// Size returns how many instructions the pattern has.
func (p *Pattern) Size() int {
	size := len(p.main.inst)
	for _, l := range p.looks {
		size += len(l.inst)
	}
	return size
}

// sizeOf returns about how many instructions a tree takes, and maxSize+1 for any more.
func sizeOf(re *syntax.Regexp) int {
	size := 1
	for _, sub := range re.Sub {
		size += sizeOf(sub) + 1
	}
	if re.Op == syntax.OpRepeat {
		size *= max(re.Min, re.Max, 1)
	}
	return min(size, maxSize+1)
}

// reverse returns the tree that matches the same texts from their ends to their beginnings.
func reverse(re *syntax.Regexp) *syntax.Regexp {
	if len(re.Sub) == 0 || re.Op == syntax.OpCapture {
		return re
	}
	out := *re
	out.Sub = make([]*syntax.Regexp, len(re.Sub))
	for i, sub := range re.Sub {
		out.Sub[i] = reverse(sub)
	}
	if re.Op == syntax.OpConcat {
		slices.Reverse(out.Sub)
	}
	return &out
}

// trim takes off what a search never needs: where nothing follows x{2,9}, a text has a match if it has one of x{2}. So
// [a-z]{1,255} costs as much as [a-z]. It looks at the end of the tree, or at its beginning.
func trim(re *syntax.Regexp, first bool) *syntax.Regexp {
	out := *re
	switch re.Op {
	case syntax.OpRepeat:
		out.Max = out.Min
		return &out
	case syntax.OpAlternate:
		out.Sub = make([]*syntax.Regexp, len(re.Sub))
		for i, sub := range re.Sub {
			out.Sub[i] = trim(sub, first)
		}
		return &out
	case syntax.OpConcat:
		at := len(re.Sub) - 1
		if first {
			at = 0
		}
		out.Sub = slices.Clone(re.Sub)
		out.Sub[at] = trim(re.Sub[at], first)
		return &out
	}
	return re
}
