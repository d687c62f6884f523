package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/clientip"
)

// Guessing is slowed down, never shut out. Three counts are kept, in the store, so that
// every process knows them and a restart forgets none:
//
//   - of one login from one place: a network, a device the user has logged in with, or a
//     session of the user's;
//   - of one login from everywhere;
//   - of one network over all logins.
//
// Who is on a known device, or logged in, is asked for the first alone, so that no stranger can keep the
// owner out, not from the same network either.
//
// A login that nobody has is counted like any other. Each try is counted before the
// password is looked at, so that many at once get no more than one after another, and
// given back when it was right. So a right password among wrong ones buys no further guess,
// and a network where hundreds log in rightly holds none of them up.
const kindStrikes = "strikes"

// counter is one of the counts of a try.
type counter struct {
	allowance
	id string
	// clears says that a right guess makes it start over; otherwise that is given back.
	clears bool
}

// try is a guess at a password, for the counts.
type try struct {
	// who is the id of the user, or the login as it was sent, folded.
	who    string
	client netip.Addr
	// device is that of a known device's token, for this user, or the session that asks;
	// or empty.
	device string
	// code says that a second factor is guessed at.
	code bool
}

// inSession is a try of somebody who is logged in.
func inSession(who string, r *http.Request, session string) try {
	return try{who: who, client: clientOf(r), device: "session " + session}
}

func (a *Accounts) counters(t try) []counter {
	if t.device != "" {
		return []counter{{perPlace, a.nameID("place", t.who, "device "+t.device), true}}
	}
	network, everywhere := clientip.Prefix(t.client).String(), perLogin
	if t.code {
		everywhere = perCode
	}
	return []counter{
		{perPlace, a.nameID("place", t.who, "network "+network), true},
		{perNetwork, a.nameID("network", network), false},
		{everywhere, a.nameID("login", t.who), false},
	}
}

// nameID is the id of a record about what clients wrote.
func (a *Accounts) nameID(parts ...string) string {
	h := hmac.New(sha256.New, a.secrets.names)
	for _, p := range parts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// counting runs f in a transaction that holds these counters and no others, so that a
// process that stands still holds up only who would change the same. They are taken in
// one order, as two in two orders would wait for each other.
func (a *Accounts) counting(ctx context.Context, list []counter, f func(c *change) error) error {
	keys := make([]string, len(list))
	for i, n := range list {
		keys[i] = kindStrikes + " " + n.id
	}
	slices.Sort(keys)
	return a.update(ctx, keys[0], func(c *change) error {
		for _, key := range keys[1:] {
			if err := c.Lock(ctx, key); err != nil {
				return err
			}
		}
		return f(c)
	})
}

// charge counts a try, unless it has to wait: then it counts nothing and says how long.
func (a *Accounts) charge(ctx context.Context, t try) (wait time.Duration, err error) {
	list := a.counters(t)
	err = a.counting(ctx, list, func(c *change) error {
		found := make([]strikes, len(list))
		wait = 0
		for i, n := range list {
			if found[i], err = readStrikes(ctx, c, n.id); err != nil {
				return err
			}
			wait = max(wait, n.wait(found[i], c.now))
		}
		for i, n := range list {
			s := found[i]
			switch {
			case wait == 0:
				s = n.strike(s, c.now)
			case s.Last.After(c.now): // the clock was set back: the wait begins now, and not at each try
				s.Last = c.now
			default:
				continue
			}
			if err := n.put(ctx, c, s); err != nil {
				return err
			}
		}
		return nil
	})
	return wait, err
}

// forgive gives a try back that was right. It is no error that it fails, as what the try was
// for may have been committed: the count is too high by one until it is forgotten.
func (a *Accounts) forgive(ctx context.Context, t try) { a.giveBack(ctx, t, true) }

// withdraw gives a try back that nobody has looked at. It was no guess, and it makes up for
// none: otherwise guesses would be free for who can have every other one not looked at.
func (a *Accounts) withdraw(ctx context.Context, t try) { a.giveBack(ctx, t, false) }

// giveBack does not depend on the client's patience: its request may have ended.
func (a *Accounts) giveBack(ctx context.Context, t try, right bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.patience)
	defer cancel()
	list := a.counters(t)
	err := a.counting(ctx, list, func(c *change) error {
		for _, n := range list {
			s, err := readStrikes(ctx, c, n.id)
			if err != nil {
				return err
			}
			if s.Count--; n.clears && right || s.Count <= 0 {
				err = c.DeleteRecord(ctx, kindStrikes, n.id)
			} else {
				err = n.put(ctx, c, s)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		a.errors.WarnContext(ctx, "a guess that was none stays counted", "error", err)
	}
}

func readStrikes(ctx context.Context, in Reader, id string) (s strikes, err error) {
	rec, err := in.Record(ctx, kindStrikes, id)
	if errors.Is(err, ErrNotFound) {
		return strikes{}, nil
	}
	if err == nil {
		err = json.Unmarshal(rec.Data, &s)
	}
	return s, err
}

func (n *counter) put(ctx context.Context, c *change, s strikes) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return c.PutRecord(ctx, Record{Kind: kindStrikes, ID: n.id, End: s.Last.Add(n.forget), Data: data})
}
