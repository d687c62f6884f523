package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/visit"
)

// Why a refresh token is not taken. To a client they are one answer.
var (
	errNotRefresh = errors.New("account: not a refresh token of this issuer")
	errEnded      = errors.New("account: the session, or the right to one, has ended")
	errStolen     = errors.New("account: the refresh token was used before, so that two hold it; the session is over")
	errAhead      = errors.New("account: the refresh token is newer than the store, which must be a backup; the session is over")
	errOtherMode  = errors.New("account: the session is kept in cookies, and the token came in a body, or the other way round")
)

// A refresh token is the session's id, the number of the token in the session's chain,
// and a MAC over both, behind a prefix by which secret scanners know it. So the same
// token can be made again when an answer was lost, the store holds nothing that could be
// presented, and a made-up one costs no query.
const (
	refreshPrefix = "spr_"
	sessionSize   = 16
	refreshSize   = sessionSize + 8 + sha256.Size
)

// refreshKey makes and reads refresh tokens.
type refreshKey []byte

func (k refreshKey) token(session string, number int64) string {
	raw := make([]byte, 0, refreshSize)
	raw = binary.BigEndian.AppendUint64(append(raw, uuidBytes(session)...), uint64(number))
	return refreshPrefix + base64.RawURLEncoding.EncodeToString(k.sum(raw))
}

// sum appends the MAC.
func (k refreshKey) sum(raw []byte) []byte {
	h := hmac.New(sha256.New, k)
	h.Write(raw)
	return h.Sum(raw)
}

func (k refreshKey) open(text string) (session string, number int64, err error) {
	body, ok := strings.CutPrefix(strings.TrimSpace(text), refreshPrefix)
	if !ok || len(body) != base64.RawURLEncoding.EncodedLen(refreshSize) {
		return "", 0, errNotRefresh
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(body)
	const signed = sessionSize + 8
	if err != nil || len(raw) != refreshSize || !hmac.Equal(raw, k.sum(raw[:signed:signed])) {
		return "", 0, errNotRefresh
	}
	return uuidText(raw[:sessionSize]), int64(binary.BigEndian.Uint64(raw[sessionSize:signed])), nil
}

func uuidBytes(id string) []byte {
	b, _ := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
	return b[:sessionSize:sessionSize] // ids of sessions are visit.NewID's
}

func uuidText(b []byte) string {
	s := hex.EncodeToString(b)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// renewal is what became of a refresh.
type renewal struct {
	user    User
	session Session
	tokens  *Tokens
	verdict verdict
	err     error // why not
}

// refresh exchanges a refresh token, in one transaction. Only what the transaction could
// not do is its error; a refusal is in the renewal, as it may have ended the session.
func (a *Accounts) refresh(ctx context.Context, raw string, cookie bool) (r renewal, err error) {
	id, number, err := a.secrets.refresh.open(raw)
	if err != nil {
		return renewal{err: err}, nil
	}
	s, err := a.store.Session(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return renewal{err: errEnded}, nil
	}
	if err != nil {
		return r, err
	}
	err = a.update(ctx, s.UserID, func(c *change) error {
		r = renewal{}
		if r.session, err = c.Session(ctx, id); err != nil {
			return err
		}
		if r.user, err = c.User(ctx, s.UserID); err != nil {
			return err
		}
		return a.renew(ctx, c, &r, number, cookie)
	})
	return r, err
}

// renew applies the rule to a session that no other transaction changes meanwhile.
func (a *Accounts) renew(ctx context.Context, c *change, r *renewal, number int64, cookie bool) error {
	s := &r.session
	switch {
	case !s.Ended.IsZero():
		r.err = errEnded
		return nil
	case s.Cookie != cookie:
		r.err = errOtherMode
		return nil
	case !s.alive(c.now), !a.mayLogIn(&r.user):
		r.err = errEnded
		return c.end(ctx, s)
	}
	r.verdict, s.Refresh = s.Refresh.present(number, c.now, a.window)
	switch r.verdict {
	case stolen:
		r.err = errStolen
		if err := a.letter(ctx, c.Tx, r.user.Email, letterStolen(a.app)); err != nil {
			return err
		}
		return c.end(ctx, s)
	case ahead:
		r.err = errAhead
		return c.end(ctx, s)
	}
	s.LastUsed, s.IdleUntil = c.now, earlier(c.now.Add(a.ttl.idle), s.Expires)
	if err := c.SetSession(ctx, *s); err != nil {
		return err
	}
	var err error // before the commit: without new tokens, the one that was sent stays good
	r.tokens, err = a.tokensFor(&r.user, s)
	return err
}

// mayLogIn says whether the user may hold a session at all.
func (a *Accounts) mayLogIn(u *User) bool {
	return !u.Disabled && !u.MustReset && (a.unverified || !u.Verified.IsZero())
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// newSession starts a session for someone who has just proved who they are. The oldest
// sessions beyond the bound end; those that have expired do not count.
func (a *Accounts) newSession(ctx context.Context, c *change, u *User, how loginForm) (Session, error) {
	s := Session{
		ID: visit.NewID(c.now), UserID: u.ID, Created: c.now, LastUsed: c.now,
		IdleUntil: c.now.Add(a.ttl.idle), Expires: c.now.Add(a.ttl.session),
		Refresh: Chain{Current: 1, Rotated: c.now}, AuthTime: c.now, Methods: how.Methods,
		Prefix: how.Prefix, Agent: how.Agent, Cookie: how.Cookie,
	}
	list, err := c.Sessions(ctx, u.ID)
	if err != nil {
		return s, err
	}
	list = slices.DeleteFunc(list, func(s Session) bool { return !s.alive(c.now) })
	for ; len(list) >= a.maxSessions; list = list[1:] {
		if err := c.end(ctx, &list[0]); err != nil {
			return s, err
		}
		c.events = append(c.events, audit.Event{
			Name: audit.SessionLogout, Issuer: a.name, Subject: u.ID, Session: list[0].ID, Reason: "the user has more sessions than are allowed",
		})
	}
	return s, c.AddSession(ctx, s)
}
