package server

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestStreams: what waits for a client that does not read is handled when it reads again,
// a few at a time.
func TestStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &streams{}
		begin := func() { // nothing is stalled: any number at once
			if _, ok := s.begin(t.Context()); !ok {
				t.Fatal("refused")
			}
		}
		for range 100 {
			begin()
		}
		s.stall(maxStalled - 1)
		begin()
		s.stall(1)
		started, finish := make(chan struct{}, 50), make(chan struct{})
		for range 50 {
			go func() {
				end, ok := s.begin(t.Context())
				if ok {
					started <- struct{}{}
					<-finish
					end()
				}
			}()
		}
		left, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, ok := s.begin(left); ok || len(started) != 0 {
			t.Errorf("%d are handled though nothing is read", len(started))
		}
		s.stall(-1)
		synctest.Wait()
		if len(started) != 1 {
			t.Errorf("one answer was read, and %d are handled", len(started))
		}
		s.stall(1 - maxStalled) // all others too
		synctest.Wait()
		if len(started) != maxStalled {
			t.Errorf("all was read, and %d are handled", len(started))
		}
		close(finish)
		synctest.Wait()
		if len(started) != 50 || s.late != 0 || s.stalled != 0 {
			t.Errorf("%d were handled in the end: %+v", len(started), s)
		}
		var none *streams
		if _, ok := none.begin(t.Context()); !ok {
			t.Error("without a count, nothing waits")
		}
	})
}
