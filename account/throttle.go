package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
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

// allowance is how many wrong guesses are free, what the first wait after them is, and
// when all is forgotten. With fade, one guess after the other is forgotten instead, and
// the wait is for the next of those: a network that is never quiet would be forgiven
// nothing otherwise.
type allowance struct {
	free        int
	first, most time.Duration
	forget      time.Duration
	fade        time.Duration
}

var (
	perPlace = allowance{free: 5, first: time.Second, most: 15 * time.Minute, forget: time.Hour}
	perLogin = allowance{free: 50, first: time.Second, most: 15 * time.Minute, forget: time.Hour}
	// perCode is for second factors, of a million each, whose guesser has the password.
	perCode    = allowance{free: 10, first: 15 * time.Minute, most: 15 * time.Minute, forget: time.Hour}
	perNetwork = allowance{free: 30, fade: 20 * time.Second, forget: 10 * time.Minute}
)

// strikes are wrong guesses, and when the last was made, or with fade, forgotten.
type strikes struct {
	Count int       `json:"count"`
	Last  time.Time `json:"last"`
}

// wait is how long the next guess has to wait, 0 when it may come now.
func (a allowance) wait(s strikes, now time.Time) time.Duration {
	s = a.left(s, now)
	since := max(now.Sub(s.Last), 0) // a clock set back makes nobody wait longer than once
	if s.Count < a.free {
		return 0
	}
	wait := a.most
	if more := s.Count - a.free; a.fade > 0 {
		wait = a.fade
	} else if more < 20 {
		wait = min(a.first<<more, a.most)
	}
	return max(wait-since, 0)
}

// left is what is not forgotten yet.
func (a allowance) left(s strikes, now time.Time) strikes {
	since := now.Sub(s.Last)
	if since >= a.forget {
		return strikes{}
	}
	if a.fade > 0 && since > 0 {
		faded := min(s.Count, int(since/a.fade))
		s.Count, s.Last = s.Count-faded, s.Last.Add(time.Duration(faded)*a.fade)
	}
	return s
}

// strike counts one more guess.
func (a allowance) strike(s strikes, now time.Time) strikes {
	s = a.left(s, now)
	if a.fade == 0 || s.Count == 0 {
		s.Last = now
	}
	s.Count++
	return s
}

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
		if wait > 0 {
			return nil
		}
		for i, n := range list {
			if err := n.put(ctx, c, n.strike(found[i], c.now)); err != nil {
				return err
			}
		}
		return nil
	})
	return wait, err
}

// forgive gives a try back that was right.
func (a *Accounts) forgive(ctx context.Context, t try) error { return a.giveBack(ctx, t, true) }

// withdraw gives a try back that nobody has looked at. It was no guess, and it makes up for
// none: otherwise guesses would be free for who can have every other one not looked at.
func (a *Accounts) withdraw(ctx context.Context, t try) error { return a.giveBack(ctx, t, false) }

func (a *Accounts) giveBack(ctx context.Context, t try, right bool) error {
	ctx, cancel := context.WithTimeout(ctx, a.patience) // the caller's may have no end
	defer cancel()
	list := a.counters(t)
	return a.counting(ctx, list, func(c *change) error {
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

// A device token shows that somebody has logged in as a user on this device before. It
// opens nothing; it only keeps the tries of strangers from being counted here.
const (
	devicePrefix = "spd_"
	deviceTTL    = 180 * 24 * time.Hour
	deviceSigned = sessionSize + 8 + 8 // a random id, the user's credential, the expiry
)

func (a *Accounts) newDevice(u *User, id string) string {
	raw := append([]byte{}, uuidBytes(id)...)
	raw = binary.BigEndian.AppendUint64(raw, uint64(u.Credential))
	raw = binary.BigEndian.AppendUint64(raw, uint64(a.now().Add(deviceTTL).Unix()))
	return devicePrefix + base64.RawURLEncoding.EncodeToString(append(raw, a.deviceSum(u, raw)...))
}

func (a *Accounts) deviceSum(u *User, raw []byte) []byte {
	h := hmac.New(sha256.New, a.secrets.device)
	h.Write(raw)
	h.Write([]byte(u.ID))
	return h.Sum(nil)
}

// knownDevice returns the id of a device's token, if it is one of this user.
func (a *Accounts) knownDevice(u *User, text string) string {
	if len(text) != len(devicePrefix)+base64.RawURLEncoding.EncodedLen(deviceSigned+sha256.Size) || text[:len(devicePrefix)] != devicePrefix {
		return ""
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text[len(devicePrefix):])
	if err != nil || u.ID == "" {
		return ""
	}
	signed, sum := raw[:deviceSigned], raw[deviceSigned:]
	credential := int64(binary.BigEndian.Uint64(signed[sessionSize:]))
	expires := time.Unix(int64(binary.BigEndian.Uint64(signed[sessionSize+8:])), 0)
	if !hmac.Equal(sum, a.deviceSum(u, signed)) || credential != u.Credential || !a.now().Before(expires) {
		return ""
	}
	return hex.EncodeToString(signed[:sessionSize])
}
