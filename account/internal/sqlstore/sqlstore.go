// Package sqlstore is what the stores that speak SQL have in common: the statements,
// and how rows become records. A dialect says the rest.
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

// Dialect is what differs between databases.
type Dialect struct {
	// Rewrite turns a statement with parameters ?1, ?2 into the database's own form;
	// nil leaves it as it is.
	Rewrite func(string) string
	// Lock makes the transactions with one key run one after the other, and returns the
	// database's time after the wait; nil where all of them do, on one machine.
	Lock func(ctx context.Context, tx *sql.Tx, key string) (time.Time, error)
	// Ended is a statement that removes up to ?2 rows of TABLE whose COLUMN is at most ?1.
	Ended string
	// Options are those of the transactions; nil for the database's own.
	Options *sql.TxOptions
	// Known turns the driver's errors into those of package account.
	Known func(error) error
	// Lost reports whether a connection failed before what it was given can have had an
	// effect that lasts; nil for a database in this process. What only reads, and what begins
	// a transaction, is then tried on another one.
	Lost func(error) bool
	// Verify is called in each transaction, when it has begun, and before the feed is read
	// outside of one. Its error is returned. It may be nil.
	Verify func(inTransaction bool) error
}

// Store is an [account.Store] on database/sql.
type Store struct {
	reader
	writer  *sql.DB
	readers *sql.DB
	dialect Dialect
	texts   *sync.Map // statement to its own form
}

var _ account.Store = (*Store)(nil)

// New returns a store that writes with one pool and reads with another, which may be
// the same.
func New(writer, readers *sql.DB, d Dialect) *Store {
	s := &Store{writer: writer, readers: readers, dialect: d, texts: new(sync.Map)}
	s.reader = reader{conn: pool{readers, s}, store: s}
	return s
}

// Close ends all use of the database.
func (s *Store) Close() error {
	if s.readers != s.writer {
		return errors.Join(s.readers.Close(), s.writer.Close())
	}
	return s.writer.Close()
}

// text is a statement in the database's own form.
func (s *Store) text(statement string) string {
	if s.dialect.Rewrite == nil {
		return statement
	}
	if own, ok := s.texts.Load(statement); ok {
		return own.(string)
	}
	own := s.dialect.Rewrite(statement)
	s.texts.Store(statement, own)
	return own
}

func (s *Store) known(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return account.ErrNotFound
	}
	return s.dialect.Known(err)
}

// row is what can be scanned.
type row interface{ Scan(...any) error }

// all reads every row of an answer.
func all[T any](s *Store, rows *sql.Rows, err error, scan func(row) (T, error)) ([]T, error) {
	if err != nil {
		return nil, s.known(err)
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, s.known(err)
		}
		list = append(list, one)
	}
	return list, s.known(rows.Err())
}

// micros is the form of times in the database; 0 stands for the zero Time.
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

// never is the form of a zero time that has to compare as later than all others.
const never = int64(1)<<62 - 1

func microsOrNever(t time.Time) int64 {
	if t.IsZero() {
		return never
	}
	return t.UnixMicro()
}

func fromMicrosOrNever(n int64) time.Time {
	if n == never {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// likePattern finds what has the text in it, whatever its characters mean to LIKE.
func likePattern(text string) string {
	if text == "" {
		return "%"
	}
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(text) + "%"
}
