package proxy

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/crash"
)

// answerWait is how long a failed write waits for the answer that may explain it.
const answerWait = 2 * time.Second

// conn is a connection to the upstream. The transport uses it in goroutines of its own.
//
// It bounds each write: an upstream that stops reading in the middle of an upload
// would otherwise hold the request forever, as the transport's timeouts begin after
// the request is sent.
//
// Over HTTP/1, a write that fails after the request's first is no error. An upstream that
// answers early, a 413 say, and closes makes the write of the body fail; the transport would
// give that error where the answer is there to be read, or where the request may be sent
// again. So such a write waits until all that the upstream sent was read, the rest of the
// body is not sent, and what was read decides.
type conn struct {
	net.Conn
	limit   time.Duration
	h2      bool // many requests use it at once
	crashes *crash.Reporter

	user   atomic.Pointer[attempts] // of the request that uses it; nil over HTTP/2
	heard  atomic.Bool              // whether something came since user was set
	sent   atomic.Bool              // whether something was written since then
	failed atomic.Bool              // whether a write has failed
	close  sync.Once
	ended  chan struct{} // closed when nothing more is read
}

// use is called when a request has got the connection, and with nil when it no longer speaks
// HTTP.
func (c *conn) use(a *attempts) {
	c.heard.Store(false)
	c.sent.Store(false)
	c.user.Store(a)
}

// Read reads, and tells the request when the connection has ended before its answer.
func (c *conn) Read(b []byte) (n int, err error) {
	defer c.crashes.Error("a connection to the upstream", &err)
	n, err = c.Conn.Read(b)
	if n > 0 {
		c.heard.Store(true)
	}
	if err != nil {
		if a := c.user.Load(); a != nil && !c.heard.Load() {
			a.lost()
		}
		c.end()
	}
	return n, err
}

// Write writes within the limit.
func (c *conn) Write(b []byte) (n int, err error) {
	defer c.crashes.Error("a connection to the upstream", &err)
	user := c.user.Load()
	if user != nil && c.failed.Load() && c.sent.Load() {
		return len(b), nil
	}
	if err = c.SetWriteDeadline(time.Now().Add(c.limit)); err == nil {
		n, err = c.Conn.Write(b)
	}
	if n > 0 {
		c.sent.Store(true)
	}
	if err == nil || user == nil || timedOut(err) {
		return n, err
	}
	c.failed.Store(true)
	if !c.awaitEnd() || !c.sent.Load() {
		return n, err
	}
	user.x.body.stopped.Store(true)
	return len(b), nil
}

// awaitEnd waits until all that the upstream sent was read, and reports whether it was.
func (c *conn) awaitEnd() bool {
	wait := time.NewTimer(answerWait)
	defer wait.Stop()
	select {
	case <-c.ended:
		return true
	case <-wait.C:
		return false
	}
}

// Close closes the connection.
func (c *conn) Close() error {
	c.end()
	return c.Conn.Close()
}

func (c *conn) end() { c.close.Do(func() { close(c.ended) }) }

// CloseWrite ends the sending half, as the end of a WebSocket does.
func (c *conn) CloseWrite() error { return closeWrite(c.Conn) }
