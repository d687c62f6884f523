package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/account"
)

// transaction implements [account.Tx].
type transaction struct {
	reader
	tx  *sql.Tx
	now time.Time
}

// Now implements [account.Timed].
func (t *transaction) Now() time.Time { return t.now }

// Lock implements [account.Tx].
func (t *transaction) Lock(ctx context.Context, key string) error {
	if t.store.dialect.Lock == nil {
		return nil
	}
	_, err := t.store.dialect.Lock(ctx, t.tx, key)
	return t.store.known(err)
}

// AddUser implements [account.Tx].
func (t *transaction) AddUser(ctx context.Context, u account.User) error {
	return t.putUser(ctx, u, `INSERT INTO users
		(id, username, username_key, email, email_key, password_hash, roles, verified, disabled, must_reset, credential, created)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)`, micros(u.Created))
}

// SetUser implements [account.Tx].
func (t *transaction) SetUser(ctx context.Context, u account.User) error {
	return t.putUser(ctx, u, `UPDATE users SET username = ?2, username_key = ?3, email = ?4, email_key = ?5,
		password_hash = ?6, roles = ?7, verified = ?8, disabled = ?9, must_reset = ?10, credential = ?11 WHERE id = ?1`)
}

func (t *transaction) putUser(ctx context.Context, u account.User, statement string, more ...any) error {
	if err := u.Check(); err != nil {
		return err
	}
	roles, err := json.Marshal(u.Roles)
	if err != nil {
		return err
	}
	return t.change(ctx, statement, append([]any{
		u.ID, u.Username, account.Fold(u.Username), u.Email, account.Fold(u.Email), u.PasswordHash.Reveal(), string(roles),
		micros(u.Verified), u.Disabled, u.MustReset, u.Credential,
	}, more...)...)
}

// AddSession implements [account.Tx].
func (t *transaction) AddSession(ctx context.Context, s account.Session) error {
	return t.putSession(ctx, s, `INSERT INTO sessions
		(id, last_used, idle_until, expires, ended, current_token, previous_token, rotated, delivered, epoch, auth_time, about, user_id, created)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)`, s.UserID, micros(s.Created))
}

// SetSession implements [account.Tx].
func (t *transaction) SetSession(ctx context.Context, s account.Session) error {
	return t.putSession(ctx, s, `UPDATE sessions SET last_used = ?2, idle_until = ?3, expires = ?4, ended = ?5,
		current_token = ?6, previous_token = ?7, rotated = ?8, delivered = ?9, epoch = ?10, auth_time = ?11, about = ?12 WHERE id = ?1`)
}

func (t *transaction) putSession(ctx context.Context, s account.Session, statement string, more ...any) error {
	if err := s.Check(); err != nil {
		return err
	}
	text, err := json.Marshal(about{s.Methods, s.Prefix, s.Agent, s.Cookie})
	if err != nil {
		return err
	}
	return t.change(ctx, statement, append([]any{
		s.ID, micros(s.LastUsed), micros(s.IdleUntil), micros(s.Expires), micros(s.Ended),
		s.Refresh.Current, s.Refresh.Previous, micros(s.Refresh.Rotated), s.Refresh.Delivered, s.Epoch, micros(s.AuthTime), string(text),
	}, more...)...)
}

// PutRecord implements [account.Tx].
func (t *transaction) PutRecord(ctx context.Context, r account.Record) error {
	if err := r.Check(); err != nil {
		return err
	}
	if r.Data == nil {
		r.Data = []byte{}
	}
	return t.change(ctx, `INSERT INTO records (kind, id, owner, due, ends, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
		ON CONFLICT (kind, id) DO UPDATE SET owner = ?3, due = ?4, ends = ?5, data = ?6`,
		r.Kind, r.ID, r.Owner, microsOrNever(r.Due), microsOrNever(r.End), r.Data)
}

// DeleteRecord implements [account.Tx].
func (t *transaction) DeleteRecord(ctx context.Context, kind, id string) error {
	_, err := t.tx.ExecContext(ctx, t.store.text("DELETE FROM records WHERE kind = ?1 AND id = ?2"), kind, id)
	return t.store.known(err)
}

// feedKey keeps entries from becoming visible in another order than that of their
// numbers: who adds one holds it until the commit.
const feedKey = "the feed"

// Revoke implements [account.Tx].
func (t *transaction) Revoke(ctx context.Context, r account.Revocation) error {
	if err := r.Check(); err != nil {
		return err
	}
	if err := t.Lock(ctx, feedKey); err != nil {
		return err
	}
	_, err := t.tx.ExecContext(ctx, t.store.text("INSERT INTO revocations (kind, id, below, at, until) VALUES (?1, ?2, ?3, ?4, ?5)"),
		r.Kind, r.ID, r.Below, micros(r.At), micros(r.Until))
	return t.store.known(err)
}

// change runs a statement about one row that must be there.
func (t *transaction) change(ctx context.Context, statement string, args ...any) error {
	result, err := t.tx.ExecContext(ctx, t.store.text(statement), args...)
	if err != nil {
		return t.store.known(err)
	}
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		err = account.ErrNotFound
	}
	return err
}

// SQL returns the database's own transaction, for the tests of the stores.
func (t *transaction) SQL() *sql.Tx { return t.tx }
