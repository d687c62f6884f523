// Package server listens, for the binary: addresses, TLS, time limits and the end.
//
// It is the handler's frame and not a check of its own, with two exceptions. It
// refuses to speak cleartext on an address that others can reach, and it closes an
// HTTP/1 connection after a request whose end two programs could see in different
// places. What it cannot do is hide that it is Go: requests that net/http cannot read
// at all (a broken request line, two Host fields, an unknown Transfer-Encoding, a
// header over the limit, HTTP spoken to the TLS port) are answered by net/http, with a
// short text and a closed connection, before any handler runs.
//
// Nothing waits forever. A header has 5 seconds and an idle connection 60. A body, and an
// answer, may take as long as it likes while it gets on: it is cut when the client is slower
// than 1024 bytes a second, averaged over 30 seconds, and so after 30 seconds when it sends
// or takes nothing, over HTTP/1, HTTP/2 and WebSocket alike. A silent
// WebSocket or event stream is not cut; TCP keep-alive notices a
// client that is gone. While a client leaves more than a few answers on one HTTP/2
// connection unread, its further requests there wait.
package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/crash"
)

// Defaults and bounds of [Config].
const (
	DefaultHeaderTimeout = 5 * time.Second
	DefaultBodyTimeout   = 30 * time.Second
	DefaultIdleTimeout   = 60 * time.Second
	DefaultWriteTimeout  = 30 * time.Second
	DefaultDrainTimeout  = 10 * time.Second
	DefaultMinRate       = 1 << 10
	DefaultHeaderBytes   = 48 << 10

	streamBuffer = 256 << 10 // of a body over HTTP/2

	maxTimeout = time.Hour
	maxMinRate = 1 << 20
	// cutGrace is how long handlers have to notice that their connection was cut.
	cutGrace = 2 * time.Second
)

// Config says where and how to listen. The zero value of every field but Addr and
// Handler is a safe choice.
type Config struct {
	// Addr is host:port. Port 0 takes a free one.
	Addr string
	// Handler answers requests; it is the Gate's.
	Handler http.Handler

	// TLSCert and TLSKey are PEM files: the certificate with its chain, and its key. They are
	// read again every ten seconds, and by Reload.
	TLSCert, TLSKey string
	// SelfSigned makes a certificate for development, for localhost, the loopback
	// addresses and the host of Addr. It lives 90 days, and another one takes its place a
	// week before.
	SelfSigned bool
	// SelfSignedFile keeps that certificate, so that its fingerprint stays. Listen reads
	// it, and Serve writes it. Empty means memory only.
	SelfSignedFile string
	// Beside is a server whose self-signed certificate is used here too where it fits.
	Beside *Server
	// ClientCA is a PEM file with the authorities whose certificates clients may present, or with
	// such certificates themselves; it is read once. A client need not present one; one that does
	// must hold its key. Empty means that none is asked for.
	ClientCA string
	// InsecureCleartext allows HTTP without TLS on an address that is not loopback.
	// Passwords and tokens can then be read on the way, unless a proxy in front speaks
	// TLS.
	InsecureCleartext bool

	// HeaderTimeout bounds the TLS handshake and the reading of a header.
	HeaderTimeout time.Duration
	// BodyTimeout is how long a client may send nothing of a body, and the time over which
	// MinRate is averaged.
	BodyTimeout time.Duration
	// IdleTimeout bounds the wait for the next request on a connection.
	IdleTimeout time.Duration
	// WriteTimeout is how long a client may take nothing of an answer, and the time over which
	// MinRate is averaged.
	WriteTimeout time.Duration
	// MinRate is how many bytes a second a client must send of a body and take of an answer
	// that is ready. One that is slower is cut.
	MinRate int
	// DrainTimeout bounds the wait for requests in flight at the end.
	DrainTimeout time.Duration
	// MaxHeaderBytes bounds the request line and header fields; net/http allows 4 KiB
	// more over HTTP/1.
	MaxHeaderBytes int

	// Log takes the server's own complaints; nil drops them.
	Log *slog.Logger
	// Crashes reports panics outside handlers; nil recovers them without a word.
	Crashes *crash.Reporter

	clients *x509.CertPool // of ClientCA
}

// Server is bound to an address.
type Server struct {
	listener *listener
	http     *http.Server
	flight   flight
	drain    time.Duration
	cut      context.CancelFunc // ends the contexts of all requests
	certs    *certificates      // nil over cleartext
	host     string             // for people, in URL
}

// ErrCut says that requests were still in flight when the time to drain was over.
var ErrCut = errors.New("server: requests in flight were cut off, as they took longer than the time to drain")

// Check returns the errors of Listen that are about the configuration. It binds nothing, and writes nothing.
func Check(c Config) error {
	_, _, err := c.prepare()
	return err
}

// prepare checks the configuration whole, and loads the certificate.
func (c *Config) prepare() (*certificates, *net.TCPAddr, error) {
	errs := c.complete()
	certs, certErr := c.certificates()
	addr, addrErr := c.address(c.wantsTLS())
	var clientErr error
	c.clients, clientErr = c.clientAuthorities()
	return certs, addr, errors.Join(append(errs, certErr, clientErr, addrErr)...)
}

// Listen binds the address at once, so that a mistake is seen before anything else
// starts. Errors say what to do; those about the configuration are joined, each an
// [*Error]. See [IsBusy].
func Listen(c Config) (*Server, error) {
	certs, addr, err := c.prepare()
	if err != nil {
		return nil, err
	}
	l, err := net.ListenTCP("tcp", addr)
	if err != nil {
		return nil, bindError(c.Addr, err)
	}
	s := &Server{drain: c.DrainTimeout, host: hostOf(c.Addr, l.Addr()), certs: certs}
	s.listener = &listener{Listener: l, pace: newPace(c.WriteTimeout, c.MinRate), crashes: c.Crashes, log: c.Log, closed: make(chan struct{})}
	s.http = c.server(s.flight.handler(unambiguous(c.paced())))
	var base context.Context
	base, s.cut = context.WithCancel(context.Background())
	s.http.ConnContext = withStreams
	s.http.BaseContext = func(net.Listener) context.Context { return base }
	if certs != nil {
		s.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certs.get}
		if c.clients != nil {
			s.http.TLSConfig.ClientAuth, s.http.TLSConfig.ClientCAs = tls.VerifyClientCertIfGiven, c.clients
		}
	}
	return s, nil
}

// paced is the handler, with clients that are held to the minimum rate.
func (c Config) paced() http.Handler {
	return guardWrites(paceBodies(c.Handler, c.BodyTimeout, c.MinRate, c.Crashes), newPace(c.WriteTimeout, c.MinRate), c.Crashes)
}

// server is net/http's, with no default of its own that has no end.
func (c Config) server(h http.Handler) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true) // over TLS only
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: c.HeaderTimeout,
		IdleTimeout:       c.IdleTimeout,
		// No ReadTimeout and no WriteTimeout: they would cut what is long and gets on. See
		// pacedBody, conn and guard.
		MaxHeaderBytes: c.MaxHeaderBytes,
		Protocols:      &protocols,
		// No PING either: behind an answer that a client reads slowly, it comes too late.
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          100,
			MaxReadFrameSize:              64 << 10,
			MaxReceiveBufferPerConnection: 1 << 20,
			MaxReceiveBufferPerStream:     streamBuffer,
		},
		// "OPTIONS *" goes to the handler as any request does, not to net/http's own.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     errorLog(c.Log, c.Crashes),
	}
}

// Secure reports whether the server speaks TLS.
func (s *Server) Secure() bool { return s.certs != nil }

// Addr is the address that was bound.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// URL is the address for people and for clients on this machine.
func (s *Server) URL() string {
	scheme := "http://"
	if s.Secure() {
		scheme = "https://"
	}
	return scheme + s.host
}

// Close stops listening without serving.
func (s *Server) Close() error {
	s.cut()
	err := s.listener.Close()
	if errors.Is(err, net.ErrClosed) { // by Serve
		err = nil
	}
	return errors.Join(err, s.http.Close())
}

// Serve serves until ctx is done. Then it takes no new connections, lets the requests
// in flight finish for DrainTimeout, and cuts off what is left: upgraded connections
// as soon as all others are done. When it returns, no handler runs any more, or
// ErrCut says that one may. Where no connection can be accepted any more, Serve ends in the
// same way, and returns the cause. While it serves, it follows the certificate's files. A
// server serves once.
func (s *Server) Serve(ctx context.Context) error {
	if s.certs != nil {
		if err := s.certs.keep(); err != nil {
			return errors.Join(err, s.Close())
		}
	}
	following, stop := context.WithCancel(ctx)
	defer stop()
	if s.certs != nil {
		go s.certs.follow(following)
	}
	failed := make(chan error, 1)
	go func() { failed <- s.serve() }()
	select {
	case err := <-failed:
		s.shutdown(context.WithoutCancel(ctx))
		return fmt.Errorf("server: listening on %s ended: %w", s.Addr(), err)
	case <-ctx.Done():
	}
	return s.shutdown(context.WithoutCancel(ctx))
}

// Reload looks at the certificate's files now.
func (s *Server) Reload() {
	if s.certs != nil {
		s.certs.look(time.Now(), true)
	}
}

// Err returns why clients cannot be served: no connection can be accepted at the moment, or
// the certificate has ended.
func (s *Server) Err() error {
	err := s.listener.failing()
	if s.certs != nil {
		err = errors.Join(err, s.certs.err(time.Now()))
	}
	return err
}

// Warning returns what will keep clients from being served: the certificate ends soon, or
// another one cannot be used.
func (s *Server) Warning() error {
	if s.certs == nil {
		return nil
	}
	return s.certs.warning(time.Now())
}

func (s *Server) serve() error {
	if s.Secure() {
		return s.http.ServeTLS(s.listener, "", "")
	}
	return s.http.Serve(s.listener)
}

func (s *Server) shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.drain)
	defer cancel()
	late := s.http.Shutdown(ctx) != nil
	s.cut()
	s.http.Close()
	if !s.flight.wait(cutGrace) || late {
		return ErrCut
	}
	return nil
}
