package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"

	"github.com/sallyport-dev/sallyport/account/internal/sqlstore"
)

// migrationKey is the advisory lock of the process that changes the tables.
const migrationKey = "sallyport: migrations"

// migrate brings the tables up to date, one process at a time. The lock is that of a
// transaction of its own: a lock of a connection would stay with a pooler's.
func migrate(ctx context.Context, db *sql.DB, log *slog.Logger) error {
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
	if err := lockMigrations(ctx, tx, log); err != nil {
		return err
	}
	return sqlstore.Migrate(ctx, db, goose.DialectPostgres, steps, nil, func(from, to int64) {
		log.InfoContext(ctx, "the accounts' tables are being changed, which may take a while", "from", from, "to", to)
	})
}

// lockMigrations takes the lock, and says so when it has to wait for another process.
func lockMigrations(ctx context.Context, tx *sql.Tx, log *slog.Logger) error {
	var taken bool
	row := tx.QueryRowContext(ctx, "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))", migrationKey)
	if err := row.Scan(&taken); err != nil || taken {
		return err
	}
	log.InfoContext(ctx, "another process changes the accounts' tables; waiting until it is done")
	_, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", migrationKey)
	return err
}

// checkRights reports the rights that the role lacks on our tables, which otherwise come out at the first request
// that needs one.
func checkRights(ctx context.Context, db *sql.DB) error {
	var role, missing string
	err := db.QueryRowContext(ctx, `SELECT current_user, coalesce(string_agg(needed.one || ' on ' || t.name, ', '), '')
		FROM unnest(ARRAY['users', 'sessions', 'records', 'revocations']) AS t(name)
		CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS needed(one)
		WHERE NOT has_table_privilege(t.name, needed.one)`).Scan(&role, &missing)
	if err != nil || missing == "" {
		return err
	}
	return fmt.Errorf("account/postgres: the role %s lacks %s: as the owner of the tables, run "+
		"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %[1]s", role, missing)
}
