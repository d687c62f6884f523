package account

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
)

// second is what the second step of a login brings: a code, or a recovery code.
type second struct {
	ticket  string
	proof   proof
	client  netip.Addr
	device  string
	cookies bool
}

// second is the second step of a login.
func (a *Accounts) second(ctx context.Context, in second) (e entry, err error) {
	t, err := find(ctx, a.store, in.ticket, toSecond)
	if errors.Is(err, errTicket) {
		return entry{err: err}, nil
	}
	if err != nil {
		return e, err
	}
	e.user.ID = t.owner
	guess := try{who: "second factor of " + t.owner, client: in.client, device: t.Device, code: true}
	wait, err := a.charge(ctx, guess)
	if err != nil {
		return e, err
	}
	if wait > 0 {
		e.err = &throttled{wait}
		return e, nil
	}
	err = a.redeem(ctx, in.ticket, func(c *change, t *ticket) error { return a.complete(ctx, c, t, &e, in) }, toSecond)
	switch {
	case errors.Is(err, errTicket): // nobody has looked at the code
		a.withdraw(ctx, guess)
		return entry{user: e.user, err: err}, nil
	case err != nil:
		a.withdraw(ctx, guess)
		return e, err
	case e.err == nil:
		a.forgive(ctx, guess)
		e.device = a.deviceAfter(&e.user, in.device)
	}
	return e, nil
}

// complete checks the second factor. A wrong one is counted on the ticket; the fifth is
// the last.
func (a *Accounts) complete(ctx context.Context, c *change, t *ticket, e *entry, in second) error {
	u, err := c.User(ctx, t.owner)
	if err != nil {
		return err
	}
	e.user = u
	if e.err = a.reasonAgainst(&u, false); e.err != nil || u.Credential != t.Credential {
		e.err = cmp.Or(e.err, errChanged)
		return t.spend(ctx, c)
	}
	ok, err := a.spendFactor(ctx, c, &u, in.proof)
	if err != nil {
		return err
	}
	if !ok {
		e.err = errCode
		if t.Tries++; t.Tries >= maxSecond {
			return cmp.Or(t.spend(ctx, c), a.warn(ctx, c, &u))
		}
		return t.keep(ctx, c)
	}
	if err := t.spend(ctx, c); err != nil {
		return err
	}
	if !in.proof.recovery.IsZero() {
		e.how = "with a recovery code"
	}
	t.How.Methods, t.How.Cookie = append(t.How.Methods, byCode), in.cookies
	return a.start(ctx, c, e, t.How)
}

// warn mails a user that somebody has the password, and guesses at the rest: not more often
// than other mails, as whoever that is may go on and on.
func (a *Accounts) warn(ctx context.Context, c *change, u *User) error {
	if a.mail == nil {
		return nil
	}
	mail, err := a.limits.recipient.mayMail(ctx, toSecond, u.Email)
	if err != nil { // to fail would take the guess back with all else, and give another one
		a.errors.WarnContext(ctx, "a user was not told of wrong codes", "user", u.ID, "error", err)
	}
	if !mail {
		return nil
	}
	return a.letter(ctx, c.Tx, u.Email, letterGuessed(a.app))
}
