package account

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport-dev/sallyport/secret"
)

// What a store answers, compared with errors.Is. Any other error means that the store
// could not do it, and for a write, that nobody knows whether it did.
var (
	// ErrNotFound is for a user or a session that is not there.
	ErrNotFound = errors.New("account: not found")
	// ErrTaken is for a username or an e-mail address another user has, and for an id
	// used before.
	ErrTaken = errors.New("account: the username, the e-mail address or the id is taken")
	// ErrEnded is for a session that was ended or has expired, and for a user who is
	// disabled or whose password has changed since it was verified.
	ErrEnded = errors.New("account: the session, or the right to one, has ended")
	// ErrReused is for a refresh token that was the session's, and has been exchanged.
	ErrReused = errors.New("account: the refresh token was used before")
)

// Store keeps users, their sessions, and the feed of what was revoked. Package
// storetest holds the tests that a store must pass, ours and yours.
//
// What every store promises:
//
//   - Found or not: what is not there is [ErrNotFound]. A list is empty, never an error.
//   - Unique: of two users whose usernames are equal by [Fold], one is kept and the
//     other is [ErrTaken], however close together they come. The same for e-mail
//     addresses.
//   - As it was: text comes back byte for byte, of any length up to a megabyte. What
//     [User.Check] or [CheckText] refuses is refused before anything is stored.
//   - Atomic: a method does all it says, or nothing.
//   - One after the other: methods that write take effect in some order, and each sees
//     what the ones before it did, in other processes too.
//   - Durable: what was acknowledged survives a killed process and a lost machine's
//     power, as far as the disk tells the truth.
//   - Time: a store has no clock. Times come in as parameters, are kept to the
//     microsecond, and come back in UTC.
//   - Cancellation: a method whose context has ended returns its error soon. A write
//     may then have happened or not.
//   - Concurrency: every method may be called at any time from any goroutine, until
//     Close.
//
// # Cuts
//
// A [Cut] takes away what a user holds: it sets the user's TokensFrom and adds one
// [Revocation] to the feed. To be sure that it reaches every token made before it,
// without trusting any two clocks to agree, TokensFrom becomes the greatest of
//
//   - the cut's time, rounded down to the second, plus one second
//   - TokensFrom before, plus one second
//   - the LastUsed of every session of the user, rounded down, plus one second
//
// and a token is issued at the later of its session's LastUsed, rounded down, and the
// user's TokensFrom, both as the write that allowed it returned them.
type Store interface {
	// CreateUser keeps a new user. Credential and TokensFrom start at zero.
	CreateUser(ctx context.Context, u User) error
	// UserByID returns the user with the id.
	UserByID(ctx context.Context, id string) (User, error)
	// UserByLogin returns the user whose username or e-mail address is login, by [Fold].
	UserByLogin(ctx context.Context, login string) (User, error)
	// Users returns up to limit users whose ids come after after, in the order of ids.
	Users(ctx context.Context, after string, limit int) ([]User, error)

	// SetPassword stores the hash of another password, counts Credential up, ends all
	// sessions of the user, and cuts.
	SetPassword(ctx context.Context, userID string, hash secret.String, c Cut) (Revocation, error)
	// Rehash puts one hash of the same password in place of another. It is ErrNotFound
	// when the user's hash is not old any more.
	Rehash(ctx context.Context, userID string, old, new secret.String) error
	// SetRoles stores the roles, and cuts. Sessions go on: the next refresh gives a
	// token with the new roles.
	SetRoles(ctx context.Context, userID string, roles []string, c Cut) (Revocation, error)
	// SetDisabled disables the user, ends all sessions, and cuts; or enables the user,
	// which brings no session back and adds nothing to the feed (Revocation is zero).
	SetDisabled(ctx context.Context, userID string, disabled bool, c Cut) (Revocation, error)

	// CreateSession keeps a new session and returns its user. It is ErrEnded when the
	// user is disabled, or when Credential is not credential any more: the password
	// that was verified is no longer the user's.
	CreateSession(ctx context.Context, s Session, credential int64) (User, error)
	// RotateSession exchanges a refresh token, in one atomic step: of any number of
	// calls with one token, exactly one succeeds. It returns the session as it is now,
	// and its user.
	//
	// It is ErrNotFound for a token nobody has, ErrReused for the token the session had
	// just before, and ErrEnded when the session has ended, has expired by r.Now, or the
	// user is disabled. With ErrReused and ErrEnded it returns the session as it is, so
	// that the event can be recorded; nothing is changed.
	RotateSession(ctx context.Context, r Rotation) (Session, User, error)
	// EndSession ends a session and adds it to the feed. For one that has ended before
	// it does nothing: the error is nil and the Revocation zero.
	EndSession(ctx context.Context, id string, c Cut) (Revocation, error)
	// EndUserSessions ends all sessions of the user, and cuts.
	EndUserSessions(ctx context.Context, userID string, c Cut) (Revocation, error)

	// Revocations returns up to limit entries of the feed after the one with number
	// after, in order. An entry never appears behind one that has been read already:
	// who follows the feed misses nothing.
	Revocations(ctx context.Context, after int64, limit int) ([]Revocation, error)
	// Prune removes the entries of the feed whose Until has come, and the sessions that
	// have expired. The numbers of the feed go on.
	Prune(ctx context.Context, now time.Time) error

	// Close ends the use of the store. Later calls fail.
	Close() error
}

// Cut is when something is revoked, and for how long that must be remembered: until
// the last token it concerns has expired.
type Cut struct{ At, Until time.Time }

// Rotation is the exchange of one refresh token for another.
type Rotation struct {
	Old, New RefreshHash
	Now      time.Time
	// IdleUntil is the session's new one; it is cut to the session's Expires.
	IdleUntil time.Time
}

// Revocation is an entry of the feed. Either Session is set: its tokens are revoked.
// Or User is: those of the user's tokens that were issued before NotBefore are.
type Revocation struct {
	Seq       int64
	Session   string
	User      string
	NotBefore time.Time
	At, Until time.Time
}
