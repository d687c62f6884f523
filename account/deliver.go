package account

import (
	"context"
	"errors"
	"time"

	"github.com/go-json-experiment/json"
)

// deliver sends one mail that was claimed, and frees its slot. life ends when the accounts
// are closed.
func (a *Accounts) deliver(life context.Context, rec Record) {
	defer a.outbox.wake()
	defer func() { <-a.outbox.slots }()
	a.outbox.begin(rec.ID, a.now())
	defer a.outbox.end(rec.ID)

	m, l, err := a.openMail(rec)
	if err == nil && m.To != nobody {
		err = a.sendWithin(life, rec.ID, m.To, l)
	}
	if err != nil {
		a.errors.WarnContext(life, "a mail was not sent", "mail", rec.ID, "try", m.Tries+1,
			"uncertain", uncertain(err), "error", err)
	}
	cut := life.Err() != nil
	again := err != nil && m.tryAgain(err, cut)
	a.settleMail(life, rec, func(ctx context.Context, tx Tx) error {
		if !again {
			return tx.DeleteRecord(ctx, kindMail, rec.ID)
		}
		next := rec
		if !cut || !uncertain(err) { // otherwise the server may still accept it: the lease stays
			next.Due = a.timeOf(tx).Add(m.wait())
		}
		return putMail(ctx, tx, next, m)
	})
}

// sendWithin gives a mail to the Mailer. When life ends, a mail under way has half the patience
// left: one that is cut off would be sent again.
func (a *Accounts) sendWithin(life context.Context, id, to string, l letter) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(life), sendFor)
	defer cancel()
	stop := context.AfterFunc(life, func() { time.AfterFunc(a.patience/2, cancel) })
	defer stop()
	return recovered(func() error { return a.mail.Send(ctx, id, to, l.Subject, l.Text) })
}

// tryAgain counts a try that failed, and reports whether there is to be another. A try that
// was cut off because the process ends does not count.
func (m *outgoing) tryAgain(err error, cut bool) bool {
	if permanent(err) {
		return false
	}
	if cut {
		return true
	}
	m.Tries++
	if uncertain(err) {
		m.Doubts++
	}
	return m.Tries < mailTries && m.Doubts < mailDoubts
}

// wait is how long until the next try: twice as long each time. What the server may have
// accepted is given more time, as each try may be one more copy.
func (m *outgoing) wait() time.Duration {
	wait := min(time.Second<<m.Tries, time.Hour)
	if m.Doubts > 0 {
		wait = max(wait, time.Minute<<m.Doubts)
	}
	return wait
}

// settleMail writes what became of a mail. Were it not written, the mail would be sent again:
// so it is tried until that has happened, or until life ends and one more try has failed.
func (a *Accounts) settleMail(life context.Context, rec Record, write func(context.Context, Tx) error) {
	ctx := context.WithoutCancel(life)
	logged := false
	for {
		closing := life.Err() != nil
		err := a.store.Update(ctx, kindMail, func(tx Tx) error {
			found, err := tx.Record(ctx, kindMail, rec.ID)
			if errors.Is(err, ErrNotFound) || err == nil && !found.Due.Equal(rec.Due) {
				return nil // it is another process's by now, or nobody's
			}
			if err != nil {
				return err
			}
			return write(ctx, tx)
		})
		if err == nil {
			return
		}
		if !logged {
			logged = true
			a.errors.ErrorContext(ctx, "the outbox does not know that a mail was sent", "mail", rec.ID, "error", err)
		}
		if closing || a.storeNow().After(rec.Due) {
			return
		}
		select {
		case <-life.Done():
		case <-time.After(min(settleEvery, a.patience)):
		}
	}
}

func (o *outbox) begin(id string, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.began[id] = now
}

func (o *outbox) end(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.began, id)
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

// Uncertain makes a mail whose Mailer panicked one that may have been sent.
func (e *panicError) Uncertain() bool { return true }

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

// uncertain reports whether the mail may have been accepted although sending it failed. A
// Mailer that tells nothing about it is believed: its mail was not accepted, unless it was
// cut off.
func uncertain(err error) bool {
	var u interface {
		error
		Uncertain() bool
	}
	if errors.As(err, &u) {
		return u.Uncertain()
	}
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
