package account_test

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/ratelimit"
	"github.com/sallyport-dev/sallyport/secret"
)

var errInjected = errors.New("injected")

// mode is how a call fails.
type mode string

const (
	// failed: the call did nothing. Of a transaction: its function did not run.
	failed mode = "failed"
	// doneAndFailed: a write within a transaction took effect there, and was an error.
	doneAndFailed mode = "done, and failed"
	// undone: the function of a transaction returned nil, and nothing took effect.
	undone mode = "commit undone"
	// unconfirmed: a transaction took effect, and its answer was lost.
	unconfirmed mode = "commit done, its answer lost"
)

// probe counts the calls that one request makes, and lets one of them fail. It is found by
// the request's context, so that what runs beside is neither counted nor harmed.
type probe struct {
	calls []call
	fail  int // the number of the call that fails, from 0; -1 for none
	mode  mode
	stays bool // all later calls fail as well
	err   error
}

// call is what a probe has seen, with the ways in which it may fail.
type call struct {
	name  string
	modes []mode
}

type probeKey struct{}

func (p *probe) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, probeKey{}, p)
}

// next counts a call, and returns how it has to fail: "" if it does not.
func next(ctx context.Context, name string, modes ...mode) (mode, error) {
	p, ok := ctx.Value(probeKey{}).(*probe)
	if !ok {
		return "", nil
	}
	n := len(p.calls)
	p.calls = append(p.calls, call{name, modes})
	switch {
	case p.fail < 0 || n < p.fail || n > p.fail && !p.stays:
		return "", nil
	case n > p.fail:
		return modes[0], p.err
	}
	return p.mode, p.err
}

// faultyStore is a store whose calls fail as the probe of a request says.
type faultyStore struct {
	faultyReader
	store account.Store
}

func newFaultyStore(s account.Store) *faultyStore { return &faultyStore{faultyReader{s}, s} }

func (s *faultyStore) Prune(ctx context.Context, now time.Time) error { return s.store.Prune(ctx, now) }

func (s *faultyStore) Close() error { return s.store.Close() }

func (s *faultyStore) Update(ctx context.Context, key string, f func(account.Tx) error) error {
	if m, err := next(ctx, "Update "+kindOfKey(key), failed); m != "" {
		return err
	}
	var atCommit mode
	var atCommitErr error
	err := s.store.Update(ctx, key, func(tx account.Tx) error {
		if err := f(&faultyTx{faultyReader{tx}, tx}); err != nil {
			return err
		}
		if atCommit, atCommitErr = next(ctx, "commit "+kindOfKey(key), undone, unconfirmed); atCommit == undone {
			return atCommitErr
		}
		return nil
	})
	if err == nil && atCommit == unconfirmed {
		return atCommitErr
	}
	return err
}

// faultyReader is a reader whose calls fail.
type faultyReader struct{ from account.Reader }

func reading[T any](ctx context.Context, name string, read func() (T, error)) (T, error) {
	if m, err := next(ctx, name, failed); m != "" {
		return *new(T), err
	}
	return read()
}

func (r faultyReader) User(ctx context.Context, id string) (account.User, error) {
	return reading(ctx, "User", func() (account.User, error) { return r.from.User(ctx, id) })
}

func (r faultyReader) UserByLogin(ctx context.Context, login string) (account.User, error) {
	return reading(ctx, "UserByLogin", func() (account.User, error) { return r.from.UserByLogin(ctx, login) })
}

func (r faultyReader) Users(ctx context.Context, q account.UserQuery) ([]account.User, error) {
	return reading(ctx, "Users", func() ([]account.User, error) { return r.from.Users(ctx, q) })
}

func (r faultyReader) Session(ctx context.Context, id string) (account.Session, error) {
	return reading(ctx, "Session", func() (account.Session, error) { return r.from.Session(ctx, id) })
}

func (r faultyReader) Sessions(ctx context.Context, userID string) ([]account.Session, error) {
	return reading(ctx, "Sessions", func() ([]account.Session, error) { return r.from.Sessions(ctx, userID) })
}

func (r faultyReader) Record(ctx context.Context, kind, id string) (account.Record, error) {
	return reading(ctx, "Record "+kind, func() (account.Record, error) { return r.from.Record(ctx, kind, id) })
}

func (r faultyReader) RecordsOf(ctx context.Context, kind, owner string) ([]account.Record, error) {
	return reading(ctx, "RecordsOf "+kind, func() ([]account.Record, error) {
		return r.from.RecordsOf(ctx, kind, owner)
	})
}

func (r faultyReader) RecordsDue(ctx context.Context, kind string, now time.Time, limit int) ([]account.Record, error) {
	return reading(ctx, "RecordsDue "+kind, func() ([]account.Record, error) {
		return r.from.RecordsDue(ctx, kind, now, limit)
	})
}

func (r faultyReader) Feed(ctx context.Context, after int64, limit int) ([]account.Revocation, error) {
	return reading(ctx, "Feed", func() ([]account.Revocation, error) { return r.from.Feed(ctx, after, limit) })
}

// faultyTx is a transaction whose calls fail.
type faultyTx struct {
	faultyReader
	tx account.Tx
}

func writing(ctx context.Context, name string, write func() error) error {
	m, injected := next(ctx, name, failed, doneAndFailed)
	switch m {
	case failed:
		return injected
	case doneAndFailed:
		if err := write(); err != nil {
			return err
		}
		return injected
	}
	return write()
}

func (t *faultyTx) Lock(ctx context.Context, key string) error {
	m, err := next(ctx, "Lock", failed)
	if m != "" {
		return err
	}
	return t.tx.Lock(ctx, key)
}

func (t *faultyTx) AddUser(ctx context.Context, u account.User) error {
	return writing(ctx, "AddUser", func() error { return t.tx.AddUser(ctx, u) })
}

func (t *faultyTx) SetUser(ctx context.Context, u account.User) error {
	return writing(ctx, "SetUser", func() error { return t.tx.SetUser(ctx, u) })
}

func (t *faultyTx) AddSession(ctx context.Context, s account.Session) error {
	return writing(ctx, "AddSession", func() error { return t.tx.AddSession(ctx, s) })
}

func (t *faultyTx) SetSession(ctx context.Context, s account.Session) error {
	return writing(ctx, "SetSession", func() error { return t.tx.SetSession(ctx, s) })
}

func (t *faultyTx) PutRecord(ctx context.Context, r account.Record) error {
	return writing(ctx, "PutRecord "+r.Kind, func() error { return t.tx.PutRecord(ctx, r) })
}

func (t *faultyTx) DeleteRecord(ctx context.Context, kind, id string) error {
	return writing(ctx, "DeleteRecord "+kind, func() error { return t.tx.DeleteRecord(ctx, kind, id) })
}

func (t *faultyTx) Revoke(ctx context.Context, r account.Revocation) error {
	return writing(ctx, "Revoke "+r.Kind, func() error { return t.tx.Revoke(ctx, r) })
}

// faultyLimits is a store of limits whose calls fail.
type faultyLimits struct{ ratelimit.Store }

func (l faultyLimits) Take(ctx context.Context, k ratelimit.Key, n ratelimit.Limit, cost int) (ratelimit.Decision, error) {
	return reading(ctx, "limits", func() (ratelimit.Decision, error) { return l.Store.Take(ctx, k, n, cost) })
}

// faultyList is a list of stolen passwords that cannot be asked.
func faultyList(ctx context.Context, _ secret.String) (bool, error) {
	return reading(ctx, "breached", func() (bool, error) { return false, nil })
}

// kindOfKey is what a transaction's key is about: its first word, or "user" for an id.
func kindOfKey(key string) string {
	if kind, _, ok := strings.Cut(key, " "); ok {
		return kind
	}
	if key == "mail" || key == "signing-key" {
		return key
	}
	return "user"
}
