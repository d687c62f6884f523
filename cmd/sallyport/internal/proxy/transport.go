package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/crash"
)

const (
	dialTimeout      = 5 * time.Second
	handshakeTimeout = 5 * time.Second
	idleTimeout      = 60 * time.Second
	continueTimeout  = time.Second
	maxIdle          = 128
	maxAnswerHeader  = 64 << 10
)

// newTransport returns the client side: no proxy from the environment, no decoding of
// bodies, no redirects (a transport follows none), HTTP/1.1 only.
func newTransport(timeout time.Duration, roots *x509.CertPool, crashes *crash.Reporter) *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Transport{
		DialContext:            dial(timeout, crashes),
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout:    handshakeTimeout,
		ResponseHeaderTimeout:  timeout,
		ExpectContinueTimeout:  continueTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    maxIdle,
		MaxResponseHeaderBytes: maxAnswerHeader,
		DisableCompression:     true,
		Protocols:              &protocols,
	}
}

func dial(timeout time.Duration, crashes *crash.Reporter) func(context.Context, string, string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}
	return func(ctx context.Context, network, addr string) (_ net.Conn, err error) {
		defer crashes.Error("connecting to the upstream", &err)
		c, err := dialer.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &conn{c, timeout, crashes}, nil
	}
}

// conn bounds each write: an upstream that stops reading in the middle of an upload
// would otherwise hold the request forever, as the transport's timeouts begin after
// the request is sent. The transport uses it in goroutines of its own.
type conn struct {
	net.Conn
	limit   time.Duration
	crashes *crash.Reporter
}

// Write writes within the limit.
func (c *conn) Write(b []byte) (n int, err error) {
	defer c.crashes.Error("a connection to the upstream", &err)
	if err := c.SetWriteDeadline(time.Now().Add(c.limit)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// CloseWrite ends the sending half, as the end of a WebSocket does.
func (c *conn) CloseWrite() error { return closeWrite(c.Conn) }
