package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// applicationID marks our files in SQLite's header: "SPac".
const applicationID = 'S'<<24 | 'P'<<16 | 'a'<<8 | 'c'

// ForeignError is for a file that is something else's.
type ForeignError struct {
	Path   string
	Reason string
}

func (e *ForeignError) Error() string {
	return fmt.Sprintf("account/sqlite: %q is not a file of Sallyport's accounts: %s; name another one, it is left as it is", e.Path, e.Reason)
}

// ModeError is for a file that others may read or write.
type ModeError struct {
	Path string
	Mode fs.FileMode
}

func (e *ModeError) Error() string {
	return fmt.Sprintf("account/sqlite: %q holds password hashes and has mode %04o: others may read or write it; if nobody has, chmod 600 it", e.Path, e.Mode)
}

// LinkedError is for a file with several names. SQLite looks for its journal beside the
// name by which the file is opened, and loses what is beside another one.
type LinkedError struct {
	Path  string
	Names uint64
}

func (e *LinkedError) Error() string {
	return fmt.Sprintf("account/sqlite: %q has %d names (hard links), and its journal stands beside one of them alone: remove the others; to back it up, copy it", e.Path, e.Names)
}

// opening lets one goroutine at a time create a file. POSIX locks belong to the process:
// closing any descriptor of a database drops the locks of all that are open on it, and then
// another process takes itself for the last one and removes the journal that is in use. So
// no descriptor of a file is closed here that SQLite may have open.
var opening sync.Mutex

// ownFile makes the file unless it is there, and checks who may read it. SQLite gives
// the files it puts beside it the same mode. It returns the file's path without symbolic
// links, as SQLite does for the names of the others.
func ownFile(path string) (*watch, error) {
	if path == "" || strings.HasPrefix(path, ":") || strings.HasPrefix(path, "file:") {
		return nil, fmt.Errorf("account/sqlite: %q: the path must be that of a file, not a URI, nor in memory", path)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("account/sqlite: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("account/sqlite: %w", err)
	}
	if err := create(path); err != nil {
		return nil, fmt.Errorf("account/sqlite: %w", err)
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return nil, fmt.Errorf("account/sqlite: %w", err)
	}
	for _, beside := range []string{"-wal", "-shm", "-journal"} {
		if _, err := checkFile(path + beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	info, err := checkFile(path)
	return &watch{path, info}, err
}

// create makes an empty file of its owner's where there is none.
func create(path string) error {
	opening.Lock()
	defer opening.Unlock()
	if _, err := os.Lstat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) { // another process was faster
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close() // nobody in this process has opened it yet
}

// checkFile refuses a file that is not one, is its owner's not alone, or has two names.
func checkFile(path string) (fs.FileInfo, error) {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("account/sqlite: %w", err)
	case !info.Mode().IsRegular():
		return nil, &ForeignError{path, "it is not a regular file"}
	case info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows":
		return nil, &ModeError{path, info.Mode().Perm()}
	case links(info) > 1:
		return nil, &LinkedError{path, links(info)}
	}
	return info, nil
}

// identify reads whose file it is, and changes nothing: even the switch to WAL would
// be a change to what may be another program's.
func identify(ctx context.Context, path string) (fresh bool, err error) {
	db := pool(path, probeOptions, 1)
	defer db.Close()
	var id, tables int64
	err = db.QueryRowContext(ctx, "SELECT (SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_schema)").Scan(&id, &tables)
	if e, ok := errors.AsType[*driver.Error](err); ok && e.Code()&0xff == codes.SQLITE_NOTADB {
		return false, &ForeignError{path, "it is not an SQLite database"}
	}
	switch {
	case err != nil:
		return false, fmt.Errorf("account/sqlite: %s: %w", path, err)
	case id == applicationID:
		return false, nil
	case id == 0 && tables == 0:
		return true, nil
	}
	return false, &ForeignError{path, "it is a database with application id " + strconv.FormatInt(id, 10) + " and tables of its own"}
}

// mark makes an empty file ours, before it has tables: a process killed in between
// leaves a file that can still be told. The switch to WAL, which comes with the first
// use, is refused at once while another process is doing it, whatever the busy timeout.
func mark(ctx context.Context, db *sql.DB) error {
	const tries = 20
	for try := 1; ; try++ {
		_, err := db.ExecContext(ctx, "PRAGMA application_id = "+strconv.Itoa(applicationID))
		e, ok := errors.AsType[*driver.Error](err)
		if !ok || e.Code()&0xff != codes.SQLITE_BUSY || try == tries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(try) * 5 * time.Millisecond):
		}
	}
}

//go:embed migrations/*.sql
var embedded embed.FS
