package account_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

// smtpError is an error of a Mailer that tells how it ended.
type smtpError struct{ permanent, uncertain bool }

func (e smtpError) Error() string {
	return fmt.Sprintf("%+v", struct{ p, u bool }{e.permanent, e.uncertain})
}
func (e smtpError) Permanent() bool { return e.permanent }
func (e smtpError) Uncertain() bool { return e.uncertain }

// mailer is a Mailer by a function, which gets the number of the call, from 1.
type mailer struct {
	n    atomic.Int32
	send func(ctx context.Context, n int) error
}

func (m *mailer) Send(ctx context.Context, _, _, _, _ string) error {
	return m.send(ctx, int(m.n.Add(1)))
}

// forgot has a mail put into the outbox.
func (w *world) forgot() {
	w.Helper()
	w.mustCall(202, "POST", "/auth/password/forgot", "", body("email", "ada@example.com"))
}

// waiting returns the mails in the outbox.
func (w *world) waiting() []account.Record {
	w.Helper()
	list, err := w.store.RecordsDue(context.Background(), "mail", w.clock.Add(24*time.Hour), 100)
	if err != nil {
		w.Fatal(err)
	}
	return list
}

// TestMailTries: how often a mail is tried follows from what its Mailer says.
func TestMailTries(t *testing.T) {
	for name, row := range map[string]struct {
		err   error
		tries int32
	}{
		"accepted":                    {nil, 1},
		"refused for now":             {smtpError{}, 34},
		"refused for good":            {smtpError{permanent: true}, 1},
		"no answer":                   {smtpError{uncertain: true}, 4},
		"an error that tells nothing": {errors.New("x"), 34},
		"its time was over":           {context.DeadlineExceeded, 4},
	} {
		m := &mailer{send: func(context.Context, int) error { return row.err }}
		w := newWorld(t, func(c *account.Config) { c.Mail = m })
		add(t, w.Accounts, "ada")
		w.forgot()
		for range 40 {
			w.Deliver(t.Context())
			w.later(time.Hour)
		}
		if got := m.n.Load(); got != row.tries || len(w.waiting()) != 0 {
			t.Errorf("%s: %d tries, want %d; %d mails are left", name, got, row.tries, len(w.waiting()))
		}
	}
}

// TestMailPanics: a Mailer that panics ends neither the process nor the outbox.
func TestMailPanics(t *testing.T) {
	m := &mailer{send: func(_ context.Context, n int) error {
		if n == 1 {
			panic("a bug")
		}
		return nil
	}}
	w := newWorld(t, func(c *account.Config) { c.Mail = m })
	add(t, w.Accounts, "ada")
	w.forgot()
	w.Deliver(t.Context())
	w.later(time.Hour)
	w.Deliver(t.Context())
	if got := m.n.Load(); got != 2 || len(w.waiting()) != 0 {
		t.Errorf("%d tries, %d mails are left", got, len(w.waiting()))
	}
}

// TestSlowMail: mails whose server takes its time hold up no others, up to a bound, and
// what is beyond the bound goes when one of them ends.
func TestSlowMail(t *testing.T) {
	slow, sent := make(chan struct{}), make(chan int, 100)
	m := &mailer{send: func(_ context.Context, n int) error {
		if n < account.MailsAtOnce || n == account.MailsAtOnce+1 {
			<-slow
		}
		sent <- n
		return nil
	}}
	w := newWorld(t, func(c *account.Config) { c.Mail = m })
	letGo := sync.OnceFunc(func() { close(slow) })
	t.Cleanup(letGo)
	for i := range account.MailsAtOnce + 2 {
		name := fmt.Sprint("user", i)
		add(t, w.Accounts, name)
		w.mustCall(202, "POST", "/auth/password/forgot", "", body("email", name+"@example.com"))
	}
	if n := <-sent; n != account.MailsAtOnce {
		t.Errorf("mail %d came first", n)
	}
	letGo()
	for range account.MailsAtOnce + 1 {
		<-sent
	}
}

// TestMailCutOff: a mail under way when the accounts are closed is finished if its server
// answers soon. Otherwise another process sends it: at once where it was not accepted for
// sure, and past the time its server may take where that is open.
func TestMailCutOff(t *testing.T) {
	for name, row := range map[string]struct {
		finish func(ctx context.Context) error
		left   int
		after  time.Duration
	}{
		"answered soon": {func(context.Context) error { return nil }, 0, 0},
		"not accepted":  {func(ctx context.Context) error { <-ctx.Done(); return smtpError{} }, 1, time.Second},
		"open":          {func(ctx context.Context) error { <-ctx.Done(); return smtpError{uncertain: true} }, 1, 13 * time.Minute},
		"tells nothing": {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, 1, 13 * time.Minute},
	} {
		under, closing := make(chan struct{}), make(chan struct{})
		m := &mailer{send: func(ctx context.Context, _ int) error {
			close(under)
			<-closing
			return row.finish(ctx)
		}}
		w := newWorld(t, func(c *account.Config) {
			c.Mail = m
			account.SetPatience(c, time.Second)
		})
		add(t, w.Accounts, "ada")
		w.forgot()
		<-under
		close(closing)
		w.Close()
		list := w.waiting()
		if len(list) != row.left {
			t.Errorf("%s: %d mails are left", name, len(list))
			continue
		}
		if row.left > 0 && list[0].Due.Sub(w.clock).Round(time.Second) != row.after {
			t.Errorf("%s: the next try is after %s, want %s", name, list[0].Due.Sub(w.clock), row.after)
		}
	}
}

// TestSentAndUnwritten: a mail that was accepted while the store was away is not sent
// again when it is back.
func TestSentAndUnwritten(t *testing.T) {
	w := newWorld(t, nil)
	f := &flaky{Store: w.store}
	back := make(chan struct{})
	m := &mailer{send: func(context.Context, int) error { f.off.Store(true); close(back); return nil }}
	n := newWorldOn(t, f, func(c *account.Config) {
		c.Mail = m
		account.SetPatience(c, 50*time.Millisecond)
	})
	add(t, n.Accounts, "ada")
	n.forgot()
	<-back
	for n.Busy() > 0 && t.Context().Err() == nil {
		f.off.Store(f.failed.Load() < 2) // two tries to write it fail
	}
	if list := n.waiting(); len(list) != 0 || m.n.Load() != 1 {
		t.Errorf("%d mails are left, %d were sent", len(list), m.n.Load())
	}
}
