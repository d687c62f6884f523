package account

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/visit"
)

// Mailer sends one mail of plain text. An error that has a method Permanent() bool which
// says true is not tried again. Package mail has two.
//
// A mail that was sent just before its process died is sent again: then id is the same,
// for whoever can tell that they have it. It is a UUID.
type Mailer interface {
	Send(ctx context.Context, id, to, subject, text string) error
}

// Elsewhere is a Mailer for a process that leaves the sending to others which share the
// store: mails are put into the outbox, and no more.
type Elsewhere struct{}

// Send is never called.
func (Elsewhere) Send(context.Context, string, string, string, string) error {
	return errors.New("account: this process sends no mail")
}

const (
	kindMail  = "mail"
	mailTries = 12
	// mailLease is how long one process has for sending a mail before another may: longer
	// than sending takes.
	mailLease = 2 * time.Minute
	mailTTL   = 24 * time.Hour
	sendFor   = 30 * time.Second
)

// outgoing is a mail that waits. Its text may hold a token, so it is sealed at rest.
type outgoing struct {
	To     string `json:"to"`
	Tries  int    `json:"tries"`
	Sealed []byte `json:"sealed"`
}

// nobody is the address of a mail that is made for the work of making it, so that neither
// the answer's time nor that of the next one tells whether there was somebody.
const nobody = ""

// letter puts a mail into the outbox, in the transaction of what it tells about: it is
// sent if and only if that happens. Nobody waits for a mail server.
func (a *Accounts) letter(ctx context.Context, tx Tx, to string, l letter) error {
	if a.mail == nil {
		return nil
	}
	now := a.now()
	id := visit.NewID(now)
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	err = putMail(ctx, tx, Record{ID: id, Due: now, End: now.Add(mailTTL)}, outgoing{To: to, Sealed: a.secrets.box.Seal(text, kindMail+" "+id)})
	if err == nil {
		select {
		case a.posted <- struct{}{}:
		default:
		}
	}
	return err
}

func putMail(ctx context.Context, tx Tx, rec Record, m outgoing) (err error) {
	rec.Kind = kindMail
	if rec.Data, err = json.Marshal(m); err != nil {
		return err
	}
	return tx.PutRecord(ctx, rec)
}

// deliver empties the outbox until ctx ends.
func (a *Accounts) deliver(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-a.posted:
		}
		a.sendDue(ctx)
	}
}

// sendDue sends what is due now, one mail after the other.
func (a *Accounts) sendDue(ctx context.Context) {
	a.sending.Lock()
	defer a.sending.Unlock()
	for {
		rec, err := a.claim(ctx)
		if err != nil {
			if !errors.Is(err, ErrNotFound) && ctx.Err() == nil {
				a.errors.ErrorContext(ctx, "reading the outbox", "error", err)
			}
			return
		}
		a.send(ctx, rec)
	}
}

// claim takes one mail that is due, so that no other process sends it meanwhile. Of
// several at once, a slow server would let the last ones' time run out.
func (a *Accounts) claim(ctx context.Context) (rec Record, err error) {
	if rec, err = firstDue(ctx, a.store, a.now()); err != nil {
		return rec, err
	}
	err = a.update(ctx, kindMail, func(c *change) error {
		if rec, err = firstDue(ctx, c, c.now); err != nil {
			return err
		}
		rec.Due = c.now.Add(mailLease)
		return c.PutRecord(ctx, rec)
	})
	return rec, err
}

func firstDue(ctx context.Context, in Reader, now time.Time) (Record, error) {
	list, err := in.RecordsDue(ctx, kindMail, now, 1)
	if err != nil || len(list) == 0 {
		return Record{}, cmp.Or(err, ErrNotFound)
	}
	return list[0], nil
}

// send sends one mail. What fails is tried again later, twice as late each time.
func (a *Accounts) send(ctx context.Context, rec Record) {
	m, l, err := a.openMail(rec)
	if err == nil && m.To != nobody {
		sending, cancel := context.WithTimeout(ctx, sendFor)
		err = a.mail.Send(sending, rec.ID, m.To, l.Subject, l.Text)
		cancel()
	}
	if err != nil && ctx.Err() == nil {
		a.errors.WarnContext(ctx, "a mail was not sent", "mail", rec.ID, "try", m.Tries+1, "error", err)
	}
	again := err != nil && !permanent(err) && m.Tries+1 < mailTries
	err = a.store.Update(ctx, kindMail, func(tx Tx) error {
		if !again {
			return tx.DeleteRecord(ctx, kindMail, rec.ID)
		}
		m.Tries++
		rec.Due = a.now().Add(min(time.Second<<m.Tries, time.Hour))
		return putMail(ctx, tx, rec, m)
	})
	if err != nil && ctx.Err() == nil {
		a.errors.ErrorContext(ctx, "the outbox does not know that a mail was sent", "mail", rec.ID, "error", err)
	}
}

func (a *Accounts) openMail(rec Record) (m outgoing, l letter, err error) {
	if err = json.Unmarshal(rec.Data, &m); err != nil {
		return m, l, broken{err}
	}
	text, err := a.secrets.box.Open(m.Sealed, kindMail+" "+rec.ID)
	if err == nil {
		err = json.Unmarshal(text, &l)
	}
	if err != nil {
		return m, l, broken{err}
	}
	return m, l, nil
}

// broken is a mail that no try will mend.
type broken struct{ error }

func (broken) Permanent() bool { return true }

func permanent(err error) bool {
	var p interface {
		error
		Permanent() bool
	}
	return errors.As(err, &p) && p.Permanent()
}
