package server

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/crash"
)

// ticks is how often in a window a write that waits looks what the client has taken.
const ticks = 16

// conn cuts a client that takes an answer slower than the minimum rate. net/http's
// WriteTimeout covers a whole answer instead, and would cut a stream that is well.
// It hides the TCP connection's ReadFrom, which would go around Write.
//
// A write that waits is tried again a few times in a window: the system wakes it only when
// a third of its buffer is free, which may be megabytes, but takes less when it is asked.
//
// net/http writes in the handler's goroutine over HTTP/1, and in one of its own over HTTP/2.
type conn struct {
	net.Conn
	crashes *crash.Reporter

	mu    sync.Mutex
	pace  pace
	until time.Time // a deadline somebody set, zero for none
}

// Write writes b while the client keeps its pace.
func (c *conn) Write(b []byte) (n int, err error) {
	defer c.crashes.Error("a connection of a client", &err)
	for {
		begun := time.Now()
		deadline, last := c.deadline(begun)
		if err := c.Conn.SetWriteDeadline(deadline); err != nil {
			return n, err
		}
		m, err := c.Conn.Write(b[n:])
		n += m
		over := c.moved(m, time.Since(begun))
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) || over || last {
			return n, err
		}
	}
}

// deadline is when a try to write ends. last says that it is the last one, as somebody's
// deadline has come then.
func (c *conn) deadline(now time.Time) (deadline time.Time, last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := now.Add(max(0, min(c.pace.left, c.pace.window/ticks)))
	if !c.until.IsZero() && !c.until.After(d) {
		return c.until, true
	}
	return d, false
}

// moved reports whether the client was too slow.
func (c *conn) moved(n int, wait time.Duration) (over bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pace.moved(n, wait)
	return c.pace.over()
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
