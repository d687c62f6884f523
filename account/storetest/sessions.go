package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/secret"
)

func sessions(t *testing.T, w *world) {
	u := w.user("ada")
	got, err := w.CreateSession(w.ctx(), session(u, "s"), 0)
	w.must(err)
	same(t, u, got)
	_, err = w.CreateSession(w.ctx(), session(u, "s"), 0)
	w.want(err, account.ErrTaken)
	twice := session(u, "t")
	twice.Refresh = hash("s-0")
	_, err = w.CreateSession(w.ctx(), twice, 0)
	w.want(err, account.ErrTaken)
	_, err = w.CreateSession(w.ctx(), session(user("nobody"), "u"), 0)
	w.want(err, account.ErrNotFound)
	_, err = w.CreateSession(w.ctx(), session(u, ""), 0)
	w.want(err, account.ErrID)
}

func rotation(t *testing.T, w *world) {
	u := w.user("ada")
	s := w.session(u, "s")
	at := t0.Add(time.Minute)
	got, who, err := w.rotate("s", 0, at)
	w.must(err)
	same(t, u, who)
	s.Refresh, s.LastUsed, s.IdleUntil = hash("s-1"), at, at.Add(time.Hour)
	if got != s {
		t.Errorf("got %+v, want %+v", got, s)
	}
	_, _, err = w.rotate("nobody", 0, at)
	w.want(err, account.ErrNotFound)
	// The token before: refused, with the session it was of, and nothing is changed.
	reused, _, err := w.rotate("s", 0, at)
	w.want(err, account.ErrReused)
	if reused != s {
		t.Errorf("got %+v, want %+v", reused, s)
	}
	if got, _, err = w.rotate("s", 1, t0); err != nil || got.LastUsed != at {
		t.Errorf("LastUsed went back: %+v %v", got, err)
	}
	_, _, err = w.rotate("s", 0, at) // two before: not known any more
	w.want(err, account.ErrNotFound)
}

func expiry(t *testing.T, w *world) {
	u := w.user("ada")
	for id, at := range map[string]time.Time{"idle": t0.Add(time.Hour), "late": t0.Add(48 * time.Hour)} {
		w.session(u, id)
		_, _, err := w.rotate(id, 0, at)
		w.want(err, account.ErrEnded)
	}
	s := w.session(u, "long")
	at := t0
	for n := range 30 {
		at = at.Add(50 * time.Minute)
		got, _, err := w.rotate("long", n, at)
		if !at.Before(s.Expires) {
			w.want(err, account.ErrEnded)
			return
		}
		w.must(err)
		if got.IdleUntil.After(s.Expires) {
			t.Fatalf("idle until %v, after the end %v", got.IdleUntil, s.Expires)
		}
	}
	t.Error("a session has no end")
}

func ending(t *testing.T, w *world) {
	u := w.user("ada")
	w.session(u, "s")
	w.session(u, "other")
	r, err := w.EndSession(w.ctx(), "s", cutAt(t0))
	if err != nil || r.Session != "s" || r.User != "" || r.Seq == 0 {
		t.Errorf("%+v %v", r, err)
	}
	got, _, err := w.rotate("s", 0, t0)
	w.want(err, account.ErrEnded)
	if got.Ended != t0 {
		t.Errorf("%+v", got)
	}
	if r, err = w.EndSession(w.ctx(), "s", cutAt(t0.Add(time.Hour))); err != nil || r != (account.Revocation{}) {
		t.Errorf("ending twice: %+v %v", r, err)
	}
	_, err = w.EndSession(w.ctx(), "nobody", cutAt(t0))
	w.want(err, account.ErrNotFound)
	_, _, err = w.rotate("other", 0, t0)
	w.must(err)
	_, err = w.EndUserSessions(w.ctx(), u.ID, cutAt(t0))
	w.must(err)
	_, _, err = w.rotate("other", 1, t0)
	w.want(err, account.ErrEnded)
	_, err = w.EndUserSessions(w.ctx(), "nobody", cutAt(t0))
	w.want(err, account.ErrNotFound)
}

// cuts: TokensFrom is past every token that was made before, whatever the clocks say.
func cuts(t *testing.T, w *world) {
	u := w.user("ada")
	w.session(u, "s")
	second := t0.Truncate(time.Second)
	from := func(at time.Time) time.Time {
		r, err := w.SetRoles(w.ctx(), u.ID, nil, cutAt(at))
		w.must(err)
		if got := w.byID(u.ID).TokensFrom; !got.Equal(r.NotBefore) {
			t.Errorf("the user says %v, the feed %v", got, r.NotBefore)
		}
		return r.NotBefore
	}
	for _, c := range []struct {
		name     string
		at, want time.Time
	}{
		{"a clock behind the session's", t0.Add(-time.Hour), second.Add(time.Second)},
		{"the same second again", t0, second.Add(2 * time.Second)},
		{"a clock behind", t0.Add(-time.Minute), second.Add(3 * time.Second)},
		{"ahead", t0.Add(time.Minute), second.Add(61 * time.Second)},
	} {
		if got := from(c.at); !got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	_, _, err := w.rotate("s", 0, t0.Add(10*time.Minute))
	w.must(err)
	if got, want := from(t0.Add(2*time.Minute)), second.Add(10*time.Minute+time.Second); !got.Equal(want) {
		t.Errorf("after a use: %v, want %v", got, want)
	}
}

func feed(t *testing.T, w *world) {
	if len(w.feed()) != 0 {
		t.Error("a fresh feed is not empty")
	}
	u := w.user("ada")
	for i := range 5 {
		id := fmt.Sprint("s", i)
		w.session(u, id)
		_, err := w.EndSession(w.ctx(), id, cutAt(t0))
		w.must(err)
	}
	all := w.feed()
	for i, r := range all {
		if r.Session != fmt.Sprint("s", i) || i > 0 && r.Seq <= all[i-1].Seq || r.At != t0 || r.Until != t0.Add(time.Hour) {
			t.Errorf("entry %d: %+v", i, r)
		}
	}
	page, err := w.Revocations(w.ctx(), all[1].Seq, 2)
	if err != nil || len(page) != 2 || page[0] != all[2] || page[1] != all[3] {
		t.Errorf("%+v %v", page, err)
	}
	if rest, err := w.Revocations(w.ctx(), all[4].Seq, 10); err != nil || len(rest) != 0 {
		t.Errorf("%+v %v", rest, err)
	}
}

func prune(t *testing.T, w *world) {
	u := w.user("ada")
	w.session(u, "s")
	w.session(u, "kept")
	_, err := w.EndSession(w.ctx(), "s", cutAt(t0))
	w.must(err)
	last := w.feed()[0].Seq
	w.must(w.Prune(w.ctx(), t0.Add(time.Hour-time.Microsecond)))
	if len(w.feed()) != 1 {
		t.Error("an entry went before its time")
	}
	w.must(w.Prune(w.ctx(), t0.Add(time.Hour)))
	if len(w.feed()) != 0 {
		t.Error("an entry stayed after its time")
	}
	_, _, err = w.rotate("kept", 0, t0)
	w.must(err)
	r, err := w.EndSession(w.ctx(), "kept", cutAt(t0))
	if err != nil || r.Seq <= last {
		t.Errorf("the numbers went back: %+v after %d, %v", r, last, err)
	}
	w.must(w.Prune(w.ctx(), t0.Add(24*time.Hour)))
	_, _, err = w.rotate("kept", 1, t0)
	w.want(err, account.ErrNotFound)
}

const many = 16

// race runs f many times at once and counts what it returned.
func race(f func(i int) error) (succeeded int, failures []error) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			err := f(i)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				succeeded++
			} else {
				failures = append(failures, err)
			}
		})
	}
	all.Wait()
	return succeeded, failures
}

func oneRegisters(t *testing.T, w *world) {
	n, failures := race(func(i int) error {
		u := user("ada")
		u.ID = fmt.Sprint(i)
		return w.CreateUser(w.ctx(), u)
	})
	if n != 1 {
		t.Errorf("%d were kept", n)
	}
	for _, err := range failures {
		w.want(err, account.ErrTaken)
	}
}

func oneRotates(t *testing.T, w *world) {
	w.session(w.user("ada"), "s")
	n, failures := race(func(i int) error {
		_, _, err := w.RotateSession(w.ctx(), account.Rotation{Old: hash("s-0"), New: hash(fmt.Sprint("new", i)), Now: t0, IdleUntil: t0.Add(time.Hour)})
		return err
	})
	if n != 1 {
		t.Errorf("%d succeeded", n)
	}
	for _, err := range failures {
		w.want(err, account.ErrReused)
	}
}

// cutsAndRotations: a cut reaches every token that was allowed before it, and none that
// was allowed after it.
func cutsAndRotations(t *testing.T, w *world) {
	u := w.user("ada")
	for i := range many {
		w.session(u, fmt.Sprint("s", i))
	}
	type token struct{ from, issued time.Time } // the user's TokensFrom when it was allowed
	tokens := make([]token, many)
	_, failures := race(func(i int) error {
		if i%4 == 0 {
			_, err := w.SetRoles(w.ctx(), u.ID, nil, cutAt(t0))
			return err
		}
		s, who, err := w.rotate(fmt.Sprint("s", i), 0, t0)
		tokens[i] = token{who.TokensFrom, s.LastUsed.Truncate(time.Second)}
		if tokens[i].issued.Before(who.TokensFrom) {
			tokens[i].issued = who.TokensFrom
		}
		return err
	})
	for _, err := range failures {
		t.Error(err)
	}
	for i, token := range tokens {
		for _, cut := range w.feed() {
			after := cut.NotBefore.After(token.from)
			if i%4 != 0 && token.issued.Before(cut.NotBefore) != after {
				t.Errorf("token %+v and the cut from %v", token, cut.NotBefore)
			}
		}
	}
}

func cancelled(t *testing.T, w *world) {
	u := w.user("ada")
	ctx, cancel := context.WithCancel(w.ctx())
	cancel()
	for name, f := range map[string]func() error{
		"UserByID":      func() error { _, err := w.UserByID(ctx, u.ID); return err },
		"CreateUser":    func() error { return w.CreateUser(ctx, user("bob")) },
		"SetRoles":      func() error { _, err := w.SetRoles(ctx, u.ID, nil, cutAt(t0)); return err },
		"Revocations":   func() error { _, err := w.Revocations(ctx, 0, 1); return err },
		"CreateSession": func() error { _, err := w.CreateSession(ctx, session(u, "s"), 0); return err },
	} {
		if err := f(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	same(t, u, w.byID(u.ID))
}

func closed(t *testing.T, w *world) {
	u := w.user("ada")
	w.must(w.Close())
	if _, err := w.UserByID(w.ctx(), u.ID); err == nil {
		t.Error("reads after Close")
	}
	if w.Rehash(w.ctx(), u.ID, u.PasswordHash, secret.New("x")) == nil {
		t.Error("writes after Close")
	}
}
