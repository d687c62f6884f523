package account_test

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/internal/model"
)

// failingStore is a store of which one call in a request fails. Calls from elsewhere, as those of
// the loops in the background, are not counted.
type failingStore struct{ account.Store }

type faultKey struct{}

// storeFault counts the calls of the store in one request.
type storeFault struct {
	model.Fault
	calls atomic.Int64
}

func withFault(ctx context.Context, f model.Fault) context.Context {
	return context.WithValue(ctx, faultKey{}, &storeFault{Fault: f})
}

// hit counts a call, and reports whether it is the one that fails.
func hit(ctx context.Context) (fails, after bool) {
	f, _ := ctx.Value(faultKey{}).(*storeFault)
	if f == nil {
		return false, false
	}
	return f.calls.Add(1) == int64(f.At), f.After
}

// Update implements [account.Store]. One that fails afterwards has been committed.
func (s failingStore) Update(ctx context.Context, key string, do func(account.Tx) error) error {
	fails, after := hit(ctx)
	if fails && !after {
		return errOutage
	}
	err := s.Store.Update(ctx, key, do)
	if fails && err == nil {
		return errOutage
	}
	return err
}

// failingRead is a call that reads.
func failingRead[T any](ctx context.Context, read func() (T, error)) (none T, err error) {
	if fails, _ := hit(ctx); fails {
		return none, errOutage
	}
	return read()
}

func (s failingStore) User(ctx context.Context, id string) (account.User, error) {
	return failingRead(ctx, func() (account.User, error) { return s.Store.User(ctx, id) })
}

func (s failingStore) UserByLogin(ctx context.Context, login string) (account.User, error) {
	return failingRead(ctx, func() (account.User, error) { return s.Store.UserByLogin(ctx, login) })
}

func (s failingStore) Session(ctx context.Context, id string) (account.Session, error) {
	return failingRead(ctx, func() (account.Session, error) { return s.Store.Session(ctx, id) })
}

func (s failingStore) Record(ctx context.Context, kind, id string) (account.Record, error) {
	return failingRead(ctx, func() (account.Record, error) { return s.Store.Record(ctx, kind, id) })
}

func (s failingStore) RecordsOf(ctx context.Context, kind, owner string) ([]account.Record, error) {
	return failingRead(ctx, func() ([]account.Record, error) { return s.Store.RecordsOf(ctx, kind, owner) })
}

func (s failingStore) Feed(ctx context.Context, after int64, limit int) ([]account.Revocation, error) {
	return failingRead(ctx, func() ([]account.Revocation, error) { return s.Store.Feed(ctx, after, limit) })
}

// clocked gives a store without a clock one that the test sets, as a database has it.
type clocked struct {
	account.Store
	clock func() time.Time
}

type clockedTx struct {
	account.Tx
	now time.Time
}

// Now implements [account.Timed].
func (t clockedTx) Now() time.Time { return t.now }

// Update implements [account.Store].
func (s clocked) Update(ctx context.Context, key string, do func(account.Tx) error) error {
	return s.Store.Update(ctx, key, func(tx account.Tx) error { return do(clockedTx{tx, s.clock()}) })
}
