package account

import (
	"context"
	"errors"
	"time"
)

// A user who has lost the app and the recovery codes may have the second factor removed by
// mail: whoever has just given the right password asks for it, the mail goes to the confirmed
// address, and its token becomes good after Config.FactorRecovery. Until then, and as long as
// it is good, whoever has the factor or a session can void it; a login with the factor does
// by itself. So a stolen password and a stolen mailbox are not enough while the owner is there.

// recoverFor is how long the token is good, once it is.
const recoverFor = 3 * day

// recovery is when a second factor can be removed.
type recovery struct{ from, until time.Time }

// askRecovery mails a token to remove the second factor of whoever has a half login. Asking
// again replaces the token and not its times, so that somebody else with the password cannot
// keep putting it off.
func (a *Accounts) askRecovery(ctx context.Context, half string) (User, recovery, error) {
	t, err := find(ctx, a.store, half, toSecond)
	if err != nil {
		return User{}, recovery{}, err
	}
	u, err := a.store.User(ctx, t.owner)
	if err != nil {
		return u, recovery{}, err
	}
	mail, err := a.limits.recipient.mayMail(ctx, toRecover, u.Email)
	if err != nil {
		return u, recovery{}, err
	}
	var out recovery
	err = a.redeem(ctx, half, func(c *change, t *ticket) error {
		if u, err = c.User(ctx, t.owner); err != nil {
			return err
		}
		if a.reasonAgainst(&u, false) != nil || u.Credential != t.Credential {
			return errTicket
		}
		if u.Verified.IsZero() { // nothing shows that the mail would reach the account's owner
			return unconfirmed
		}
		out, err = a.mailRecovery(ctx, c, &u, mail)
		return err
	}, toSecond)
	return u, out, err
}

// mailRecovery mails a token, if one may be mailed, for the recovery that was begun or for a
// new one. A token that is not sent does not replace one that was.
func (a *Accounts) mailRecovery(ctx context.Context, c *change, u *User, mail bool) (recovery, error) {
	out, err := pendingRecovery(ctx, c, u.ID)
	if err != nil || !mail && !out.from.IsZero() {
		return out, err
	}
	if !mail {
		return out, manyMails
	}
	if out.from.IsZero() {
		out.from = c.now.Add(a.ttl.recovery)
		out.until = out.from.Add(recoverFor)
	}
	t := ticket{Purpose: toRecover, Email: u.Email, Credential: u.Credential, From: out.from, end: out.until}
	text, err := issue(ctx, c, u.ID, t)
	if err != nil {
		return out, err
	}
	return out, a.letter(ctx, c.Tx, u.Email, letterRecover(a.app, a.link("recover", text), out))
}

// pendingRecovery is the recovery that a user has begun; zero if there is none.
func pendingRecovery(ctx context.Context, c *change, userID string) (out recovery, err error) {
	list, err := c.RecordsOf(ctx, kindTicket, userID)
	for _, rec := range list {
		if t, err := ticketOf(rec); err == nil && t.Purpose == toRecover && c.now.Before(t.end) {
			out = recovery{t.From, t.end}
		}
	}
	return out, err
}

// voidRecovery is what every use of the second factor does.
func voidRecovery(ctx context.Context, c *change, userID string) error {
	return void(ctx, c, userID, func(t *ticket) bool { return t.Purpose == toRecover })
}

// recoverFactor removes the second factor with a token from a mail, and ends what was set up
// with it: somebody may have had both.
func (a *Accounts) recoverFactor(ctx context.Context, token string) (u User, err error) {
	err = a.redeem(ctx, token, func(c *change, t *ticket) error {
		if u, err = c.User(ctx, t.owner); errors.Is(err, ErrNotFound) {
			return errTicket
		} else if err != nil {
			return err
		}
		if u.Disabled || u.Credential != t.Credential || u.Email != t.Email {
			return errTicket
		}
		if early := t.From.Sub(c.now); early > 0 {
			return tooEarly.RetryAfter(early)
		}
		return a.removeFactor(ctx, c, &u)
	}, toRecover)
	return u, err
}

func (a *Accounts) removeFactor(ctx context.Context, c *change, u *User) error {
	if err := c.DeleteRecord(ctx, kindFactor, u.ID); err != nil {
		return err
	}
	if err := revokeGrants(ctx, c, u.ID); err != nil {
		return err
	}
	what := "The second factor of your account at " + a.app + " was removed with the link from a mail. " +
		"What was logged in is logged out, and the API keys are revoked."
	if err := a.factorChanged(ctx, c, u, "", what); err != nil {
		return err
	}
	return c.revoke(ctx, KindUser, u.ID, 0)
}
