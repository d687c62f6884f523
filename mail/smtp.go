package mail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"slices"
	"strconv"
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
	// Address is the mail server's host and port. To port 465 the connection is encrypted
	// from its start, to others by STARTTLS, which the server must offer.
	Address string
	// Username and Password log in; leave both out where the server asks for none.
	Username string
	Password secret.String
	// From is the sender's address.
	From string
	// InsecurePlaintext sends without TLS, passwords included.
	InsecurePlaintext bool
}

// SMTP sends mails to a mail server, each over a connection of its own. It is safe for
// concurrent use.
type SMTP struct {
	host    string
	options []mail.Option
	from    string
	// dial opens a connection; nil for port 465, where the library does.
	dial mail.DialContextFunc
}

// NewSMTP checks the config. It does not connect.
func NewSMTP(cfg SMTPConfig) (*SMTP, error) {
	host, port, err := net.SplitHostPort(cfg.Address)
	n, errPort := strconv.Atoi(port)
	if err != nil || errPort != nil || host == "" {
		return nil, fmt.Errorf("mail: Address %q is not a host and a port: write one such as smtp.example.com:587", cfg.Address)
	}
	if err := CheckAddress(cfg.From); err != nil {
		return nil, fmt.Errorf("mail: From %q: %w", cfg.From, err)
	}
	if (cfg.Username == "") != cfg.Password.IsZero() {
		return nil, errors.New("mail: Username and Password belong together")
	}
	s := &SMTP{host: host, from: cfg.From, dial: (&net.Dialer{}).DialContext}
	s.options = []mail.Option{mail.WithPort(n), mail.WithTimeout(connectFor)}
	switch {
	case cfg.InsecurePlaintext:
		s.options = append(s.options, mail.WithTLSPolicy(mail.NoTLS))
	case n == 465:
		s.options, s.dial = append(s.options, mail.WithSSL()), nil
	default:
		s.options = append(s.options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if cfg.Username != "" {
		auth := mail.SMTPAuthAutoDiscover
		if cfg.InsecurePlaintext {
			auth = mail.SMTPAuthPlainNoEnc
		}
		s.options = append(s.options, mail.WithSMTPAuth(auth), mail.WithUsername(cfg.Username), mail.WithPassword(cfg.Password.Reveal()))
	}
	if _, err := mail.NewClient(host, s.options...); err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return s, nil
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
// the library looks at it only between commands: what is left ends with its own deadline.
func (s *SMTP) connect(ctx context.Context) (*smtp.Client, error) {
	type result struct {
		client *smtp.Client
		err    error
	}
	ctx, cancel := context.WithTimeout(ctx, connectFor)
	defer cancel()
	done := make(chan result)
	go func() {
		client, err := s.login(ctx)
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
		return nil, ctx.Err()
	}
}

// login is connect, for as long as the library takes.
func (s *SMTP) login(ctx context.Context) (*smtp.Client, error) {
	var opened net.Conn
	options := slices.Clone(s.options)
	if s.dial != nil {
		options = append(options, mail.WithDialContextFunc(func(ctx context.Context, network, address string) (c net.Conn, err error) {
			opened, err = s.dial(ctx, network, address)
			return opened, err
		}))
	}
	c, err := mail.NewClient(s.host, options...)
	if err != nil {
		return nil, err
	}
	client, err := c.DialToSMTPClientWithContext(ctx)
	if err != nil && opened != nil {
		opened.Close() // which the library leaves open where TLS or the login fails
	}
	return client, err
}
