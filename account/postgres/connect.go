package postgres

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// connectFor is how long a server may take to let us in, where the address does not say.
	connectFor = 5 * time.Second
	// checkEvery is how often a connection in use is asked whether its server still writes,
	// and checkFor how long it may take to answer.
	checkEvery = time.Second
	checkFor   = 3 * time.Second
)

// setting is a parameter of the server that the promises of the store rest on.
type setting struct{ name, value string }

// settings returns those of our connections, whatever the server's or the role's are. The
// isolation is named when a transaction begins: read committed, in which each statement
// sees what was committed before it. A transaction that kept seeing what was there when it
// began to wait for its key would decide on what is past.
func (b bounds) settings() []setting {
	return []setting{
		{"synchronous_commit", "on"},
		// In milliseconds: they end what a lost connection or a lock would hold for ever.
		{"statement_timeout", "10000"},
		{"idle_in_transaction_session_timeout", millis(b.idle)},
		// Servers before 17 do not know it.
		{"transaction_timeout", millis(b.whole)},
	}
}

// set returns the statement that sets them: for the transaction, or for the connection.
func set(list []setting, local bool) string {
	var values []string
	for _, s := range list {
		values = append(values, "('"+s.name+"', '"+s.value+"')")
	}
	return "SELECT set_config(name, value, " + strconv.FormatBool(local) + ") FROM (VALUES " + strings.Join(values, ", ") +
		") AS wanted(name, value) JOIN pg_settings USING (name)"
}

// connection completes the config of our connections.
func connection(cfg *pgx.ConnConfig) {
	// The one parameter that a pooler lets through at the start.
	cfg.RuntimeParams["application_name"] = "sallyport"
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectFor
	}
	// A standby shows what was revoked as good, and keeps nothing.
	cfg.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	closeOn := cfg.OnPgError
	cfg.OnPgError = func(conn *pgconn.PgConn, e *pgconn.PgError) bool {
		return e.Code != readOnly && closeOn(conn, e)
	}
}

// pool opens connections that set the settings once, unless there are none.
func pool(cfg *pgx.ConnConfig, size int, once []setting) *sql.DB {
	cfg = cfg.Copy()
	if len(once) > 0 {
		cfg.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
			_, err := conn.Exec(ctx, set(once, false)).ReadAll()
			return err
		}
	}
	db := stdlib.OpenDB(*cfg, stdlib.OptionResetSession(stillWrites),
		stdlib.OptionShouldPing(func(context.Context, stdlib.ShouldPingParams) bool { return false }))
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db
}

// stillWrites refuses to use a connection again whose server has died, or does not write
// any more: after a failover that left the old primary up, the address leads to another.
func stillWrites(ctx context.Context, conn *pgx.Conn) error {
	const key = "sallyport: last check"
	server := conn.PgConn()
	if last, ok := server.CustomData()[key].(time.Time); ok && time.Since(last) < checkEvery {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, checkFor)
	defer cancel()
	if err := pgconn.ValidateConnectTargetSessionAttrsReadWrite(ctx, server); err != nil {
		conn.Close(ctx)
		return driver.ErrBadConn
	}
	server.CustomData()[key] = time.Now()
	return nil
}

// lost reports whether a connection failed, so that another one may do better. What fails
// to connect has been tried on another one already.
func lost(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok || pgconn.Timeout(err) {
		return false
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == adminShutdown || e.Code == crashShutdown
	}
	_, op := errors.AsType[*net.OpError](err)
	return op || pgconn.SafeToRetry(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// sharesConnections reports whether a pooler is in between that may give each transaction another connection to the
// server: then nothing can be set or prepared once for all.
func sharesConnections(ctx context.Context, cfg *pgx.ConnConfig) (bool, error) {
	one, err := pgconn.ConnectConfig(ctx, &cfg.Config)
	if err != nil {
		return false, err
	}
	defer one.Close(ctx)
	// A pooler makes up a process of its own to cancel by. It is taken for one that shares: the test below, which
	// looks from outside, can miss it while others open connections too.
	if backend, err := ask(ctx, one, "SELECT pg_backend_pid()"); err != nil || backend != strconv.FormatUint(uint64(one.PID()), 10) {
		return true, err
	}
	two, err := pgconn.ConnectConfig(ctx, &cfg.Config)
	if err != nil {
		return false, err
	}
	defer two.Close(ctx)

	// What one has set is lost while two has the connection to the server: either two sees
	// it, or one does not any more.
	mark := rand.Text()
	if _, err := ask(ctx, one, "SELECT set_config('sallyport.probe', '"+mark+"', false)"); err != nil {
		return false, err
	}
	if _, err := ask(ctx, two, "BEGIN"); err != nil {
		return false, err
	}
	for _, conn := range []*pgconn.PgConn{two, one} {
		found, err := ask(ctx, conn, "SELECT current_setting('sallyport.probe', true)")
		if err != nil {
			return false, err
		}
		if (found == mark) != (conn == one) {
			return true, nil
		}
	}
	return false, nil
}

// ask returns the first value of the answer to a statement, if there is one.
func ask(ctx context.Context, conn *pgconn.PgConn, statement string) (string, error) {
	results, err := conn.Exec(ctx, statement).ReadAll()
	if err != nil || len(results) == 0 || len(results[0].Rows) == 0 {
		return "", err
	}
	return string(results[0].Rows[0][0]), nil
}

// millis writes a duration as PostgreSQL's settings have it.
func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// Codes of the server's errors (PostgreSQL's Appendix A).
const (
	uniqueViolation     = "23505"
	foreignKeyViolation = "23503"
	readOnly            = "25006" // read_only_sql_transaction
	noRight             = "42501" // insufficient_privilege
	noSchema            = "3F000" // invalid_schema_name
	noSuchPrepared      = "26000" // invalid_sql_statement_name
	twicePrepared       = "42P05" // duplicate_prepared_statement
	protocolViolation   = "08P01"
	tooManyConnections  = "53300"
	adminShutdown       = "57P01"
	crashShutdown       = "57P02"
	cannotConnectNow    = "57P03"
)

// remedies are what to do about an error that is not the statement's.
var remedies = map[string]string{
	readOnly: "the server takes no writes, as it is a standby or default_transaction_read_only is on: " +
		"let the address lead to the primary",
	noRight: "the role may not do this: let it own the database, or run GRANT USAGE, CREATE ON SCHEMA public TO ROLE " +
		"and GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ROLE",
	noSchema: "the role has no schema to make tables in: run GRANT USAGE, CREATE ON SCHEMA public TO ROLE, " +
		"or set its search_path",
	noSuchPrepared: "a pooler gives away connections with prepared statements: add default_query_exec_mode=exec to the address",
	twicePrepared:  "a pooler gives away connections with prepared statements: add default_query_exec_mode=exec to the address",
	protocolViolation: "a pooler refuses this: in PgBouncer, pool_mode must be session or transaction, and " +
		"ignore_startup_parameters must name what the address has behind the question mark",
	tooManyConnections: fmt.Sprintf("the server has no connection left: each process uses up to %d; "+
		"raise max_connections, or use a pooler", writers+readers),
	adminShutdown:    "the server is shutting down",
	crashShutdown:    "the server is restarting after a crash",
	cannotConnectNow: "the server is starting, stopping or recovering",
}

// explained adds to an error what to do about it.
func explained(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && remedies[e.Code] != "" {
		return fmt.Errorf("account/postgres: %s: %w", remedies[e.Code], err)
	}
	if errors.Is(err, pgconn.ErrReadOnlyConnection) {
		return fmt.Errorf("account/postgres: %s: %w", remedies[readOnly], err)
	}
	return err
}
