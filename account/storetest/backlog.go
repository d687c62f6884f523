package storetest

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

// Backlog prunes a store that holds a number of ended records of the kind "ended", while
// others write. It fails when a write waits for longer than most, and logs the figures.
func Backlog(t *testing.T, s account.Store, ended int, most time.Duration) {
	write := func(id string) error {
		return s.Update(t.Context(), id, func(tx account.Tx) error {
			return tx.PutRecord(t.Context(), account.Record{Kind: "k", ID: id, Data: []byte("x")})
		})
	}
	done := make(chan struct{})
	var writing sync.WaitGroup
	var longest time.Duration
	writes := 0
	writing.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			began := time.Now()
			if err := write(strconv.Itoa(writes % 100)); err != nil {
				t.Error(err)
				return
			}
			longest = max(longest, time.Since(began))
			writes++
		}
	})

	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	err := s.Prune(ctx, time.Now())
	took := time.Since(began)
	close(done)
	writing.Wait()
	if err != nil {
		t.Error(err)
	}
	if list, err := s.RecordsOf(t.Context(), "ended", ""); err != nil || len(list) > 0 {
		t.Errorf("%d records are left, %v", len(list), err)
	}
	t.Logf("%d records were removed in %s, beside %d writes, of which the longest took %s", ended, took.Round(time.Millisecond), writes, longest.Round(time.Millisecond))
	if longest > most {
		t.Errorf("a write waited %s, want at most %s", longest, most)
	}
}
