package model

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// weights are how often a verb is chosen. Some need others before them, so that chance
// alone would reach them rarely.
var weights = []struct {
	verb   string
	weight int
}{
	{"add", 3}, {"register", 4}, {"invite", 4}, {"signup", 5}, {"verify", 12}, {"resend", 2},
	{"login", 22}, {"second", 14}, {"refresh", 26}, {"reauth", 6},
	{"logout", 4}, {"logout-all", 2}, {"end-session", 2}, {"end-sessions", 1},
	{"disable", 4}, {"enable", 6}, {"roles", 4}, {"force-reset", 2},
	{"change-address", 8}, {"change-password", 3}, {"forgot", 6}, {"reset", 8},
	{"mfa-on", 9}, {"mfa-off", 5}, {"mfa-codes", 4}, {"mfa-remove", 1},
	{"recover", 2}, {"recover-confirm", 2}, {"recover-cancel", 1}, {"withdraw", 2},
	{"key-issue", 8}, {"key-revoke", 5},
	{"rotate", 4}, {"revoke-key", 2}, {"prune", 4}, {"restart", 1}, {"follow", 2}, {"clock", 16},
}

// Generate makes a program of n steps.
func Generate(rng *rand.Rand, n int) []Step {
	steps := []Step{{Verb: "add"}, {Verb: "login"}, {Verb: "register", N: 1}, {Verb: "verify"}, {Verb: "login", N: 1}}
	for len(steps) < n {
		if rng.IntN(9) == 0 {
			steps = append(steps, plot(rng)...)
		}
		s := generateOne(rng)
		if rng.IntN(8) == 0 && s.Verb != "clock" && s.Verb != "follow" && s.Verb != "restart" {
			with := generateOne(rng)
			switch rng.IntN(3) {
			case 0: // the same on both nodes
				with = s
				with.Fault = Fault{}
			case 1:
				with = s
				with.Fault, with.M = Fault{}, s.M+1
			}
			if with.Verb != "clock" && with.Verb != "follow" && with.Verb != "restart" {
				with.Node, with.Lag = 1-s.Node, false
				s.With = &with
			}
		}
		steps = append(steps, s)
	}
	return steps
}

func generateOne(rng *rand.Rand) Step {
	s := Step{Node: rng.IntN(2), Verb: choose(rng), N: near(rng), M: near(rng), Lag: rng.IntN(6) == 0}
	switch s.Verb {
	case "clock":
		s.N, s.M = rng.IntN(4), clockStep(rng)
	case "login", "reauth":
		s.M = 10*rare(rng, 6, 3) + rare(rng, 2, 2)
		if s.Verb == "login" {
			s.N = rng.IntN(3)
			s.M += 100 * rare(rng, 5, 2)
		}
	case "second", "mfa-off", "mfa-codes":
		s.M = []int{0, 0, 0, 1, 1, 2, 9, 4}[rng.IntN(8)]
	case "signup":
		s.M = rng.IntN(len(names))
	case "change-address":
		s.M = rng.IntN(len(addresses))
	case "refresh":
		s.M = rare(rng, 12, 2)
	}
	if rng.IntN(7) == 0 {
		s.Fault = Fault{At: 1 + rng.IntN(7), After: rng.IntN(2) == 0}
	}
	return s
}

// near is mostly the newest of a list.
func near(rng *rand.Rand) int {
	n := 0
	for n < 12 && rng.IntN(5) < 2 {
		n++
	}
	return n
}

// rare is 0 but for one time in so many.
func rare(rng *rand.Rand, in, n int) int {
	if rng.IntN(in) > 0 {
		return 0
	}
	return rng.IntN(n)
}

// clockStep is mostly a short step ahead; back is one in three.
func clockStep(rng *rand.Rand) int {
	n := rng.IntN(7)
	if rng.IntN(3) == 0 {
		n = rng.IntN(len(jumps))
	}
	if rng.IntN(3) == 0 {
		n += len(jumps)
	}
	return n
}

func choose(rng *rand.Rand) string {
	sum := 0
	for _, w := range weights {
		sum += w.weight
	}
	n := rng.IntN(sum)
	for _, w := range weights {
		if n -= w.weight; n < 0 {
			return w.verb
		}
	}
	panic("unreachable")
}

// plots are what chance alone would hardly ever do: attacks, and bad days of several steps.
// Each step may be left out, and others come between them in a second run. "*" is a user.
var plots = []string{
	"login * 0;mfa-on 0 0;login * 0;recover 0 0;clock 0 9;login * 0;recover-confirm 0 0",
	"login * 0;mfa-on 0 0;login * 0;recover 0 0;login * 0;second 0 1;recover-confirm 0 0;clock 0 9;recover-confirm 0 0",
	"login * 0;change-address 0 4;verify 0 0;login * 0;mfa-on 0 0;key-issue 0 1;verify 0 0;reset 0 0;login * 0",
	"login * 0;change-address 0 5;disable * 0;verify 0 0;enable * 0;force-reset * 0;reset 0 0;login * 0",
	"login * 0;mfa-on 0 0;login * 0;disable * 0;enable * 0;second 0 0;refresh 0 0",
	"forgot * 0;login * 0;refresh 0 0;reset 0 0;refresh 0 0;refresh 1 0",
	"login * 0;refresh 0 0;clock 0 2;refresh 1 0;refresh 1 0;refresh 0 0",
	"login * 0;refresh 0 0;refresh 1 0;clock 0 2;refresh 2 0;refresh 0 0",
	"login * 0;rotate 0 0;clock 0 4;rotate 0 0;clock 0 5;refresh 0 0;clock 0 5;refresh 0 0;clock 0 4;refresh 0 0",
	"login * 0;rotate 0 0;revoke-key 0 0;refresh 0 0;clock 0 5;refresh 0 0;clock 0 5;refresh 0 0",
	"login * 0;key-issue 0 1;key-revoke 0 0;key-issue 0 0;key-revoke 0 1;key-revoke 0 0",
	"login * 0;key-issue 0 2;forgot * 0;reset 0 0;login * 0;key-issue 0 0;disable * 0;enable * 0",
	"login * 0;logout 0 0;clock 0 7;prune 0 0;clock 0 19;restart 0 0;restart 1 0",
	"login * 0;clock 0 10;prune 0 0;clock 0 22;roles * 1;logout 0 0;refresh 0 0",
	"invite 4 1;withdraw 4 0;signup 0 3;invite 5 1;disable * 0;signup 0 2;login 2 0",
	"register 3 0;resend 3 0;verify 1 0;verify 0 0;login 3 0;change-password 0 0;login 3 10",
	"login * 0;revoke-key 0 0 !3;follow 0 0 !2;follow 1 0 !2;refresh 0 0",
	"login * 0;mfa-on 0 0;mfa-codes 0 1;mfa-codes 0 2;mfa-off 0 1;login * 0",
	"login * 0;clock 0 6;reauth 0 0;key-issue 0 0;change-address 0 3;verify 0 0;clock 0 9;verify 0 0",
}

// plot returns one of the plots, on nodes that are chosen for each of its steps.
func plot(rng *rand.Rand) []Step {
	text := strings.ReplaceAll(plots[rng.IntN(len(plots))], "*", strconv.Itoa(rng.IntN(3)))
	steps, err := Parse("A " + strings.ReplaceAll(text, ";", "\nA "))
	if err != nil {
		panic(err) // TestPlots reads all of them
	}
	return slices.DeleteFunc(mapped(steps, func(s *Step) {
		s.Node = rng.IntN(2)
		s.Lag = rng.IntN(5) == 0
		if rng.IntN(12) == 0 {
			s.Fault = Fault{At: 1 + rng.IntN(6), After: rng.IntN(2) == 0}
		}
	}), func(Step) bool { return rng.IntN(20) == 0 })
}

func mapped(steps []Step, f func(*Step)) []Step {
	for i := range steps {
		f(&steps[i])
	}
	return steps
}
