package server

import (
	"net/http"
	"sync"
	"time"
)

// unambiguous closes an HTTP/1 connection after a request whose end is in doubt, so
// that no byte of it is ever read as the start of another one.
//
// When a request has both Content-Length and Transfer-Encoding, net/http believes the
// latter and takes the former away before a handler could see it; RFC 9112 §6.1 asks
// for the connection to be closed then. The handler cannot tell such a request from
// an honest chunked one, so every chunked request closes. HTTP/1.0 has no
// Transfer-Encoding, and net/http silently drops the field there (§6.1 again: treat it
// as faulty framing), so every HTTP/1.0 request closes.
func unambiguous(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 1 && (r.ProtoMinor == 0 || len(r.TransferEncoding) > 0) {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// guardWrites bounds the writes of HTTP/2 streams. There conn cannot see that a client
// takes nothing: it keeps the connection alive and just opens no window.
func guardWrites(next http.Handler, limit time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			next.ServeHTTP(w, r)
			return
		}
		g := &guard{ResponseWriter: w, limit: limit}
		g.timer = time.AfterFunc(limit, g.reset)
		g.timer.Stop()
		defer g.last()
		next.ServeHTTP(g, r)
	})
}

// guard resets the stream when one write or flush takes longer than the limit.
type guard struct {
	http.ResponseWriter
	limit time.Duration
	timer *time.Timer
}

// reset ends the stream, and with it the write that waits.
func (g *guard) reset() {
	http.NewResponseController(g.ResponseWriter).SetWriteDeadline(time.Unix(1, 0))
}

// last bounds what is written after the handler has returned.
func (g *guard) last() {
	http.NewResponseController(g.ResponseWriter).SetWriteDeadline(time.Now().Add(g.limit))
}

// Write writes within the limit.
func (g *guard) Write(b []byte) (int, error) {
	g.timer.Reset(g.limit)
	defer g.timer.Stop()
	return g.ResponseWriter.Write(b)
}

// FlushError sends what is buffered, within the limit.
func (g *guard) FlushError() error {
	g.timer.Reset(g.limit)
	defer g.timer.Stop()
	return http.NewResponseController(g.ResponseWriter).Flush()
}

// Flush sends what is buffered.
func (g *guard) Flush() { g.FlushError() }

// Unwrap lets http.ResponseController reach the server's writer.
func (g *guard) Unwrap() http.ResponseWriter { return g.ResponseWriter }

// flight counts the handlers that run. http.Server.Shutdown does not wait for those
// that took over their connection, and Close waits for none.
type flight struct {
	mu   sync.Mutex
	n    int
	idle chan struct{} // not nil while wait waits
}

func (f *flight) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.add(1)
		defer f.add(-1)
		next.ServeHTTP(w, r)
	})
}

func (f *flight) add(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n += n
	if f.n == 0 && f.idle != nil {
		close(f.idle)
		f.idle = nil
	}
}

// wait reports whether all handlers have returned within d.
func (f *flight) wait(d time.Duration) bool {
	f.mu.Lock()
	idle := make(chan struct{})
	if f.n == 0 {
		f.mu.Unlock()
		return true
	}
	f.idle = idle
	f.mu.Unlock()
	select {
	case <-idle:
		return true
	case <-time.After(d):
		return false
	}
}
