package account

import (
	"context"
	"errors"
	"time"
)

// What a store answers, compared with errors.Is. Any other error means that the store
// could not do it, and for a write, that nobody knows whether it did.
var (
	// ErrNotFound is for what is not there.
	ErrNotFound = errors.New("account: not found")
	// ErrTaken is for a username or an e-mail address another user has, and for an id
	// used before.
	ErrTaken = errors.New("account: there is a user with this username, e-mail address or id already")
)

// ErrHeld is an [ErrTaken] for an e-mail address that another account has moved away from in
// the last 72 hours, and may take back. Stores do not return it.
var ErrHeld error = held{}

type held struct{}

func (held) Error() string {
	return "account: the e-mail address is kept for the account that had it until lately, which may take it back for 72 hours: " +
		"wait for their end, or use another address"
}

// Is makes ErrHeld an [ErrTaken].
func (held) Is(target error) bool { return target == ErrTaken }

// Reader is what can be asked of a store. In [Store] each call sees all that has been
// committed; in a [Tx], all that the transaction has written as well.
type Reader interface {
	// User returns the user with the id.
	User(ctx context.Context, id string) (User, error)
	// UserByLogin returns the user whose username or e-mail address is login, by [Fold].
	UserByLogin(ctx context.Context, login string) (User, error)
	// Users returns up to q.Limit users in the order of ids.
	Users(ctx context.Context, q UserQuery) ([]User, error)

	// Session returns the session with the id.
	Session(ctx context.Context, id string) (Session, error)
	// Sessions returns the sessions of a user that have not ended, oldest first. Those
	// that have expired may be among them.
	Sessions(ctx context.Context, userID string) ([]Session, error)

	// Record returns one record.
	Record(ctx context.Context, kind, id string) (Record, error)
	// RecordsOf returns the records of an owner, in the order of ids.
	RecordsOf(ctx context.Context, kind, owner string) ([]Record, error)
	// RecordsDue returns up to limit records whose Due is at or before now, the earliest
	// first.
	RecordsDue(ctx context.Context, kind string, now time.Time, limit int) ([]Record, error)

	// Feed returns up to limit entries of the feed after the one with number after, in
	// order. An entry never appears behind one that has been read already: who follows
	// the feed misses nothing.
	Feed(ctx context.Context, after int64, limit int) ([]Revocation, error)
}

// Tx is a transaction that writes. After an error of any of its methods it can only be
// given up: return the error.
type Tx interface {
	Reader
	// Lock guards what another key stands for too, from now to the end of the transaction,
	// as [Store.Update] does for its own. Who takes several takes them in one order, as two
	// in two orders would wait for each other.
	Lock(ctx context.Context, key string) error
	// AddUser keeps a new user.
	AddUser(ctx context.Context, u User) error
	// SetUser replaces a user's fields, all but ID and Created.
	SetUser(ctx context.Context, u User) error
	// AddSession keeps a new session of a user that is there.
	AddSession(ctx context.Context, s Session) error
	// SetSession replaces a session's fields, all but ID, UserID and Created.
	SetSession(ctx context.Context, s Session) error
	// PutRecord keeps a record, in place of the one with the same kind and id.
	PutRecord(ctx context.Context, r Record) error
	// DeleteRecord removes a record, if it is there.
	DeleteRecord(ctx context.Context, kind, id string) error
	// Revoke adds an entry to the feed. Seq is the store's to give.
	Revoke(ctx context.Context, r Revocation) error
}

// Timed is a [Tx] of a store with a clock of its own. What several machines decide by the
// time, such as whether a refresh token comes again in time, they decide by that one
// clock, as theirs differ.
type Timed interface {
	// Now is the store's time, read when the transaction had its key; or zero, for a store
	// without a clock.
	Now() time.Time
}

// Store keeps users, their sessions, small records, and the feed of what was revoked.
// The rules for all of these are in this package; a store only keeps its promises.
// Package storetest holds the tests that a store must pass, ours and yours.
//
// What every store promises:
//
//   - Found or not: what is not there is [ErrNotFound], and so is what could not be, as
//     [CheckText] refuses its name. A list is empty, never an error.
//   - Unique: of two users whose usernames are equal by [Fold], one is kept and the
//     other is [ErrTaken], however close together they come. The same for e-mail
//     addresses.
//   - As it was: text comes back byte for byte, of any length up to a megabyte. What
//     [User.Check] or [CheckText] refuses is refused before anything is stored.
//   - Atomic: an Update does all it says, or nothing.
//   - One after the other: Updates with one key, or that [Tx.Lock] it, take effect in
//     some order, and each sees all that the ones before it did, in other processes too.
//   - Durable: what was acknowledged survives a killed process and a lost machine's
//     power, as far as the disk tells the truth.
//   - Time: times come in as parameters, are kept to the microsecond, and come back in
//     UTC. A store needs no clock. One that machines share has it: see [Timed].
//   - Cancellation: a method whose context has ended returns its error soon. A write
//     may then have happened or not. [Accounts] lets the contexts it calls a store with end
//     by a deadline alone, not when a client hangs up; and when they are closed, for what
//     their background loops read.
//   - Concurrency: every method may be called at any time from any goroutine, until
//     Close.
type Store interface {
	Reader
	// Update runs f in a transaction. It commits when f returns nil, and otherwise
	// returns f's error. Whatever is read in f to decide what to write has to be guarded
	// by the key: by convention a user's id, or the name of what has no user.
	Update(ctx context.Context, key string, f func(tx Tx) error) error
	// Prune removes the entries of the feed whose Until has come, the sessions that have
	// expired, and the records whose End has come. The numbers of the feed go on. It removes
	// them in small transactions, so that no write waits for long, and keeps to the end of ctx:
	// what it has removed by then stays removed.
	Prune(ctx context.Context, now time.Time) error
	// Close ends the use of the store. Later calls fail.
	Close() error
}

// UserQuery asks for a page of users.
type UserQuery struct {
	// After is the id after which to start; empty starts with the first.
	After string
	// Search is a part of the username or of the e-mail address, by [Fold].
	Search string
	// Limit is the most to return.
	Limit int
}

// Record is something small that is only ever looked up by its id, its owner, or the
// time it is due: an API key, a link that was mailed, a mail that waits.
type Record struct {
	Kind, ID, Owner string
	// Due is when somebody has to look at it; zero for never.
	Due time.Time
	// End is when it may be forgotten; zero for never.
	End  time.Time
	Data []byte
}

// Revocation is an entry of the feed: something changed that every process has to know
// of within a second.
type Revocation struct {
	Seq int64
	// Kind and ID say what it is about.
	Kind, ID string
	// Below is for sessions: access tokens of lesser epochs are revoked. 0 means all.
	Below int64
	// At is when, and Until how long it matters.
	At, Until time.Time
}

// What the feed is about.
const (
	// KindSession is a session that has ended, or whose tokens have.
	KindSession = "session"
	// KindUser is a user whose rights have changed.
	KindUser = "user"
	// KindAPIKey is an API key that was revoked.
	KindAPIKey = "api-key"
	// KindSigningKey is a change of the keys that sign.
	KindSigningKey = "signing-key"
)
