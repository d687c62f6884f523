package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/visit"
)

// Portable is a user as one system hands them to another. What belongs to this gate
// alone is not in it: sessions, API keys, second factors.
type Portable struct {
	// ID is kept where it is an id of ours; otherwise the user gets a new one.
	ID       string `json:"id,omitzero"`
	Username string `json:"username"`
	Email    string `json:"email"`
	// PasswordHash is one that package password reads: argon2id, argon2i, bcrypt, scrypt or
	// PBKDF2. Without one, the user sets a password by mail.
	PasswordHash string    `json:"password_hash,omitzero"`
	Roles        []string  `json:"roles,omitzero"`
	Verified     bool      `json:"email_verified,omitzero"`
	Disabled     bool      `json:"disabled,omitzero"`
	Created      time.Time `json:"created,omitzero"`
}

// ErrHash is for a password hash that no login could match, and ErrDear for one that would
// hold the others up for too long.
var (
	ErrHash = errors.New("account: the password hash is not one that can be verified here")
	ErrDear = errors.New("account: the password hash takes over eight times the work of one of ours: leave it out, and its user sets a password by mail")
)

// Import makes a user of another system's. The rules for names hold; those for passwords
// cannot be asked of a hash. The first login replaces the hash by one of ours. Errors
// are [ErrTaken], [ErrHeld], [ErrHash], [ErrDear], *[InvalidUser], or the store's.
func (a *Accounts) Import(ctx context.Context, p Portable) (User, error) {
	if wrong := registrations.Value(registration{Username: p.Username, Email: p.Email}); len(wrong) > 0 {
		return User{}, &InvalidUser{wrong}
	}
	if err := checkRoles(p.Roles); err != nil {
		detail := strings.TrimPrefix(err.Error(), "account: ")
		return User{}, &InvalidUser{[]problem.Field{{Pointer: "/roles", Code: "bad_value", Detail: detail}}}
	}
	u := User{
		ID: p.ID, Username: p.Username, Email: p.Email, PasswordHash: secret.New(p.PasswordHash), Roles: p.Roles,
		Created: p.Created, Disabled: p.Disabled, MustReset: p.PasswordHash == "",
	}
	if p.PasswordHash != "" && !a.passwords.Knows(p.PasswordHash) {
		return User{}, fmt.Errorf("%w: it is argon2id, argon2i, bcrypt, scrypt or PBKDF2, in PHC form or as Django or Werkzeug write it", ErrHash)
	}
	if p.PasswordHash != "" && !a.passwords.Affords(p.PasswordHash) {
		return User{}, ErrDear
	}
	now := a.now()
	if u.Created.IsZero() {
		u.Created = now
	}
	if !isID(u.ID) {
		u.ID = visit.NewID(now)
	}
	if u.Roles == nil {
		u.Roles = a.roles
	}
	if p.Verified {
		u.Verified = now
	}
	if err := a.update(ctx, u.ID, func(c *change) error { return a.addUser(ctx, c, u) }); err != nil {
		return User{}, err
	}
	a.administered(ctx, audit.UserCreated, u.ID, "imported; "+rolesText(u.Roles))
	return u, nil
}

// isID reports whether an id has the form of ours.
func isID(id string) bool {
	if len(id) != 36 {
		return false
	}
	for i := range len(id) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if c := id[i]; dash != (c == '-') || !dash && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Export calls f with every user, in the order of ids, password hashes included: guard
// what it writes like the store itself.
func (a *Accounts) Export(ctx context.Context, f func(Portable) error) error {
	const page = 500
	a.administered(ctx, audit.AuthzAdmin, "", "all users were exported")
	for q := (UserQuery{Limit: page}); ; {
		list, err := a.store.Users(ctx, q)
		if err != nil {
			return err
		}
		for _, u := range list {
			err := f(Portable{u.ID, u.Username, u.Email, u.PasswordHash.Reveal(), u.Roles, !u.Verified.IsZero(), u.Disabled, u.Created})
			if err != nil {
				return err
			}
			q.After = u.ID
		}
		if len(list) < page {
			return nil
		}
	}
}
