// Package storetest holds the tests that every account.Store must pass, ours and yours.
// Each promise in the documentation of account.Store is a subtest.
package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/secret"
)

// Run tests the stores that open returns. Each call must give a fresh and empty one, and
// see to its end.
func Run(t *testing.T, open func(t *testing.T) account.Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *world)
	}{
		{"users", users}, {"unique", unique}, {"as it was", asItWas}, {"refused text", refusedText}, {"pages", pages},
		{"passwords", passwords}, {"rehash", rehash}, {"roles", roles}, {"disabled", disabled},
		{"sessions", sessions}, {"rotation", rotation}, {"expiry", expiry}, {"ending", ending}, {"cuts", cuts},
		{"feed", feed}, {"prune", prune},
		{"one of many registers", oneRegisters}, {"one of many rotates", oneRotates}, {"cuts and rotations at once", cutsAndRotations},
		{"cancelled", cancelled}, {"closed", closed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, &world{T: t, Store: open(t)})
		})
	}
}

// world is a store and what the tests do with it.
type world struct {
	*testing.T
	account.Store
}

// t0 has microseconds, which is what a store keeps.
var t0 = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

func user(name string) account.User {
	return account.User{
		ID: "id-" + name, Username: name, Email: name + "@example.com", PasswordHash: secret.New("$hash$" + name),
		Roles: []string{"user"}, Created: t0,
	}
}

func hash(s string) account.RefreshHash { return sha256.Sum256([]byte(s)) }

func session(u account.User, id string) account.Session {
	return account.Session{
		ID: id, UserID: u.ID, Refresh: hash(id + "-0"), Created: t0, LastUsed: t0,
		IdleUntil: t0.Add(time.Hour), Expires: t0.Add(24 * time.Hour),
	}
}

func cutAt(at time.Time) account.Cut { return account.Cut{At: at, Until: at.Add(time.Hour)} }

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

// user makes a user.
func (w *world) user(name string) account.User {
	w.Helper()
	u := user(name)
	w.must(w.CreateUser(w.ctx(), u))
	return u
}

// session makes a session.
func (w *world) session(u account.User, id string) account.Session {
	w.Helper()
	s := session(u, id)
	_, err := w.CreateSession(w.ctx(), s, u.Credential)
	w.must(err)
	return s
}

func (w *world) byID(id string) account.User {
	w.Helper()
	u, err := w.UserByID(w.ctx(), id)
	w.must(err)
	return u
}

// rotate exchanges the n-th refresh token of a session for the next, at a time.
func (w *world) rotate(id string, n int, at time.Time) (account.Session, account.User, error) {
	return w.RotateSession(w.ctx(), account.Rotation{
		Old: hash(fmt.Sprint(id, "-", n)), New: hash(fmt.Sprint(id, "-", n+1)), Now: at, IdleUntil: at.Add(time.Hour),
	})
}

func (w *world) feed() []account.Revocation {
	w.Helper()
	list, err := w.Revocations(w.ctx(), 0, 1000)
	w.must(err)
	return list
}
