package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/visit"
)

// checkRoles refuses what no token could carry (package token): then every request of
// the user would fail.
func checkRoles(roles []string) error {
	if len(roles) > maxRoles {
		return fmt.Errorf("account: %d roles: a user has at most %d", len(roles), maxRoles)
	}
	for _, role := range roles {
		if role == "" || len(role) > maxRole || strings.ContainsFunc(role, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return fmt.Errorf("account: role %.40q: write 1 to %d visible characters of ASCII, without space", role, maxRole)
		}
	}
	return nil
}

// rolesText names roles for the audit log, which keeps the beginning of a reason: what makes
// an administrator comes first.
func rolesText(roles []string) string {
	if len(roles) == 0 {
		return "roles: none"
	}
	rest := slices.DeleteFunc(slices.Clone(roles), func(role string) bool { return role == RoleAdmin })
	if len(rest) < len(roles) {
		rest = slices.Insert(rest, 0, RoleAdmin)
	}
	return "roles: " + strings.Join(rest, " ")
}

const (
	maxRoles = 32
	maxRole  = 64
)

// administered records what was done to a user or a key by a program, and by whom, where
// that was in a request.
func (a *Accounts) administered(ctx context.Context, event, object, reason string) {
	e := audit.Event{Name: event, Object: object, Reason: reason}
	if v := visit.From(ctx); v != nil {
		e.Request, e.ClientRequest, e.Client, e.Route = v.ID, v.ClientRequest, v.Client, v.Route
		e.Issuer, e.Subject, e.Session = v.Principal.Issuer, v.Principal.Subject, v.Principal.Session
	}
	a.audit.Emit(e)
}

// EndSession ends a session and its access tokens: at once in this process, within a
// second in others that share the store. One that has ended stays ended.
func (a *Accounts) EndSession(ctx context.Context, id string) error {
	s, err := a.store.Session(ctx, id)
	if err != nil {
		return err
	}
	return a.update(ctx, s.UserID, func(c *change) error {
		s, err := c.Session(ctx, id)
		if err != nil || !s.Ended.IsZero() {
			return err
		}
		return c.end(ctx, &s)
	})
}

// EndSessions ends all sessions of a user, who may be named as in [Accounts.Find].
func (a *Accounts) EndSessions(ctx context.Context, name string) error {
	u, err := a.Find(ctx, name)
	if err != nil {
		return err
	}
	err = a.update(ctx, u.ID, func(c *change) error { return c.endAll(ctx, u.ID, "") })
	if err == nil {
		a.administered(ctx, audit.SessionLogout, u.ID, "all sessions were ended")
	}
	return err
}

// RoleAdmin is the role of those who may use the API for administrators.
const RoleAdmin = "admin"

// SetDisabled disables a user, or lets them log in again. Disabling ends for good what opens
// the account: sessions, access tokens, half logins, links that were mailed, remembered
// devices and API keys; and the invites of an administrator. The one exception is the link by which a former address takes the
// account back: it gives the address back, and the user stays disabled.
//
// The user is named as in [Accounts.Find], here and below.
func (a *Accounts) SetDisabled(ctx context.Context, login string, disabled bool) (User, error) {
	return a.setDisabled(ctx, login, disabled, always)
}

// permit says whether a user may be changed, in the transaction of the change.
type permit func(ctx context.Context, c *change, u *User) error

func always(context.Context, *change, *User) error { return nil }

func (a *Accounts) setDisabled(ctx context.Context, login string, disabled bool, may permit) (User, error) {
	what := "enabled"
	if disabled {
		what = "disabled"
	}
	return a.alter(ctx, login, audit.UserUpdated, what, func(c *change, u *User) error {
		if err := may(ctx, c, u); err != nil {
			return err
		}
		if u.Disabled = disabled; !disabled {
			return nil
		}
		u.Credential++ // device tokens and half logins carry the one before
		return endEverything(ctx, c, u.ID)
	})
}

// endEverything ends what opens a user's account, or was mailed to change it, but for the
// links that take it back, and what the user has given out.
func endEverything(ctx context.Context, c *change, userID string) error {
	if err := void(ctx, c, userID, allButRevert); err != nil {
		return err
	}
	if err := revokeGrants(ctx, c, userID); err != nil {
		return err
	}
	return errors.Join(c.endAll(ctx, userID, ""), c.revoke(ctx, KindUser, userID, 0))
}

// SetRoles replaces a user's roles. Access tokens with the old ones die; sessions go on,
// and their next tokens have the new ones. The invites of one who is no longer an
// administrator are void.
func (a *Accounts) SetRoles(ctx context.Context, login string, roles []string) (User, error) {
	return a.setRoles(ctx, login, roles, always)
}

func (a *Accounts) setRoles(ctx context.Context, login string, roles []string, may permit) (User, error) {
	if err := checkRoles(roles); err != nil {
		return User{}, err
	}
	return a.alter(ctx, login, audit.AuthzChange, rolesText(roles), func(c *change, u *User) error {
		if err := may(ctx, c, u); err != nil {
			return err
		}
		if slices.Contains(u.Roles, RoleAdmin) && !slices.Contains(roles, RoleAdmin) {
			if err := voidInvitesOf(ctx, c, u.ID); err != nil {
				return err
			}
		}
		u.Roles = roles
		return c.expire(ctx, u.ID)
	})
}

// ForceReset makes a user's password good for nothing, ends all sessions, and mails a
// link by which the user sets another one. Nobody else learns it.
func (a *Accounts) ForceReset(ctx context.Context, login string) (User, error) {
	if a.mail == nil {
		return User{}, noMail
	}
	return a.alter(ctx, login, audit.UserUpdated, "password reset demanded", func(c *change, u *User) error {
		u.MustReset = true
		u.Credential++
		if err := void(ctx, c, u.ID, allButRevert); err != nil {
			return err
		}
		if err := a.mailReset(ctx, c, u); err != nil {
			return err
		}
		return errors.Join(c.endAll(ctx, u.ID, ""), c.revoke(ctx, KindUser, u.ID, 0))
	})
}

// RemoveSecondFactor switches a user's second factor off, for one who has lost it.
// Whoever asks for that has to prove by other means who they are.
func (a *Accounts) RemoveSecondFactor(ctx context.Context, login string) (User, error) {
	return a.alter(ctx, login, audit.UserUpdated, "second factor removed", func(c *change, u *User) error {
		if err := c.DeleteRecord(ctx, kindFactor, u.ID); err != nil {
			return err
		}
		return a.factorChanged(ctx, c, u, "", "An administrator switched the second factor of your account at "+a.app+" off.")
	})
}

// alter changes one user.
func (a *Accounts) alter(ctx context.Context, login, event, what string, f func(c *change, u *User) error) (User, error) {
	u, err := a.Find(ctx, login)
	if err != nil {
		return User{}, err
	}
	err = a.update(ctx, u.ID, func(c *change) error {
		if u, err = c.User(ctx, u.ID); err != nil {
			return err
		}
		if err := f(c, &u); err != nil {
			return err
		}
		return c.SetUser(ctx, u)
	})
	if err == nil {
		a.administered(ctx, event, u.ID, what)
	}
	return u, err
}

// Find returns the user with this id, username or e-mail address. None of the three can
// be mistaken for another: an id is longer than a username, and has no "@".
func (a *Accounts) Find(ctx context.Context, name string) (User, error) {
	u, err := a.store.User(ctx, name)
	if errors.Is(err, ErrNotFound) {
		return a.store.UserByLogin(ctx, canonical(name))
	}
	return u, err
}

// Users returns a page of users.
func (a *Accounts) Users(ctx context.Context, q UserQuery) ([]User, error) {
	return a.store.Users(ctx, q)
}

// Authenticate verifies an access token as the Gate does, for those who mount the
// accounts without one. Its errors are a *token.Error, [ErrRevoked] or [ErrStale].
func (a *Accounts) Authenticate(raw string) (visit.Principal, error) {
	if a.verifier == nil {
		return visit.Principal{}, token.ErrUnknownIssuer
	}
	claims, err := a.verifier.Verify(raw)
	if err != nil {
		return visit.Principal{}, err
	}
	p := claims.Principal()
	return p, a.Revoked(p)
}
