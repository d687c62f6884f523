package sqlite

import (
	"context"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/secret"
)

// CreateUser implements [account.Store].
func (s *Store) CreateUser(ctx context.Context, u account.User) error {
	if err := u.Check(); err != nil {
		return err
	}
	roles, err := encodeRoles(u.Roles)
	if err != nil {
		return err
	}
	_, err = s.insertUser.ExecContext(ctx, u.ID, u.Username, account.Fold(u.Username), u.Email, account.Fold(u.Email),
		u.PasswordHash.Reveal(), roles, micros(u.Created), u.Disabled)
	return known(err)
}

// UserByID implements [account.Store].
func (s *Store) UserByID(ctx context.Context, id string) (account.User, error) {
	return scanUser(s.userByID.QueryRowContext(ctx, id))
}

// UserByLogin implements [account.Store].
func (s *Store) UserByLogin(ctx context.Context, login string) (account.User, error) {
	return scanUser(s.userByLogin.QueryRowContext(ctx, account.Fold(login)))
}

// Users implements [account.Store].
func (s *Store) Users(ctx context.Context, after string, limit int) ([]account.User, error) {
	rows, err := s.users.QueryContext(ctx, after, max(limit, 0))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []account.User
	for rows.Next() {
		u, err := scanUser(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, u)
	}
	return list, rows.Err()
}

// SetPassword implements [account.Store].
func (s *Store) SetPassword(ctx context.Context, userID string, hash secret.String, c account.Cut) (r account.Revocation, err error) {
	if err := account.CheckText(hash.Reveal()); err != nil {
		return r, err
	}
	err = s.write(ctx, func(q query) error {
		if err := q.change(s.setPassword, userID, hash.Reveal()); err != nil {
			return err
		}
		r, err = s.endAll(q, userID, c)
		return err
	})
	return r, err
}

// Rehash implements [account.Store].
func (s *Store) Rehash(ctx context.Context, userID string, old, new secret.String) error {
	if err := account.CheckText(new.Reveal()); err != nil {
		return err
	}
	return s.write(ctx, func(q query) error {
		return q.change(s.rehash, userID, old.Reveal(), new.Reveal())
	})
}

// SetRoles implements [account.Store].
func (s *Store) SetRoles(ctx context.Context, userID string, roles []string, c account.Cut) (r account.Revocation, err error) {
	if err := account.CheckText(roles...); err != nil {
		return r, err
	}
	text, err := encodeRoles(roles)
	if err != nil {
		return r, err
	}
	err = s.write(ctx, func(q query) error {
		if err := q.change(s.setRoles, userID, text); err != nil {
			return err
		}
		r, err = s.cut(q, userID, c)
		return err
	})
	return r, err
}

// SetDisabled implements [account.Store].
func (s *Store) SetDisabled(ctx context.Context, userID string, disabled bool, c account.Cut) (r account.Revocation, err error) {
	err = s.write(ctx, func(q query) error {
		if err := q.change(s.setDisabled, userID, disabled); err != nil || !disabled {
			return err
		}
		r, err = s.endAll(q, userID, c)
		return err
	})
	return r, err
}

// encodeRoles writes a list that came with nothing in it as one that is empty.
func encodeRoles(roles []string) (string, error) {
	text, err := json.Marshal(roles)
	return string(text), err
}

func scanUser(row interface{ Scan(...any) error }) (account.User, error) {
	var u account.User
	var hash, roles string
	var created, from int64
	err := row.Scan(&u.ID, &u.Username, &u.Email, &hash, &roles, &created, &u.Disabled, &u.Credential, &from)
	if err != nil {
		return account.User{}, known(err)
	}
	u.PasswordHash, u.Created, u.TokensFrom = secret.New(hash), fromMicros(created), fromMicros(from)
	if err := json.Unmarshal([]byte(roles), &u.Roles); err != nil {
		return account.User{}, err
	}
	return u, nil
}
