// Package postgres keeps accounts in PostgreSQL, for several processes on several
// machines.
//
// It fails when composed wrongly:
//
//   - Behind a pooler, transactions must stay on one connection (in PgBouncer, session or
//     transaction mode), as they lock. In transaction mode, which [Open] finds out, settings
//     are made in each transaction, and statements are not prepared.
//   - A replica that lags shows what was revoked as good: name the primary. A server that
//     takes no writes is refused, and a connection whose server does not any more is closed:
//     the next one goes where the address leads by then.
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
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/internal/sqlstore"
)

// NewerError is for a database whose tables a newer version has changed.
type NewerError = sqlstore.NewerError

//go:embed migrations/*.sql
var embedded embed.FS

// writers and readers are how many connections one process holds at most. Reading has its
// own, so that writers who wait for each other keep nobody from the feed.
const writers, readers = 12, 6

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

// Open is New with an address alone.
func Open(ctx context.Context, address string) (account.Store, error) {
	return New(ctx, Config{Address: address})
}

// Config says which database to open.
type Config struct {
	// Address is postgres://USER:PASSWORD@HOST:5432/NAME?sslmode=verify-full.
	Address string
	// Log gets a line when the tables are being changed, or when another process changes them and New waits for it.
	// Default slog.Default().
	Log *slog.Logger
}

// New connects to a database, and brings its tables up to date, one process at a time. It refuses one that a newer
// version has changed ([*NewerError]), a role that lacks rights on the tables, and an address that would send secrets
// over a network in the clear.
func New(ctx context.Context, c Config) (account.Store, error) {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return open(ctx, c.Address, ours, c.Log)
}

func open(ctx context.Context, address string, b bounds, log *slog.Logger) (account.Store, error) {
	cfg, err := pgx.ParseConfig(address)
	if err != nil {
		// The driver's own error quotes the address, with parts of a password in some cases.
		return nil, errors.New("account/postgres: this is not an address of a database: write postgres://USER:PASSWORD@HOST:5432/NAME?sslmode=verify-full")
	}
	if err := checkTLS(cfg); err != nil {
		return nil, err
	}
	connection(cfg)
	shared, err := sharesConnections(ctx, cfg)
	if err != nil {
		return nil, unopened(cfg, err)
	}
	once, each := b.settings(), []setting(nil)
	if shared {
		once, each = nil, once
		if !strings.Contains(address, "default_query_exec_mode") {
			cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
		}
	}
	write, read := pool(cfg, writers, once), pool(cfg, readers, once)
	err = migrate(ctx, write, log)
	if err == nil {
		err = checkRights(ctx, write)
	}
	if err != nil {
		return nil, errors.Join(unopened(cfg, err), write.Close(), read.Close())
	}
	return sqlstore.New(write, read, sqlstore.Dialect{
		Rewrite: numbered, Lock: advise(each), Ended: ended, Known: known, Lost: lost,
		Options: &sql.TxOptions{Isolation: sql.LevelReadCommitted},
	}), nil
}

// unopened says what to do about a database that cannot be opened. A connection is tried
// in several ways, and the first error is that of the way asked for.
func unopened(cfg *pgx.ConnConfig, err error) error {
	where := cfg.Database + " on " + net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port)))
	if better := explained(err); better != err {
		return fmt.Errorf("%w (%s)", better, where)
	}
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

// advise returns what holds a key until the end of the transaction. Keys with one hash wait
// for each other, which does no harm. The time is that of the server when the wait is over.
// Settings that do not last with the connection are made for the transaction first.
func advise(each []setting) func(context.Context, *sql.Tx, string) (time.Time, error) {
	return func(ctx context.Context, tx *sql.Tx, key string) (now time.Time, err error) {
		if len(each) > 0 {
			if _, err := tx.ExecContext(ctx, set(each, true)); err != nil {
				return now, err
			}
		}
		err = tx.QueryRowContext(ctx, "SELECT clock_timestamp() FROM pg_advisory_xact_lock(hashtextextended($1, 0))", key).Scan(&now)
		return now.UTC(), err
	}
}

// known turns the driver's errors into those of the contract.
func known(err error) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case ok && e.Code == uniqueViolation:
		return account.ErrTaken
	case ok && e.Code == foreignKeyViolation:
		return account.ErrNotFound
	}
	return explained(err)
}
