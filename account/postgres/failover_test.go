package postgres_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/postgres"
	"github.com/sallyport-dev/sallyport/internal/pgtest"
)

// administer runs statements on a server, each in a transaction of its own.
func administer(t *testing.T, address string, statements ...string) {
	t.Helper()
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
}

// makeReadOnly has a server refuse writes, as one that was fenced off does.
func makeReadOnly(t *testing.T, address string) {
	t.Helper()
	administer(t, address, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
	until(t, func() bool { return !writes(t, address) })
}

// writes reports whether a server takes writes.
func writes(t *testing.T, address string) bool {
	t.Helper()
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var readOnly string
	if err := db.QueryRowContext(t.Context(), "SHOW transaction_read_only").Scan(&readOnly); err != nil {
		t.Fatal(err)
	}
	return readOnly == "off"
}

// until asks again and again, for ten seconds at the most.
func until(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !done(); {
		if time.Now().After(end) {
			t.Fatal("it did not come about within ten seconds")
		}
	}
}

func revoke(t *testing.T, s account.Store, id string) error {
	return s.Update(t.Context(), id, func(tx account.Tx) error { return tx.Revoke(t.Context(), entry(id)) })
}

// TestFailover: when an address comes to lead to another server, and the one before stays
// up and only reads, both writing and reading go on at the new one.
func TestFailover(t *testing.T) {
	t.Parallel()
	one, two := pgtest.Start(t), pgtest.Start(t)
	before, after := one.Database(t), two.Database(t)
	relay, address := pgtest.Through(t, before)
	s := open(t, address)
	other := open(t, after)
	for _, err := range []error{revoke(t, s, "before"), revoke(t, other, "after")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	relay.SwitchTo(t, after)
	makeReadOnly(t, before)
	until(t, func() bool { // the feed first: nothing is written that would find it out
		list, err := s.Feed(t.Context(), 0, 10)
		return err == nil && len(list) == 1 && list[0].ID == "after"
	})
	until(t, func() bool { return revoke(t, s, "more") == nil })
	if list, err := other.Feed(t.Context(), 0, 10); err != nil || len(list) != 2 {
		t.Errorf("%+v %v", list, err)
	}
}

// TestReadOnly: a server that takes no writes is named as the reason, and is used again as
// soon as it takes some.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	address := server.Database(t)
	s := open(t, address)
	makeReadOnly(t, address)
	const want = "takes no writes"
	if err := revoke(t, s, "lost"); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v", err)
	}
	if _, err := postgres.Open(t.Context(), address); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("opened: %v", err)
	}
	administer(t, address+"&default_transaction_read_only=off",
		"ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")
	until(t, func() bool { return writes(t, address) })
	if err := revoke(t, s, "kept"); err != nil {
		t.Error(err)
	}
	if list, err := s.Feed(t.Context(), 0, 10); err != nil || len(list) != 1 || list[0].ID != "kept" {
		t.Errorf("%+v %v", list, err)
	}
}

// TestExplained: what is wrong with a server is said with what to do about it.
func TestExplained(t *testing.T) {
	for code, want := range map[string]string{
		"25006": "lead to the primary", "53300": "max_connections", "57P01": "shutting down", "57P02": "crash", "57P03": "starting",
		"42P05": "default_query_exec_mode=exec", "26000": "default_query_exec_mode=exec", "08P01": "pool_mode",
	} {
		cause := &pgconn.PgError{Code: code, Message: "said by the server"}
		err := postgres.Explained(cause)
		if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "said by the server") || !errors.Is(err, cause) {
			t.Errorf("%s: %v", code, err)
		}
	}
	other := &pgconn.PgError{Code: "42601"}
	if err := postgres.Explained(other); err != error(other) {
		t.Errorf("a mistake in a statement: %v", err)
	}
}
