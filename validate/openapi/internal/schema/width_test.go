package schema

import (
	"regexp/syntax"
	"testing"
)

// TestWidth: a bound repetition is narrow, and what runs at every place at once is not.
func TestWidth(t *testing.T) {
	for _, c := range []struct {
		pattern     string
		least, most int
	}{
		{`^.{1,255}$`, 3, 8},
		{`^[a-z0-9-]{1,63}$`, 3, 8},
		{`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`, 3, 12},
		{`^[0-9a-f]{8}-[0-9a-f]{4}$`, 1, 4},
		{`^a*$`, 2, 8},
		{`^(ab|bc|cd|de)$`, 4, 16},
		{`^(abc|abd){1,9}$`, 5, 200},
		{`^$`, 1, 4},
		{`^\b$|^x{3}`, 1, 40},

		{`[a-z]{1,63}`, 100, 200},
		{`.*a.{1,200}$`, 300, 600},
		{`^.*a.{1,200}$`, 300, 600},
		{`^(a?){100}a{100}$`, 100, 600},
		{`^(|a)+b{90}`, 90, 200},
		{`(^a|b{50})`, 50, 100},
		{`(?m)^a{50}`, 50, 100},
	} {
		parsed, err := syntax.Parse(c.pattern, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		p, err := syntax.Compile(parsed.Simplify())
		if err != nil {
			t.Fatal(err)
		}
		if got := width(p); got < c.least || got > c.most {
			t.Errorf("%s: %d of %d instructions, want %d to %d", c.pattern, got, len(p.Inst), c.least, c.most)
		}
	}
}

// TestWidth_simulated: no text has more instructions of a program running than its width.
func TestWidth_simulated(t *testing.T) {
	for _, pattern := range []string{
		`^.{1,99}$`, `^(a|bc|d{3}){1,20}(e|f)?$`, `^a{3,9}(b{2,8}|c{1,40})d*$`, `^(a?){30}b{30}$`, `^((a{2}){3}|b)+c{9}$`, `^(ab?c?){2,7}$`,
	} {
		parsed, _ := syntax.Parse(pattern, syntax.Perl)
		p, err := syntax.Compile(parsed.Simplify())
		if err != nil {
			t.Fatal(err)
		}
		running := map[uint32]bool{}
		reach(p, uint32(p.Start), running)
		for range 300 {
			if got, most := len(running), width(p); got > most {
				t.Fatalf("%s: %d instructions run at once, and the width is %d", pattern, got, most)
			}
			next := map[uint32]bool{}
			for i := range running {
				follow(&p.Inst[i], func(to uint32, takes bool) {
					if takes {
						reach(p, to, next)
					}
				})
			}
			running = next
		}
	}
}

// reach adds i and what is reached from there without a character.
func reach(p *syntax.Prog, i uint32, to map[uint32]bool) {
	if to[i] {
		return
	}
	to[i] = true
	follow(&p.Inst[i], func(next uint32, takes bool) {
		if !takes {
			reach(p, next, to)
		}
	})
}
