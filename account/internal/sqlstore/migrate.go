package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// NewerError is for tables that a newer version has changed.
type NewerError struct {
	// Found is the version of the tables, Known the last this program knows.
	Found, Known int64
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("its tables have version %d, and this program knows them up to %d: use the newer program that changed them", e.Found, e.Known)
}

// migrationTries is how often to start over when another process is changing the same
// tables: each step is a transaction, so one of the two loses and finds the step done.
const migrationTries = 5

// Migrate brings the tables up to date. With a locker, one process at a time does. progress, which may be nil, is
// called before tables of an older version are changed.
func Migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect, steps fs.FS, locker lock.SessionLocker,
	progress func(from, to int64)) error {
	for try := 1; ; try++ {
		err := migrate(ctx, db, dialect, steps, locker, progress)
		if _, newer := errors.AsType[*NewerError](err); err == nil || newer || ctx.Err() != nil || try == migrationTries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(try) * 50 * time.Millisecond):
		}
	}
}

func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect, steps fs.FS, locker lock.SessionLocker,
	progress func(from, to int64)) error {
	// The registry is goose's global list of migrations written in Go: another user of
	// goose in this program may have filled it.
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if locker != nil {
		options = append(options, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, db, steps, options...)
	if err != nil {
		return err
	}
	found, newest, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if found > newest {
		return &NewerError{found, newest}
	}
	if progress != nil && 0 < found && found < newest {
		progress(found, newest)
	}
	_, err = p.Up(ctx)
	return err
}
