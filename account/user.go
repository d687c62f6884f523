package account

import (
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
	// Verified is when the user showed that mail to Email reaches them; zero if never.
	Verified time.Time
	// Disabled says that the user may not log in or refresh.
	Disabled bool
	// MustReset says that the password is good for nothing until it was reset by mail.
	MustReset bool
	// Credential counts the changes of the password and of what else logs the user in. A
	// hash of the same password with other parameters is no change.
	Credential int64
}

// What can be wrong with what a store is asked to keep.
var (
	// ErrText is for text that is not UTF-8 or holds a NUL, which not every database
	// can keep and give back as it was.
	ErrText = errors.New("account: the text is not UTF-8, or holds a NUL")
	// ErrLogin is for a username with an "@", an e-mail address without, or either
	// being empty or over 1,024 bytes.
	ErrLogin = errors.New("account: a username has no \"@\" in it, an e-mail address has one, and neither is empty or over 1024 bytes")
	// ErrID is for an id or a kind that is empty or over 255 bytes.
	ErrID = errors.New("account: an id has 1 to 255 bytes")
)

// What an index of every database can hold.
const (
	maxLogin = 1024
	maxID    = 255
)

// Check is what every store asks of a user before it keeps it. It is about what can
// be stored and found again; which names are good is for [Accounts.Add].
func (u *User) Check() error {
	if u.Username == "" || strings.Contains(u.Username, "@") || !strings.Contains(u.Email, "@") || max(len(u.Username), len(u.Email)) > maxLogin {
		return ErrLogin
	}
	return errors.Join(checkIDs(u.ID), CheckText(u.Username, u.Email, u.PasswordHash.Reveal()), CheckText(u.Roles...))
}

// Check is what every store asks of a session.
func (s *Session) Check() error {
	return errors.Join(checkIDs(s.ID, s.UserID), CheckText(s.Prefix, s.Agent), CheckText(s.Methods...))
}

// Check is what every store asks of a record.
func (r *Record) Check() error {
	if len(r.Owner) > maxID {
		return ErrID
	}
	return errors.Join(checkIDs(r.Kind, r.ID), CheckText(r.Owner))
}

// Check is what every store asks of an entry of the feed.
func (r *Revocation) Check() error { return checkIDs(r.Kind, r.ID) }

func checkIDs(ids ...string) error {
	for _, id := range ids {
		if id == "" || len(id) > maxID {
			return ErrID
		}
	}
	return CheckText(ids...)
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
