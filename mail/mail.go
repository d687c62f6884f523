// Package mail sends the mails of accounts: by SMTP, or into a folder.
//
// It fails when composed wrongly:
//
//   - A Folder is for development, and for whoever carries the mails on: links that set a
//     password lie there for everybody who can read it.
//   - A From that the mail server may not use makes every mail a refusal.
package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/wneessen/go-mail"

	"github.com/sallyport-dev/sallyport/secret"
)

// Error says why a mail was not sent.
type Error struct {
	permanent bool
	err       error
}

func (e *Error) Error() string { return "mail: " + e.err.Error() }
func (e *Error) Unwrap() error { return e.err }

// Permanent reports whether no later try will do better.
func (e *Error) Permanent() bool { return e.permanent }

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

// SMTP sends mails to a mail server.
type SMTP struct {
	client *mail.Client
	from   string
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
	options := []mail.Option{mail.WithPort(n), mail.WithTimeout(20 * time.Second)}
	switch {
	case cfg.InsecurePlaintext:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	case n == 465:
		options = append(options, mail.WithSSL())
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if cfg.Username != "" {
		auth := mail.SMTPAuthAutoDiscover
		if cfg.InsecurePlaintext {
			auth = mail.SMTPAuthPlainNoEnc
		}
		options = append(options, mail.WithSMTPAuth(auth), mail.WithUsername(cfg.Username), mail.WithPassword(cfg.Password.Reveal()))
	}
	client, err := mail.NewClient(host, options...)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return &SMTP{client, cfg.From}, nil
}

// Send sends one mail of plain text. The id is made its Message-ID, by which a mail that is
// sent again is known. Its errors are *[Error].
func (s *SMTP) Send(ctx context.Context, id, to, subject, text string) error {
	m, err := message(id, s.from, to, subject, text)
	if err != nil {
		return &Error{true, err}
	}
	if err := s.deliver(ctx, m); err != nil {
		refused, ok := errors.AsType[*mail.SendError](err)
		return &Error{ok && !refused.IsTemp() && refused.ErrorCode() >= 500, err}
	}
	return nil
}

// deliver gives up when ctx ends, though the library looks at it only between commands:
// what is left of the connection ends with its own timeout.
func (s *SMTP) deliver(ctx context.Context, m *mail.Msg) error {
	done := make(chan error, 1)
	go func() { done <- s.client.DialAndSendWithContext(ctx, m) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func message(id, from, to, subject, text string, options ...mail.MsgOption) (*mail.Msg, error) {
	if err := CheckAddress(to); err != nil {
		return nil, err
	}
	if strings.ContainsFunc(subject, unicode.IsControl) {
		return nil, errors.New("the subject is not one line")
	}
	if err := checkID(id); err != nil {
		return nil, err
	}
	m := mail.NewMsg(append(options, mail.WithNoDefaultUserAgent())...)
	if err := errors.Join(m.From(from), m.To(to)); err != nil {
		return nil, err
	}
	m.Subject(subject)
	m.SetDate()
	m.SetMessageIDWithValue(id + from[strings.LastIndexByte(from, '@'):])
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 §5: nobody is away from here
	m.SetBodyString(mail.TypeTextPlain, text)
	return m, nil
}

// checkID keeps to what a file and a Message-ID may be called.
func checkID(id string) error {
	if id == "" || len(id) > 64 || strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyz-") != "" {
		return errors.New("the id of a mail is 1 to 64 lower-case letters, digits and dashes")
	}
	return nil
}

// CheckAddress refuses what is not one plain address: a name beside it, several, or
// anything that could become another header.
func CheckAddress(address string) error {
	parsed, err := netmail.ParseAddress(address)
	if err != nil || parsed.Address != address || strings.ContainsFunc(address, func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) || strings.ContainsRune(`,;<>"()\`, r)
	}) {
		return errors.New("this is not one plain e-mail address, such as ada@example.com")
	}
	return nil
}

// Folder keeps mails as files, one each, and logs where.
type Folder struct {
	dir, from string
	log       *slog.Logger
}

// NewFolder makes the folder, which only its owner can read.
func NewFolder(dir, from string, log *slog.Logger) (*Folder, error) {
	if err := CheckAddress(from); err != nil {
		return nil, fmt.Errorf("mail: From %q: %w", from, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	if log == nil {
		log = slog.Default()
	}
	return &Folder{dir, from, log}, nil
}

// Send keeps one mail, in a file of its id: one that comes again is kept once. Its errors
// are *[Error].
func (f *Folder) Send(ctx context.Context, id, to, subject, text string) error {
	m, err := message(id, f.from, to, subject, text, mail.WithEncoding(mail.NoEncoding)) // a person reads it as it is
	if err != nil {
		return &Error{true, err}
	}
	out, err := os.CreateTemp(f.dir, "*.part") // for its owner alone
	if err != nil {
		return &Error{false, err}
	}
	name := filepath.Join(f.dir, id+".eml")
	_, err = m.WriteTo(out)
	if err = errors.Join(err, out.Close()); err == nil {
		err = os.Rename(out.Name(), name) // whole, or not at all
	}
	if err != nil {
		return &Error{false, errors.Join(err, os.Remove(out.Name()))}
	}
	f.log.InfoContext(ctx, "a mail was written", "subject", subject, "file", name)
	return nil
}
