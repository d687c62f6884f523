package proxy

import (
	"io"
	"net"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/crash"
)

// switched is the client's connection after a switch of protocols. ReverseProxy copies to
// and from it in goroutines of its own, of which one may go on a little after the exchange
// has ended; both sides are closed by then.
type switched struct {
	net.Conn
	crashes *crash.Reporter
}

// Read reads from the client.
func (s switched) Read(p []byte) (n int, err error) {
	defer s.crashes.Error("a switched connection", &err)
	return s.Conn.Read(p)
}

// Write writes to the client.
func (s switched) Write(p []byte) (n int, err error) {
	defer s.crashes.Error("a switched connection", &err)
	return s.Conn.Write(p)
}

// CloseWrite ends the sending half.
func (s switched) CloseWrite() (err error) {
	defer s.crashes.Error("a switched connection", &err)
	return closeWrite(s.Conn)
}

// switchedUpstream is the upstream's connection.
type switchedUpstream struct {
	io.ReadWriteCloser
	crashes *crash.Reporter
}

// Read reads from the upstream.
func (s switchedUpstream) Read(p []byte) (n int, err error) {
	defer s.crashes.Error("a switched connection", &err)
	return s.ReadWriteCloser.Read(p)
}

// Write writes to the upstream.
func (s switchedUpstream) Write(p []byte) (n int, err error) {
	defer s.crashes.Error("a switched connection", &err)
	return s.ReadWriteCloser.Write(p)
}

// CloseWrite ends the sending half.
func (s switchedUpstream) CloseWrite() (err error) {
	defer s.crashes.Error("a switched connection", &err)
	return closeWrite(s.ReadWriteCloser)
}

// closeWrite ends the sending half of c, or all of it where it has no halves.
func closeWrite(c io.Closer) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}
