package account_test

import (
	"context"
	"strings"
	"sync"

	"github.com/sallyport-dev/sallyport/account"
)

// mailbox is what was sent, to be read by the tests.
type mailbox struct {
	mu   sync.Mutex
	list []mail
	fail error
}

type mail struct{ id, to, subject, text string }

func (m *mailbox) Send(_ context.Context, id, to, subject, text string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.list = append(m.list, mail{id, to, subject, text})
	return nil
}

// failWith makes the mail server refuse, or take mails again.
func (m *mailbox) failWith(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// withMail gives accounts a mailbox.
func withMail(c *account.Config) { c.Mail = &mailbox{} }

// sent empties the outbox, and returns the mails since it was last called.
func (w *world) sent() []mail {
	w.Helper()
	w.Deliver(w.Context())
	w.mails.mu.Lock()
	defer w.mails.mu.Unlock()
	list := w.mails.list
	w.mails.list = nil
	return list
}

// token is the one in the only mail, of a subject with this word, to an address.
func (w *world) token(to, word string) string {
	w.Helper()
	list := w.sent()
	if len(list) != 1 || list[0].to != to || !strings.Contains(list[0].subject, word) {
		w.Fatalf("mails %+v, want one to %s about %s", list, to, word)
	}
	_, token, ok := strings.Cut(list[0].text, "spt_")
	if !ok {
		w.Fatalf("no token in %s", list[0].text)
	}
	return "spt_" + token[:43]
}
