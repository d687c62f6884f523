// Package storetest holds the tests that every account.Store must pass, ours and yours.
// Each promise in the documentation of account.Store is a subtest; the last ones run
// accounts on two views of one store, as two processes would.
package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/secret"
)

// Open opens a store. Each call of the outer function gives a fresh and empty one, and
// each call of what it returns opens that same one again, as another process would.
type Open func(t *testing.T) func() account.Store

// Run tests a store.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *world)
	}{
		{"users", users}, {"unique", unique}, {"as it was", asItWas}, {"refused", refused}, {"odd names", oddNames}, {"pages", pages}, {"changes", changes},
		{"sessions", sessions}, {"records", records}, {"feed", feed}, {"prune", prune},
		{"atomic", atomic}, {"one after the other", oneAfterTheOther}, {"one lock of many keys", oneOfOneLock}, {"one of many registers", oneRegisters}, {"the feed in order", feedInOrder},
		{"cancelled", cancelled}, {"reopened", reopened}, {"closed", closed},
		{"accounts: refresh at once", refreshAtOnce}, {"accounts: revoked and refreshed", revokedAndRefreshed}, {"accounts: rights and refreshed", rightsAndRefreshed},
		{"accounts: one signing key", oneSigningKey}, {"accounts: crashes", crashes}, {"accounts: clients that hang up", hangUps}, {"accounts: guesses at once", guessesAtOnce},
		{"accounts: a code once", codeOnce}, {"accounts: a recovery code once", recoveryOnce},
		{"accounts: a mailed token once", ticketOnce}, {"accounts: a mail once", mailOnce},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			again := open(t)
			c.test(t, &world{T: t, Store: again(), again: again})
		})
	}
}

// world is a store and what the tests do with it.
type world struct {
	*testing.T
	account.Store
	again func() account.Store
}

// t0 has microseconds, which is what a store keeps.
var t0 = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

func user(name string) account.User {
	return account.User{
		ID: "id-" + name, Username: name, Email: name + "@example.com", PasswordHash: secret.New("$hash$" + name),
		Roles: []string{"user"}, Created: t0,
	}
}

func session(u account.User, id string) account.Session {
	return account.Session{
		ID: id, UserID: u.ID, Created: t0, LastUsed: t0, IdleUntil: t0.Add(time.Hour), Expires: t0.Add(24 * time.Hour),
		Refresh: account.Chain{Current: 1}, AuthTime: t0, Methods: []string{"pwd"}, Prefix: "192.0.2.0/24", Agent: "test",
	}
}

func (w *world) want(err, target error) {
	w.Helper()
	if !errors.Is(err, target) {
		w.Errorf("error %v, want %v", err, target)
	}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// ctx is that of the test.
func (w *world) ctx() context.Context { return w.T.Context() }

// do runs f in a transaction.
func (w *world) do(f func(tx account.Tx) error) error {
	return w.Update(w.ctx(), "key", f)
}

func (w *world) add(u account.User) error {
	return w.do(func(tx account.Tx) error { return tx.AddUser(w.ctx(), u) })
}

// user makes a user.
func (w *world) user(name string) account.User {
	w.Helper()
	u := user(name)
	w.must(w.add(u))
	return u
}

// session makes a session.
func (w *world) session(u account.User, id string) account.Session {
	w.Helper()
	s := session(u, id)
	w.must(w.do(func(tx account.Tx) error { return tx.AddSession(w.ctx(), s) }))
	return s
}

func (w *world) put(r account.Record) error {
	return w.do(func(tx account.Tx) error { return tx.PutRecord(w.ctx(), r) })
}

func (w *world) revoke(r account.Revocation) error {
	return w.do(func(tx account.Tx) error { return tx.Revoke(w.ctx(), r) })
}

func (w *world) byID(id string) account.User {
	w.Helper()
	u, err := w.User(w.ctx(), id)
	w.must(err)
	return u
}

func (w *world) feed() []account.Revocation {
	w.Helper()
	list, err := w.Feed(w.ctx(), 0, 1000)
	w.must(err)
	return list
}
