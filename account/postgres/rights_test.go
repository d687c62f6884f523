package postgres_test

import (
	"bytes"
	"context"
	"database/sql"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-dev/sallyport/account/postgres"
	"github.com/sallyport-dev/sallyport/internal/pgtest"
)

// TestOpen_rights: a role that lacks a right is refused when the store is opened, with what to grant.
func TestOpen_rights(t *testing.T) {
	for name, c := range map[string]struct {
		tables     bool // made by their owner before
		grant      string
		want, also string
	}{
		"no tables and no right to make them": {want: "GRANT USAGE, CREATE ON SCHEMA public TO"},
		"no right on the tables":              {tables: true, want: "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES"},
		"reading alone": {tables: true, grant: "GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest",
			want: "the role guest lacks ", also: "INSERT on users"},
		"all but one": {tables: true, grant: "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO guest; REVOKE DELETE ON records FROM guest",
			want: "the role guest lacks DELETE on records: "},
		"what is used": {tables: true, grant: "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO guest"},
	} {
		t.Run(name, func(t *testing.T) {
			owner := pgtest.Database(t)
			db, err := sql.Open("pgx", owner)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if c.tables {
				open(t, owner)
			}
			const role = "DO $$ BEGIN CREATE ROLE guest LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
			if _, err := db.ExecContext(t.Context(), role+c.grant); err != nil {
				t.Fatal(err)
			}
			store, err := postgres.Open(t.Context(), strings.Replace(owner, "postgres@", "guest@", 1))
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				store.Close()
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.also) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

// TestNew_waits: who waits for another process that changes the tables is told so.
func TestNew_waits(t *testing.T) {
	address := pgtest.Database(t)
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	const lock = "SELECT pg_advisory_xact_lock(hashtextextended('sallyport: migrations', 0))"
	if _, err := tx.ExecContext(t.Context(), lock); err != nil {
		t.Fatal(err)
	}

	var log waited
	opened := make(chan error, 1)
	log.line = make(chan string, 1)
	go func() {
		store, err := postgres.New(context.WithoutCancel(t.Context()), postgres.Config{Address: address, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err == nil {
			err = store.Close()
		}
		opened <- err
	}()
	if line := <-log.line; !strings.Contains(line, "another process changes the accounts' tables; waiting") {
		t.Error(line)
	}
	tx.Rollback()
	if err := <-opened; err != nil {
		t.Error(err)
	}
}

// waited hands on the first line of a log.
type waited struct {
	once sync.Once
	line chan string
}

func (w *waited) Write(b []byte) (int, error) {
	w.once.Do(func() { w.line <- string(bytes.Clone(b)) })
	return len(b), nil
}
