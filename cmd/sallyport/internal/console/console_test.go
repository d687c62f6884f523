package console_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/console"
)

// stream takes nothing until it is released, and then all.
type stream struct {
	release chan struct{}
	panics  bool
	mu      sync.Mutex
	all     bytes.Buffer
}

func (s *stream) Write(b []byte) (int, error) {
	<-s.release
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.panics {
		s.panics = false
		panic("no stream")
	}
	return s.all.Write(b)
}

// TestWriter: nobody waits for a stream that takes nothing, memory is bounded, and what is
// dropped is counted.
func TestWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stream{release: make(chan struct{})}
		w := console.New(s)
		began := time.Now()
		const lines = 10_000
		for i := range lines {
			fmt.Fprintf(w, "line %04d %s\n", i, strings.Repeat("x", 90))
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("writing took %s", took)
		}
		if w.Flush(time.Second) || time.Since(began) != time.Second {
			t.Errorf("Flush ended after %s", time.Since(began))
		}
		close(s.release)
		if !w.Flush(time.Second) {
			t.Error("Flush says that something waits")
		}
		var dropped int
		written := strings.Count(s.all.String(), "line ")
		last := s.all.String()[strings.LastIndex(strings.TrimSpace(s.all.String()), "\n")+1:]
		fmt.Sscanf(last, "%d lines were dropped", &dropped)
		if written+dropped != lines || dropped == 0 || s.all.Len() > 300<<10 {
			t.Errorf("%d written and %d dropped of %d; the end is %q", written, dropped, lines, last)
		}
		fmt.Fprintln(w, "after")
		if !w.Flush(time.Second) || !strings.HasSuffix(s.all.String(), "\nafter\n") {
			t.Errorf("%q", last)
		}
	})
}

// TestWriter_panic: a stream that panics ends no process, and no further line.
func TestWriter_panic(t *testing.T) {
	s := &stream{release: make(chan struct{}), panics: true}
	close(s.release)
	w := console.New(s)
	fmt.Fprintln(w, "one")
	fmt.Fprintln(w, "two")
	if !w.Flush(time.Minute) || s.all.String() != "two\n" {
		t.Errorf("%q", s.all.String())
	}
}
