package account

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/visit"
)

// Portable is a user as one system hands them to another. What belongs to this gate
// alone is not in it: sessions, API keys, second factors.
type Portable struct {
	// ID is kept where it is an id of ours; otherwise the user gets a new one.
	ID string `json:"id,omitzero"`
	// Username is what the user logs in with, or else with Email: 1 to 64 letters, marks and
	// digits of any script, spaces and the characters ._-+'~!#$*= of ASCII. Where it is missing
	// or an e-mail address, the user gets one made of the local part of Email, with a few digits
	// of its hash behind it if that is taken.
	Username string `json:"username"`
	// Email is the address. Where it is missing, and Username is an address, it is that.
	Email string `json:"email"`
	// PasswordHash is one that package password reads. Without one, or with one that begins with
	// "!" or "*", by which Django and crypt(3) mark users without a password, the user sets a
	// password by mail.
	PasswordHash string    `json:"password_hash,omitzero"`
	Roles        []string  `json:"roles,omitzero"`
	Verified     bool      `json:"email_verified,omitzero"`
	Disabled     bool      `json:"disabled,omitzero"`
	Created      time.Time `json:"created,omitzero"`
}

// normalized returns p with names in the form in which they are stored. The username is empty
// where one has to be made.
func (p Portable) normalized() Portable {
	p.Username, p.Email = canonical(p.Username), canonical(p.Email)
	if strings.Contains(p.Username, "@") {
		p.Email = cmp.Or(p.Email, p.Username)
		p.Username = ""
	}
	if p.PasswordHash != "" && strings.IndexByte("!*", p.PasswordHash[0]) >= 0 {
		p.PasswordHash = ""
	}
	return p
}

const (
	maxImportedName = 64
	inImportedName  = " ._-+'~!#$*="
)

// importedRune reports whether a username of another system may have r in it.
func importedRune(r rune) bool { return isWordRune(r) || strings.ContainsRune(inImportedName, r) }

// wrongWithImport returns what is wrong with a normalized p.
func (p *Portable) wrongWithImport() []problem.Field {
	wrong := wrongWithEmail(p.Email)
	if utf8.RuneCountInString(p.Username) > maxImportedName || strings.ContainsFunc(p.Username, func(r rune) bool { return !importedRune(r) }) {
		wrong = append(wrong, problem.Field{Pointer: "/username", Code: "bad_value", Detail: "must be 1 to 64 letters and digits of any script, spaces and " + inImportedName[1:]})
	}
	if err := checkRoles(p.Roles); err != nil {
		wrong = append(wrong, problem.Field{Pointer: "/roles", Code: "bad_value", Detail: strings.TrimPrefix(err.Error(), "account: ")})
	}
	return wrong
}

// madeName returns a username made of the local part of an address; again one that is as good as
// nobody else's.
func madeName(email string, again bool) string {
	local, _, _ := strings.Cut(email, "@")
	name := strings.Map(func(r rune) rune {
		if importedRune(r) {
			return r
		}
		return -1
	}, local)
	name = cmp.Or(name, "user")
	if again {
		sum := sha256.Sum256([]byte(Fold(email)))
		tail := "-" + hex.EncodeToString(sum[:4])
		if runes := []rune(name); len(runes) > maxImportedName-len(tail) {
			name = string(runes[:maxImportedName-len(tail)])
		}
		name += tail
	}
	return name
}

// ErrHash is for a password hash that no login could match, and ErrDear for one that would
// hold the others up for too long.
var (
	ErrHash = errors.New("account: the password hash is not one that can be verified here")
	ErrDear = errors.New("account: the password hash takes more work than an import accepts: raise that (user import --max-work, password.Config.ImportWork), or leave the hash out, and its user sets a password by mail")
)

// Import makes a user of another system's. The rules for the names are those of [Portable], and
// those for passwords cannot be asked of a hash. The first login replaces the hash by one of
// ours. Errors are [ErrTaken], [ErrHeld], [ErrHash], [ErrDear], *[InvalidUser], or the store's.
func (a *Accounts) Import(ctx context.Context, p Portable) (User, error) {
	p = p.normalized()
	if wrong := p.wrongWithImport(); len(wrong) > 0 {
		return User{}, &InvalidUser{wrong}
	}
	if p.PasswordHash != "" && !a.passwords.Knows(p.PasswordHash) {
		return User{}, fmt.Errorf("%w: see docs/accounts.md for the kinds; bcrypt is read up to cost 16, and others up to as much work", ErrHash)
	}
	if p.PasswordHash != "" && !a.passwords.Affords(p.PasswordHash) {
		return User{}, ErrDear
	}
	made := p.Username == ""
	if made {
		p.Username = madeName(p.Email, false)
	}
	u, err := a.importUser(ctx, p)
	if !made || !errors.Is(err, ErrTaken) {
		return u, err
	}
	if _, err := a.store.UserByLogin(ctx, p.Email); !errors.Is(err, ErrNotFound) {
		return User{}, cmp.Or(err, ErrTaken)
	}
	p.Username = madeName(p.Email, true) // it was the name that is taken
	return a.importUser(ctx, p)
}

// Imported reports whether there is a user with the names and the password hash of p, as an
// import of it has made.
func (a *Accounts) Imported(ctx context.Context, p Portable) (bool, error) {
	p = p.normalized()
	u, err := a.store.UserByLogin(ctx, p.Email)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && (p.Username == "" || Fold(u.Username) == Fold(p.Username)) && u.PasswordHash.Equal(secret.New(p.PasswordHash)), err
}

// importUser makes a user of p, whose names are checked.
func (a *Accounts) importUser(ctx context.Context, p Portable) (User, error) {
	u := User{
		ID: p.ID, Username: p.Username, Email: p.Email, PasswordHash: secret.New(p.PasswordHash), Roles: p.Roles,
		Created: p.Created, Disabled: p.Disabled, MustReset: p.PasswordHash == "",
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
