-- +goose Up

-- Refresh tokens have another form from here on: everybody logs in again.
DROP TABLE sessions;
DROP TABLE revocations;

ALTER TABLE users DROP COLUMN tokens_from;
ALTER TABLE users ADD COLUMN verified INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN must_reset INTEGER NOT NULL DEFAULT 0;

CREATE TABLE sessions (
    id             TEXT    NOT NULL PRIMARY KEY,
    user_id        TEXT    NOT NULL REFERENCES users (id),
    created        INTEGER NOT NULL,
    last_used      INTEGER NOT NULL,
    idle_until     INTEGER NOT NULL,
    expires        INTEGER NOT NULL,
    ended          INTEGER NOT NULL,
    current_token  INTEGER NOT NULL,
    previous_token INTEGER NOT NULL,
    rotated        INTEGER NOT NULL,
    delivered      INTEGER NOT NULL,
    epoch          INTEGER NOT NULL,
    auth_time      INTEGER NOT NULL,
    about          TEXT    NOT NULL -- JSON, for people
) STRICT;

CREATE INDEX sessions_user ON sessions (user_id) WHERE ended = 0;
CREATE INDEX sessions_expires ON sessions (expires);

CREATE TABLE records (
    kind  TEXT    NOT NULL,
    id    TEXT    NOT NULL,
    owner TEXT    NOT NULL,
    due   INTEGER NOT NULL,
    ends  INTEGER NOT NULL,
    data  BLOB    NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;

CREATE INDEX records_owner ON records (kind, owner);
CREATE INDEX records_due ON records (kind, due);
CREATE INDEX records_ends ON records (ends);

-- AUTOINCREMENT: the numbers go on after the last entry was pruned.
CREATE TABLE revocations (
    seq   INTEGER PRIMARY KEY AUTOINCREMENT,
    kind  TEXT    NOT NULL,
    id    TEXT    NOT NULL,
    below INTEGER NOT NULL,
    at    INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;

CREATE INDEX revocations_until ON revocations (until);
