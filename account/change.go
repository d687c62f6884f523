package account

import (
	"context"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/audit"
)

// change is a transaction of [Accounts]: it knows the time, the store's where it has one,
// and collects what has to be known in this process as soon as it has been committed.
type change struct {
	Tx
	now     time.Time
	timed   bool      // now is the store's
	until   time.Time // how long a revocation matters
	revoked []Revocation
	events  []audit.Event // beside that of the request
}

func (a *Accounts) update(ctx context.Context, key string, f func(c *change) error) error {
	if err := a.pinSecret(ctx); err != nil {
		return err
	}
	c := &change{}
	complete := false // f is: what fails after it is the commit
	err := a.store.Update(ctx, key, func(tx Tx) (err error) {
		complete = false
		defer func() { complete = err == nil }()
		*c = change{Tx: tx, now: a.timeOf(tx)}
		if timed, ok := tx.(Timed); ok && !timed.Now().IsZero() {
			c.timed = true
			a.clock.saw(c.now, a.now())
		}
		c.until = c.now.Add(a.ttl.access + clockMargin + setBack)
		return f(c)
	})
	if err != nil {
		if complete {
			a.outcomeUnknown(ctx, key, c)
		}
		return err
	}
	for _, r := range c.revoked {
		a.revoked.add(r)
	}
	for _, e := range c.events {
		a.audit.Emit(e)
	}
	return nil
}

// outcomeUnknown records a change whose commit returned an error, as it may have taken effect
// and its request reports a failure. What it may have revoked is not revoked here: that it
// was, this process learns from the feed.
func (a *Accounts) outcomeUnknown(ctx context.Context, key string, c *change) {
	if key == kindMail || strings.HasPrefix(key, kindStrikes+" ") {
		return // of no interest to an audit
	}
	const reason = "the store did not confirm the change, which may have taken effect"
	a.administered(ctx, audit.OutcomeUnknown, key, reason)
	for _, e := range c.events {
		e.Reason += "; " + reason
		a.audit.Emit(e)
	}
}

func (c *change) revoke(ctx context.Context, kind, id string, below int64) error {
	r := Revocation{Kind: kind, ID: id, Below: below, At: c.now, Until: c.until}
	c.revoked = append(c.revoked, r)
	return c.Revoke(ctx, r)
}

// end ends a session and its access tokens.
func (c *change) end(ctx context.Context, s *Session) error {
	s.Ended = c.now
	if err := c.SetSession(ctx, *s); err != nil {
		return err
	}
	return c.revoke(ctx, KindSession, s.ID, 0)
}

// endAll ends the sessions of a user, all but the one that is to be kept.
func (c *change) endAll(ctx context.Context, userID, keep string) error {
	list, err := c.Sessions(ctx, userID)
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.ID == keep {
			continue
		}
		if err := c.end(ctx, &s); err != nil {
			return err
		}
	}
	return nil
}

// expire revokes the access tokens of a user and what was remembered of the API keys;
// the sessions go on, and their next tokens say what is true now.
func (c *change) expire(ctx context.Context, userID string) error {
	list, err := c.Sessions(ctx, userID)
	if err != nil {
		return err
	}
	for _, s := range list {
		s.Epoch++
		if err := c.SetSession(ctx, s); err != nil {
			return err
		}
		if err := c.revoke(ctx, KindSession, s.ID, s.Epoch); err != nil {
			return err
		}
	}
	return c.revoke(ctx, KindUser, userID, 0)
}
