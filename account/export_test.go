package account

import (
	"context"
	"time"

	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/visit"
)

// SetClock gives a Config another clock.
func SetClock(cfg *Config, now func() time.Time) { cfg.now = now }

// SetPatience gives a Config another bound on how long anybody waits for the store.
func SetPatience(cfg *Config, d time.Duration) { cfg.patience = d }

// Poll reads the feed now, as the ticker does four times a second.
func (a *Accounts) Poll(ctx context.Context) error { return a.poll(ctx) }

// Confirm writes which tokens were used, as the ticker does.
func (a *Accounts) Confirm(ctx context.Context) { a.confirm(ctx) }

// Prune forgets what no longer matters, as the ticker does once an hour.
func (a *Accounts) Prune(ctx context.Context) { a.prune(ctx) }

// MailsAtOnce is how many mails one process sends at the same time.
const MailsAtOnce = mailsAtOnce

// Deliver sends what is due in the outbox now, and waits for it.
func (a *Accounts) Deliver(ctx context.Context) {
	for {
		for range mailsAtOnce {
			a.outbox.slots <- struct{}{}
		}
		rec, err := a.claim(ctx) // with every slot taken: else the loop could claim the mail meanwhile
		for range mailsAtOnce - 1 {
			<-a.outbox.slots
		}
		if err != nil {
			for range mailsAtOnce - 1 { // the loop beside may have claimed the last one meanwhile
				a.outbox.slots <- struct{}{}
			}
			for range mailsAtOnce {
				<-a.outbox.slots
			}
			return
		}
		a.deliver(ctx, rec)
	}
}

// PruneTime is the time that Prune goes by, zero for none.
func (a *Accounts) PruneTime(ctx context.Context) (time.Time, error) { return a.pruneTime(ctx) }

// Tend looks after the signing keys, as the ticker does.
func (a *Accounts) Tend(ctx context.Context) error { return a.ring.tend(ctx) }

// SetGenerate has signing keys made by another function.
func (a *Accounts) SetGenerate(f func(token.Algorithm) (*token.SigningKey, error)) {
	a.ring.generate = f
}

// Busy reports how many mails are being sent.
func (a *Accounts) Busy() int { return len(a.outbox.slots) }

// Round runs one round of the background loop of this name.
func (a *Accounts) Round(ctx context.Context, name string) {
	for _, l := range a.loops {
		if l.name == name {
			a.round(ctx, l)
		}
	}
}

// PublishFor is how long a key is published before it signs.
const PublishFor = publishFor

// Mint makes an access token as a login would.
func (a *Accounts) Mint() (string, error) {
	now := a.now()
	s := &Session{ID: visit.NewID(now), AuthTime: now, LastUsed: now, IdleUntil: now.Add(day), Expires: now.Add(day), Refresh: Chain{Current: 1}}
	t, err := a.tokensFor(&User{ID: "u"}, s)
	if err != nil {
		return "", err
	}
	return t.AccessToken, nil
}

// Patterns returns the patterns of all endpoints that are switched on, with their methods:
// those of the handler and those of the API for administrators.
func (a *Accounts) Patterns() (list []string) {
	for _, h := range a.table() {
		list = append(list, h.method+" "+h.pattern)
	}
	for _, h := range a.adminTable() {
		list = append(list, h.pattern)
	}
	return list
}

// KnowsDevice reports whether a device token is one of a user.
func (a *Accounts) KnowsDevice(u User, token string) bool { return a.knownDevice(&u, token) != "" }
