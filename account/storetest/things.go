package storetest

import (
	"bytes"
	"context"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

func sessions(t *testing.T, w *world) {
	ada, bob := w.user("ada"), w.user("bob")
	_, err := w.Session(w.ctx(), "s1")
	w.want(err, account.ErrNotFound)
	s1, s2 := w.session(ada, "s1"), session(ada, "s2")
	s2.Created = t0.Add(-time.Second)
	w.must(w.do(func(tx account.Tx) error { return tx.AddSession(w.ctx(), s2) }))
	w.session(bob, "s3")
	w.want(w.do(func(tx account.Tx) error { return tx.AddSession(w.ctx(), s1) }), account.ErrTaken)
	got, err := w.Session(w.ctx(), "s1")
	w.must(err)
	equal(t, got, s1)
	list, err := w.Sessions(w.ctx(), ada.ID)
	w.must(err)
	equal(t, list, []account.Session{s2, s1})

	s1.LastUsed, s1.IdleUntil, s1.Expires, s1.Ended = t0.Add(1000), t0.Add(2000), t0.Add(3000), t0.Add(4000)
	s1.Refresh = account.Chain{Current: 9, Previous: 7, Rotated: t0.Add(5000), Delivered: true}
	s1.Epoch, s1.AuthTime, s1.Methods, s1.Prefix, s1.Agent, s1.Cookie = 3, t0.Add(6000), []string{"pwd", "otp"}, "p", "a\"\u202e", true
	w.must(w.do(func(tx account.Tx) error { return tx.SetSession(w.ctx(), s1) }))
	got, err = w.Session(w.ctx(), "s1")
	w.must(err)
	equal(t, got, s1)
	list, err = w.Sessions(w.ctx(), ada.ID)
	w.must(err)
	equal(t, list, []account.Session{s2}) // the other has ended
}

func equal[T any](t *testing.T, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func records(t *testing.T, w *world) {
	_, err := w.Record(w.ctx(), "k", "a")
	w.want(err, account.ErrNotFound)
	a := account.Record{Kind: "k", ID: "a", Owner: "o", Due: t0, End: t0.Add(time.Hour), Data: []byte("\x00\xff'--")}
	b := account.Record{Kind: "k", ID: "b", Owner: "o", Data: bytes.Repeat([]byte("d"), 1<<20)}
	c := account.Record{Kind: "k", ID: "c", Due: t0.Add(-time.Microsecond), Data: []byte{}}
	for _, r := range []account.Record{b, a, c, {Kind: "other", ID: "a", Owner: "o", Due: t0, Data: []byte{}}} {
		w.must(w.put(r))
	}
	got, err := w.Record(w.ctx(), "k", "a")
	w.must(err)
	equal(t, got, a)
	of := func(owner string) []account.Record {
		list, err := w.RecordsOf(w.ctx(), "k", owner)
		w.must(err)
		return list
	}
	equal(t, of("o"), []account.Record{a, b})
	equal(t, of(""), []account.Record{c})
	equal(t, len(of("x")), 0)
	due := func(now time.Time, limit int) []account.Record {
		list, err := w.RecordsDue(w.ctx(), "k", now, limit)
		w.must(err)
		return list
	}
	equal(t, due(t0, 9), []account.Record{c, a})
	equal(t, due(t0.Add(-time.Microsecond), 9), []account.Record{c})
	equal(t, due(t0.Add(1000*time.Hour), 1), []account.Record{c})
	equal(t, len(due(t0, 0)), 0)

	a.Owner, a.Due, a.End, a.Data = "x", time.Time{}, time.Time{}, nil
	w.must(w.put(a))
	got, err = w.Record(w.ctx(), "k", "a")
	w.must(err)
	if got.Owner != "x" || !got.Due.IsZero() || !got.End.IsZero() || len(got.Data) != 0 {
		t.Errorf("%+v", got)
	}
	for range 2 {
		w.must(w.do(func(tx account.Tx) error { return tx.DeleteRecord(w.ctx(), "k", "a") }))
	}
	_, err = w.Record(w.ctx(), "k", "a")
	w.want(err, account.ErrNotFound)
	if _, err = w.Record(w.ctx(), "other", "a"); err != nil {
		t.Error("a record of another kind went with it")
	}
}

func feed(t *testing.T, w *world) {
	if n := len(w.feed()); n != 0 {
		t.Fatalf("%d entries in an empty feed", n)
	}
	for _, id := range []string{"a", "b", "c"} {
		w.must(w.revoke(account.Revocation{Kind: "k", ID: id, Below: 7, At: t0, Until: t0.Add(time.Hour)}))
	}
	list := w.feed()
	if len(list) != 3 || list[0].Seq >= list[1].Seq || list[1].Seq >= list[2].Seq {
		t.Fatalf("%+v", list)
	}
	equal(t, list[0], account.Revocation{Seq: list[0].Seq, Kind: "k", ID: "a", Below: 7, At: t0, Until: t0.Add(time.Hour)})
	rest, err := w.Feed(w.ctx(), list[0].Seq, 1)
	w.must(err)
	equal(t, rest, list[1:2])
	rest, err = w.Feed(w.ctx(), list[2].Seq, 10)
	w.must(err)
	equal(t, len(rest), 0)
}

func prune(t *testing.T, w *world) {
	u := w.user("ada")
	old, live := session(u, "old"), session(u, "live")
	old.Expires = t0
	live.Expires = t0.Add(time.Microsecond)
	w.must(w.do(func(tx account.Tx) error {
		for _, s := range []account.Session{old, live} {
			if err := tx.AddSession(w.ctx(), s); err != nil {
				return err
			}
		}
		return nil
	}))
	for id, end := range map[string]time.Time{"old": t0, "live": t0.Add(time.Microsecond), "ever": {}} {
		w.must(w.put(account.Record{Kind: "k", ID: id, End: end}))
	}
	w.must(w.revoke(account.Revocation{Kind: "k", ID: "live", At: t0, Until: t0.Add(time.Microsecond)}))
	w.must(w.revoke(account.Revocation{Kind: "k", ID: "old", At: t0, Until: t0}))
	last := w.feed()[1].Seq
	w.must(w.Prune(w.ctx(), t0))
	_, err := w.Session(w.ctx(), "old")
	w.want(err, account.ErrNotFound)
	_, err = w.Session(w.ctx(), "live")
	w.must(err)
	_, err = w.Record(w.ctx(), "k", "old")
	w.want(err, account.ErrNotFound)
	for _, id := range []string{"live", "ever"} {
		_, err = w.Record(w.ctx(), "k", id)
		w.must(err)
	}
	w.must(w.revoke(account.Revocation{Kind: "k", ID: "next", At: t0, Until: t0.Add(time.Hour)}))
	list := w.feed()
	if len(list) != 2 || list[0].ID != "live" || list[1].Seq <= last {
		t.Errorf("the feed: %+v after %d", list, last)
	}

	// However many have ended, none is left; with a context that has ended, none goes.
	w.must(w.do(func(tx account.Tx) error {
		for i := range 4100 {
			if err := tx.PutRecord(w.ctx(), account.Record{Kind: "many", ID: strconv.Itoa(i), End: t0}); err != nil {
				return err
			}
		}
		return nil
	}))
	over, cancel := context.WithCancel(w.ctx())
	cancel()
	if err := w.Prune(over, t0); err == nil {
		t.Error("pruning does not end with its context")
	}
	w.must(w.Prune(w.ctx(), t0))
	if list, err := w.RecordsOf(w.ctx(), "many", ""); err != nil || len(list) > 0 {
		t.Errorf("%d are left, %v", len(list), err)
	}
}
