package account_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/audit"
)

// brokenWriter is an audit log's file on a full disk.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// brokenMailer is a mail server that refuses, or a Mailer that panics.
type brokenMailer struct{ panics bool }

func (m brokenMailer) Send(context.Context, string, string, string, string) error {
	if m.panics {
		panic("a broken mailer")
	}
	return errors.New("try again later")
}

// TestInjection_collaborators answers every request as ever while the audit log cannot be
// written and no mail can be sent.
func TestInjection_collaborators(t *testing.T) {
	for _, c := range injections() {
		t.Run(c.name(), func(t *testing.T) {
			t.Parallel()
			start := c.stage(t)
			well := start(t, probe{fail: -1})
			well.send()
			for _, mailer := range []account.Mailer{brokenMailer{}, brokenMailer{panics: true}} {
				log, err := audit.New(audit.Config{Out: brokenWriter{}, App: "test"})
				if err != nil {
					t.Fatal(err)
				}
				x := start(t, probe{fail: -1}, func(cfg *account.Config) {
					cfg.Audit = log
					if cfg.Mail != nil {
						cfg.Mail = mailer
					}
				})
				x.wanted = slices.DeleteFunc(well.changes(), aboutMail)
				x.send()
				if got := slices.DeleteFunc(x.changes(), aboutMail); x.answer.Code != c.status || !slices.Equal(got, x.wanted) {
					x.errorf("it changed\n\t%s\n\tinstead of\n\t%s", text(got), text(x.wanted))
				}
				x.Accounts.Close()
			}
		})
	}
}

// aboutMail reports whether a change is one of the outbox, whose mails are tried meanwhile.
func aboutMail(change string) bool { return len(change) > 6 && change[2:6] == "mail" }
