package postgres

import (
	"context"
	"database/sql"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/sallyport-dev/sallyport/account/internal/sqlstore"
)

// migrationKey is the advisory lock of the process that changes the tables.
const migrationKey = "sallyport: migrations"

// migrate brings the tables up to date, one process at a time. The lock is that of a
// transaction of its own: a lock of a connection would stay with a pooler's.
func migrate(ctx context.Context, db *sql.DB) error {
	steps, err := fs.Sub(embedded, "migrations")
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // which frees the lock

	// The wait, and the migrations, may take longer than a transaction of ours does.
	without := []setting{{"statement_timeout", "0"}, {"idle_in_transaction_session_timeout", "0"}, {"transaction_timeout", "0"}}
	if _, err := tx.ExecContext(ctx, set(without, true)); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", migrationKey); err != nil {
		return err
	}
	return sqlstore.Migrate(ctx, db, goose.DialectPostgres, steps, nil)
}
