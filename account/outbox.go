package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/visit"
)

// Mailer sends one mail of plain text. Package mail has two.
//
// Send returns nil when the mail was accepted, whatever happened afterwards: any error
// makes the mail be sent again. Two methods of the error, or of one it wraps, say more:
//
//   - Permanent() bool: true for a mail that no later try can send. It is dropped.
//   - Uncertain() bool: true where the mail may have been accepted, as when the connection
//     broke before the answer. It is tried again later, and less often. False means that
//     the mail was not accepted for sure.
//
// So a mail can arrive twice: when its answer was lost, and when the process was killed
// between the answer and its record of it. Then id is the same; it is a UUID, for
// recipients that recognize what they already have.
//
// Send is called from several goroutines at once. Its context ends after 12 minutes at the
// latest, and five seconds after [Accounts.Close] was called; it must then return.
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
	mailTries = 34 // in 23 hours
	// mailDoubts is how many tries may end without an answer. The mail may have arrived by
	// each of them.
	mailDoubts = 4
	mailTTL    = 24 * time.Hour
	// mailsAtOnce is how many mails one process sends at the same time, so that a server
	// which takes minutes to answer for one holds up few others.
	mailsAtOnce = 4
	// sendFor is how long sending one mail may take: two minutes to the end of its content,
	// and ten for the server to accept it (RFC 5321 §4.5.3.2.6).
	sendFor = 12 * time.Minute
	// mailLease is how long one process has for sending a mail before another may: longer
	// than sending takes.
	mailLease = sendFor + time.Minute
	// settleEvery is how often a process tries to write that a mail was sent.
	settleEvery = 2 * time.Second
)

// outgoing is a mail that waits. Its text may hold a token, so it is sealed at rest.
type outgoing struct {
	To     string `json:"to"`
	Tries  int    `json:"tries"`
	Doubts int    `json:"doubts,omitzero"` // tries after which the mail may have been accepted
	Sealed []byte `json:"sealed"`
}

// nobody is the address of a mail that is made for the work of making it, so that neither
// the answer's time nor that of the next one tells whether there was somebody.
const nobody = ""

// outbox is what one process knows about the mails it is sending.
type outbox struct {
	posted chan struct{} // a mail was put into the outbox, or a slot became free
	slots  chan struct{} // holds one element for each mail that is being sent

	mu    sync.Mutex
	began map[string]time.Time // by the id of the mail
}

func newOutbox() *outbox {
	return &outbox{
		posted: make(chan struct{}, 1), slots: make(chan struct{}, mailsAtOnce), began: map[string]time.Time{},
	}
}

// wake begins the next round of the outbox now.
func (o *outbox) wake() {
	select {
	case o.posted <- struct{}{}:
	default:
	}
}

// letter puts a mail into the outbox, in the transaction of what it tells about: it is
// sent if and only if that happens. Nobody waits for a mail server.
func (a *Accounts) letter(ctx context.Context, tx Tx, to string, l letter) error {
	if a.mail == nil {
		return nil
	}
	if a.app == "" {
		return errNoApp
	}
	now := a.timeOf(tx)
	id := visit.NewID(now)
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	m := outgoing{To: to, Sealed: a.secrets.box.Seal(text, kindMail+" "+id)}
	err = putMail(ctx, tx, Record{ID: id, Due: now, End: now.Add(mailTTL)}, m)
	if err == nil {
		a.outbox.wake()
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

// sendDue returns the round of the outbox: it starts to send what is due, as far as there
// are slots, and waits for none of it. The sending goes on after the round, until life ends.
func (a *Accounts) sendDue(life context.Context) func(context.Context) error {
	return func(ctx context.Context) error {
		for {
			select {
			case a.outbox.slots <- struct{}{}:
			default:
				return a.overdue()
			}
			rec, err := a.claim(ctx)
			if err != nil {
				<-a.outbox.slots
				return a.unclaimed(ctx, err)
			}
			a.stopped.Go(func() { a.deliver(life, rec) })
		}
	}
}

// unclaimed is the error of a round that could not claim a mail: nil where none is due.
func (a *Accounts) unclaimed(ctx context.Context, err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if !errors.Is(err, context.Canceled) {
		a.errors.ErrorContext(ctx, "reading the outbox", "error", err)
	}
	return err
}

// overdue is an error when no mail can be sent because those being sent never end.
func (a *Accounts) overdue() error {
	o := a.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, began := range o.began {
		if a.now().Sub(began) < mailLease {
			return nil
		}
	}
	return &stuckError{fmt.Sprintf("%d mails are being sent for more than %s: the Mailer did not return "+
		"when its context ended; restart the process", mailsAtOnce, mailLease)}
}

// claim takes one mail that is due, so that no other process sends it meanwhile. Of
// several at once, a slow server would let the last ones' time run out.
func (a *Accounts) claim(ctx context.Context) (rec Record, err error) {
	if rec, err = firstDue(ctx, a.store, a.storeNow()); err != nil {
		return rec, err
	}
	err = a.update(ctx, kindMail, func(c *change) error {
		if rec, err = firstDue(ctx, c, c.now); err != nil {
			return err
		}
		rec.Due = c.now.Add(mailLease).Truncate(time.Microsecond) // as the store returns it
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

// timeOf is the time of a transaction: the store's where it has one.
func (a *Accounts) timeOf(tx Tx) time.Time {
	if timed, ok := tx.(Timed); ok && !timed.Now().IsZero() {
		return timed.Now()
	}
	return a.now()
}
