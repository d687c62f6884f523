package sqlstore

import (
	"context"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/secret"
)

// reader implements [account.Reader] on a pool or in a transaction.
type reader struct {
	conn
	store *Store
}

const (
	userColumns    = "id, username, email, password_hash, roles, created, verified, disabled, must_reset, credential"
	sessionColumns = "id, user_id, created, last_used, idle_until, expires, ended, current_token, previous_token, rotated, delivered, epoch, auth_time, about"
	recordColumns  = "kind, id, owner, due, ends, data"
)

// none is the error for asking by a text that no store can have kept. A database might
// fail on it, or read only what stands before a NUL.
func none(texts ...string) error {
	if account.CheckText(texts...) != nil {
		return account.ErrNotFound
	}
	return nil
}

// User implements [account.Reader].
func (r *reader) User(ctx context.Context, id string) (account.User, error) {
	if err := none(id); err != nil {
		return account.User{}, err
	}
	return r.user(r.QueryRowContext(ctx, r.store.text("SELECT "+userColumns+" FROM users WHERE id = ?1"), id))
}

// UserByLogin implements [account.Reader].
func (r *reader) UserByLogin(ctx context.Context, login string) (account.User, error) {
	if err := none(login); err != nil {
		return account.User{}, err
	}
	return r.user(r.QueryRowContext(ctx, r.store.text("SELECT "+userColumns+" FROM users WHERE username_key = ?1 OR email_key = ?1"), account.Fold(login)))
}

// Users implements [account.Reader].
func (r *reader) Users(ctx context.Context, q account.UserQuery) ([]account.User, error) {
	if none(q.After, q.Search) != nil {
		return nil, nil
	}
	rows, err := r.QueryContext(ctx, r.store.text("SELECT "+userColumns+` FROM users
		WHERE id > ?1 AND (username_key LIKE ?2 ESCAPE '\' OR email_key LIKE ?2 ESCAPE '\') ORDER BY id LIMIT ?3`),
		q.After, likePattern(account.Fold(q.Search)), max(q.Limit, 0))
	return all(r.store, rows, err, r.user)
}

// Session implements [account.Reader].
func (r *reader) Session(ctx context.Context, id string) (account.Session, error) {
	if err := none(id); err != nil {
		return account.Session{}, err
	}
	return r.session(r.QueryRowContext(ctx, r.store.text("SELECT "+sessionColumns+" FROM sessions WHERE id = ?1"), id))
}

// Sessions implements [account.Reader].
func (r *reader) Sessions(ctx context.Context, userID string) ([]account.Session, error) {
	rows, err := r.QueryContext(ctx, r.store.text("SELECT "+sessionColumns+" FROM sessions WHERE user_id = ?1 AND ended = 0 ORDER BY created, id"), userID)
	return all(r.store, rows, err, r.session)
}

// Record implements [account.Reader].
func (r *reader) Record(ctx context.Context, kind, id string) (account.Record, error) {
	if err := none(kind, id); err != nil {
		return account.Record{}, err
	}
	return r.record(r.QueryRowContext(ctx, r.store.text("SELECT "+recordColumns+" FROM records WHERE kind = ?1 AND id = ?2"), kind, id))
}

// RecordsOf implements [account.Reader].
func (r *reader) RecordsOf(ctx context.Context, kind, owner string) ([]account.Record, error) {
	rows, err := r.QueryContext(ctx, r.store.text("SELECT "+recordColumns+" FROM records WHERE kind = ?1 AND owner = ?2 ORDER BY id"), kind, owner)
	return all(r.store, rows, err, r.record)
}

// RecordsDue implements [account.Reader].
func (r *reader) RecordsDue(ctx context.Context, kind string, now time.Time, limit int) ([]account.Record, error) {
	rows, err := r.QueryContext(ctx, r.store.text("SELECT "+recordColumns+" FROM records WHERE kind = ?1 AND due <= ?2 ORDER BY due, id LIMIT ?3"),
		kind, micros(now), max(limit, 0))
	return all(r.store, rows, err, r.record)
}

// Feed implements [account.Reader].
func (r *reader) Feed(ctx context.Context, after int64, limit int) ([]account.Revocation, error) {
	if verify := r.store.dialect.Verify; verify != nil {
		if err := verify(false); err != nil {
			return nil, err
		}
	}
	rows, err := r.QueryContext(ctx, r.store.text("SELECT seq, kind, id, below, at, until FROM revocations WHERE seq > ?1 ORDER BY seq LIMIT ?2"), after, max(limit, 0))
	return all(r.store, rows, err, func(row row) (e account.Revocation, err error) {
		var at, until int64
		err = row.Scan(&e.Seq, &e.Kind, &e.ID, &e.Below, &at, &until)
		e.At, e.Until = fromMicros(at), fromMicros(until)
		return e, err
	})
}

func (r *reader) user(row row) (account.User, error) {
	var u account.User
	var hash, roles string
	var created, verified int64
	err := row.Scan(&u.ID, &u.Username, &u.Email, &hash, &roles, &created, &verified, &u.Disabled, &u.MustReset, &u.Credential)
	if err != nil {
		return account.User{}, r.store.known(err)
	}
	u.PasswordHash, u.Created, u.Verified = secret.New(hash), fromMicros(created), fromMicros(verified)
	return u, json.Unmarshal([]byte(roles), &u.Roles)
}

// about is what of a session is only ever shown.
type about struct {
	Methods []string `json:"methods"`
	Prefix  string   `json:"prefix"`
	Agent   string   `json:"agent"`
	Cookie  bool     `json:"cookie"`
}

func (r *reader) session(row row) (account.Session, error) {
	var s account.Session
	var created, used, idle, expires, ended, rotated, auth int64
	var text string
	err := row.Scan(&s.ID, &s.UserID, &created, &used, &idle, &expires, &ended,
		&s.Refresh.Current, &s.Refresh.Previous, &rotated, &s.Refresh.Delivered, &s.Epoch, &auth, &text)
	if err != nil {
		return account.Session{}, r.store.known(err)
	}
	s.Created, s.LastUsed, s.IdleUntil, s.Expires = fromMicros(created), fromMicros(used), fromMicros(idle), fromMicros(expires)
	s.Ended, s.Refresh.Rotated, s.AuthTime = fromMicros(ended), fromMicros(rotated), fromMicros(auth)
	var a about
	err = json.Unmarshal([]byte(text), &a)
	s.Methods, s.Prefix, s.Agent, s.Cookie = a.Methods, a.Prefix, a.Agent, a.Cookie
	return s, err
}

func (r *reader) record(row row) (account.Record, error) {
	var rec account.Record
	var due, ends int64
	if err := row.Scan(&rec.Kind, &rec.ID, &rec.Owner, &due, &ends, &rec.Data); err != nil {
		return account.Record{}, r.store.known(err)
	}
	if rec.Data == nil { // as some drivers read what is empty
		rec.Data = []byte{}
	}
	rec.Due, rec.End = fromMicrosOrNever(due), fromMicrosOrNever(ends)
	return rec, nil
}
