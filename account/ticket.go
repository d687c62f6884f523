package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/visit"
)

// errTicket is for a token that was mailed or handed out for one purpose, and is not
// known, was used, has expired, or is for something else: to a client, all the same.
var errTicket = errors.New("account: the token is unknown, used, expired, or for something else")

const (
	kindTicket   = "ticket"
	ticketPrefix = "spt_"
	ticketSize   = 32
)

// purpose is the one thing that a ticket is good for.
type purpose string

const (
	toVerify purpose = "verify" // an address that was registered
	toReset  purpose = "reset"  // a password
	toChange purpose = "change" // to another address
	toRevert purpose = "revert" // to the address before
	toInvite purpose = "invite" // somebody
	toSecond purpose = "second" // log in with the second factor
	// toRecover removes the second factor, from a time on.
	toRecover purpose = "recover"
)

// maxSecond is how many guesses at a second factor there are before the password is
// asked for again.
const maxSecond = 5

// ttl is how long a ticket is good.
func (p purpose) ttl() time.Duration {
	switch p {
	case toSecond:
		return 5 * time.Minute
	case toReset:
		return time.Hour
	case toVerify, toChange:
		return day
	}
	return 3 * day // what people find in their mail after a weekend
}

// ticket is a token for one purpose and one use. The store holds its hash.
type ticket struct {
	Purpose purpose `json:"purpose"`
	// Email is the very address that the ticket is about.
	Email string `json:"email,omitzero"`
	// Credential is the user's when the ticket was made; another one voids it, unless the
	// ticket takes an address back: then it tells which of several came first.
	Credential int64    `json:"credential,omitzero"`
	Roles      []string `json:"roles,omitzero"`
	// Tries counts the guesses at a second factor; How is the login it completes, and
	// Device the known device it was begun on.
	Tries  int       `json:"tries,omitzero"`
	How    loginForm `json:"how,omitzero"`
	Device string    `json:"device,omitzero"`
	// Inviter is the administrator who has sent an invite; empty for a program.
	Inviter string `json:"inviter,omitzero"`
	// From is when a ticket that removes the second factor becomes good.
	From time.Time `json:"from,omitzero"`

	id, owner string
	due, end  time.Time
}

// issue keeps a ticket and returns its text. With an owner, it replaces the owner's
// tickets of the same purpose, but for those that take an address back.
func issue(ctx context.Context, c *change, owner string, t ticket) (string, error) {
	if owner != "" && t.Purpose != toRevert {
		if err := void(ctx, c, owner, func(old *ticket) bool { return old.Purpose == t.Purpose }); err != nil {
			return "", err
		}
	}
	var raw [ticketSize]byte
	rand.Read(raw[:])
	text := ticketPrefix + base64.RawURLEncoding.EncodeToString(raw[:])
	t.id, t.owner = ticketID(text), owner
	if t.end.IsZero() {
		t.end = c.now.Add(t.Purpose.ttl())
	}
	return text, t.keep(ctx, c)
}

func (t *ticket) keep(ctx context.Context, c *change) error {
	data, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return c.PutRecord(ctx, Record{Kind: kindTicket, ID: t.id, Owner: t.owner, Due: t.due, End: t.end, Data: data})
}

// ticketID is what a text is looked up by.
func ticketID(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// find finds a ticket, which may have expired: only in a transaction there is the store's time.
func find(ctx context.Context, in Reader, text string, purposes ...purpose) (ticket, error) {
	text = strings.TrimSpace(text) // as it was copied out of a mail
	body, ok := strings.CutPrefix(text, ticketPrefix)
	if !ok || len(body) != base64.RawURLEncoding.EncodedLen(ticketSize) {
		return ticket{}, errTicket
	}
	rec, err := in.Record(ctx, kindTicket, ticketID(text))
	if errors.Is(err, ErrNotFound) {
		return ticket{}, errTicket
	}
	if err != nil {
		return ticket{}, err
	}
	t, err := ticketOf(rec)
	if err == nil && !slices.Contains(purposes, t.Purpose) {
		err = errTicket
	}
	return t, err
}

// good reports whether a ticket has not expired. Half a login is good because its password was
// right a moment ago, which one of before the clock was set back was not.
func (t *ticket) good(now time.Time) bool {
	ttl := t.Purpose.ttl()
	return now.Before(t.end) && (t.Purpose != toSecond || visit.Recent(t.end.Add(-ttl), now, ttl))
}

func ticketOf(rec Record) (ticket, error) {
	t := ticket{id: rec.ID, owner: rec.Owner, due: rec.Due, end: rec.End}
	err := json.Unmarshal(rec.Data, &t)
	return t, err
}

// redeem runs f with a ticket that is good, in a transaction of its owner. f uses it up
// with spend, or leaves it.
func (a *Accounts) redeem(ctx context.Context, text string, f func(c *change, t *ticket) error, purposes ...purpose) error {
	t, err := find(ctx, a.store, text, purposes...)
	if err != nil {
		return err
	}
	key := t.owner
	if key == "" {
		key = t.id
	}
	return a.update(ctx, key, func(c *change) error {
		t, err := find(ctx, c, text, purposes...)
		if err == nil && !t.good(c.now) {
			err = errTicket
		}
		if err != nil {
			return err
		}
		return f(c, &t)
	})
}

func (t *ticket) spend(ctx context.Context, c *change) error {
	return c.DeleteRecord(ctx, kindTicket, t.id)
}

// void deletes those of an owner's tickets that which picks.
func void(ctx context.Context, c *change, owner string, which func(*ticket) bool) error {
	list, err := c.RecordsOf(ctx, kindTicket, owner)
	if err != nil {
		return err
	}
	for _, rec := range list {
		t, err := ticketOf(rec)
		if err != nil || !which(&t) {
			continue
		}
		if err := t.spend(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// allButRevert are what a change of what logs the user in voids. Whoever takes an account
// over makes such changes, and must not keep its owner from taking it back by them.
func allButRevert(t *ticket) bool { return t.Purpose != toRevert }
