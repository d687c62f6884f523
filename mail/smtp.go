package mail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/sallyport-dev/sallyport/secret"
)

const (
	// connectFor is how long connecting, TLS and the login may take, and handFor what
	// follows, to the end of the content. What fails until then was not accepted, so that
	// these may be shorter than RFC 5321 §4.5.3.2 has them.
	connectFor = time.Minute
	handFor    = time.Minute
	// acceptFor is how long the server may take to accept the content (§4.5.3.2.6). It may
	// look at it meanwhile; who gives up earlier sends a mail again that was accepted.
	acceptFor = 10 * time.Minute
	quitFor   = 2 * time.Second
)

// SMTPConfig says how mails are sent.
type SMTPConfig struct {
	// Address is the mail server's host and port. The connection is encrypted by STARTTLS, which
	// the server must offer, or from its start: to the ports 465 and 2465, and with ImplicitTLS.
	Address string
	// ImplicitTLS encrypts the connection from its start to any port.
	ImplicitTLS bool
	// Username and Password log in, by the first of the server's mechanisms that works; leave
	// both out where the server asks for none.
	Username string
	Password secret.String
	// From is the sender's address, which may have a name: "Notes <no-reply@example.com>".
	From string
	// Hello is the name of this machine for EHLO (RFC 5321 §4.1.1.1): a domain, or an address in
	// brackets. When empty it is the host's name if that has a domain, or else the domain of From,
	// as servers refuse names without a dot.
	Hello string
	// InsecurePlaintext sends without TLS, passwords included.
	InsecurePlaintext bool
}

// SMTP sends mails to a mail server, each over a connection of its own. It is safe for
// concurrent use.
type SMTP struct {
	host, address, hello string
	username             string
	password             secret.String
	from                 sender
	security             security
	worked               atomic.Pointer[mechanism] // that logged in last
	dial                 func(ctx context.Context, network, address string) (net.Conn, error)
}

// NewSMTP checks the config. It does not connect.
func NewSMTP(cfg SMTPConfig) (*SMTP, error) {
	host, port, err := net.SplitHostPort(cfg.Address)
	n, errPort := strconv.ParseUint(port, 10, 16)
	if err != nil || errPort != nil || n == 0 || host == "" {
		return nil, fmt.Errorf("mail: Address %q: must be a host and a port; write one such as smtp.example.com:587", cfg.Address)
	}
	from, err := parseSender(cfg.From)
	if err != nil {
		return nil, fmt.Errorf("mail: From %q: %w", cfg.From, err)
	}
	if (cfg.Username == "") != cfg.Password.IsZero() {
		return nil, errors.New("mail: Username and Password belong together: set both, or neither")
	}
	if cfg.InsecurePlaintext && cfg.ImplicitTLS {
		return nil, errors.New("mail: InsecurePlaintext and ImplicitTLS exclude each other: leave one out")
	}
	hello := cmp.Or(cfg.Hello, defaultHello(from))
	if !isHello(hello) {
		return nil, fmt.Errorf("mail: Hello %q: must be a domain such as gate.example.com, or an address such as [192.0.2.1]", hello)
	}
	s := &SMTP{
		host: host, address: cfg.Address, hello: hello, username: cfg.Username, password: cfg.Password,
		from: from, dial: (&net.Dialer{}).DialContext,
	}
	switch {
	case cfg.InsecurePlaintext:
		s.security = plaintext
	case cfg.ImplicitTLS, n == 465, n == 2465:
		s.security = implicitTLS
	}
	return s, nil
}

// defaultHello returns the name of this machine, or a name that is at least the sender's.
func defaultHello(from sender) string {
	if name, err := os.Hostname(); err == nil && strings.Contains(name, ".") && isHello(name) {
		return name
	}
	return from.domain()
}

// isHello reports whether a name is a domain with a dot or an address literal.
func isHello(name string) bool {
	if inner, ok := strings.CutPrefix(name, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		_, err := netip.ParseAddr(strings.TrimPrefix(inner, "IPv6:"))
		return ok && err == nil
	}
	return len(name) <= 253 && strings.Contains(name, ".") &&
		strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
}

// Send sends one mail of plain text. The id is made its Message-ID, by which a mail that is
// sent again is known. It returns nil as soon as the server has accepted the mail, which
// may take twelve minutes: a minute each to connect and to hand it over, and ten to accept it. Its errors are *[Error].
func (s *SMTP) Send(ctx context.Context, id, to, subject, text string) error {
	m, err := message(id, s.from, to, subject, text)
	if err != nil {
		return &Error{permanent: true, err: err}
	}
	client, err := s.connect(ctx)
	if err != nil {
		return &Error{err: err}
	}
	if ok, _ := client.Extension("SMTPUTF8"); !ok && !isASCII(to) { // RFC 6531 §3.2
		go quit(client)
		return &Error{permanent: true, err: fmt.Errorf("%s does not offer SMTPUTF8, which an address with letters outside ASCII needs", s.host)}
	}
	stop := context.AfterFunc(ctx, func() { client.Text.Close() })
	defer stop()

	content, err := begin(client, m)
	if err != nil {
		go quit(client)
		return failed(ctx, err)
	}
	if _, err := m.WriteTo(content); err != nil || ctx.Err() != nil {
		// Closed without a further command, as one would end the content: the server would
		// accept a part of the mail.
		client.Text.Close()
		return failed(ctx, err)
	}
	return accept(ctx, client, content)
}

// begin says whom the mail is from and to, and returns where its content is written to.
func begin(client *smtp.Client, m *mail.Msg) (io.WriteCloser, error) {
	from, err := m.GetSender(false)
	if err != nil {
		return nil, err
	}
	to, err := m.GetRecipients()
	if err != nil {
		return nil, err
	}
	if err := client.UpdateDeadline(handFor); err != nil {
		return nil, err
	}
	if err := client.Mail(from); err != nil {
		return nil, err
	}
	if err := client.Rcpt(to[0]); err != nil { // message has one
		return nil, err
	}
	return client.Data()
}

// accept ends the content, and waits until the server has accepted the mail. Without an
// answer nobody knows whether it has.
func accept(ctx context.Context, client *smtp.Client, content io.Closer) error {
	err := client.UpdateDeadline(acceptFor)
	if err == nil {
		err = content.Close()
	}
	_, answered := errors.AsType[*textproto.Error](err)
	if err != nil && !answered {
		client.Text.Close()
		e := failed(ctx, err)
		e.uncertain = true
		return e
	}
	go quit(client)
	if err != nil {
		return failed(ctx, err)
	}
	return nil
}

// failed is the error of a mail that the server refused, or did not answer for.
func failed(ctx context.Context, err error) *Error {
	if ctx.Err() != nil {
		return &Error{err: errors.Join(ctx.Err(), err)}
	}
	answer, ok := errors.AsType[*textproto.Error](err)
	return &Error{permanent: ok && answer.Code >= 500, err: err}
}

// quit ends a connection, whose server has nothing to say any more that would matter.
func quit(client *smtp.Client) {
	if client.UpdateDeadline(quitFor) == nil {
		client.Quit()
	}
	client.Text.Close()
}

// connect opens a connection, encrypts it and logs in. It returns when ctx ends, although
// the library does not look at it: what is left ends with its own deadline.
func (s *SMTP) connect(ctx context.Context) (*smtp.Client, error) {
	type result struct {
		client *smtp.Client
		err    error
	}
	ctx, cancel := context.WithTimeout(ctx, connectFor)
	defer cancel()
	done := make(chan result)
	go func() {
		client, err := s.open(ctx)
		select {
		case done <- result{client, err}:
		case <-ctx.Done():
			if client != nil {
				client.Text.Close()
			}
		}
	}()
	select {
	case r := <-done:
		return r.client, r.err
	case <-ctx.Done():
		return nil, fmt.Errorf("no answer of %s that ends the login (a server that expects TLS first needs smtps://): %w", s.address, ctx.Err())
	}
}
