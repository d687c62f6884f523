package mail

import (
	"errors"
	"fmt"
	"net/textproto"
	"slices"
	"strings"

	"github.com/wneessen/go-mail/smtp"
)

// maxMechanisms bounds the tries to log in, as servers lock out who fails too often.
const maxMechanisms = 3

// mechanism is a way to log in (RFC 4954). Those that keep the password from whoever listens are
// hidden, and come first where there is no TLS. With TLS, PLAIN works wherever any does.
type mechanism struct {
	name   string
	hidden bool
	auth   func(*SMTP) smtp.Auth
}

var mechanisms = []mechanism{
	{"PLAIN", false, func(s *SMTP) smtp.Auth {
		return smtp.PlainAuth("", s.username, s.password.Reveal(), s.host, s.security == plaintext)
	}},
	{"LOGIN", false, func(s *SMTP) smtp.Auth {
		return smtp.LoginAuth(s.username, s.password.Reveal(), s.host, s.security == plaintext)
	}},
	{"CRAM-MD5", true, func(s *SMTP) smtp.Auth { return smtp.CRAMMD5Auth(s.username, s.password.Reveal()) }},
	{"SCRAM-SHA-256", true, func(s *SMTP) smtp.Auth { return smtp.ScramSHA256Auth(s.username, s.password.Reveal()) }},
	{"SCRAM-SHA-1", true, func(s *SMTP) smtp.Auth { return smtp.ScramSHA1Auth(s.username, s.password.Reveal()) }},
}

// choose returns the mechanism to try next: the one that worked last, or the best that is offered.
func (s *SMTP) choose(client *smtp.Client, tried map[string]bool) (*mechanism, error) {
	_, text := client.Extension("AUTH")
	offered := strings.Fields(strings.ToUpper(text))
	usable := func(m *mechanism) bool { return m != nil && slices.Contains(offered, m.name) && !tried[m.name] }
	if worked := s.worked.Load(); usable(worked) {
		return worked, nil
	}
	for _, hidden := range []bool{s.security == plaintext, s.security != plaintext} {
		for i := range mechanisms {
			if m := &mechanisms[i]; m.hidden == hidden && usable(m) {
				return m, nil
			}
		}
	}
	switch {
	case len(tried) > 0:
		return nil, errors.New("the server offers no other way to log in")
	case len(offered) == 0:
		return nil, errors.New("the server offers no login on this port: leave the user out, or use the submission port 587")
	}
	return nil, fmt.Errorf("the server offers to log in by %s alone, none of which is known here: PLAIN, LOGIN, CRAM-MD5 and SCRAM are", strings.Join(offered, ", "))
}

// answered reports whether an error is what a server has said.
func answered(err error) bool {
	_, ok := errors.AsType[*textproto.Error](err)
	return ok
}
