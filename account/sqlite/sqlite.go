// Package sqlite keeps accounts in one SQLite file.
//
// It assumes a disk that keeps what it has confirmed, and a file system with locks
// that work: a local one, not NFS or SMB. Several processes of one machine may use one
// file at the same time, such as a server and its command line. It fails when the file
// is copied while it is in use: half of it may be in the file beside it that ends in
// -wal. Copy it with SQLite's own backup, or while nothing has it open. And a file put
// in place of one that is open brings revoked sessions back for the server that had
// it open; restart the server.
//
// Every write is on disk when it is acknowledged (WAL with synchronous=FULL). There
// is one connection for writing and a few for reading, so that reads do not wait.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"time"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/sallyport-dev/sallyport/account"
)

// Store is an [account.Store] in a file.
type Store struct {
	writer, reader *sql.DB
	stmts
}

var _ account.Store = (*Store)(nil)

// Open opens the file, and makes it, and its folder, if it is not there: readable for
// its owner only. It brings the tables of an older version up to date.
//
// It refuses a file that others than its owner may read or write, a database that is
// not Sallyport's ([*ForeignError]), and one that a newer version has changed
// ([*NewerError]).
func Open(ctx context.Context, path string) (*Store, error) {
	path, err := ownFile(path)
	if err != nil {
		return nil, err
	}
	fresh, err := identify(ctx, path)
	if err != nil {
		return nil, err
	}
	s := &Store{writer: pool(path, writerOptions, 1), reader: pool(path, readerOptions, max(4, runtime.GOMAXPROCS(0)))}
	if err := s.start(ctx, fresh); err != nil {
		s.Close()
		return nil, fmt.Errorf("account/sqlite: %s: %w", path, err)
	}
	return s, nil
}

func (s *Store) start(ctx context.Context, fresh bool) error {
	if fresh {
		if err := mark(ctx, s.writer); err != nil {
			return err
		}
	}
	if err := migrate(ctx, s.writer); err != nil {
		return err
	}
	return s.prepare(ctx, s.writer, s.reader)
}

// Close ends all use of the file.
func (s *Store) Close() error {
	return errors.Join(s.reader.Close(), s.writer.Close())
}

// busyTimeout is how long a call waits for another process to finish its write.
const busyTimeout = "5000"

var (
	probeOptions = url.Values{"_pragma": {"busy_timeout(" + busyTimeout + ")", "query_only(1)"}}
	// The transactions of the writer take the lock when they begin: one that read first
	// and wrote then could be refused in the middle.
	writerOptions = url.Values{
		"_txlock": {"immediate"},
		"_pragma": {
			"busy_timeout(" + busyTimeout + ")", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "trusted_schema(0)",
		},
	}
	readerOptions = url.Values{
		"_pragma": {"busy_timeout(" + busyTimeout + ")", "query_only(1)", "trusted_schema(0)"},
	}
)

func pool(path string, options url.Values, size int) *sql.DB {
	// As a URI, so that no character of the path has a meaning of its own.
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: options.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		panic("account/sqlite: " + err.Error()) // the driver is linked in
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db
}

// write runs f in a transaction that has the lock from its start.
func (s *Store) write(ctx context.Context, f func(q query) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	if err := f(query{ctx, tx}); err != nil {
		return err
	}
	return tx.Commit()
}

// query runs prepared statements inside a transaction.
type query struct {
	ctx context.Context
	tx  *sql.Tx
}

func (q query) row(stmt *sql.Stmt, args ...any) *sql.Row {
	return q.tx.StmtContext(q.ctx, stmt).QueryRowContext(q.ctx, args...)
}

// exec returns how many rows it changed.
func (q query) exec(stmt *sql.Stmt, args ...any) (int64, error) {
	result, err := q.tx.StmtContext(q.ctx, stmt).ExecContext(q.ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// change is exec for statements about one user that must be there.
func (q query) change(stmt *sql.Stmt, args ...any) error {
	n, err := q.exec(stmt, args...)
	if err == nil && n == 0 {
		err = account.ErrNotFound
	}
	return err
}

// known turns the driver's errors into those of the contract.
func known(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return account.ErrNotFound
	}
	if e, ok := errors.AsType[*driver.Error](err); ok {
		switch e.Code() {
		case codes.SQLITE_CONSTRAINT_UNIQUE, codes.SQLITE_CONSTRAINT_PRIMARYKEY:
			return account.ErrTaken
		case codes.SQLITE_CONSTRAINT_FOREIGNKEY:
			return account.ErrNotFound
		}
	}
	return err
}

// micros is the form of times in the file; 0 stands for the zero Time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}
