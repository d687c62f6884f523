package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/mail"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/visit"
)

// passwordVariable holds the mail server's password, which a command line would show to
// every user of the machine.
const passwordVariable = "SALLYPORT_SMTP_PASSWORD"

// mailOptions say how mails are sent.
type mailOptions struct{ smtp, mailFrom, mailHello string }

func (m *mailOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&m.smtp, "smtp", "", "mail server, a `URL`: smtp://USER@HOST:587, or smtps://USER@HOST:465 for TLS from the start, with the password in $"+
		passwordVariable+"; without it, mails go into a folder")
	f.StringVar(&m.mailFrom, "mail-from", "", "`ADDRESS` that mails are sent from, such as \"Notes <no-reply@example.com>\"")
	f.StringVar(&m.mailHello, "mail-hello", "", "`NAME` of this machine for the mail server, a domain (default: the host's, or that of --mail-from)")
}

// mailer is how serve sends mail: by --smtp, or into a folder.
func (o *options) mailer() (account.Mailer, error) {
	if o.smtp == "" {
		return mail.NewFolder(filepath.Join(o.data, "mail"), "sallyport@localhost.localdomain", o.errorLog())
	}
	return o.mailOptions.sender(o.env(passwordVariable))
}

// sender sends by --smtp.
func (m *mailOptions) sender(password string) (*mail.SMTP, error) {
	ports := map[string]string{"smtp": "587", "smtps": "465", "insecure-smtp": "587"}
	u, err := url.Parse(m.smtp)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || ports[u.Scheme] == "" {
		return nil, errors.New("--smtp: write smtp://USER@HOST:587, with the password in $" + passwordVariable)
	}
	if _, has := u.User.Password(); has {
		return nil, errors.New("--smtp: the password belongs in $" + passwordVariable + ", as every user of the machine can read a command line")
	}
	if m.mailFrom == "" {
		return nil, errors.New("--smtp needs --mail-from, the sender's address")
	}
	if u.Port() == "" {
		u.Host += ":" + ports[u.Scheme]
	}
	return mail.NewSMTP(mail.SMTPConfig{
		Address: u.Host, Username: u.User.Username(), Password: secret.New(password), From: m.mailFrom, Hello: m.mailHello,
		ImplicitTLS: u.Scheme == "smtps", InsecurePlaintext: u.Scheme == "insecure-smtp",
	})
}

// describeMail says where mails go.
func (o *options) describeMail() string {
	if o.smtp == "" {
		return fmt.Sprintf("into %s, as there is no --smtp; addresses are not verified", filepath.Join(o.data, "mail"))
	}
	return "from " + o.mailFrom
}

// testMailFor is how long a mail server has for a mail that somebody waits for.
const testMailFor = 30 * time.Second

func mailCommand() *cobra.Command {
	var o options
	c := group(&cobra.Command{Use: "mail", Short: "Try the settings of the mail server"})
	test := &cobra.Command{
		Use:     "test ADDRESS",
		Short:   "Send a mail with the flags that serve has, and report what the server says",
		Example: "  SALLYPORT_SMTP_PASSWORD=… sallyport mail test me@example.com --smtp smtp://gate@smtp.example.com --mail-from gate@example.com",
		Args:    needs(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if o.smtp == "" {
				return errors.New("--smtp is missing: which mail server to try")
			}
			by, err := o.mailOptions.sender(o.env(passwordVariable))
			if err != nil {
				return o.blame(err)
			}
			ctx, cancel := context.WithTimeout(c.Context(), testMailFor)
			defer cancel()
			err = by.Send(ctx, "test-"+visit.NewID(time.Now()), args[0], "A test of the mail settings", "The mail settings work.\n")
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "the server has accepted the mail for %s\n", printable(args[0]))
			return err
		},
	}
	o.mailOptions.flags(test.Flags())
	c.AddCommand(test)
	return c
}
