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
	"io/fs"
	"net/url"
	"path/filepath"
	"runtime"

	"github.com/pressly/goose/v3"
	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/internal/sqlstore"
)

// NewerError is for a file whose tables a newer version has changed.
type NewerError = sqlstore.NewerError

// Open opens the file, and makes it, and its folder, if it is not there: readable for
// its owner only. It brings the tables of an older version up to date.
//
// It refuses a file that others than its owner may read or write, a database that is
// not Sallyport's ([*ForeignError]), and one that a newer version has changed
// ([*NewerError]).
func Open(ctx context.Context, path string) (account.Store, error) {
	path, err := ownFile(path)
	if err != nil {
		return nil, err
	}
	fresh, err := identify(ctx, path)
	if err != nil {
		return nil, err
	}
	writer, readers := pool(path, writerOptions, 1), pool(path, readerOptions, max(4, runtime.GOMAXPROCS(0)))
	if err := start(ctx, writer, fresh); err != nil {
		return nil, errors.Join(fmt.Errorf("account/sqlite: %s: %w", path, err), writer.Close(), readers.Close())
	}
	return sqlstore.New(writer, readers, sqlstore.Dialect{Ended: ended, Known: known}), nil
}

func start(ctx context.Context, writer *sql.DB, fresh bool) error {
	if fresh {
		if err := mark(ctx, writer); err != nil {
			return err
		}
	}
	steps, err := fs.Sub(embedded, "migrations")
	if err != nil {
		return err
	}
	return sqlstore.Migrate(ctx, writer, goose.DialectSQLite3, steps, nil)
}

// busyTimeout is how long a call waits for another process to finish its write.
const busyTimeout = "5000"

// maxLog is to what size the write-ahead log is cut when all of it is in the database, in
// bytes. Without it, the log keeps the size of the largest transaction there ever was.
const maxLog = "16777216"

const ended = "DELETE FROM TABLE WHERE rowid IN (SELECT rowid FROM TABLE WHERE COLUMN <= ?1 LIMIT ?2)"

var (
	probeOptions = url.Values{"_pragma": {"busy_timeout(" + busyTimeout + ")", "query_only(1)"}}
	// The transactions of the writer take the lock when they begin: one that read first
	// and wrote then could be refused in the middle.
	writerOptions = url.Values{
		"_txlock": {"immediate"},
		"_pragma": {
			"busy_timeout(" + busyTimeout + ")", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "trusted_schema(0)",
			"journal_size_limit(" + maxLog + ")",
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

// known turns the driver's errors into those of the contract.
func known(err error) error {
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
