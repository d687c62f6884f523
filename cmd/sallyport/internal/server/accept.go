package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/crash"
)

// Waits between tries to accept a connection, after an error that passes.
const (
	firstRetry = 5 * time.Millisecond
	lastRetry  = time.Second
)

// listener hands out connections that bound how slowly a client reads. Errors of accepting that pass are
// retried and logged once; any other ends the server.
type listener struct {
	net.Listener
	pace    pace // that a new connection has
	crashes *crash.Reporter
	log     *slog.Logger  // nil drops
	closed  chan struct{} // closed by Close
	close   sync.Once

	mu  sync.Mutex
	err error // the error that is being retried
}

// Accept waits for a connection.
func (l *listener) Accept() (net.Conn, error) {
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		c, err := l.Listener.Accept()
		if err != nil && !passes(err) {
			return nil, err
		}
		l.note(err)
		if err == nil {
			return &conn{Conn: c, pace: l.pace, crashes: l.crashes}, nil
		}
		select {
		case <-l.closed:
			return nil, net.ErrClosed
		case <-time.After(wait):
		}
	}
}

// Close stops listening.
func (l *listener) Close() error {
	l.close.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// passes reports whether accepting may work again: the system was short of something, or one
// connection failed before it was accepted (accept(2)).
func passes(err error) bool {
	for _, e := range []syscall.Errno{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
		syscall.ECONNABORTED, syscall.ECONNRESET, syscall.EINTR, syscall.EPROTO, syscall.EPERM,
		syscall.ENETDOWN, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.EHOSTUNREACH,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// note logs when retrying begins, and when it ends.
func (l *listener) note(err error) {
	l.mu.Lock()
	before := l.err
	l.err = err
	l.mu.Unlock()
	switch {
	case l.log == nil:
	case before == nil && err != nil:
		l.log.Error("connections cannot be accepted; trying again", "error", err)
	case before != nil && err == nil:
		l.log.Warn("connections are accepted again")
	}
}

// failing returns the error that is being retried, without the address: strangers may read it.
func (l *listener) failing() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		return nil
	}
	cause := l.err
	if op, ok := errors.AsType[*net.OpError](cause); ok {
		cause = op.Err
	}
	return fmt.Errorf("connections cannot be accepted: %w", cause)
}
