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
