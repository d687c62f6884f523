// Package sqlite keeps accounts in one SQLite file.
//
// It assumes a disk that keeps what it has confirmed, and a file system with locks
// that work: a local one, not NFS or SMB. Several processes of one machine may use one
// file at the same time, such as two servers and a command line, and one process may open
// it several times. It fails when the file is copied while it is in use: half of it may be
// in the file beside it that ends in -wal. Copy it with SQLite's own backup, or while
// nothing has it open. And a process must not open and close a file that is open here by
// other means, such as os.ReadFile or another SQLite library: that drops its locks.
//
// A file that is removed or replaced while it is open is noticed, and nothing more is
// written ([*ReplacedError]) until it is opened again: restart the server.
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
// It refuses a file that others than its owner may read or write ([*ModeError]), one with
// hard links ([*LinkedError]), a database that is not Sallyport's ([*ForeignError]), and one
// that a newer version has changed ([*NewerError]).
func Open(ctx context.Context, path string) (account.Store, error) {
	w, err := ownFile(path)
	if err != nil {
		return nil, err
	}
	path = w.path
	fresh, err := identify(ctx, path)
	if err != nil {
		return nil, err
	}
	writer, readers := pool(path, writerOptions, 1), pool(path, readerOptions, max(4, runtime.GOMAXPROCS(0)))
	if err := start(ctx, writer, fresh); err != nil {
		return nil, errors.Join(fmt.Errorf("account/sqlite: %s: %w", path, known(err)), writer.Close(), readers.Close())
	}
	return sqlstore.New(writer, readers, sqlstore.Dialect{Ended: ended, Known: known, Verify: w.verify}), nil
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
	var mode string
	if err := writer.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("the journal's mode is %q and has to be wal: the file system must have shared memory, as a local one does", mode)
	}
	return sqlstore.Migrate(ctx, writer, goose.DialectSQLite3, steps, nil, nil)
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
	e, ok := errors.AsType[*driver.Error](err)
	if !ok {
		return err
	}
	switch e.Code() {
	case codes.SQLITE_CONSTRAINT_UNIQUE, codes.SQLITE_CONSTRAINT_PRIMARYKEY:
		return account.ErrTaken
	case codes.SQLITE_CONSTRAINT_FOREIGNKEY:
		return account.ErrNotFound
	}
	if remedy := remedies[e.Code()&0xff]; remedy != "" {
		return fmt.Errorf("account/sqlite: %s: %w", remedy, err)
	}
	return err
}

// remedies are what to do about an error that is not the statement's, by its primary code.
var remedies = map[int]string{
	codes.SQLITE_FULL:     "the disk is full: make room; nothing has to be restarted",
	codes.SQLITE_IOERR:    "the disk fails, or is full: look into the system's log",
	codes.SQLITE_READONLY: "the file, its folder or its file system takes no writes: make it writable for this user",
	codes.SQLITE_CANTOPEN: "the file, or one beside it, cannot be opened: look at its folder, and at the limit of open files",
	codes.SQLITE_BUSY:     "another process held the file for " + busyTimeout + " milliseconds: end it, if it stands still",
	codes.SQLITE_CORRUPT:  "the file is damaged: put a backup in its place, with this process stopped",
}
