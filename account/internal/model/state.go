// Package model is the specification of the accounts as a small state machine: which
// credential is accepted, which is refused, and what each request changes. Tests run random
// sequences of requests against real accounts and compare every answer with it. It knows
// nothing of the implementation: no token format, no store, no transaction.
package model

import (
	"maps"
	"slices"
	"time"
)

// The times of the specification. They are those of the documentation.
const (
	accessTTL  = 10 * time.Minute
	idleTTL    = 7 * 24 * time.Hour
	sessionTTL = 30 * 24 * time.Hour
	reauthTTL  = 10 * time.Minute
	halfTTL    = 5 * time.Minute
	resetTTL   = time.Hour
	dayTTL     = 24 * time.Hour // confirming an address
	longTTL    = 72 * time.Hour // taking an address back, an invite
	// recoverAfter is how long a token that removes a lost second factor is not valid yet, and
	// recoverFor how long it is from then on.
	recoverAfter = 72 * time.Hour
	recoverFor   = 72 * time.Hour
	deviceTTL    = 180 * 24 * time.Hour
	codeStep     = 30 * time.Second

	// clockMargin is how far the clocks of two nodes, or of a node and the store, may differ.
	clockMargin = 5 * time.Minute
	// remembered is how long after a revocation a clock may be set back to a time at which
	// the access token would still be valid: an hour beyond what the token needs.
	remembered = accessTTL + clockMargin + time.Hour
	// maxTries is how many wrong codes end a login that waits for its second step.
	maxTries = 5
)

// Kind is a kind of credential.
type Kind string

// The kinds of credentials that are handed out.
const (
	Access  Kind = "access"
	Refresh Kind = "refresh"
	Half    Kind = "half-login"
	Verify  Kind = "verify"
	Reset   Kind = "reset"
	Change  Kind = "change"
	Revert  Kind = "revert"
	Invite  Kind = "invite"
	Key     Kind = "key"
	Device  Kind = "device"
	Recover Kind = "recover"
	Code    Kind = "recovery code"
	// Session is no credential: ending one ends its access and refresh tokens.
	Session Kind = "session"
)

// byMail are the one-time tokens that are void after a change of what logs a user in. The
// link that takes an address back is not among them: it is for the case that somebody else
// made that change.
var byMail = []Kind{Half, Verify, Reset, Change, Recover}

// State is everything that decides about requests. Times are those of the deciding clock:
// the store's where it has one.
type State struct {
	seq      int // orders events
	users    map[string]*user
	sessions map[string]*session
	creds    map[int]*cred
	holds    map[string]hold   // by address
	keys     map[string]*death // signing keys that were revoked, by id

	// What the step must have led to.
	mails []letter
	fresh *session // the session of the answer's tokens, if it is a new one
	gives gives
}

// letter is a token that must have been mailed, or with maybe, may have been.
type letter struct {
	cred  *cred
	to    string
	maybe bool
}

// gives is what a successful answer must hold.
type gives struct {
	kinds         []Kind
	user, session string
	number        int
	device        int // the device token that must come back; -1: another one
}

type user struct {
	email, password string
	roles           string
	disabled        bool
	confirmed       bool // the address
	mustReset       *death
	factor          factor
}

type factor struct {
	on    bool
	since int // seq of its confirmation
	seed  string
	last  int64 // time step of the last code that was accepted
}

type session struct {
	user             string
	end              *death
	number, previous int
	rotated          time.Time
	used             uses // the current access token
	idle, expires    time.Time
	auth             time.Time
	factor, cookie   bool
}

// uses says whether the store knows that an access token reached its client.
type uses int

const (
	unused  uses = iota
	unsure       // it may have been used
	pending      // it was used, and some node still has to write that
	used
)

type cred struct {
	kind    Kind
	user    string
	session string
	number  int       // of a refresh token in its session, and of the access token with it
	email   string    // what a one-time token is about
	roles   string    // of an invite
	end     time.Time // by the deciding clock; of access tokens, by the node's
	from    time.Time // of access tokens: iat; of tokens that are valid from then on
	keyID   string    // of access tokens: the signing key
	cookie  bool
	tries   int
	seq     int
	tick    int // when it was given
	dead    *death
}

// death is why something is over, since when, and which node did it.
type death struct {
	why  string
	tick int
	at   time.Time
	by   int // the node that knows at once; -1: none
}

type hold struct {
	user string
	end  time.Time
}

// NewState returns the state of accounts that nobody has used.
func NewState() *State {
	return &State{
		users: map[string]*user{}, sessions: map[string]*session{}, creds: map[int]*cred{},
		holds: map[string]hold{}, keys: map[string]*death{},
	}
}

// clone returns a copy for one step further.
func (s *State) clone() *State {
	c := *s
	c.users, c.sessions, c.creds = deep(s.users), deep(s.sessions), deep(s.creds)
	c.holds, c.keys = maps.Clone(s.holds), maps.Clone(s.keys)
	c.mails = slices.Clone(s.mails)
	for i, l := range c.mails {
		one := *l.cred
		c.mails[i].cred = &one
	}
	c.fresh, c.gives = nil, gives{device: -1}
	return &c
}

func deep[K comparable, V any](m map[K]*V) map[K]*V {
	c := make(map[K]*V, len(m))
	for k, v := range m {
		one := *v
		c[k] = &one
	}
	return c
}
