package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/postgres"
	"github.com/sallyport-dev/sallyport/account/storetest"
	"github.com/sallyport-dev/sallyport/internal/pgtest"
)

func TestMain(m *testing.M) {
	storetest.Main(reopen)
	os.Exit(pgtest.Main(m))
}

func reopen(address string) (account.Store, error) {
	return postgres.Open(context.Background(), address)
}

func TestKilled(t *testing.T) { storetest.Killed(t, pgtest.Database(t), reopen) }

// TestNodes: a logout on one node is known on the other.
func TestNodes(t *testing.T) {
	address := pgtest.Database(t)
	storetest.Nodes(t, func() account.Store { return open(t, address) })
}

// TestServerKilled: what was acknowledged survives the server, and the store works again
// when the server is back.
func TestServerKilled(t *testing.T) {
	server := pgtest.Start(t)
	s := open(t, server.Database(t))
	add := func(name string) error {
		u := account.User{ID: name, Username: name, Email: name + "@example.com", Created: time.Unix(1, 0).UTC()}
		return s.Update(t.Context(), name, func(tx account.Tx) error { return tx.AddUser(t.Context(), u) })
	}
	var kept []string
	for round := range 3 {
		for i := range 20 {
			name := fmt.Sprint("u", round, "-", i)
			if err := add(name); err != nil {
				t.Fatal(err)
			}
			kept = append(kept, name)
		}
		server.Kill()
		if err := add("lost"); err == nil {
			t.Error("a server that is down has kept something")
		}
		server.Restart(t)
		for _, name := range kept {
			// Connections of before fail once each, unless they were idle for long enough to be
			// tried first.
			_, err := s.User(t.Context(), name)
			for tries := 0; err != nil && !errors.Is(err, account.ErrNotFound) && tries < 20; tries++ {
				_, err = s.User(t.Context(), name)
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func open(t testing.TB, address string) account.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func() account.Store {
		address := pgtest.Database(t)
		return func() account.Store { return open(t, address) }
	})
}

// TestNewer: an older program leaves a newer one's tables alone.
func TestNewer(t *testing.T) {
	address := pgtest.Database(t)
	open(t, address)
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)"); err != nil {
		t.Fatal(err)
	}
	_, err = postgres.Open(t.Context(), address)
	if e, ok := errors.AsType[*postgres.NewerError](err); !ok || e.Found != 99 {
		t.Errorf("%v", err)
	}
}

// TestAddresses: what is no address, and what would send secrets in the clear.
func TestAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"":        "TLS", // what the environment names, such as a socket or localhost
		"::":      "not an address",
		"mysql:/": "not an address",
		"postgres://u:secret-word@db.example.com/x":                              "TLS",
		"postgres://u:secret-word@db.example.com/x?sslmode=prefer":               "TLS",
		"postgres://u:secret-word@db.example.com/x?sslmode=disable":              "TLS",
		"postgres://u:secret-word@127.0.0.1,db.example.com/x?sslmode=disable":    "TLS",
		"postgres://u:secret-word@db.example.com:99999999/x?sslmode=verify-full": "not an address",
		"postgres://u:secret-word@127.0.0.1:1/x?sslmode=disable":                 "refused",
	} {
		if address == "" {
			continue
		}
		_, err := postgres.Open(t.Context(), address)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret-word") {
			t.Errorf("%s: %v, want %s", address, err, want)
		}
	}
}
