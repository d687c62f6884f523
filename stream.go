package sallyport

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/sallyport-dev/sallyport/audit"
)

const (
	// streamCheck is how often the credential of a stream is looked at again.
	streamCheck = time.Second
	// streamAfter is how long a response without a Flush may go on before it is a stream.
	streamAfter = time.Second
)

var errTakenBack = errors.New("sallyport: the credential was taken back while the response went on")

// stream ends a response that outlives its credential. A request is authenticated when it
// comes in; an event stream, a WebSocket or a long download goes on for hours after that,
// and has to end when its session or its user does. It is made at the first Flush or
// Hijack, or for a write that comes late: other responses pay nothing.
//
// Its timer runs in a goroutine of its own. It touches the server's writer only under the
// handlerWriter's mu, while the handler has not returned.
type stream struct {
	of    *handlerWriter
	taken func(context.Context) bool
	timer *time.Timer
	conn  net.Conn // after Hijack
	cut   atomic.Bool
}

// watch begins to look at the credential. mu is held.
func (h *handlerWriter) watch() {
	if h.stream != nil || h.a == nil || h.a.gate.accounts == nil {
		return
	}
	taken := h.a.gate.accounts.Watch(h.a.visit.Principal)
	if taken == nil {
		return
	}
	h.stream = &stream{of: h, taken: taken}
	h.stream.timer = time.AfterFunc(time.Hour, h.stream.check)
	h.stream.timer.Reset(h.a.gate.streamCheck) // now that check can see the timer
}

// late begins to watch a response that is written for long. mu is held.
func (h *handlerWriter) late() {
	if h.writes++; h.writes > 1 && h.stream == nil && h.a.gate.now().Sub(h.a.visit.Started) > streamAfter {
		h.watch()
	}
}

// over reports whether the response was cut. mu is held.
func (h *handlerWriter) over() bool { return h.stream != nil && h.stream.cut.Load() }

// check is called by the timer.
func (s *stream) check() {
	defer s.recover()
	if !s.cut.Load() && !s.taken(context.Background()) {
		s.again()
		return
	}
	if s.cut.CompareAndSwap(false, true) {
		s.of.a.visit.NoteEvent(audit.SessionOver, "the stream was cut, as its credential was taken back")
	}
	// A Write that is under way fails at its next call; who writes nothing has to be woken.
	if !s.of.mu.TryLock() {
		s.timer.Reset(s.of.a.gate.streamCheck)
		return
	}
	defer s.of.mu.Unlock()
	if !s.of.ended {
		s.hangUp()
	}
}

// again arms the timer, unless the handler has returned. While it writes, it has not.
func (s *stream) again() {
	if s.of.mu.TryLock() {
		defer s.of.mu.Unlock()
		if s.of.ended {
			return
		}
	}
	s.timer.Reset(s.of.a.gate.streamCheck)
}

// hangUp ends what the handler waits for. A deadline that has passed ends an HTTP/2 stream,
// and over HTTP/1 the Read by which net/http notices that a client has gone: either cancels
// the request's context.
func (s *stream) hangUp() {
	if s.conn != nil {
		s.conn.Close()
		return
	}
	past, c := time.Unix(1, 0), http.NewResponseController(s.of.w)
	c.SetWriteDeadline(past)
	c.SetReadDeadline(past)
}

// stop is called when the handler has returned, with mu held.
func (s *stream) stop() {
	if s != nil {
		s.timer.Stop()
	}
}

func (s *stream) recover() {
	if v := recover(); v != nil {
		s.of.a.gate.crashedOutside(s.of.a, "panic while a stream was watched", v)
	}
}
