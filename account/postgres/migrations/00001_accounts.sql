-- +goose Up

-- Times are microseconds since 1970, UTC. The _key columns hold the text folded by
-- account.Fold, as every database folds in its own way. The collation is that of bytes,
-- so that the order of ids is the same everywhere.
CREATE TABLE users (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    username      TEXT             NOT NULL,
    username_key  TEXT COLLATE "C" NOT NULL UNIQUE,
    email         TEXT             NOT NULL,
    email_key     TEXT COLLATE "C" NOT NULL UNIQUE,
    password_hash TEXT             NOT NULL,
    roles         TEXT             NOT NULL, -- a JSON array of strings
    created       BIGINT           NOT NULL,
    verified      BIGINT           NOT NULL,
    disabled      BOOLEAN          NOT NULL,
    must_reset    BOOLEAN          NOT NULL,
    credential    BIGINT           NOT NULL
);

CREATE TABLE sessions (
    id             TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id        TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    created        BIGINT           NOT NULL,
    last_used      BIGINT           NOT NULL,
    idle_until     BIGINT           NOT NULL,
    expires        BIGINT           NOT NULL,
    ended          BIGINT           NOT NULL,
    current_token  BIGINT           NOT NULL,
    previous_token BIGINT           NOT NULL,
    rotated        BIGINT           NOT NULL,
    delivered      BOOLEAN          NOT NULL,
    epoch          BIGINT           NOT NULL,
    auth_time      BIGINT           NOT NULL,
    about          TEXT             NOT NULL -- JSON, for people
);

CREATE INDEX sessions_user ON sessions (user_id) WHERE ended = 0;
CREATE INDEX sessions_expires ON sessions (expires);

CREATE TABLE records (
    kind  TEXT COLLATE "C" NOT NULL,
    id    TEXT COLLATE "C" NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    due   BIGINT           NOT NULL,
    ends  BIGINT           NOT NULL,
    data  BYTEA            NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE INDEX records_owner ON records (kind, owner);
CREATE INDEX records_due ON records (kind, due);
CREATE INDEX records_ends ON records (ends);

CREATE TABLE revocations (
    seq   BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind  TEXT   NOT NULL,
    id    TEXT   NOT NULL,
    below BIGINT NOT NULL,
    at    BIGINT NOT NULL,
    until BIGINT NOT NULL
);

CREATE INDEX revocations_until ON revocations (until);
