package model

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestFormat: a program that is printed can be read again.
func TestFormat(t *testing.T) {
	for seed := range uint64(100) {
		text := Format(Generate(rand.New(rand.NewPCG(seed, 0)), 50))
		steps, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := Format(steps); got != text {
			t.Fatalf("%s\nbecame\n%s", text, got)
		}
	}
	for _, bad := range []string{
		"C login 0 0", "A", "A login x", "A login 0 0 0", "A login 0 0 !x", "A login 0 0 | login",
	} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

// TestPlots: every plot can be read, and names requests that there are.
func TestPlots(t *testing.T) {
	known := append(Verbs(), "clock", "follow")
	for _, w := range weights {
		if !slices.Contains(known, w.verb) {
			t.Errorf("weight of %q, which is no verb", w.verb)
		}
	}
	for seed := range uint64(1000) {
		for _, s := range plot(rand.New(rand.NewPCG(seed, 0))) {
			if !slices.Contains(known, s.Verb) {
				t.Fatalf("%q is no verb", s.Verb)
			}
		}
	}
}

// TestShrink: what has nothing to do with a failure is dropped, in steps and in what they say.
func TestShrink(t *testing.T) {
	steps := Generate(rand.New(rand.NewPCG(1, 1)), 200)
	fails := Step{Node: 1, Verb: "disable", N: 2, M: 3, Lag: true, With: &Step{Verb: "login"}}
	steps = slices.Insert(steps, 100, fails)
	got := Shrink(steps, func(steps []Step) bool {
		return slices.ContainsFunc(steps, func(s Step) bool { return s.Verb == "disable" && s.N == 2 && s.Node == 1 })
	})
	if want := "B disable 2 0\n"; Format(got) != want {
		t.Errorf("%s, want %s", Format(got), want)
	}
}

// TestDistinct: states that differ in nothing that matters any more are one.
func TestDistinct(t *testing.T) {
	e := &Env{Tick: 5, Heard: [2]int{6, 6}}
	a, b := NewState(), NewState()
	a.creds[1] = &cred{kind: Access, dead: &death{why: "one thing", tick: 3, by: 0}}
	b.creds[1] = &cred{kind: Access, dead: &death{why: "another", tick: 4, by: 1}}
	if got := distinct([]*State{a, b}, e); len(got) != 1 {
		t.Errorf("%d states, want 1", len(got))
	}
	b.creds[1].dead = nil
	if got := distinct([]*State{a, b}, e); len(got) != 2 {
		t.Errorf("%d states, want 2", len(got))
	}
	a.creds[1].dead, b.creds[1].dead = &death{tick: 6, by: 0}, &death{tick: 6, by: 1}
	if got := distinct([]*State{a, b}, e); len(got) != 2 {
		t.Errorf("%d states before the nodes know, want 2", len(got))
	}
}
