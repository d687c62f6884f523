package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

// CreateSession implements [account.Store].
func (s *Store) CreateSession(ctx context.Context, n account.Session, credential int64) (u account.User, err error) {
	if n.ID == "" {
		return u, account.ErrID
	}
	if err := account.CheckText(n.ID); err != nil {
		return u, err
	}
	err = s.write(ctx, func(q query) error {
		if u, err = scanUser(q.row(s.userIn, n.UserID)); err != nil {
			return err
		}
		if u.Disabled || u.Credential != credential {
			return account.ErrEnded
		}
		_, err := q.exec(s.insertSession, n.ID, n.UserID, n.Refresh[:], micros(n.Created), micros(n.LastUsed), micros(n.IdleUntil), micros(n.Expires))
		return known(err)
	})
	if err != nil {
		return account.User{}, err
	}
	return u, nil
}

// RotateSession implements [account.Store].
func (s *Store) RotateSession(ctx context.Context, r account.Rotation) (n account.Session, u account.User, err error) {
	// A token that was never given out must not cost the lock all writers share.
	var one int
	if err := s.tokenKnown.QueryRowContext(ctx, r.Old[:]).Scan(&one); err != nil {
		return n, u, known(err)
	}
	err = s.write(ctx, func(q query) error {
		n, err = scanSession(q.row(s.rotate, r.Old[:], r.New[:], micros(r.Now), micros(r.IdleUntil)))
		if err == nil {
			u, err = scanUser(q.row(s.userIn, n.UserID))
			return err
		}
		if !errors.Is(err, account.ErrNotFound) {
			return err
		}
		if n, err = scanSession(q.row(s.sessionByToken, r.Old[:])); err != nil {
			return err
		}
		if n.Refresh != r.Old {
			return account.ErrReused
		}
		return account.ErrEnded
	})
	if err != nil {
		u = account.User{}
	}
	return n, u, err
}

// EndSession implements [account.Store].
func (s *Store) EndSession(ctx context.Context, id string, c account.Cut) (r account.Revocation, err error) {
	err = s.write(ctx, func(q query) error {
		ended, err := q.exec(s.endSession, id, micros(c.At))
		if err != nil {
			return err
		}
		if ended == 0 {
			var one int
			return known(q.row(s.sessionExists, id).Scan(&one))
		}
		r = account.Revocation{Session: id}
		return s.announce(q, &r, c)
	})
	return r, err
}

// EndUserSessions implements [account.Store].
func (s *Store) EndUserSessions(ctx context.Context, userID string, c account.Cut) (r account.Revocation, err error) {
	err = s.write(ctx, func(q query) error {
		r, err = s.endAll(q, userID, c)
		return err
	})
	return r, err
}

// Revocations implements [account.Store]. SQLite has one writer at a time, so numbers
// become visible in their order.
func (s *Store) Revocations(ctx context.Context, after int64, limit int) ([]account.Revocation, error) {
	rows, err := s.revocations.QueryContext(ctx, after, max(limit, 0))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []account.Revocation
	for rows.Next() {
		var r account.Revocation
		var from, at, until int64
		if err := rows.Scan(&r.Seq, &r.Session, &r.User, &from, &at, &until); err != nil {
			return nil, err
		}
		r.NotBefore, r.At, r.Until = fromMicros(from), fromMicros(at), fromMicros(until)
		list = append(list, r)
	}
	return list, rows.Err()
}

// Prune implements [account.Store].
func (s *Store) Prune(ctx context.Context, now time.Time) error {
	return s.write(ctx, func(q query) error {
		if _, err := q.exec(s.pruneRevocations, micros(now)); err != nil {
			return err
		}
		_, err := q.exec(s.pruneSessions, micros(now))
		return err
	})
}

// endAll ends the sessions of a user, and cuts.
func (s *Store) endAll(q query, userID string, c account.Cut) (account.Revocation, error) {
	if _, err := q.exec(s.endUser, userID, micros(c.At)); err != nil {
		return account.Revocation{}, err
	}
	return s.cut(q, userID, c)
}

// cut moves the user's TokensFrom, by the rule in the contract.
func (s *Store) cut(q query, userID string, c account.Cut) (account.Revocation, error) {
	var from int64
	if err := q.row(s.cutUser, userID, micros(c.At)).Scan(&from); err != nil {
		return account.Revocation{}, known(err)
	}
	r := account.Revocation{User: userID, NotBefore: fromMicros(from)}
	return r, s.announce(q, &r, c)
}

// announce adds r to the feed.
func (s *Store) announce(q query, r *account.Revocation, c account.Cut) error {
	r.At, r.Until = fromMicros(micros(c.At)), fromMicros(micros(c.Until))
	return q.row(s.insertRevocation, r.Session, r.User, micros(r.NotBefore), micros(r.At), micros(r.Until)).Scan(&r.Seq)
}

func scanSession(row *sql.Row) (account.Session, error) {
	var n account.Session
	var refresh []byte
	var created, used, idle, expires int64
	var ended sql.NullInt64
	if err := row.Scan(&n.ID, &n.UserID, &refresh, &created, &used, &idle, &expires, &ended); err != nil {
		return account.Session{}, known(err)
	}
	copy(n.Refresh[:], refresh)
	n.Created, n.LastUsed = fromMicros(created), fromMicros(used)
	n.IdleUntil, n.Expires, n.Ended = fromMicros(idle), fromMicros(expires), fromMicros(ended.Int64)
	return n, nil
}
