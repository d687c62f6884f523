package server

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// stallAfter is how long a piece of an answer may wait before its stream counts as one
	// that the client does not read.
	stallAfter = time.Second
	// maxStalled is how many such streams one HTTP/2 connection may have while further
	// requests on it are served.
	maxStalled = 16
)

// streams counts the streams of one HTTP/2 connection that the client does not read. They
// hold handlers and connections to the upstream; past maxStalled, further requests on the
// connection wait until the client has read, or the write limit has ended some. Those that
// have waited are then handled a few at a time.
type streams struct {
	mu      sync.Mutex
	stalled int
	late    int           // requests that have waited and whose answers have not begun
	changed chan struct{} // closed when there is room; nil while nobody waits
}

type streamsKey struct{}

// withStreams is called for every connection, see http.Server.ConnContext.
func withStreams(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, streamsKey{}, &streams{})
}

func streamsOf(r *http.Request) *streams {
	s, _ := r.Context().Value(streamsKey{}).(*streams)
	return s
}

// stall notes that one more stream, or with -1 one fewer, is stalled.
func (s *streams) stall(n int) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stalled += n
	s.wake()
}

// wake must be called with mu held.
func (s *streams) wake() {
	if s.changed != nil && s.stalled+s.late < maxStalled {
		close(s.changed)
		s.changed = nil
	}
}

// enter reports whether there is room for one more request, and else returns a channel to
// wait on. waited says that the request has waited before.
func (s *streams) enter(waited bool) (ok bool, wait <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stalled+s.late < maxStalled {
		if waited {
			s.late++
		}
		return true, nil
	}
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return false, s.changed
}

// begin returns when a request may be handled; started must then be called when a piece of
// its answer was sent, or it has none, and may be called again. It reports false when the
// stream has ended before.
func (s *streams) begin(ctx context.Context) (started func(), ok bool) {
	if s == nil {
		return func() {}, true
	}
	for waited := false; ; waited = true {
		ok, wait := s.enter(waited)
		if ok && waited {
			return sync.OnceFunc(s.start), true
		}
		if ok {
			return func() {}, true
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, false
		}
	}
}

// start notes that the answer to a request that has waited gets on.
func (s *streams) start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late--
	s.wake()
}
