package sqlstore

import (
	"context"
	"strings"
	"time"
)

// pruneBatch is how many rows one transaction removes: a few hundredths of a second's work.
const pruneBatch = 2000

// Prune implements [account.Store].
func (s *Store) Prune(ctx context.Context, now time.Time) error {
	for _, one := range [][2]string{{"revocations", "until"}, {"sessions", "expires"}, {"records", "ends"}} {
		statement := strings.NewReplacer("TABLE", one[0], "COLUMN", one[1]).Replace(s.dialect.Ended)
		if err := s.pruneTable(ctx, s.text(statement), now); err != nil {
			return s.known(err)
		}
	}
	return nil
}

// pruneTable removes what has ended, batch by batch. After each one it waits for as long as
// that took: other processes, which cannot queue for SQLite's lock, get it in between.
func (s *Store) pruneTable(ctx context.Context, statement string, now time.Time) error {
	for {
		began := time.Now()
		result, err := s.writer.ExecContext(ctx, statement, micros(now), pruneBatch)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n < pruneBatch {
			return err
		}

		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Since(began)):
		}
	}
}
