package account

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/password"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/visit"
)

// Why someone may not log in or go on. To a client the first three are one answer.
var (
	errUnknown  = errors.New("no such user")
	errWrong    = errors.New("wrong password")
	errDisabled = errors.New("the user is disabled")
)

// NewUser is what [Accounts.Add] needs to know.
type NewUser struct {
	Username, Email string
	Password        secret.String
	// Roles are Config.DefaultRoles when nil.
	Roles []string
}

// InvalidUser says everything that is wrong with a NewUser. The pointers are those of
// the body of POST /auth/register.
type InvalidUser struct{ Fields []problem.Field }

func (e *InvalidUser) Error() string {
	var b strings.Builder
	b.WriteString("account: the user is refused")
	for _, f := range e.Fields {
		b.WriteString("; " + strings.TrimPrefix(f.Pointer, "/") + " " + f.Detail)
	}
	return b.String()
}

// Add makes a user, with the same rules as POST /auth/register but without its limit.
// An error is a *problem.Problem, for a handler to return, with an *[InvalidUser],
// [ErrTaken], or what went wrong inside, in its chain.
func (a *Accounts) Add(ctx context.Context, n NewUser) (User, error) {
	if wrong := a.wrongWith(n); len(wrong) > 0 {
		return User{}, invalid(wrong...).Because(&InvalidUser{wrong})
	}
	if err := checkRoles(n.Roles); err != nil {
		return User{}, invalid(problem.Field{Pointer: "/roles", Code: "bad_value", Detail: "A role is visible ASCII without space."}).Because(err)
	}
	u, err := a.create(ctx, n)
	if err != nil {
		return User{}, a.explain(err)
	}
	a.administered(audit.UserCreated, u, "added")
	return u, nil
}

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

const (
	maxRoles = 32
	maxRole  = 64
)

// administered records what was done to a user by other means than a request.
func (a *Accounts) administered(event string, u User, reason string) {
	a.audit.Emit(audit.Event{Name: event, Object: u.ID, Reason: reason})
}

// wrongWith is what the rules for names and the password policy say.
func (a *Accounts) wrongWith(n NewUser) []problem.Field {
	wrong := registrations.Value(registration{n.Username, n.Email, n.Password})
	for _, v := range a.policy.Check(n.Password, n.Username, n.Email) {
		wrong = append(wrong, problem.Field{Pointer: "/password", Code: string(v.Code), Detail: v.Detail})
	}
	return wrong
}

func (a *Accounts) create(ctx context.Context, n NewUser) (User, error) {
	// The hash comes before the question whether the name is free, so that the answer's
	// time does not tell.
	hash, err := a.passwords.Hash(ctx, n.Password)
	if err != nil {
		return User{}, err
	}
	u := User{ID: visit.NewID(a.now()), Username: n.Username, Email: n.Email, PasswordHash: secret.New(hash), Roles: n.Roles, Created: a.now()}
	if u.Roles == nil {
		u.Roles = a.roles
	}
	return u, a.store.CreateUser(ctx, u)
}

// login verifies a password and starts a session. Whatever is wrong with the user or
// the password, it costs one verification. u is the user it is about, if there is one.
func (a *Accounts) login(ctx context.Context, login string, pw secret.String) (tokens *Tokens, u User, s Session, err error) {
	u, err = a.store.UserByLogin(ctx, login)
	missing := errors.Is(err, ErrNotFound)
	if err != nil && !missing {
		return nil, u, s, err
	}
	result, err := a.passwords.Verify(ctx, u.PasswordHash.Reveal(), pw) // of nobody: ""
	switch {
	case missing:
		return nil, u, s, cause(errUnknown, err)
	case errors.Is(err, password.ErrBadHash), err == nil && !result.OK:
		return nil, u, s, cause(errWrong, err)
	case err != nil:
		return nil, u, s, err
	case u.Disabled:
		return nil, u, s, errDisabled
	}
	if result.Rehash {
		a.rehash(ctx, u, pw)
	}
	now := a.now()
	raw, hash := newRefresh()
	s = Session{ID: visit.NewID(now), UserID: u.ID, Refresh: hash, Created: now, LastUsed: now, IdleUntil: now.Add(a.ttl.idle), Expires: now.Add(a.ttl.session)}
	if u, err = a.store.CreateSession(ctx, s, u.Credential); err != nil {
		return nil, u, s, err
	}
	tokens, err = a.tokensFor(u, s, raw)
	return tokens, u, s, err
}

// cause keeps being busy what it is, and counts every other error of a verification as
// the one that was found.
func cause(found, err error) error {
	if errors.Is(err, password.ErrBusy) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if err != nil {
		return fmt.Errorf("%w: %w", found, err)
	}
	return found
}

// rehash brings a hash up to date, now that the password is known. That it fails is no
// reason to refuse a login: the next one tries again.
func (a *Accounts) rehash(ctx context.Context, u User, pw secret.String) {
	hash, err := a.passwords.Hash(ctx, pw)
	if err == nil {
		err = a.store.Rehash(ctx, u.ID, u.PasswordHash, secret.New(hash))
	}
	if err != nil {
		a.errors.WarnContext(ctx, "a password hash stays as it is", "user", u.ID, "error", err)
	}
}

func (a *Accounts) refresh(ctx context.Context, raw string) (tokens *Tokens, s Session, err error) {
	old, err := hashRefresh(raw)
	if err != nil {
		return nil, s, err
	}
	next, hash := newRefresh()
	now := a.now()
	s, u, err := a.store.RotateSession(ctx, Rotation{Old: old, New: hash, Now: now, IdleUntil: now.Add(a.ttl.idle)})
	if err != nil {
		return nil, s, err
	}
	tokens, err = a.tokensFor(u, s, next)
	return tokens, s, err
}

// EndSession ends a session and its access tokens: at once in this process, within
// about a second in others that share the store. One that has ended stays ended.
func (a *Accounts) EndSession(ctx context.Context, id string) error {
	return a.revoke(a.store.EndSession(ctx, id, a.cut()))
}

// SetDisabled disables a user, which ends all sessions and tokens of theirs, or lets
// them log in again. login is a username or an e-mail address.
func (a *Accounts) SetDisabled(ctx context.Context, login string, disabled bool) (User, error) {
	u, err := a.store.UserByLogin(ctx, login)
	if err != nil {
		return User{}, err
	}
	if err := a.revoke(a.store.SetDisabled(ctx, u.ID, disabled, a.cut())); err != nil {
		return User{}, err
	}
	u.Disabled = disabled
	reason := "enabled"
	if disabled {
		reason = "disabled"
	}
	a.administered(audit.UserUpdated, u, reason)
	return u, nil
}

// SetRoles replaces a user's roles. Tokens with the old ones die; sessions go on, and
// their next refresh has the new ones.
func (a *Accounts) SetRoles(ctx context.Context, login string, roles []string) (User, error) {
	if err := checkRoles(roles); err != nil {
		return User{}, err
	}
	u, err := a.store.UserByLogin(ctx, login)
	if err != nil {
		return User{}, err
	}
	if err := a.revoke(a.store.SetRoles(ctx, u.ID, roles, a.cut())); err != nil {
		return User{}, err
	}
	u.Roles = roles
	a.administered(audit.AuthzChange, u, "roles: "+strings.Join(roles, " "))
	return u, nil
}

// Users returns up to limit users whose ids come after after.
func (a *Accounts) Users(ctx context.Context, after string, limit int) ([]User, error) {
	return a.store.Users(ctx, after, limit)
}

func (a *Accounts) revoke(r Revocation, err error) error {
	if err == nil {
		a.revoked.add(r)
	}
	return err
}

// Authenticate verifies a request's bearer token as the Gate does, for those who mount
// the accounts without one. Its errors are a *token.Error, [ErrRevoked] or [ErrStale].
func (a *Accounts) Authenticate(raw string) (visit.Principal, error) {
	claims, err := a.verifier.Verify(raw)
	if err != nil {
		return visit.Principal{}, err
	}
	p := claims.Principal()
	return p, a.Revoked(p, claims.IssuedAt)
}
