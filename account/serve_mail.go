package account

import (
	"context"
	"errors"
	"net/http"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/secret"
)

// byMail does something for whoever has an address, and answers the same whether there
// is somebody: with the same reads and writes, and a mail that leaves later.
func (a *Accounts) byMail(w http.ResponseWriter, r *http.Request, event string, p purpose, may func(*User) bool, write func(token string) letter) error {
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
	ctx := r.Context()
	found, err := a.store.UserByLogin(ctx, in.Email)
	nobodys := a.nameID("nobody", Fold(in.Email))
	owner := found.ID
	if errors.Is(err, ErrNotFound) {
		owner = nobodys
	} else if err != nil {
		return a.explain(err)
	}
	mail, err := a.limits.recipient.mayMail(ctx, p, in.Email)
	if err != nil {
		return err
	}
	if mail {
		if err := a.limits.mails.takeMail(ctx); err != nil {
			return err
		}
	}
	holder := owner
	if !mail { // a token that is not sent must not replace the one that was
		holder = nobodys
	}
	err = a.update(ctx, owner, func(c *change) error {
		u, err := c.User(ctx, owner)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		known := err == nil && may(&u)
		t := ticket{Purpose: p, Email: u.Email, Credential: u.Credential}
		text, err := issue(ctx, c, holder, t)
		if err != nil || !mail {
			return err
		}
		if !known {
			u.Email = nobody
		}
		return a.letter(ctx, c.Tx, u.Email, write(a.link(string(p), text)))
	})
	if err != nil {
		return a.explain(err)
	}
	a.note(r, event, string(p)+" by mail", a.principal(found.ID, ""))
	return send(w, http.StatusAccepted, mailSent)
}

// addressIn reads a body that is an address, and returns it in its canonical form.
func addressIn(r *http.Request) (addressBody, error) {
	in, err := addresses.Body(r)
	if err != nil {
		return in, err
	}
	in.Email = canonical(in.Email)
	if wrong := wrongWithEmail(in.Email); len(wrong) > 0 {
		return in, invalid(wrong...)
	}
	return in, nil
}

func (a *Accounts) handleForgot(w http.ResponseWriter, r *http.Request) error {
	may := func(u *User) bool { return !u.Disabled }
	return a.byMail(w, r, audit.PasswordReset, toReset, may, func(link string) letter { return letterReset(a.app, link) })
}

func (a *Accounts) handleResend(w http.ResponseWriter, r *http.Request) error {
	may := func(u *User) bool { return !u.Disabled && u.Verified.IsZero() }
	return a.byMail(w, r, audit.MailAsked, toVerify, may, func(link string) letter { return letterVerify(a.app, link) })
}

// mailReset mails a link to set another password.
func (a *Accounts) mailReset(ctx context.Context, c *change, u *User) error {
	text, err := issue(ctx, c, u.ID, ticket{Purpose: toReset, Email: u.Email, Credential: u.Credential})
	if err != nil {
		return err
	}
	return a.letter(ctx, c.Tx, u.Email, letterReset(a.app, a.link(string(toReset), text)))
}

// handleReset sets a password with a token that was mailed. It logs nobody in, and leaves the
// second factor of a confirmed address as it is.
func (a *Accounts) handleReset(w http.ResponseWriter, r *http.Request) error {
	in, err := resets.Body(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	t, err := find(ctx, a.store, in.Token.Reveal(), toReset)
	if err != nil {
		return a.wrongTicket(w, r, err)
	}
	u, err := a.store.User(ctx, t.owner)
	if errors.Is(err, ErrNotFound) { // the ticket of nobody
		return wrongToken
	}
	if err != nil {
		return a.explain(err)
	}
	if wrong := a.weak("/password", in.Password, u.Username, u.Email); len(wrong) > 0 {
		return invalid(wrong...)
	}
	hash, err := a.hashNew(ctx, "/password", in.Password)
	if err != nil {
		return a.explain(err)
	}
	err = a.redeem(ctx, in.Token.Reveal(), func(c *change, t *ticket) error {
		u, err := c.User(ctx, t.owner)
		if err != nil {
			return err
		}
		if u.Credential != t.Credential || u.Email != t.Email || u.Disabled {
			return errTicket
		}
		if err := a.resetPassword(ctx, c, &u, hash); err != nil {
			return err
		}
		// What strangers have guessed at the old password is no reason to wait any more.
		return c.DeleteRecord(ctx, kindStrikes, a.nameID("login", u.ID))
	}, toReset)
	if err != nil {
		return a.explain(err)
	}
	a.note(r, audit.PasswordSet, "by mail", a.principal(u.ID, ""))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// resetPassword sets the password of whoever has read the mail, and ends what somebody else
// may have set up. Before the address was confirmed, which the mail does, nothing was known to
// be its owner's: then the second factor goes as well.
func (a *Accounts) resetPassword(ctx context.Context, c *change, u *User, hash secret.String) error {
	dropped := false
	if u.Verified.IsZero() {
		u.Verified = c.now
		f, err := a.factorOf(ctx, c, u.ID)
		if err != nil {
			return err
		}
		if dropped = f.Confirmed; f.Sealed != nil {
			if err := c.DeleteRecord(ctx, kindFactor, u.ID); err != nil {
				return err
			}
		}
	}
	keys, err := keysOf(ctx, c, u.ID)
	if err != nil {
		return err
	}
	if err := revokeGrants(ctx, c, u.ID); err != nil {
		return err
	}
	if err := a.setPassword(ctx, c, u, hash, ""); err != nil {
		return err
	}
	return a.letter(ctx, c.Tx, u.Email, letterPasswordReset(a.app, keys, dropped))
}

// wrongTicket charges a wrong token to the network it came from. A good one is charged to
// nobody, as it was asked for by mail: no stranger in the same network can keep its owner
// from using it.
func (a *Accounts) wrongTicket(w http.ResponseWriter, r *http.Request, err error) error {
	if errors.Is(err, errTicket) {
		if err := a.limits.register.take(w, r); err != nil {
			return err
		}
	}
	return a.explain(err)
}
