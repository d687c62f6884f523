package account

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/problem"
)

// handleVerify takes a token that was mailed: it confirms an address, moves the account
// to another one, or takes that back.
func (a *Accounts) handleVerify(w http.ResponseWriter, r *http.Request) error {
	in, err := tickets.Body(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	var owner, what string
	err = a.redeem(ctx, in.Token.Reveal(), func(c *change, t *ticket) error {
		u, err := c.User(ctx, t.owner)
		if errors.Is(err, ErrNotFound) {
			return errTicket
		}
		if err != nil {
			return err
		}
		if u.Disabled && t.Purpose != toRevert {
			return errTicket
		}
		if err := t.spend(ctx, c); err != nil {
			return err
		}
		owner, what = u.ID, string(t.Purpose)
		switch t.Purpose {
		case toVerify:
			if u.Email != t.Email {
				return errTicket
			}
			u.Verified = c.now
			return c.SetUser(ctx, u)
		case toChange:
			return a.moveTo(ctx, c, &u, t)
		default:
			return a.moveBack(ctx, c, &u, t)
		}
	}, toVerify, toChange, toRevert)
	if errors.Is(err, ErrTaken) { // somebody else has registered it meanwhile
		err = errTicket
	}
	if err != nil {
		return a.wrongTicket(w, r, err)
	}
	a.note(r, audit.UserUpdated, "address: "+what, a.principal(owner, ""))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// moveTo gives the account the address that has just been confirmed, and the old one
// three days to take that back, whatever addresses come after it, if it was confirmed.
func (a *Accounts) moveTo(ctx context.Context, c *change, u *User, t *ticket) error {
	if u.Credential != t.Credential {
		return errTicket
	}
	if err := a.mayHave(ctx, c, u.ID, t.Email); err != nil {
		return err
	}
	old, confirmed := u.Email, !u.Verified.IsZero()
	u.Email, u.Verified = t.Email, c.now
	if err := a.addressChanged(ctx, c, u, allButRevert); err != nil {
		return err
	}
	if !confirmed { // it may be a stranger's, by a typing error, and must not take the account back
		return a.letter(ctx, c.Tx, old, letterMovedAway(a.app))
	}
	text, err := issue(ctx, c, u.ID, ticket{Purpose: toRevert, Email: old, Credential: u.Credential})
	if err != nil {
		return err
	}
	if err := a.hold(ctx, c, u, old); err != nil {
		return err
	}
	return a.letter(ctx, c.Tx, old, letterChanged(a.app, a.link("revert", text)))
}

// moveBack is for an account that somebody else has taken over. An address the account
// had before this one may still take it back from this one, and none that came after.
func (a *Accounts) moveBack(ctx context.Context, c *change, u *User, t *ticket) error {
	u.Email, u.Verified, u.MustReset = t.Email, c.now, true
	later := func(other *ticket) bool { return other.Purpose != toRevert || other.Credential >= t.Credential }
	if err := a.addressChanged(ctx, c, u, later); err != nil {
		return err
	}
	if err := revokeGrants(ctx, c, u.ID); err != nil {
		return err
	}
	if err := a.dropFactor(ctx, c, u, t); err != nil || u.Disabled { // who is disabled sets no password
		return err
	}
	return a.mailReset(ctx, c, u)
}

// dropFactor takes away what was set up as a second factor since the change of address that
// a ticket takes back. One that was there before is the owner's.
func (a *Accounts) dropFactor(ctx context.Context, c *change, u *User, t *ticket) error {
	f, err := a.factorOf(ctx, c, u.ID)
	if err != nil || f.Confirmed && f.Credential < t.Credential {
		return err
	}
	return c.DeleteRecord(ctx, kindFactor, u.ID)
}

func (a *Accounts) addressChanged(ctx context.Context, c *change, u *User, voids func(*ticket) bool) error {
	u.Credential++
	if err := c.SetUser(ctx, *u); err != nil {
		return err
	}
	if err := void(ctx, c, u.ID, voids); err != nil {
		return err
	}
	if err := c.endAll(ctx, u.ID, ""); err != nil {
		return err
	}
	return c.revoke(ctx, KindUser, u.ID, 0)
}

// handleEmailChange mails a token to the new address. To an address that somebody has it
// mails that, and answers the same.
func (a *Accounts) handleEmailChange(w http.ResponseWriter, r *http.Request) error {
	if a.mail == nil {
		return noMail
	}
	in, err := addressIn(r)
	if err != nil {
		return err
	}
	if err := a.limits.register.take(w, r); err != nil {
		return err
	}
	another := func(_ context.Context, _ *change, u *User, _ *Session) error {
		if strings.EqualFold(in.Email, u.Email) {
			return invalid(problem.Field{Pointer: "/email", Code: "unchanged", Detail: "This is the address that the account has."})
		}
		return nil
	}
	// Before the mails are charged: who may not ask uses up nobody's.
	if _, err := a.sensitive(r, another); err != nil {
		return err
	}
	if err := a.limits.mails.takeMail(r.Context()); err != nil {
		return err
	}
	mail, err := a.limits.recipient.mayMail(r.Context(), toVerify, in.Email)
	if err != nil {
		return err
	}
	p, err := a.sensitive(r, func(ctx context.Context, c *change, u *User, s *Session) error {
		if err := another(ctx, c, u, s); err != nil {
			return err
		}
		taken := a.mayHave(ctx, c, u.ID, in.Email)
		if taken != nil && !errors.Is(taken, ErrTaken) {
			return taken
		}
		holder := u.ID
		if !mail { // a token that is not sent must not replace one that was sent to this address
			holder = a.nameID("nobody", Fold(in.Email))
			elsewhere := func(t *ticket) bool { return t.Purpose == toChange && Fold(t.Email) != Fold(in.Email) }
			if err := void(ctx, c, u.ID, elsewhere); err != nil {
				return err
			}
		}
		text, err := issue(ctx, c, holder, ticket{Purpose: toChange, Email: in.Email, Credential: u.Credential})
		if err != nil || !mail {
			return err
		}
		l := letterChange(a.app, a.link("change", text))
		if taken != nil {
			l = letterChangeTaken(a.app)
		}
		return a.letter(ctx, c.Tx, in.Email, l)
	})
	if err != nil {
		return err
	}
	a.note(r, audit.MailAsked, "another address", p)
	return send(w, http.StatusAccepted, mailSent)
}
