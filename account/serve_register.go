package account

import (
	"context"
	"errors"
	"net/http"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/visit"
)

// kindHeld is an address that is kept from being registered.
const kindHeld = "held"

// errNothing is what an answer that says nothing hides.
var errNothing = errors.New("the name or the address is taken")

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
	n := NewUser{Username: canonical(in.Username), Email: canonical(in.Email), Password: in.Password}
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
	invite := value(in.Invite).Reveal()
	if a.registration == RegistrationInvite || invite != "" {
		return a.registerInvited(w, r, u, invite)
	}
	if a.unverified {
		return a.registered(w, r, &u, "registered", a.registerSeen(r.Context(), u))
	}
	if err := a.limits.mails.takeMail(r.Context()); err != nil {
		return err
	}
	err = a.registerUnseen(r.Context(), u)
	if err != nil && !errors.Is(err, errNothing) {
		return a.explain(err)
	}
	if err == nil {
		a.note(r, audit.UserCreated, "registered; "+rolesText(u.Roles), a.principal(u.ID, ""))
	} else {
		a.note(r, audit.UserExists, errNothing.Error(), visit.Principal{})
	}
	return send(w, http.StatusAccepted, mailSent)
}

func (a *Accounts) registered(w http.ResponseWriter, r *http.Request, u *User, how string, err error) error {
	if errors.Is(err, ErrTaken) {
		a.note(r, audit.UserExists, err.Error(), visit.Principal{})
	}
	if err != nil {
		return a.explain(err)
	}
	a.note(r, audit.UserCreated, how+"; "+rolesText(u.Roles), a.principal(u.ID, ""))
	return send(w, http.StatusCreated, profileOf(u, false))
}

// registerSeen makes a user, or says that there is one.
func (a *Accounts) registerSeen(ctx context.Context, u User) error {
	return a.update(ctx, u.ID, func(c *change) error { return a.addUser(ctx, c, u) })
}

// addUser keeps a new user, unless the address is another's, or held for another.
func (a *Accounts) addUser(ctx context.Context, c *change, u User) error {
	if err := a.mayHave(ctx, c, u.ID, u.Email); err != nil {
		return err
	}
	return c.AddUser(ctx, u)
}

// mayHave returns [ErrTaken] if another user has an address, and [ErrHeld] if another may
// take it back. Whatever gives an address to a user asks it first.
func (a *Accounts) mayHave(ctx context.Context, c *change, userID, email string) error {
	u, err := a.holder(ctx, c, email)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && u.ID == userID:
		return nil
	case err == nil && Fold(u.Email) != Fold(email):
		return ErrHeld
	case err == nil:
		return ErrTaken
	}
	return err
}

// hold keeps an address from being registered while it may take its account back.
func (a *Accounts) hold(ctx context.Context, c *change, u *User, email string) error {
	return c.PutRecord(ctx, Record{Kind: kindHeld, ID: a.nameID(kindHeld, Fold(email)), Owner: u.ID, End: c.now.Add(toRevert.ttl())})
}

// holder is whoever has an address, or had it until lately and may take it back. The
// address goes first: between the two questions it can only be given up for a hold.
func (a *Accounts) holder(ctx context.Context, c *change, email string) (User, error) {
	u, err := c.UserByLogin(ctx, email)
	held, errHeld := c.Record(ctx, kindHeld, a.nameID(kindHeld, Fold(email)))
	switch {
	case !errors.Is(err, ErrNotFound), errors.Is(errHeld, ErrNotFound):
		return u, err
	case errHeld != nil:
		return u, errHeld
	case !c.now.Before(held.End):
		return u, err
	}
	return c.User(ctx, held.Owner)
}

// registerUnseen makes a user who has to confirm the address, or mails whoever has it
// that there is an account: with the same work, whichever it is.
func (a *Accounts) registerUnseen(ctx context.Context, u User) error {
	made := false
	err := a.update(ctx, u.ID, func(c *change) error {
		byName, errName := c.UserByLogin(ctx, u.Username)
		byEmail, errEmail := a.holder(ctx, c, u.Email)
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
		if mail, err := a.limits.recipient.mayMail(ctx, toVerify, u.Email); err != nil || !mail {
			return err
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
	how := ""
	err := a.redeem(ctx, invite, func(c *change, t *ticket) error {
		if Fold(t.Email) != Fold(u.Email) {
			return errTicket
		}
		if err := a.mayInvite(ctx, c, t.Inviter); errors.Is(err, notAdmin) {
			return errTicket
		} else if err != nil {
			return err
		}
		how = "registered by the invite " + t.owner
		u.Verified = c.now
		if t.Roles != nil {
			u.Roles = t.Roles
		}
		if err := t.spend(ctx, c); err != nil {
			return err
		}
		return a.addUser(ctx, c, u)
	}, toInvite)
	if errors.Is(err, errTicket) {
		return invitedOnly.Because(err)
	}
	return a.registered(w, r, &u, how, err)
}
