package account_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/password"
	"github.com/sallyport-dev/sallyport/secret"
)

// TestEnumeration times known and unknown in pairs, one after the other in random order
// of who comes first, with the hash that the default has. It fails only when the two can
// be told apart beyond doubt and by more than the work of a hash could vary.
//
// The order must be random: a login allocates the memory of its hash, so that every second or
// fourth one has the garbage collected, by the size of the heap. In a fixed order those were
// all known or all unknown names (27 collections against 3 in 60 pairs), and on a machine under
// load, where a collection takes milliseconds, the test took that for a difference.
func TestEnumeration(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	h, err := password.New(password.Config{Memory: 4096, Time: 1, InsecureWeakParameters: true})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(c *account.Config) {
		withMail(c)
		c.Passwords, c.LoginLimit, c.RegisterLimit = h, "10000000 per 1m", "10000000 per 1h"
	})
	// Like is compared with like: each name is asked about once, as by somebody with a list,
	// and each list is as long as the other.
	const pairs = 60
	cheap, err := hasher()
	if err != nil {
		t.Fatal(err)
	}
	old, err := cheap.Hash(t.Context(), secret.New(adasPW))
	if err != nil {
		t.Fatal(err)
	}
	for i := range pairs {
		add(t, w.Accounts, fmt.Sprint("known", i))
		for _, name := range []string{fmt.Sprint("gone", i), fmt.Sprint("old", i)} {
			p := account.Portable{Username: name, Email: name + "@example.com", Verified: true, PasswordHash: old, Disabled: name[0] == 'g'}
			if _, err := w.Import(t.Context(), p); err != nil {
				t.Fatal(err)
			}
		}
	}
	seed := rand.Uint64()
	order := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	n := 0
	from := func() string { n++; return fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255) }
	login := func(name string) int {
		w.later(2 * time.Hour)
		status, _ := w.guess(name, "wrong-wrong", from(), "")
		return status
	}
	register := func(email string) int {
		return w.send("POST", "/auth/register", "", body("username", fmt.Sprint("new", n), "email", email, "password", adasPW), "from", from()).Code
	}
	byMail := func(path string) func(string) int {
		return func(email string) int { return w.send("POST", path, "", body("email", email), "from", from()).Code }
	}
	for _, c := range []struct {
		name, who, suffix string
		ask               func(who string) int
	}{
		{"login", "known", "", login}, {"login of the disabled", "gone", "", login}, {"login with an old hash", "old", "", login},
		{"register", "known", "@example.com", register}, {"forgot", "known", "@example.com", byMail("/auth/password/forgot")},
		{"resend", "known", "@example.com", byMail("/auth/email/resend")},
	} {
		t.Run(c.name, func(t *testing.T) {
			var known, unknown []float64
			measure := func(who string, into *[]float64) {
				start := time.Now()
				status := c.ask(who)
				*into = append(*into, float64(time.Since(start)))
				if status != 401 && status != 202 {
					t.Fatal(status)
				}
			}
			for i := range pairs {
				yes, no := fmt.Sprint(c.who, i)+c.suffix, fmt.Sprint("other", len(c.name), "x", i)+c.suffix
				if order.IntN(2) == 0 {
					measure(yes, &known)
					measure(no, &unknown)
				} else {
					measure(no, &unknown)
					measure(yes, &known)
				}
			}
			p := mannWhitney(known, unknown)
			gap := time.Duration(median(known) - median(unknown)).Abs()
			t.Logf("%d pairs: p = %.3f, medians %s and %s", pairs, p, time.Duration(median(known)), time.Duration(median(unknown)))
			if p < 1e-6 && gap > 2*time.Millisecond {
				t.Errorf("known and unknown differ by %s", gap)
			}
		})
	}
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}

// mannWhitney is the two-sided p-value of the rank sum test, by its normal approximation.
func mannWhitney(a, b []float64) float64 {
	type sample struct {
		v     float64
		first bool
	}
	var all []sample
	for _, v := range a {
		all = append(all, sample{v, true})
	}
	for _, v := range b {
		all = append(all, sample{v, false})
	}
	slices.SortFunc(all, func(x, y sample) int { return int(math.Copysign(1, x.v-y.v)) })
	rank := 0.0
	for i, s := range all {
		if s.first {
			rank += float64(i + 1)
		}
	}
	n, m := float64(len(a)), float64(len(b))
	u := rank - n*(n+1)/2
	z := (u - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
	return math.Erfc(math.Abs(z) / math.Sqrt2)
}
