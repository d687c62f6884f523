package account

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/audit"
)

// Invite is an invitation that was mailed and not used yet.
type Invite struct {
	// ID names the invite in the audit log and for [Accounts.WithdrawInvite]. It is a keyed
	// hash of the address, so that there is one invite for an address at a time.
	ID string
	// Email is the address that may register with it.
	Email string
	// Roles are those of whoever registers with it; nil for Config.DefaultRoles.
	Roles []string
	// Inviter is the id of the administrator who sent it over the API. The invite is void
	// once they are disabled or no administrator. It is empty for a program's: [Accounts.Invite].
	Inviter string
	// Created is when it was sent, and Expires when it ends.
	Created, Expires time.Time
}

// maxInvites is how many invites are listed, the oldest first.
const maxInvites = 10_000

// endOfTime is later than the Due of any record.
var endOfTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// Invite mails somebody a token with which they may register with this address. It replaces
// an invite that was sent there before.
func (a *Accounts) Invite(ctx context.Context, email string, roles []string) error {
	return a.invite(ctx, email, roles, "")
}

func (a *Accounts) invite(ctx context.Context, email string, roles []string, inviter string) error {
	if a.mail == nil {
		return noMail
	}
	email = canonical(email)
	if wrong := wrongWithEmail(email); len(wrong) > 0 {
		return invalid(wrong...).Because(&InvalidUser{wrong})
	}
	if err := checkRoles(roles); err != nil {
		return err
	}
	id := a.inviteID(email)
	err := a.update(ctx, id, func(c *change) error {
		if err := a.mayInvite(ctx, c, inviter); err != nil {
			return err
		}
		text, err := issue(ctx, c, id, ticket{Purpose: toInvite, Email: email, Roles: roles, Inviter: inviter, due: c.now})
		if err != nil {
			return err
		}
		return a.letter(ctx, c.Tx, email, letterInvite(a.app, a.link("invite", text)))
	})
	if err != nil {
		return err
	}
	if roles == nil {
		roles = a.roles
	}
	a.administered(ctx, audit.UserCreated, id, "invited; "+rolesText(roles))
	return nil
}

// inviteID is the id of the invite for an address, and the owner of its ticket.
func (a *Accounts) inviteID(email string) string { return a.nameID("invite", Fold(email)) }

// mayInvite refuses the invite of somebody who is no longer an administrator. It locks the
// inviter's user, so that disabling them comes before or after, and never in between.
func (a *Accounts) mayInvite(ctx context.Context, c *change, inviter string) error {
	if inviter == "" {
		return nil
	}
	if err := c.Lock(ctx, inviter); err != nil {
		return err
	}
	u, err := c.User(ctx, inviter)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if err != nil || !a.mayLogIn(&u) || !slices.Contains(u.Roles, RoleAdmin) {
		return notAdmin
	}
	return nil
}

// Invites returns the invites that are good, the oldest first, up to 10,000.
func (a *Accounts) Invites(ctx context.Context) (list []Invite, err error) {
	err = eachInvite(ctx, a.store, func(t *ticket) error {
		if a.storeNow().Before(t.end) {
			list = append(list, Invite{t.owner, t.Email, t.Roles, t.Inviter, t.due, t.end})
		}
		return nil
	})
	return list, err
}

// eachInvite calls f with every invite. They are the tickets with a Due: by it they are found
// without knowing whose they are.
func eachInvite(ctx context.Context, in Reader, f func(t *ticket) error) error {
	records, err := in.RecordsDue(ctx, kindTicket, endOfTime, maxInvites)
	if err != nil {
		return err
	}
	for _, rec := range records {
		t, err := ticketOf(rec)
		if err != nil || t.Purpose != toInvite { // as in void: one that cannot be read is good for nothing
			continue
		}
		if err := f(&t); err != nil {
			return err
		}
	}
	return nil
}

// WithdrawInvite voids the invite with this id, or for this address. It is [ErrNotFound] if
// there is none, or it was used or has expired.
func (a *Accounts) WithdrawInvite(ctx context.Context, name string) error {
	id := name
	if strings.Contains(name, "@") {
		id = a.inviteID(name)
	}
	err := a.update(ctx, id, func(c *change) error {
		found := false
		err := void(ctx, c, id, func(t *ticket) bool {
			mine := t.Purpose == toInvite && c.now.Before(t.end)
			found = found || mine
			return mine
		})
		if err == nil && !found {
			return ErrNotFound
		}
		return err
	})
	if err == nil {
		a.administered(ctx, audit.TokenRevoked, id, "invite withdrawn")
	}
	return err
}

// voidInvitesOf voids the invites that a user has sent.
func voidInvitesOf(ctx context.Context, c *change, inviter string) error {
	return eachInvite(ctx, c, func(t *ticket) error {
		if t.Inviter != inviter {
			return nil
		}
		return t.spend(ctx, c)
	})
}

// revokeGrants ends what lets others in on a user's word, and may be a thief's: the API keys,
// and the invites of an administrator.
func revokeGrants(ctx context.Context, c *change, userID string) error {
	if err := c.revokeKeys(ctx, userID); err != nil {
		return err
	}
	return voidInvitesOf(ctx, c, userID)
}
