package sqlite

import (
	"context"
	"database/sql"
	"errors"
)

// stmts are the prepared statements; writing ones belong to the writer's connection.
type stmts struct {
	insertUser, setPassword, rehash, setRoles, setDisabled, cutUser, userIn   *sql.Stmt
	insertSession, rotate, sessionByToken, endSession, sessionExists, endUser *sql.Stmt
	insertRevocation, pruneRevocations, pruneSessions                         *sql.Stmt
	userByID, userByLogin, users, revocations, tokenKnown                     *sql.Stmt
}

const (
	userColumns    = "id, username, email, password_hash, roles, created, disabled, credential, tokens_from"
	sessionColumns = "id, user_id, refresh_hash, created, last_used, idle_until, expires, ended"
	selectUser     = "SELECT " + userColumns + " FROM users "
)

func (s *stmts) prepare(ctx context.Context, writer, reader *sql.DB) error {
	var errs []error
	for _, p := range []struct {
		stmt **sql.Stmt
		db   *sql.DB
		text string
	}{
		{&s.insertUser, writer, "INSERT INTO users (id, username, username_key, email, email_key, password_hash, roles, created, disabled) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"},
		{&s.userIn, writer, selectUser + "WHERE id = ?"},
		{&s.setPassword, writer, "UPDATE users SET password_hash = ?2, credential = credential + 1 WHERE id = ?1"},
		{&s.rehash, writer, "UPDATE users SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2"},
		{&s.setRoles, writer, "UPDATE users SET roles = ?2 WHERE id = ?1"},
		{&s.setDisabled, writer, "UPDATE users SET disabled = ?2 WHERE id = ?1"},
		{&s.cutUser, writer, `UPDATE users SET tokens_from = 1000000 + max(
			tokens_from,
			?2 / 1000000 * 1000000,
			coalesce((SELECT max(last_used) FROM sessions WHERE user_id = ?1), 0) / 1000000 * 1000000
		) WHERE id = ?1 RETURNING tokens_from`},

		{&s.insertSession, writer, "INSERT INTO sessions (" + sessionColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, NULL)"},
		{&s.rotate, writer, `UPDATE sessions SET refresh_hash = ?2, previous_hash = refresh_hash,
			last_used = max(last_used, ?3), idle_until = min(?4, expires)
			WHERE refresh_hash = ?1 AND ended IS NULL AND idle_until > ?3 AND expires > ?3
			AND EXISTS (SELECT 1 FROM users WHERE users.id = user_id AND NOT disabled)
			RETURNING ` + sessionColumns},
		{&s.sessionByToken, writer, "SELECT " + sessionColumns + " FROM sessions WHERE refresh_hash = ?1 OR previous_hash = ?1"},
		{&s.endSession, writer, "UPDATE sessions SET ended = ?2 WHERE id = ?1 AND ended IS NULL"},
		{&s.sessionExists, writer, "SELECT 1 FROM sessions WHERE id = ?"},
		{&s.endUser, writer, "UPDATE sessions SET ended = ?2 WHERE user_id = ?1 AND ended IS NULL"},

		{&s.insertRevocation, writer, "INSERT INTO revocations (session_id, user_id, not_before, at, until) VALUES (?, ?, ?, ?, ?) RETURNING seq"},
		{&s.pruneRevocations, writer, "DELETE FROM revocations WHERE until <= ?"},
		{&s.pruneSessions, writer, "DELETE FROM sessions WHERE expires <= ?"},

		{&s.userByID, reader, selectUser + "WHERE id = ?"},
		{&s.userByLogin, reader, selectUser + "WHERE username_key = ?1 OR email_key = ?1"},
		{&s.users, reader, selectUser + "WHERE id > ? ORDER BY id LIMIT ?"},
		{&s.revocations, reader, "SELECT seq, session_id, user_id, not_before, at, until FROM revocations WHERE seq > ? ORDER BY seq LIMIT ?"},
		{&s.tokenKnown, reader, "SELECT 1 FROM sessions WHERE refresh_hash = ?1 OR previous_hash = ?1"},
	} {
		stmt, err := p.db.PrepareContext(ctx, p.text)
		*p.stmt = stmt
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
