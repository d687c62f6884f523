package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// security is how a connection is encrypted.
type security uint8

const (
	startTLS security = iota
	implicitTLS
	plaintext
)

// silentFor is how long a server may be silent before it is tried whether it waits for TLS, and
// probeFor how long that may take. A server may greet late: postscreen waits six seconds.
const (
	silentFor = 5 * time.Second
	probeFor  = 5 * time.Second
)

var (
	errWantsTLS = errors.New("the server waits for TLS on this port: write smtps://HOST:PORT (mail.SMTPConfig.ImplicitTLS)")
	errNoTLS    = errors.New("the server does not begin with TLS on this port: write smtp://HOST:PORT, which is encrypted by STARTTLS")
)

// open opens a connection, encrypts it and logs in, with one mechanism after the other until one
// works: a server may offer what it has no keys for.
func (s *SMTP) open(ctx context.Context) (*smtp.Client, error) {
	var failures []error
	for tried := map[string]bool{}; ; {
		client, err := s.greet(ctx)
		if err != nil {
			return nil, errors.Join(append(failures, err)...)
		}
		if s.username == "" {
			return client, nil
		}
		m, err := s.choose(client, tried)
		if err != nil {
			client.Text.Close()
			return nil, errors.Join(append(failures, err)...)
		}
		err = client.Auth(m.auth(s))
		if err == nil {
			s.worked.Store(m)
			return client, nil
		}
		client.Text.Close()
		failures = append(failures, fmt.Errorf("logging in as %q by %s: %w", s.username, m.name, err))
		if tried[m.name] = true; !answered(err) || len(tried) == maxMechanisms {
			return nil, errors.Join(failures...)
		}
	}
}

// greet opens a connection and encrypts it.
func (s *SMTP) greet(ctx context.Context) (*smtp.Client, error) {
	conn, err := s.dial(ctx, "tcp", s.address)
	if err != nil {
		return nil, err
	}
	if conn, err = s.secure(ctx, conn); err != nil {
		return nil, err
	}
	client, err := smtp.NewClient(conn, s.host)
	if err == nil {
		err = s.hail(client)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return client, nil
}

// hail names this machine, and begins TLS where that is not done.
func (s *SMTP) hail(client *smtp.Client) error {
	if err := client.Hello(s.hello); err != nil {
		return err
	}
	if s.security != startTLS {
		return nil
	}
	if ok, _ := client.Extension("STARTTLS"); !ok {
		return errors.New("the server does not offer STARTTLS: use another port, or insecure-smtp:// within one machine")
	}
	return client.StartTLS(s.tls())
}

func (s *SMTP) tls() *tls.Config {
	return &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12}
}

// secure begins TLS where it comes first, and otherwise looks whether the server waits for it,
// as both would then wait for each other. It closes conn when it fails.
func (s *SMTP) secure(ctx context.Context, conn net.Conn) (net.Conn, error) {
	deadline := time.Now().Add(connectFor)
	if s.security == implicitTLS {
		encrypted := tls.Client(conn, s.tls())
		err := conn.SetDeadline(deadline)
		if err == nil {
			err = encrypted.HandshakeContext(ctx)
		}
		if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
			err = errNoTLS
		}
		if err != nil {
			conn.Close()
			return nil, err
		}
		return encrypted, nil
	}
	first := make([]byte, 1)
	conn.SetReadDeadline(time.Now().Add(silentFor))
	n, err := conn.Read(first)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = s.probe(ctx)
	}
	if err == nil {
		err = conn.SetDeadline(deadline)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &peeked{Conn: conn, first: first[:n]}, nil
}

// probe returns errWantsTLS if the server speaks TLS from the start.
func (s *SMTP) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeFor)
	defer cancel()
	conn, err := s.dial(ctx, "tcp", s.address)
	if err != nil {
		return nil // the first connection may still be greeted
	}
	defer conn.Close()
	err = tls.Client(conn, s.tls()).HandshakeContext(ctx)
	_, alert := errors.AsType[tls.AlertError](err)
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	if err == nil || alert || certificate {
		return errWantsTLS
	}
	return nil
}

// peeked is a connection whose first byte was read already.
type peeked struct {
	net.Conn
	first []byte
}

// Read reads what was read before, and then from the connection.
func (p *peeked) Read(b []byte) (int, error) {
	if len(p.first) > 0 {
		n := copy(b, p.first)
		p.first = p.first[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}
