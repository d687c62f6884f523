package postgres

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sallyport-dev/sallyport/account"
)

// OpenWithin is Open with another bound on a transaction that stands still.
func OpenWithin(ctx context.Context, address string, idle time.Duration) (account.Store, error) {
	return open(ctx, address, bounds{idle: idle, whole: ours.whole}, slog.Default())
}

// Show returns a setting of the server as it is in a transaction, or what is wrong.
func Show(ctx context.Context, tx account.Tx, name string) (value string) {
	row := tx.(interface{ SQL() *sql.Tx }).SQL().QueryRowContext(ctx, "SHOW "+name)
	if err := row.Scan(&value); err != nil {
		return err.Error()
	}
	return value
}

// Explained adds to an error what to do about it.
var Explained = explained

// SharesConnections reports whether a pooler shares the connections of an address.
func SharesConnections(ctx context.Context, address string) (bool, error) {
	cfg, err := pgx.ParseConfig(address)
	if err != nil {
		return false, err
	}
	connection(cfg)
	return sharesConnections(ctx, cfg)
}
