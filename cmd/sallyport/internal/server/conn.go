package server

import (
	"net"
	"sync"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/crash"
)

// conn gives every piece of at most 64 KiB its own time to be written. net/http's
// WriteTimeout covers a whole answer instead, and would cut a stream that is well.
// It hides the TCP connection's ReadFrom, which would go around Write.
//
// net/http writes in the handler's goroutine over HTTP/1, and in one of its own over HTTP/2.
type conn struct {
	net.Conn
	limit   time.Duration
	crashes *crash.Reporter

	mu    sync.Mutex
	until time.Time // a deadline somebody set, zero for none
}

const piece = 64 << 10

// Write writes b piece by piece.
func (c *conn) Write(b []byte) (n int, err error) {
	defer c.crashes.Error("a connection of a client", &err)
	for {
		end := min(len(b), n+piece)
		if err := c.Conn.SetWriteDeadline(c.deadline()); err != nil {
			return n, err
		}
		m, err := c.Conn.Write(b[n:end])
		n += m
		if err != nil || n == len(b) {
			return n, err
		}
	}
}

func (c *conn) deadline() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := time.Now().Add(c.limit)
	if !c.until.IsZero() && c.until.Before(d) {
		return c.until
	}
	return d
}

// SetWriteDeadline sets a deadline that holds if it is earlier than ours.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	c.until = t
	c.mu.Unlock()
	return c.Conn.SetWriteDeadline(t)
}

// SetDeadline sets both deadlines.
func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetWriteDeadline(t); err != nil {
		return err
	}
	return c.SetReadDeadline(t)
}

// CloseWrite ends the sending half. net/http uses it to get a last answer across.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}
