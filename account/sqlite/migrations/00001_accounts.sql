-- +goose Up

-- Times are microseconds since 1970, UTC. The _key columns hold the text folded by
-- account.Fold, as SQLite folds ASCII only.
CREATE TABLE users (
    id            TEXT    NOT NULL PRIMARY KEY,
    username      TEXT    NOT NULL,
    username_key  TEXT    NOT NULL UNIQUE,
    email         TEXT    NOT NULL,
    email_key     TEXT    NOT NULL UNIQUE,
    password_hash TEXT    NOT NULL,
    roles         TEXT    NOT NULL, -- a JSON array of strings
    created       INTEGER NOT NULL,
    disabled      INTEGER NOT NULL DEFAULT 0,
    credential    INTEGER NOT NULL DEFAULT 0,
    tokens_from   INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE sessions (
    id            TEXT    NOT NULL PRIMARY KEY,
    user_id       TEXT    NOT NULL REFERENCES users (id),
    refresh_hash  BLOB    NOT NULL UNIQUE,
    previous_hash BLOB, -- of the token that was exchanged last
    created       INTEGER NOT NULL,
    last_used     INTEGER NOT NULL,
    idle_until    INTEGER NOT NULL,
    expires       INTEGER NOT NULL,
    ended         INTEGER
) STRICT;

CREATE INDEX sessions_user ON sessions (user_id, last_used);
CREATE INDEX sessions_previous ON sessions (previous_hash) WHERE previous_hash IS NOT NULL;
CREATE INDEX sessions_expires ON sessions (expires);

-- AUTOINCREMENT: the numbers go on after the last entry was pruned.
CREATE TABLE revocations (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT    NOT NULL DEFAULT '',
    user_id    TEXT    NOT NULL DEFAULT '',
    not_before INTEGER NOT NULL DEFAULT 0,
    at         INTEGER NOT NULL,
    until      INTEGER NOT NULL
) STRICT;

CREATE INDEX revocations_until ON revocations (until);
