package account

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/sallyport-dev/sallyport/password"
	"github.com/sallyport-dev/sallyport/secret"
)

// Why somebody may not log in. To a client, all of them are one answer.
var (
	errUnknown    = errors.New("no such user")
	errWrong      = errors.New("wrong password")
	errDisabled   = errors.New("the user is disabled")
	errUnverified = errors.New("the address is not verified")
	errMustReset  = errors.New("the password has to be reset")
	errChanged    = errors.New("the password was changed meanwhile")
)

// throttled is the error of who has to wait.
type throttled struct{ wait time.Duration }

func (e *throttled) Error() string { return "too many wrong attempts" }

// The ways to prove who one is (RFC 8176).
const (
	byPassword = "pwd"
	byCode     = "otp"
	byKey      = "key" // not of the RFC: an API key
)

// loginForm is what is known of how somebody logs in.
type loginForm struct {
	Methods []string `json:"methods,omitzero"`
	Prefix  string   `json:"prefix,omitzero"`
	Agent   string   `json:"agent,omitzero"`
	Cookie  bool     `json:"cookie,omitzero"`
}

// attempt is somebody who says who they are.
type attempt struct {
	login    string
	password secret.String
	device   string
	client   netip.Addr
	form     loginForm
}

// entry is what an attempt came to: a session, or a token for the second step, or err.
type entry struct {
	user    User
	session Session
	second  string
	device  string // the token that the client should have from now on
	known   string // the device that it had one of
	tokens  *Tokens
	how     string // what else the log has to say
	err     error
}

// login verifies a password and starts a session. Whatever is wrong with the user or the
// password, it costs the same: a lookup, the counts, and one verification.
func (a *Accounts) login(ctx context.Context, in attempt) (e entry, err error) {
	u, err := a.store.UserByLogin(ctx, in.login)
	missing := errors.Is(err, ErrNotFound)
	if err != nil && !missing {
		return e, err
	}
	t := try{who: u.ID, client: in.client, device: a.knownDevice(&u, in.device)}
	if missing {
		t.who = "nobody " + Fold(in.login)
	}
	e.user, e.known = u, t.device
	rehash, err := a.prove(ctx, t, u.PasswordHash, in.password, a.reasonAgainst(&u, missing))
	if wrong, ok := refusal(err); ok {
		e.err = wrong
		return e, nil
	}
	if err != nil {
		return e, err
	}
	if rehash {
		a.rehash(ctx, u, in.password)
	}
	in.form.Methods = []string{byPassword}
	err = a.update(ctx, u.ID, func(c *change) error { return a.admit(ctx, c, &e, in.form) })
	if err == nil && e.err == nil && e.second == "" {
		e.device = a.deviceAfter(&e.user, in.device)
	}
	return e, err
}

// reasonAgainst is why a user may not log in, however right the password is.
func (a *Accounts) reasonAgainst(u *User, missing bool) error {
	switch {
	case missing:
		return errUnknown
	case u.Disabled:
		return errDisabled
	case u.MustReset:
		return errMustReset
	case !a.unverified && u.Verified.IsZero():
		return errUnverified
	}
	return nil
}

// refusal tells why somebody is refused from what went wrong inside.
func refusal(err error) (error, bool) {
	for _, known := range []error{errUnknown, errWrong, errDisabled, errUnverified, errMustReset, errChanged} {
		if errors.Is(err, known) {
			return err, true
		}
	}
	_, wait := errors.AsType[*throttled](err)
	return err, wait
}

// prove counts the try, verifies the password, and gives the try back when it was right.
// With a reason against the user, a right password counts as a wrong one.
func (a *Accounts) prove(ctx context.Context, t try, hash, pw secret.String, against error) (rehash bool, err error) {
	wait, err := a.charge(ctx, t)
	if err != nil {
		return false, err
	}
	if wait > 0 {
		return false, &throttled{wait}
	}
	result, err := a.passwords.Verify(ctx, hash.Reveal(), pw) // of nobody: ""
	switch {
	case err != nil && !isWrong(err):
		a.withdraw(ctx, t)
		return false, err
	case against != nil:
		return false, against
	case err != nil:
		return false, fmt.Errorf("%w: %w", errWrong, err)
	case !result.OK:
		return false, errWrong
	}
	a.forgive(ctx, t)
	return result.Rehash, nil
}

// isWrong reports whether an error of a verification is the password's, or that of the hash
// it should match. Others mean that nobody has looked.
func isWrong(err error) bool {
	for _, wrong := range []error{password.ErrBadHash, password.ErrTooLong, password.ErrEmpty, password.ErrInvalidUTF8} {
		if errors.Is(err, wrong) {
			return true
		}
	}
	return false
}

// admit starts the session of a user whose password was right a moment ago, or asks for
// the second factor.
func (a *Accounts) admit(ctx context.Context, c *change, e *entry, form loginForm) error {
	u, err := c.User(ctx, e.user.ID)
	if err != nil {
		return err
	}
	if u.Credential != e.user.Credential {
		e.err = errChanged
		return nil
	}
	e.user = u
	if e.err = a.reasonAgainst(&u, false); e.err != nil {
		return nil
	}
	f, err := a.factorOf(ctx, c, u.ID)
	if err != nil {
		return err
	}
	if f.Confirmed {
		e.second, err = issue(ctx, c, u.ID, ticket{Purpose: toSecond, Credential: u.Credential, How: form, Device: e.known})
		return err
	}
	return a.start(ctx, c, e, form)
}

// start starts the session of an entry, and makes its tokens before the commit: a token that
// cannot be made or kept must not cost a session or a code.
func (a *Accounts) start(ctx context.Context, c *change, e *entry, form loginForm) (err error) {
	if e.session, err = a.newSession(ctx, c, &e.user, form); err != nil {
		return err
	}
	e.tokens, err = a.tokensFor(&e.user, &e.session)
	return err
}

// rehash brings a hash up to date, now that the password is known. That it fails is no
// reason to refuse a login: the next one tries again.
func (a *Accounts) rehash(ctx context.Context, u User, pw secret.String) {
	hash, err := a.passwords.Hash(ctx, pw)
	if err == nil {
		err = a.update(ctx, u.ID, func(c *change) error {
			now, err := c.User(ctx, u.ID)
			if err != nil || !now.PasswordHash.Equal(u.PasswordHash) {
				return err
			}
			now.PasswordHash = secret.New(hash)
			return c.SetUser(ctx, now)
		})
	}
	if err != nil {
		a.errors.WarnContext(ctx, "a password hash stays as it is", "user", u.ID, "error", err)
	}
}
