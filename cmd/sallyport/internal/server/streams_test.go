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

// TestStreams_begun: requests that have waited hold back others until their answers have
// begun, and not for as long as they go on, as an event stream may for hours.
func TestStreams_begun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &streams{}
		for range maxStalled {
			s.stall(1)
		}
		waiting := make(chan func())
		for range maxStalled {
			go func() {
				started, _ := s.begin(t.Context())
				waiting <- started
			}()
		}
		synctest.Wait()
		for range maxStalled {
			s.stall(-1)
		}
		var all []func()
		for range maxStalled {
			all = append(all, <-waiting)
		}

		done := make(chan bool)
		go func() {
			_, ok := s.begin(t.Context())
			done <- ok
		}()
		synctest.Wait()
		select {
		case <-done:
			t.Fatal("a request is handled beside as many that have not begun to answer")
		default:
		}
		all[0]() // the first event is sent; the stream goes on
		all[0]()
		if !<-done {
			t.Error("a request waits for a stream that goes on")
		}
	})
}
