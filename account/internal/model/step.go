package model

import (
	"fmt"
	"strconv"
	"strings"
)

// Step is a step of a program. What it is about is counted among what there is by then, so
// that a program of which some steps are taken out is still one.
type Step struct {
	Node int
	Verb string
	// N and M say what it is about: see resolve.
	N, M  int
	Fault Fault
	// Lag says that no node hears of it before the next step.
	Lag bool
	// With runs at the same time on the other node.
	With *Step
}

// String is the form in which programs are printed and read: the node, the verb, N, M,
// then "!2" for a second call of the store that fails, "!2+" for one that takes effect all
// the same, "~" for Lag, and "|" before what runs at the same time.
func (s *Step) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%c %s %d %d", 'A'+s.Node, s.Verb, s.N, s.M)
	if s.Fault.At > 0 {
		fmt.Fprintf(&b, " !%d", s.Fault.At)
		if s.Fault.After {
			b.WriteByte('+')
		}
	}
	if s.Lag {
		b.WriteString(" ~")
	}
	if s.With != nil {
		b.WriteString(" | " + s.With.String())
	}
	return b.String()
}

// Format prints a program, one step a line.
func Format(steps []Step) string {
	var b strings.Builder
	for i := range steps {
		b.WriteString(steps[i].String() + "\n")
	}
	return b.String()
}

// Parse reads a program that Format has printed. Empty lines and "#" comments are skipped.
func Parse(text string) ([]Step, error) {
	var steps []Step
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		first, other, both := strings.Cut(line, "|")
		s, err := parseStep(first)
		if err == nil && both {
			var with Step
			with, err = parseStep(other)
			s.With = &with
		}
		if err != nil {
			return nil, err
		}
		steps = append(steps, s)
	}
	return steps, nil
}

func parseStep(text string) (s Step, err error) {
	f := strings.Fields(text)
	if len(f) < 2 || f[0] != "A" && f[0] != "B" {
		return s, fmt.Errorf("model: step %q: write A or B and a verb", text)
	}
	s.Node, s.Verb = int(f[0][0]-'A'), f[1]
	numbers := []*int{&s.N, &s.M}
	for _, one := range f[2:] {
		switch {
		case one == "~":
			s.Lag = true
		case one[0] == '!':
			at, after := strings.CutSuffix(one[1:], "+")
			s.Fault.After = after
			s.Fault.At, err = strconv.Atoi(at)
		case len(numbers) > 0:
			*numbers[0], err = strconv.Atoi(one)
			numbers = numbers[1:]
		default:
			err = fmt.Errorf("%q is too much", one)
		}
		if err != nil {
			return s, fmt.Errorf("model: step %q: %w", text, err)
		}
	}
	return s, nil
}
