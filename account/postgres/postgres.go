// Package postgres keeps accounts in PostgreSQL, for several processes on several
// machines.
//
// It fails when composed wrongly:
//
//   - Behind a pooler, transactions must stay on one connection (in PgBouncer, session or
//     transaction mode), as they lock.
//   - A replica that lags shows what was revoked as good: name the primary.
//   - Without sslmode=verify-full in the address, who sits between can read the hashes.
//     [Open] asks for TLS unless the address is a loopback one or a socket.
//   - A server or a role with synchronous_commit off may lose what was acknowledged; Open
//     switches it on for its own connections.
package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/internal/sqlstore"
)

// NewerError is for a database whose tables a newer version has changed.
type NewerError = sqlstore.NewerError

//go:embed migrations/*.sql
var embedded embed.FS

const (
	// writers and readers are how many connections one process holds at most. Reading has
	// its own, so that writers who wait for each other keep nobody from the feed.
	writers, readers = 12, 6
	// connectFor is how long a server may take to let us in, where the address does not say.
	connectFor = 5 * time.Second
)

// parameters are those of our connections, whatever the server's or the role's are.
var parameters = map[string]string{
	"application_name":   "sallyport",
	"synchronous_commit": "on",
	// Each statement sees what was committed before it. A transaction that kept seeing what
	// was there when it began to wait for its key would decide on what is past.
	"default_transaction_isolation": "read committed",
	// In milliseconds: it ends what a lost connection or a lock would hold for ever.
	"statement_timeout": "10000",
}

// ended passes over rows that another process is removing or changing.
const ended = `DELETE FROM TABLE WHERE COLUMN <= ?1 AND ctid = ANY(ARRAY(
	SELECT ctid FROM TABLE WHERE COLUMN <= ?1 LIMIT ?2 FOR UPDATE SKIP LOCKED))`

// bounds are how long a transaction may hold the keys that others wait for.
type bounds struct {
	// idle is how long between two statements: for a process that stands still.
	idle time.Duration
	// whole is how long from its beginning to its end, by servers that know of this bound
	// (17 and later).
	whole time.Duration
}

var ours = bounds{idle: 5 * time.Second, whole: 30 * time.Second}

func (b bounds) set(cfg *pgx.ConnConfig) {
	cfg.RuntimeParams["idle_in_transaction_session_timeout"] = millis(b.idle)
	cfg.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		// An older server lets nobody in who names a setting it does not know.
		const text = "SELECT set_config(name, $1, false) FROM pg_settings WHERE name = 'transaction_timeout'"
		return conn.ExecParams(ctx, text, [][]byte{[]byte(millis(b.whole))}, nil, nil, nil).Read().Err
	}
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// Open connects to the database that a postgres:// address names, and brings its
// tables up to date, one process at a time. It refuses one that a newer version has
// changed ([*NewerError]), and an address that would send secrets over a network in
// the clear.
func Open(ctx context.Context, address string) (account.Store, error) {
	return open(ctx, address, ours)
}

func open(ctx context.Context, address string, b bounds) (account.Store, error) {
	cfg, err := pgx.ParseConfig(address)
	if err != nil {
		// The driver's own error quotes the address, with parts of a password in some cases.
		return nil, errors.New("account/postgres: this is not an address of a database: write postgres://USER:PASSWORD@HOST:5432/NAME?sslmode=verify-full")
	}
	if err := checkTLS(cfg); err != nil {
		return nil, err
	}
	maps.Copy(cfg.RuntimeParams, parameters)
	b.set(cfg)
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectFor
	}
	write, read := pool(cfg, writers), pool(cfg, readers)
	if err := migrate(ctx, write); err != nil {
		return nil, errors.Join(unopened(cfg, err), write.Close(), read.Close())
	}
	return sqlstore.New(write, read, sqlstore.Dialect{Rewrite: numbered, Lock: advise, Ended: ended, Known: known}), nil
}

// unopened says what to do about a database that cannot be opened. A connection is tried
// in several ways, and the first error is that of the way asked for.
func unopened(cfg *pgx.ConnConfig, err error) error {
	where := cfg.Database + " on " + net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port)))
	server, said := errors.AsType[*pgconn.PgError](err)
	op, unreached := errors.AsType[*net.OpError](err)
	lookup, unnamed := errors.AsType[*net.DNSError](err)
	switch {
	case said:
		return fmt.Errorf("account/postgres: %s: the server says: %s (%s)", where, server.Message, server.Code)
	case unnamed:
		return fmt.Errorf("account/postgres: %s: there is no host of this name: %w", where, lookup)
	case unreached:
		return fmt.Errorf("account/postgres: %s: the server cannot be reached: is it running, and is the address right? %w", where, op)
	}
	return fmt.Errorf("account/postgres: %s: %w", where, err)
}

func pool(cfg *pgx.ConnConfig, size int) *sql.DB {
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db
}

func migrate(ctx context.Context, db *sql.DB) error {
	steps, err := fs.Sub(embedded, "migrations")
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	return sqlstore.Migrate(ctx, db, goose.DialectPostgres, steps, locker)
}

// checkTLS refuses every way to the server that is not encrypted, fallbacks included.
func checkTLS(cfg *pgx.ConnConfig) error {
	ways := []struct {
		host      string
		encrypted bool
	}{{cfg.Host, cfg.TLSConfig != nil}}
	for _, f := range cfg.Fallbacks {
		ways = append(ways, struct {
			host      string
			encrypted bool
		}{f.Host, f.TLSConfig != nil})
	}
	for _, w := range ways {
		if !w.encrypted && !local(w.host) {
			return fmt.Errorf("account/postgres: the connection to %s may go without TLS: add ?sslmode=verify-full to the address", w.host)
		}
	}
	return nil
}

func local(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") || host == "localhost" || err == nil && addr.IsLoopback()
}

// numbered writes parameters as PostgreSQL has them. No statement holds another "?".
func numbered(statement string) string { return strings.ReplaceAll(statement, "?", "$") }

// advise holds the key until the end of the transaction. Keys with one hash wait for
// each other, which does no harm. The time is that of the server when the wait is over.
func advise(ctx context.Context, tx *sql.Tx, key string) (now time.Time, err error) {
	err = tx.QueryRowContext(ctx, "SELECT clock_timestamp() FROM pg_advisory_xact_lock(hashtextextended($1, 0))", key).Scan(&now)
	return now.UTC(), err
}

// known turns the driver's errors into those of the contract.
func known(err error) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return err
	}
	switch e.Code {
	case "23505": // unique_violation
		return account.ErrTaken
	case "23503": // foreign_key_violation
		return account.ErrNotFound
	}
	return err
}
