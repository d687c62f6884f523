package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

var errGivenUp = errors.New("given up")

// atomic: what fails leaves nothing behind, of whatever kind.
func atomic(t *testing.T, w *world) {
	u := w.user("ada")
	s := w.session(u, "s")
	err := w.do(func(tx account.Tx) error {
		u.Username, s.Ended = "eve", t0
		for _, err := range []error{
			tx.SetUser(w.ctx(), u), tx.SetSession(w.ctx(), s), tx.AddUser(w.ctx(), user("bob")),
			tx.PutRecord(w.ctx(), account.Record{Kind: "k", ID: "a"}), tx.Revoke(w.ctx(), account.Revocation{Kind: "k", ID: "a", At: t0, Until: t0}),
		} {
			if err != nil {
				return err
			}
		}
		if got, err := tx.User(w.ctx(), u.ID); err != nil || got.Username != "eve" {
			t.Errorf("the transaction does not see its own: %+v %v", got, err)
		}
		return errGivenUp
	})
	w.want(err, errGivenUp)
	if got := w.byID(u.ID); got.Username != "ada" {
		t.Error("the user was changed")
	}
	if got, err := w.Session(w.ctx(), "s"); err != nil || !got.Ended.IsZero() {
		t.Error("the session was changed")
	}
	_, err = w.UserByLogin(w.ctx(), "bob")
	w.want(err, account.ErrNotFound)
	_, err = w.Record(w.ctx(), "k", "a")
	w.want(err, account.ErrNotFound)
	if len(w.feed()) != 0 {
		t.Error("the feed has an entry")
	}
}

const (
	writers = 8
	each    = 20
)

// views opens the store several times, as processes do.
func (w *world) views(n int) []account.Store {
	list := []account.Store{w.Store}
	for len(list) < n {
		list = append(list, w.again())
	}
	return list
}

// oneAfterTheOther counts in a way that loses whatever two do at once with one key.
func oneAfterTheOther(t *testing.T, w *world) {
	countAtOnce(t, w, func(int) string { return "common" }, nil)
}

// oneOfOneLock is the same for those who come with keys of their own, and take one more.
func oneOfOneLock(t *testing.T, w *world) {
	countAtOnce(t, w, func(writer int) string { return fmt.Sprint("own", writer) }, []string{"common"})
}

func countAtOnce(t *testing.T, w *world, key func(writer int) string, locks []string) {
	t.Helper()
	u := w.user("ada")
	var all sync.WaitGroup
	for i, s := range w.views(writers) {
		all.Go(func() {
			for range each {
				err := s.Update(w.ctx(), key(i), func(tx account.Tx) error {
					for _, lock := range locks {
						if err := tx.Lock(w.ctx(), lock); err != nil {
							return err
						}
					}
					now, err := tx.User(w.ctx(), u.ID)
					if err != nil {
						return err
					}
					now.Credential++
					return tx.SetUser(w.ctx(), now)
				})
				if err != nil {
					t.Errorf("writer %d: %v", i, err)
					return
				}
			}
		})
	}
	all.Wait()
	if got := w.byID(u.ID).Credential; got != writers*each {
		t.Errorf("counted %d of %d", got, writers*each)
	}
}

func oneRegisters(t *testing.T, w *world) {
	won := make(chan string, writers)
	var all sync.WaitGroup
	for i, s := range w.views(writers) {
		all.Go(func() {
			u := user("ada")
			u.ID = fmt.Sprint("id", i)
			err := s.Update(w.ctx(), u.ID, func(tx account.Tx) error { return tx.AddUser(w.ctx(), u) })
			if err == nil {
				won <- u.ID
			} else if !errors.Is(err, account.ErrTaken) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(won) != 1 {
		t.Errorf("%d registered", len(won))
	}
	w.byID(<-won)
}

// feedInOrder follows the feed while many write it: nothing is missed. Some transactions
// take their time between their entry and their end.
func feedInOrder(t *testing.T, w *world) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		var all sync.WaitGroup
		for i, s := range w.views(writers) {
			all.Go(func() {
				for n := range each {
					id := fmt.Sprint(i, "-", n)
					err := s.Update(w.ctx(), id, func(tx account.Tx) error {
						if err := tx.Revoke(w.ctx(), account.Revocation{Kind: "k", ID: id, At: t0, Until: t0.Add(time.Hour)}); err != nil || n%3 != 0 {
							return err
						}
						_, err := tx.Users(w.ctx(), account.UserQuery{Limit: 1})
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
	}()
	seen := map[string]bool{}
	var after int64
	for finished := false; ; {
		select {
		case <-done:
			finished = true
		default:
		}
		list, err := w.Feed(w.ctx(), after, 7)
		w.must(err)
		for _, r := range list {
			if r.Seq <= after {
				t.Fatalf("entry %d after %d", r.Seq, after)
			}
			after, seen[r.ID] = r.Seq, true
		}
		if finished && len(list) == 0 {
			break
		}
	}
	if len(seen) != writers*each {
		t.Errorf("saw %d of %d", len(seen), writers*each)
	}
}

func cancelled(t *testing.T, w *world) {
	u := w.user("ada")
	ctx, cancel := context.WithCancel(w.ctx())
	cancel()
	_, err := w.User(ctx, u.ID)
	w.want(err, context.Canceled)
	w.want(w.Update(ctx, "key", func(tx account.Tx) error { return tx.SetUser(ctx, u) }), context.Canceled)
	_, err = w.Feed(ctx, 0, 1)
	w.want(err, context.Canceled)
	// A writer that waits for another gives up when its context ends.
	holding, release := make(chan struct{}), make(chan struct{})
	var held sync.WaitGroup
	held.Go(func() {
		w.do(func(account.Tx) error { close(holding); <-release; return nil })
	})
	<-holding
	waiting, giveUp := context.WithTimeout(w.ctx(), 50*time.Millisecond)
	defer giveUp()
	err = w.Update(waiting, "key", func(tx account.Tx) error { return nil })
	close(release)
	held.Wait()
	w.want(err, context.DeadlineExceeded)
	w.must(w.do(func(tx account.Tx) error { return tx.SetUser(w.ctx(), u) }))
}

// reopened: what was acknowledged is there for another process.
func reopened(t *testing.T, w *world) {
	u := w.user("ada")
	s := w.session(u, "s")
	w.must(w.put(account.Record{Kind: "k", ID: "a", Data: []byte("x")}))
	w.must(w.revoke(account.Revocation{Kind: "k", ID: "a", At: t0, Until: t0.Add(time.Hour)}))
	other := w.again()
	got, err := other.User(w.ctx(), u.ID)
	w.must(err)
	same(t, u, got)
	gotSession, err := other.Session(w.ctx(), "s")
	w.must(err)
	equal(t, gotSession, s)
	list, err := other.Feed(w.ctx(), 0, 10)
	if err != nil || len(list) != 1 {
		t.Errorf("%v %v", list, err)
	}
}

func closed(t *testing.T, w *world) {
	u := w.user("ada")
	w.must(w.Close())
	if _, err := w.User(w.ctx(), u.ID); err == nil {
		t.Error("a closed store answers")
	}
	if err := w.add(user("bob")); err == nil {
		t.Error("a closed store writes")
	}
}
