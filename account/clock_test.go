package account_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/postgres"
	"github.com/sallyport-dev/sallyport/internal/pgtest"
)

// TestClocksApart: nodes whose clocks differ by more than the window judge a refresh
// token alike, as the time is the database's.
func TestClocksApart(t *testing.T) {
	t.Parallel()
	store, err := postgres.Open(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	nodes := map[string]*world{}
	for name, skew := range map[string]time.Duration{"ahead": 20 * time.Second, "behind": -20 * time.Second} {
		nodes[name] = newWorldOn(t, store, nil)
		nodes[name].later(skew)
	}
	add(t, nodes["ahead"].Accounts, "ada")
	for first, second := range map[string]string{"ahead": "behind", "behind": "ahead"} {
		here, there := nodes[first], nodes[second]
		rotate := func() (access, old, next string) {
			_, old = here.login()
			access, next = here.refresh(old)
			return access, old, next
		}
		_, old, next := rotate()
		if _, again := there.refresh(old); again != next {
			t.Errorf("%s, %s: a second tab: another successor", first, second)
		}
		access, old, next := rotate()
		age(t, store, claimsOf(t, access)["sid"].(string), 11*time.Second)
		if _, again := there.refresh(old); again == next {
			t.Errorf("%s, %s: a lost answer, after the window: the same successor", first, second)
		}
		access, old, _ = rotate()
		here.use(access)
		age(t, store, claimsOf(t, access)["sid"].(string), 11*time.Second)
		if status, _, _ := there.tryRefresh(old); status != 400 {
			t.Errorf("%s, %s: a thief, after the window: %d", first, second, status)
		}
	}
}

// age makes it so long ago that a session's refresh token was given.
func age(t *testing.T, store account.Store, session string, d time.Duration) {
	t.Helper()
	err := store.Update(t.Context(), "age", func(tx account.Tx) error {
		s, err := tx.Session(t.Context(), session)
		if err != nil {
			return err
		}
		s.Refresh.Rotated = s.Refresh.Rotated.Add(-d)
		return tx.SetSession(t.Context(), s)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestClockSetBack: however long ago a logout was, a clock that goes back an hour brings
// neither its token nor its session back: not here, and not in a process that starts.
func TestClockSetBack(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	start := w.clock
	access, refresh := w.login()
	w.later(9 * time.Minute)
	w.mustCall(204, "POST", "/auth/logout", access, "")
	for ago := 9 * time.Minute; ago < 2*time.Hour; ago += 7 * time.Minute {
		w.setClock(start.Add(ago))
		w.Prune(t.Context())
		w.setClock(start.Add(ago - time.Hour))
		again := newWorldOn(t, w.store, nil)
		again.setClock(w.clock)
		for name, n := range map[string]*world{"this process": w, "another": again} {
			if _, err := n.Authenticate(access); err == nil {
				t.Errorf("%s after a logout and an hour back: the token is good in %s", ago, name)
			}
			if status, _, _ := n.tryRefresh(refresh); status != 400 {
				t.Errorf("%s after a logout and an hour back: %d in %s", ago, status, name)
			}
		}
		again.Close()
	}
}

// TestStepUp_clockSetBack: a login before the clock was set back is not a recent one, for the
// users' own endpoints and for the administrators'. A clock that is a little behind that of
// the node which wrote the login refuses nobody.
func TestStepUp_clockSetBack(t *testing.T) {
	for _, row := range []struct {
		back time.Duration
		ok   bool
	}{{0, true}, {4 * time.Minute, true}, {6 * time.Minute, false}, {5 * time.Hour, false}} {
		w := newWorld(t, nil)
		add(t, w.Accounts, "bob")
		add(t, w.Accounts, "ada")
		if _, err := w.SetRoles(t.Context(), "ada", []string{account.RoleAdmin}); err != nil {
			t.Fatal(err)
		}
		e := enroll(w)
		said := e.second(200, e.first(), "code", e.next())
		w.setClock(w.clock.Add(-row.back))
		access, _ := w.refresh(said["refresh_token"].(string))
		own, _, _ := w.call("POST", "/auth/keys", access, body("name", "k"))
		others, _ := w.admin("POST", "/users/bob/disable", access, "")
		if (own == 201) != row.ok || (others == 204) != row.ok {
			t.Errorf("set back by %s: %d and %d", row.back, own, others)
		}
	}
}

// TestTickets_clocksApart: what one node hands out is good on another whose clock differs by
// minutes, and for as long as it says, as the time is the database's.
func TestTickets_clocksApart(t *testing.T) {
	t.Parallel()
	store, err := postgres.Open(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	here := newWorldOn(t, store, withMail)
	elsewhere := func(c *account.Config) { c.Mail = account.Elsewhere{} } // one of them sends the mails
	add(t, here.Accounts, "ada")
	e := enroll(here)
	for _, skew := range []time.Duration{6 * time.Minute, -6 * time.Minute} {
		there := newWorldOn(t, store, elsewhere)
		there.later(skew)
		half := e.first()
		if status, _, said := there.call("POST", "/auth/mfa/totp/verify", "", body("mfa_token", half, "recovery_code", e.recovery[0])); status != 200 {
			t.Errorf("a clock that is %s ahead: %d %v", skew, status, said)
		}
		e.recovery = e.recovery[1:]
	}
	if err := here.Invite(t.Context(), "eve@example.com", nil); err != nil {
		t.Fatal(err)
	}
	for _, skew := range []time.Duration{-73 * time.Hour, 73 * time.Hour} {
		there := newWorldAt(t, here.clock.Add(skew), store, elsewhere)
		if list, err := there.Invites(t.Context()); err != nil || len(list) != 1 {
			t.Errorf("a clock that is %s ahead: the invites %v, %v", skew, list, err)
		}
	}
}

// TestSecond_clockSetBack: half a login of before the clock was set back is over.
func TestSecond_clockSetBack(t *testing.T) {
	for back, status := range map[time.Duration]int{0: 200, 4 * time.Minute: 200, time.Hour: 401} {
		w := newWorld(t, nil)
		add(t, w.Accounts, "ada")
		e := enroll(w)
		half := e.first()
		w.setClock(w.clock.Add(-back))
		e.second(status, half, "recovery_code", e.recovery[0])
	}
}

// TestStoreDecides: where the store has a clock, what it keeps ends by that clock, and not by
// that of a node which is hours off.
func TestStoreDecides(t *testing.T) {
	base := newWorld(t, nil)
	base.Accounts.Close()
	now := time.Now()
	store := &timedStore{base.store, func() time.Time { return now }}
	for _, off := range []time.Duration{0, 3 * time.Hour, -3 * time.Hour, 200 * 24 * time.Hour} {
		name := "user" + strconv.Itoa(int(off.Hours())+100)
		right := newWorldOn(t, store, withMail)
		wrong := newWorldOn(t, store, func(c *account.Config) {
			withMail(c)
			at := now.Add(off)
			account.SetClock(c, func() time.Time { return at })
		})
		add(t, right.Accounts, name)
		_, said := right.loginAs(name, adasPW)
		access, device := said["access_token"].(string), said["device_token"].(string)
		key := right.mustCall(201, "POST", "/auth/keys", access, `{"name":"build","scopes":["api"],"days":30}`)["key"].(string)
		right.sent()
		if _, err := wrong.APIKey(t.Context(), key); err != nil {
			t.Errorf("%s off: an API key: %v", off, err)
		}
		for range 10 {
			wrong.guess(name, "wrong-wrong", "203.0.113.9", "")
		}
		if status, _ := wrong.guess(name, adasPW, "203.0.113.9", device); status != 200 {
			t.Errorf("%s off: a device that is known: %d", off, status)
		}
		right.mustCall(202, "POST", "/auth/password/forgot", "", body("email", name+"@example.com"))
		token := right.token(name+"@example.com", "password")
		wrong.mustCall(204, "POST", "/auth/password/reset", "", body("token", token, "password", "violet-otter-runs-91"))
		wrong.Close()
	}
}
