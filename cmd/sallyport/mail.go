package main

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/mail"
	"github.com/sallyport-dev/sallyport/secret"
)

// passwordVariable holds the mail server's password, which a command line would show to
// every user of the machine.
const passwordVariable = "SALLYPORT_SMTP_PASSWORD"

// mailer is how serve sends mail: by --smtp, or into a folder.
func (o *options) mailer() (account.Mailer, error) {
	if o.smtp == "" {
		return mail.NewFolder(filepath.Join(o.data, "mail"), "sallyport@localhost.localdomain", o.errorLog())
	}
	u, err := url.Parse(o.smtp)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Scheme != "smtp" && u.Scheme != "smtps" && u.Scheme != "insecure-smtp" {
		return nil, errors.New("--smtp: write smtp://USER@HOST:587, with the password in $" + passwordVariable)
	}
	if _, has := u.User.Password(); has {
		return nil, errors.New("--smtp: the password belongs in $" + passwordVariable + ", as every user of the machine can read a command line")
	}
	if o.mailFrom == "" {
		return nil, errors.New("--smtp needs --mail-from, the sender's address")
	}
	port := "587"
	if u.Scheme == "smtps" {
		port = "465"
	}
	if u.Port() == "" {
		u.Host += ":" + port
	}
	if u.Scheme == "smtps" && u.Port() != port {
		return nil, errors.New("--smtp: smtps:// is for port 465; to other ports write smtp://, which is encrypted as well")
	}
	return mail.NewSMTP(mail.SMTPConfig{
		Address: u.Host, Username: u.User.Username(), Password: secret.New(o.env(passwordVariable)),
		From: o.mailFrom, InsecurePlaintext: u.Scheme == "insecure-smtp",
	})
}

// describeMail says where mails go.
func (o *options) describeMail() string {
	if o.smtp == "" {
		return fmt.Sprintf("into %s, as there is no --smtp; addresses are not verified", filepath.Join(o.data, "mail"))
	}
	return "from " + o.mailFrom
}
