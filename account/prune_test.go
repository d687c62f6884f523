package account_test

import (
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

// TestPruneClock: nothing is pruned by a time that the machine's clock has not gone on from
// in the way one round follows another.
func TestPruneClock(t *testing.T) {
	const never = -1 * time.Hour
	at := func(hours float64) time.Duration { return time.Duration(hours * float64(time.Hour)) }
	for name, rounds := range map[string][][2]time.Duration{ // the clock, and by what is pruned
		"every hour":                  {{at(0), never}, {at(1), at(0)}, {at(2), at(1)}, {at(3), at(2)}},
		"restarted each minute":       {{at(0), never}, {at(0.1), never}, {at(0.2), never}, {at(0.8), at(0)}, {at(0.9), at(0)}},
		"off for a month":             {{at(0), never}, {at(720), never}, {at(721), at(720)}},
		"a year ahead for a round":    {{at(0), never}, {at(1), at(0)}, {at(9000), at(0)}, {at(2), at(0)}, {at(3), at(2)}},
		"a year ahead, two restarts":  {{at(0), never}, {at(1), at(0)}, {at(9000), at(0)}, {at(9000.1), at(0)}, {at(2), at(0)}, {at(3), at(2)}},
		"ahead twice":                 {{at(0), never}, {at(1), at(0)}, {at(20), at(0)}, {at(9000), at(0)}, {at(2), at(0)}, {at(3), at(2)}},
		"ahead at the very first":     {{at(9000), never}, {at(0), never}, {at(1), at(0)}},
		"ahead for an hour: believed": {{at(0), never}, {at(9000), never}, {at(9001), at(9000)}, {at(2), at(2)}},
		"set back":                    {{at(10), never}, {at(11), at(10)}, {at(3), at(3)}, {at(4), at(3)}},
	} {
		w := newWorld(t, nil)
		start := w.clock
		for i, round := range rounds {
			w.setClock(start.Add(round[0]))
			now, err := w.PruneTime(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			want := start.Add(round[1])
			if round[1] == never {
				want = time.Time{}
			}
			if d := now.Sub(want); d.Abs() > time.Millisecond {
				t.Errorf("%s, round %d: pruned by %s, want %s", name, i, now, want)
			}
		}
	}
}

// TestPruneByTheStore: where the store has a clock, it decides what has ended, and no node
// whose clock is wrong.
func TestPruneByTheStore(t *testing.T) {
	base := newWorld(t, nil)
	base.register()
	base.Accounts.Close()
	now := time.Now()
	store := &timedStore{base.store, func() time.Time { return now }}
	right := newWorldOn(t, store, nil)
	for _, ahead := range []time.Duration{2 * time.Hour, 400 * 24 * time.Hour, -2 * time.Hour} {
		access, refresh := right.login()
		logout, _ := right.login()
		right.mustCall(204, "POST", "/auth/logout", logout, "")
		wrong := newWorldOn(t, store, func(c *account.Config) {
			account.SetClock(c, func() time.Time { return now.Add(ahead) })
		})
		wrong.Prune(t.Context())
		wrong.Prune(t.Context())
		wrong.Close()
		third := newWorldOn(t, store, nil)
		third.mustCall(401, "GET", "/auth/me", logout, "")
		third.mustCall(200, "GET", "/auth/me", access, "")
		third.refresh(refresh)
	}
}

// TestPruneJumps: a machine whose clock runs ahead for a moment removes nothing that is still
// needed, neither from its file nor from its memory.
func TestPruneJumps(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	w.Prune(t.Context())
	w.later(time.Hour)
	w.Prune(t.Context())
	start := w.clock
	access, refresh := w.login()
	logout, _ := w.login()
	w.mustCall(204, "POST", "/auth/logout", logout, "")
	for _, ahead := range []time.Duration{2 * time.Hour, 20 * time.Hour, 400 * 24 * time.Hour} {
		w.setClock(start.Add(ahead))
		w.Prune(t.Context())
		again := newWorldOn(t, w.store, func(c *account.Config) {
			account.SetClock(c, func() time.Time { return start.Add(ahead + time.Minute) })
		})
		again.Prune(t.Context())
		again.Close()
		w.setClock(start.Add(time.Minute))
		third := newWorldOn(t, w.store, func(c *account.Config) { account.SetClock(c, w.now) })
		for name, n := range map[string]*world{"here": w, "another": third} {
			if _, err := n.Authenticate(logout); err == nil {
				t.Errorf("%s ahead: %s takes what was logged out", ahead, name)
			}
			if _, err := n.Authenticate(access); err != nil {
				t.Errorf("%s ahead: %s: %v", ahead, name, err)
			}
		}
	}
	w.refresh(refresh)
}

// TestPrunedSession: the tokens of a session that was pruned have all expired.
func TestPrunedSession(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { c.SessionTTL, c.IdleTTL = 15*time.Minute, 15*time.Minute })
	add(t, w.Accounts, "ada")
	w.Prune(t.Context())
	w.later(time.Hour)
	w.Prune(t.Context())
	_, refresh := w.login()
	w.later(14 * time.Minute)
	access, _ := w.refresh(refresh)
	session := claimsOf(t, access)["sid"].(string)
	for gone := false; !gone; {
		if w.later(10 * time.Minute); time.Until(w.clock) > 10*time.Hour {
			t.Fatal("it is never pruned")
		}
		w.Prune(t.Context())
		_, err := w.store.Session(t.Context(), session)
		gone = err != nil
		if _, err := w.Authenticate(access); gone && err == nil {
			t.Error("nothing can take the token back")
		}
	}
}
