package account

import (
	"context"
	"time"
)

// boundedTx is a Tx whose methods run under the context of the transaction. The code in a
// transaction hands in the context of its request, which ends when the client hangs up.
type boundedTx struct {
	boundedReader
	tx  Tx
	ctx context.Context
}

var (
	_ Tx    = (*boundedTx)(nil)
	_ Timed = (*boundedTx)(nil)
)

func newBoundedTx(ctx context.Context, tx Tx) *boundedTx {
	own := func(context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} }
	return &boundedTx{boundedReader{tx, own}, tx, ctx}
}

// Now implements [Timed]; it is zero for a store without a clock.
func (b *boundedTx) Now() (now time.Time) {
	if timed, ok := b.tx.(Timed); ok {
		now = timed.Now()
	}
	return now
}

func (b *boundedTx) Lock(_ context.Context, key string) error      { return b.tx.Lock(b.ctx, key) }
func (b *boundedTx) AddUser(_ context.Context, u User) error       { return b.tx.AddUser(b.ctx, u) }
func (b *boundedTx) SetUser(_ context.Context, u User) error       { return b.tx.SetUser(b.ctx, u) }
func (b *boundedTx) AddSession(_ context.Context, s Session) error { return b.tx.AddSession(b.ctx, s) }
func (b *boundedTx) SetSession(_ context.Context, s Session) error { return b.tx.SetSession(b.ctx, s) }
func (b *boundedTx) PutRecord(_ context.Context, r Record) error   { return b.tx.PutRecord(b.ctx, r) }
func (b *boundedTx) DeleteRecord(_ context.Context, kind, id string) error {
	return b.tx.DeleteRecord(b.ctx, kind, id)
}
func (b *boundedTx) Revoke(_ context.Context, r Revocation) error { return b.tx.Revoke(b.ctx, r) }
