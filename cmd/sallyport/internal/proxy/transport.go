package proxy

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
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
	// pingAfter is how long an HTTP/2 connection to the upstream may be silent before it is
	// asked for a sign of life.
	pingAfter = 15 * time.Second
	// maxAge is how long connections are used for further requests: under constant traffic
	// none is ever idle, and a name that means another address now would never be resolved.
	maxAge = time.Minute
)

// link makes connections to the upstream.
type link struct {
	target  target
	timeout time.Duration
	tls     *tls.Config
	dialer  net.Dialer
	crashes *crash.Reporter
}

func newLink(t target, timeout time.Duration, c Config) *link {
	return &link{
		target:  t,
		timeout: timeout,
		tls:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.RootCAs, GetClientCertificate: c.ClientCertificate},
		dialer:  net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second},
		crashes: c.Crashes,
	}
}

// transport returns the client side: no proxy from the environment, no decoding of
// bodies, no redirects (a transport follows none). Over TLS the upstream chooses between
// HTTP/1.1 and HTTP/2.
func (l *link) transport() *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(!l.target.h2c)
	protocols.SetHTTP2(l.target.scheme == "https")
	protocols.SetUnencryptedHTTP2(l.target.h2c)
	return &http.Transport{
		DialContext:            l.dial,
		TLSClientConfig:        l.tls.Clone(),
		TLSHandshakeTimeout:    handshakeTimeout,
		ResponseHeaderTimeout:  l.timeout,
		ExpectContinueTimeout:  continueTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    maxIdle,
		MaxResponseHeaderBytes: maxAnswerHeader,
		DisableCompression:     true,
		Protocols:              &protocols,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingAfter},
	}
}

// dial connects to the upstream. Of a name with several addresses, each is tried in turn.
func (l *link) dial(ctx context.Context, network, addr string) (_ net.Conn, err error) {
	defer l.crashes.Error("connecting to the upstream", &err)
	if l.target.socket != "" {
		network, addr = "unix", l.target.socket
	}
	c, err := l.dialer.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, limit: l.timeout, h2: l.target.h2c, ended: make(chan struct{}), crashes: l.crashes}, nil
}

// reach connects to the upstream and says why it cannot.
func (l *link) reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	host, port, err := net.SplitHostPort(l.target.host)
	if err != nil {
		host, port = l.target.host, map[string]string{"http": "80", "https": "443"}[l.target.scheme]
	}
	c, err := l.dial(ctx, "tcp", net.JoinHostPort(trimBrackets(host), port))
	if err != nil {
		return err
	}
	defer c.Close()
	if l.target.scheme != "https" {
		return nil
	}
	config := l.tls.Clone()
	config.ServerName, config.NextProtos = trimBrackets(host), []string{"h2", "http/1.1"}
	return tls.Client(c, config).HandshakeContext(ctx)
}

func trimBrackets(host string) string {
	if n := len(host); n > 1 && host[0] == '[' && host[n-1] == ']' {
		return host[1 : n-1]
	}
	return host
}

// pool holds the transport that new requests use. After maxAge another one takes its place;
// the connections of the old one close as their requests end.
type pool struct {
	link *link
	age  time.Duration // 0 for ever, as for an address that is no name

	mu      sync.Mutex
	current *http.Transport
	born    time.Time
}

func newPool(l *link) *pool {
	p := &pool{link: l, age: maxAge}
	name, _, err := net.SplitHostPort(l.target.host)
	if err != nil {
		name = l.target.host
	}
	if l.target.socket != "" || net.ParseIP(trimBrackets(name)) != nil {
		p.age = 0
	}
	return p
}

// transport returns the one that a new request uses.
func (p *pool) transport() *http.Transport {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if old := p.current; old == nil || p.age > 0 && now.Sub(p.born) >= p.age {
		p.current, p.born = p.link.transport(), now
		if old != nil {
			old.CloseIdleConnections()
		}
	}
	return p.current
}

// closeIdle closes the connections that no request uses.
func (p *pool) closeIdle() { p.transport().CloseIdleConnections() }
