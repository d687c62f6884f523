package account

import (
	"context"
	"time"
)

// boundedStore gives each call of a Store an end of its own. A call begins only while its
// caller's context lives. From then on cancelling that context does not end the call: a
// client that hangs up in the middle of a statement would cost the pool a connection, and
// leave it unknown whether a transaction was committed. A deadline ends it, as a
// connection may have died without a word: the caller's or, if that is earlier, one after
// the patience of the accounts. A call that has begun gets a second at least: a caller whose
// time is short would cost a connection as well.
type boundedStore struct {
	boundedReader
	store    Store
	patience time.Duration
}

var _ Store = (*boundedStore)(nil)

func newBoundedStore(s Store, patience time.Duration) *boundedStore {
	b := &boundedStore{store: s, patience: patience}
	b.boundedReader = boundedReader{s, b.read}
	return b
}

// leastTime is how long a call may take that has begun.
const leastTime = time.Second

// readsEnd marks the context of a background loop, whose reads end when the accounts are
// closed: then nobody waits for them.
type readsEnd struct{}

// read returns the context of a call that reads.
func (b *boundedStore) read(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() != nil || ctx.Value(readsEnd{}) != nil {
		return context.WithTimeout(ctx, b.patience)
	}
	return b.detach(ctx)
}

// detach returns a context that ends by a deadline alone.
func (b *boundedStore) detach(ctx context.Context) (context.Context, context.CancelFunc) {
	now := time.Now()
	end := now.Add(b.patience)
	if own, ok := ctx.Deadline(); ok && own.Before(end) {
		end = later(own, now.Add(min(leastTime, b.patience)))
	}
	return context.WithDeadline(context.WithoutCancel(ctx), end)
}

// Update implements [Store]. What f calls on its Tx runs under the transaction's context,
// whichever context f hands in.
func (b *boundedStore) Update(ctx context.Context, key string, f func(Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := b.detach(ctx)
	defer cancel()
	return b.store.Update(ctx, key, func(tx Tx) error { return f(newBoundedTx(ctx, tx)) })
}

// Prune implements [Store]. It is called by a background loop, with a bound of its own.
func (b *boundedStore) Prune(ctx context.Context, now time.Time) error {
	return b.store.Prune(ctx, now)
}

// Close implements [Store].
func (b *boundedStore) Close() error { return b.store.Close() }

// boundedReader reads under the context that bind makes of the caller's.
type boundedReader struct {
	reader Reader
	bind   func(context.Context) (context.Context, context.CancelFunc)
}

func (b *boundedReader) User(ctx context.Context, id string) (User, error) {
	ctx, cancel := b.bind(ctx)
	defer cancel()
	return b.reader.User(ctx, id)
}

func (b *boundedReader) UserByLogin(ctx context.Context, login string) (User, error) {
	ctx, cancel := b.bind(ctx)
	defer cancel()
	return b.reader.UserByLogin(ctx, login)
}

func (b *boundedReader) Users(ctx context.Context, q UserQuery) ([]User, error) {
	ctx, cancel := b.bind(ctx)
	defer cancel()
	return b.reader.Users(ctx, q)
}

func (b *boundedReader) Session(ctx context.Context, id string) (Session, error) {
	ctx, cancel := b.bind(ctx)
	defer cancel()
	return b.reader.Session(ctx, id)
}

func (b *boundedReader) Sessions(ctx context.Context, userID string) ([]Session, error) {
	ctx, cancel := b.bind(ctx)
	defer cancel()
	return b.reader.Sessions(ctx, userID)
}

func (b *boundedReader) Record(ctx context.Context, kind, id string) (Record, error) {
	ctx, cancel := b.bind(ctx)
	defer cancel()
	return b.reader.Record(ctx, kind, id)
}

func (b *boundedReader) RecordsOf(ctx context.Context, kind, owner string) ([]Record, error) {
	ctx, cancel := b.bind(ctx)
	defer cancel()
	return b.reader.RecordsOf(ctx, kind, owner)
}

func (b *boundedReader) RecordsDue(ctx context.Context, kind string, now time.Time, limit int) ([]Record, error) {
	ctx, cancel := b.bind(ctx)
	defer cancel()
	return b.reader.RecordsDue(ctx, kind, now, limit)
}

func (b *boundedReader) Feed(ctx context.Context, after int64, limit int) ([]Revocation, error) {
	ctx, cancel := b.bind(ctx)
	defer cancel()
	return b.reader.Feed(ctx, after, limit)
}
