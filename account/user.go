package account

import (
	"crypto/sha256"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport-dev/sallyport/secret"
)

// User is one account.
type User struct {
	// ID is a UUIDv7, given once and never used again.
	ID string
	// Username and Email are as they were typed. Both are unique by [Fold], and either
	// is a login: a username holds no "@" and an e-mail address does, so that one text
	// can never mean two users.
	Username, Email string
	// PasswordHash is a PHC string.
	PasswordHash secret.String
	// Roles are what the user may do, in the order they were given.
	Roles []string
	// Created is when the user was made.
	Created time.Time
	// Disabled says that the user may not log in or refresh.
	Disabled bool

	// Credential counts the changes of the password. A hash of the same password with
	// other parameters is no change.
	Credential int64
	// TokensFrom is the least issue time, in whole seconds, a token of this user must
	// have to be good. The store moves it (see [Store]); nobody sets it.
	TokensFrom time.Time
}

// Session is one login of a user, held by whoever has its refresh token.
type Session struct {
	ID, UserID string
	// Refresh is the hash of the refresh token that is good now.
	Refresh RefreshHash
	Created time.Time
	// LastUsed is when the last access token was made. It never goes back.
	LastUsed time.Time
	// IdleUntil is when the session ends unless it is used before, and Expires is when
	// it ends in any case.
	IdleUntil, Expires time.Time
	// Ended is when it was ended, by logging out or by a cut; zero while it is not.
	Ended time.Time
}

// RefreshHash is what is kept of a refresh token. The token has 256 random bits, so a
// plain hash cannot be turned back.
type RefreshHash [sha256.Size]byte

// What can be wrong with a user a store is asked to keep.
var (
	// ErrText is for text that is not UTF-8 or holds a NUL, which not every database
	// can keep and give back as it was.
	ErrText = errors.New("account: the text is not UTF-8, or holds a NUL")
	// ErrLogin is for a username with an "@", an e-mail address without, or either
	// being empty.
	ErrLogin = errors.New("account: a username has no \"@\" in it, an e-mail address has one, and neither is empty")
	// ErrID is for a user or a session without an id.
	ErrID = errors.New("account: the id is empty")
)

// Check is what every store asks of a user before it keeps it. It is about what can
// be stored and found again; which names are good is for [Accounts.Add].
func (u *User) Check() error {
	if u.ID == "" {
		return ErrID
	}
	if u.Username == "" || strings.Contains(u.Username, "@") || !strings.Contains(u.Email, "@") {
		return ErrLogin
	}
	return errors.Join(CheckText(u.ID, u.Username, u.Email, u.PasswordHash.Reveal()), CheckText(u.Roles...))
}

// CheckText returns [ErrText] unless every text can be stored as it is.
func CheckText(texts ...string) error {
	for _, s := range texts {
		if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
			return ErrText
		}
	}
	return nil
}

// Fold returns the form in which two logins are compared: Unicode simple case folding
// (the Unicode Standard §5.18), so that "ſ" is "s", the Kelvin sign is "k" and "ς" is
// "σ". Every store uses this one, as the foldings of databases differ.
//
// Folding is not normalisation, and tells nothing about letters that look alike; see
// the letters [Accounts.Add] allows.
func Fold(s string) string {
	return strings.Map(foldRune, s)
}

// foldRune returns the least rune of the orbit r is in.
func foldRune(r rune) rune {
	switch {
	case 'a' <= r && r <= 'z':
		return r - 'a' + 'A'
	case r < utf8.RuneSelf:
		return r
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}
