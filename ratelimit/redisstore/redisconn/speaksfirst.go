package redisconn

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
)

type dialFunc = func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error)

// dialSpeaksFirst dials as inner does, nil for TCP and TLS.
func dialSpeaksFirst(inner dialFunc) dialFunc {
	if inner == nil {
		inner = dialNet
	}
	return func(ctx context.Context, address string, d *net.Dialer, c *tls.Config) (net.Conn, error) {
		conn, err := inner(ctx, address, d, c)
		if err != nil {
			return nil, err
		}
		return &speaksFirst{Conn: conn, spoken: make(chan struct{})}, nil
	}
}

func dialNet(ctx context.Context, address string, d *net.Dialer, c *tls.Config) (net.Conn, error) {
	if c == nil {
		return d.DialContext(ctx, "tcp", address)
	}
	dialer := tls.Dialer{NetDialer: d, Config: c}
	return dialer.DialContext(ctx, "tcp", address)
}

// speaksFirst is a connection on which nothing is read before something is written or it is closed.
//
// A server that has as many clients as it may, and one in protected mode, writes an error as soon as
// a connection is open, and closes it. The client library takes it for the reply to its first
// command, but where the time of a call was over before it sent one: then the library closes the
// connection, reads meanwhile, finds a message that nobody waits for, and panics in a goroutine of
// its own, which ends the process.
type speaksFirst struct {
	net.Conn
	spoken chan struct{}
	once   sync.Once
}

func (c *speaksFirst) speak() { c.once.Do(func() { close(c.spoken) }) }

// Read waits for the first Write, regardless of deadlines: the library sets one only for a command
// that it has written.
func (c *speaksFirst) Read(p []byte) (int, error) {
	<-c.spoken
	return c.Conn.Read(p)
}

func (c *speaksFirst) Write(p []byte) (int, error) {
	c.speak()
	return c.Conn.Write(p)
}

func (c *speaksFirst) Close() error {
	err := c.Conn.Close() // first, so that a Read which waits finds it closed
	c.speak()
	return err
}
