package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

// conn is a pool or a transaction.
type conn interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// pool reads with the connections of a pool. One that was lost while it was idle, as when
// the server was restarted, fails nobody's call.
type pool struct {
	*sql.DB
	store *Store
}

func (p pool) QueryContext(ctx context.Context, query string, args ...any) (rows *sql.Rows, err error) {
	for range p.store.tries(p.DB) {
		rows, err = p.DB.QueryContext(ctx, query, args...)
		if !p.store.lost(ctx, err) {
			break
		}
	}
	return rows, err
}

func (p pool) QueryRowContext(ctx context.Context, query string, args ...any) (row *sql.Row) {
	for range p.store.tries(p.DB) {
		row = p.DB.QueryRowContext(ctx, query, args...)
		if !p.store.lost(ctx, row.Err()) {
			break
		}
	}
	return row
}

// tries is how often to try what may meet a lost connection: all of a pool may be.
func (s *Store) tries(db *sql.DB) int { return db.Stats().MaxOpenConnections + 1 }

func (s *Store) lost(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil || s.dialect.Lost == nil {
		return false
	}
	return errors.Is(err, driver.ErrBadConn) || s.dialect.Lost(err)
}

// Update implements [account.Store].
func (s *Store) Update(ctx context.Context, key string, f func(account.Tx) error) error {
	t, err := s.begin(ctx, key)
	if err != nil {
		return s.known(err)
	}
	defer t.tx.Rollback() // does nothing after Commit

	err = f(t)
	if err == nil {
		err = s.known(t.tx.Commit())
	}
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		return ctx.Err() // which gave the transaction up
	}
	return err
}

// begin begins a transaction that has its key. Nothing has been written by then, so that a
// connection that was lost costs no more than a try.
func (s *Store) begin(ctx context.Context, key string) (t *transaction, err error) {
	for range s.tries(s.writer) {
		if t, err = s.beginOnce(ctx, key); !s.lost(ctx, err) {
			break
		}
	}
	return t, err
}

func (s *Store) beginOnce(ctx context.Context, key string) (*transaction, error) {
	tx, err := s.writer.BeginTx(ctx, s.dialect.Options)
	if err != nil {
		return nil, err
	}
	var now time.Time
	if s.dialect.Verify != nil {
		err = s.dialect.Verify(true)
	}
	if err == nil && s.dialect.Lock != nil {
		now, err = s.dialect.Lock(ctx, tx, key)
	}
	if err != nil {
		tx.Rollback()
		return nil, err
	}
	return &transaction{reader: reader{tx, s}, tx: tx, now: now}, nil
}
