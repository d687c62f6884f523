package account

import (
	"context"
	"errors"
	"net/http"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/visit"
)

// errNothing is what an answer that says nothing hides.
var errNothing = errors.New("there is no such account, or nothing to do for it")

func (a *Accounts) handleRegister(w http.ResponseWriter, r *http.Request) error {
	if a.registration == RegistrationClosed {
		return closedDoor
	}
	in, err := applications.Body(r)
	if err != nil {
		return err
	}
	// Before the limit is charged: who mends a weak password should not be shut out for
	// it. And before anybody is looked up, so that it says nothing about them.
	n := NewUser{Username: in.Username, Email: in.Email, Password: in.Password}
	if wrong := a.wrongWith(n); len(wrong) > 0 {
		return invalid(wrong...)
	}
	if err := a.limits.register.take(w, r); err != nil {
		return err
	}
	u, err := a.prepare(r.Context(), n)
	if err != nil {
		return a.explain(err)
	}
	invite := in.Invite.Reveal()
	if a.registration == RegistrationInvite || invite != "" {
		return a.registerInvited(w, r, u, invite)
	}
	if a.unverified {
		err := a.update(r.Context(), u.ID, func(c *change) error { return c.AddUser(r.Context(), u) })
		return a.registered(w, r, &u, err)
	}
	err = a.registerUnseen(r.Context(), u)
	if err != nil && !errors.Is(err, errNothing) {
		return a.explain(err)
	}
	if err == nil {
		a.note(r, audit.UserCreated, "registered", a.principal(u.ID, ""))
	} else {
		a.note(r, audit.UserCreated, "not registered: the name or the address is taken", visit.Principal{})
	}
	return send(w, http.StatusAccepted, mailSent)
}

func (a *Accounts) registered(w http.ResponseWriter, r *http.Request, u *User, err error) error {
	if err != nil {
		return a.explain(err)
	}
	a.note(r, audit.UserCreated, "registered", a.principal(u.ID, ""))
	return send(w, http.StatusCreated, profileOf(u, false))
}

// registerUnseen makes a user who has to confirm the address, or mails whoever has it
// that there is an account: with the same work, whichever it is.
func (a *Accounts) registerUnseen(ctx context.Context, u User) error {
	made := false
	err := a.update(ctx, u.ID, func(c *change) error {
		byName, errName := c.UserByLogin(ctx, u.Username)
		byEmail, errEmail := c.UserByLogin(ctx, u.Email)
		for _, err := range []error{errName, errEmail} {
			if err != nil && !errors.Is(err, ErrNotFound) {
				return err
			}
		}
		made = errName != nil && errEmail != nil
		text, err := issue(ctx, c, u.ID, ticket{Purpose: toVerify, Email: u.Email})
		if err != nil {
			return err
		}
		l := letterVerify(a.app, a.link("verify", text))
		switch {
		case made:
			if err := c.AddUser(ctx, u); err != nil {
				return err
			}
		case errEmail == nil:
			l = letterTaken(a.app, byEmail.Username)
		default:
			l = letterNameTaken(a.app, byName.Username)
		}
		if !made { // as much to write as a user
			if err := c.PutRecord(ctx, Record{Kind: "decoy", ID: u.ID, Owner: u.ID, End: c.now, Data: []byte(u.PasswordHash.Reveal())}); err != nil {
				return err
			}
		}
		if !a.limits.recipient.mayMail(ctx, u.Email) {
			return nil
		}
		return a.letter(ctx, c.Tx, u.Email, l)
	})
	if errors.Is(err, ErrTaken) || err == nil && !made { // somebody else was faster
		return errNothing
	}
	return err
}

// registerInvited makes a user of somebody whose address is known to be theirs, as the
// invite was mailed there.
func (a *Accounts) registerInvited(w http.ResponseWriter, r *http.Request, u User, invite string) error {
	ctx := r.Context()
	err := a.redeem(ctx, invite, func(c *change, t *ticket) error {
		if Fold(t.Email) != Fold(u.Email) {
			return errTicket
		}
		u.Verified = c.now
		if t.Roles != nil {
			u.Roles = t.Roles
		}
		if err := t.spend(ctx, c); err != nil {
			return err
		}
		return c.AddUser(ctx, u)
	}, toInvite)
	if errors.Is(err, errTicket) {
		return invitedOnly.Because(err)
	}
	return a.registered(w, r, &u, err)
}
