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
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/wneessen/go-mail"
)

// Error says why a mail was not sent.
type Error struct {
	permanent, uncertain bool
	err                  error
}

func (e *Error) Error() string { return "mail: " + e.err.Error() }
func (e *Error) Unwrap() error { return e.err }

// Permanent reports whether no later try will do better.
func (e *Error) Permanent() bool { return e.permanent }

// Uncertain reports whether the server may have accepted the mail: it had all of it, and
// did not answer.
func (e *Error) Uncertain() bool { return e.uncertain }

func message(id string, from sender, to, subject, text string, options ...mail.MsgOption) (*mail.Msg, error) {
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
	if err := errors.Join(m.From(from.String()), m.To(to)); err != nil {
		return nil, err
	}
	m.Subject(subject)
	m.SetDate()
	m.SetMessageIDWithValue(id + "@" + from.domain())
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

// sender is an address that may have a name.
type sender struct{ netmail.Address }

// parseSender reads "no-reply@example.com" or "Notes <no-reply@example.com>".
func parseSender(text string) (sender, error) {
	parsed, err := netmail.ParseAddress(text)
	if err != nil || CheckAddress(parsed.Address) != nil || !isASCII(parsed.Address) ||
		len(parsed.Name) > 128 || strings.ContainsFunc(parsed.Name, unicode.IsControl) {
		return sender{}, errors.New(`must be one address in ASCII, with or without a name; write no-reply@example.com, or "Notes <no-reply@example.com>"`)
	}
	return sender{*parsed}, nil
}

func (s sender) domain() string {
	return s.Address.Address[strings.LastIndexByte(s.Address.Address, '@')+1:]
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// Folder keeps mails as files, one each, and logs where.
type Folder struct {
	dir  string
	from sender
	log  *slog.Logger
}

// NewFolder makes the folder, which only its owner can read.
func NewFolder(dir, from string, log *slog.Logger) (*Folder, error) {
	parsed, err := parseSender(from)
	if err != nil {
		return nil, fmt.Errorf("mail: From %q: %w", from, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	if log == nil {
		log = slog.Default()
	}
	return &Folder{dir, parsed, log}, nil
}

// Send keeps one mail, in a file of its id: one that comes again is kept once. Its errors
// are *[Error].
func (f *Folder) Send(ctx context.Context, id, to, subject, text string) error {
	m, err := message(id, f.from, to, subject, text, mail.WithEncoding(mail.NoEncoding)) // a person reads it as it is
	if err != nil {
		return &Error{permanent: true, err: err}
	}
	out, err := os.CreateTemp(f.dir, "*.part") // for its owner alone
	if err != nil {
		return &Error{err: err}
	}
	name := filepath.Join(f.dir, id+".eml")
	_, err = m.WriteTo(out)
	if err = errors.Join(err, out.Close()); err == nil {
		err = os.Rename(out.Name(), name) // whole, or not at all
	}
	if err != nil {
		return &Error{err: errors.Join(err, os.Remove(out.Name()))}
	}
	f.log.InfoContext(ctx, "a mail was written", "subject", subject, "file", name)
	return nil
}
