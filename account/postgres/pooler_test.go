package postgres_test

import (
	"context"
	"database/sql"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/postgres"
	"github.com/sallyport-dev/sallyport/account/storetest"
	"github.com/sallyport-dev/sallyport/internal/pgtest"
)

// TestPooler: behind PgBouncer the store keeps its promises in the modes that leave a
// transaction on one connection, and is refused in the one that does not. The whole contract of
// stores takes a minute: with -long alone.
func TestPooler(t *testing.T) {
	some := pgtest.Database(t)
	for _, mode := range []string{"session", "transaction"} {
		through := pgtest.Pooler(t, some, mode)
		settingsHold(t, mode, through(pgtest.Database(t)))
	}
	if *long {
		through := pgtest.Pooler(t, some, "transaction")
		storetest.Run(t, func(t *testing.T) func() account.Store {
			address := through(pgtest.Database(t))
			return func() account.Store { return open(t, address) }
		})
	}
	_, err := postgres.Open(t.Context(), pgtest.Pooler(t, some, "statement")(some))
	if err == nil || !strings.Contains(err.Error(), "pool_mode") {
		t.Errorf("in statement mode: %v", err)
	}
}

// TestPooler_manyOpen: a pooler in transaction mode is found out however many open the store at once. One that was
// missed prepared statements on connections of others (42P05).
func TestPooler_manyOpen(t *testing.T) {
	address := pgtest.Database(t)
	through := pgtest.Pooler(t, address, "transaction")(address)
	load, err := sql.Open("pgx", through+"&default_query_exec_mode=exec")
	if err != nil {
		t.Fatal(err)
	}
	defer load.Close()
	ctx, stop := context.WithCancel(t.Context())
	var all, others sync.WaitGroup
	for range 4 {
		others.Go(func() {
			for ctx.Err() == nil {
				load.ExecContext(ctx, "SELECT pg_sleep(0.001)")
			}
		})
	}
	defer others.Wait()
	defer stop()
	for range 12 {
		all.Go(func() {
			for range 3 {
				shared, err := postgres.SharesConnections(t.Context(), through)
				if err != nil || !shared {
					t.Errorf("shared %t, %v", shared, err)
				}
			}
		})
	}
	all.Wait()
	if shared, err := postgres.SharesConnections(t.Context(), address); err != nil || shared {
		t.Errorf("without a pooler: shared %t, %v", shared, err)
	}
}

// settingsHold looks at what a transaction of the store has for settings, with a database
// whose owner prefers others.
func settingsHold(t *testing.T, mode, address string) {
	t.Helper()
	db, err := sql.Open("pgx", address+"&default_query_exec_mode=exec")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, prefer := range []string{"synchronous_commit = off", "default_transaction_isolation = serializable"} {
		const statement = `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET `
		if _, err := db.ExecContext(t.Context(), statement+prefer+`', current_database()); END $$`); err != nil {
			t.Fatal(err)
		}
	}
	db.Close()
	s := open(t, address)
	for range 3 {
		err := s.Update(t.Context(), "key", func(tx account.Tx) error {
			for name, want := range map[string]string{
				"synchronous_commit": "on", "transaction_isolation": "read committed",
				"statement_timeout": "10s", "idle_in_transaction_session_timeout": "5s",
			} {
				if got := postgres.Show(t.Context(), tx, name); got != want {
					t.Errorf("%s: %s is %q, want %q", mode, name, got, want)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
