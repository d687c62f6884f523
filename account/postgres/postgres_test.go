package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"strings"
	"sync"
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

// TestTogether: two processes that write, and a third that looks on.
func TestTogether(t *testing.T) { storetest.Together(t, pgtest.Database(t), reopen) }

// TestNodes: a logout on one node is known on the other.
func TestNodes(t *testing.T) {
	address := pgtest.Database(t)
	storetest.Nodes(t, func() account.Store { return open(t, address) })
}

// TestServerKilled: what was acknowledged survives the server.
func TestServerKilled(t *testing.T) {
	server := pgtest.Start(t)
	storetest.ServerKilled(t, server.Database(t), reopen, server.Kill, func() { server.Restart(t) })
}

// TestServerBack: a process that outlives the server goes on when the server is back.
func TestServerBack(t *testing.T) {
	server := pgtest.Start(t)
	s := open(t, server.Database(t))
	add := func(name string) error {
		return s.Update(t.Context(), name, func(tx account.Tx) error { return tx.Revoke(t.Context(), entry(name)) })
	}
	if err := add("kept"); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	if err := add("lost"); err == nil {
		t.Error("a server that is down has kept something")
	}
	server.Restart(t)
	if err := add("more"); err != nil { // although all connections of before are dead
		t.Error(err)
	}
	if list, err := s.Feed(t.Context(), 0, 10); err != nil || len(list) != 2 || list[1].ID != "more" {
		t.Errorf("%+v %v", list, err)
	}
}

// TestStandsStill: a process that stands still in the middle of a transaction holds up
// the others for some seconds, and what it then does is not acknowledged.
func TestStandsStill(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	one, err := postgres.OpenWithin(t.Context(), address, 200*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { one.Close() })
	two := open(t, address)
	holding, release, held := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		held <- one.Update(t.Context(), "key", func(tx account.Tx) error {
			if err := errors.Join(tx.Lock(t.Context(), "another"), tx.Revoke(t.Context(), entry("lost"))); err != nil {
				return err
			}
			close(holding)
			<-release
			return nil
		})
	}()
	<-holding
	for _, key := range []string{"key", "another"} {
		if err := two.Update(t.Context(), key, func(tx account.Tx) error { return tx.Revoke(t.Context(), entry(key)) }); err != nil {
			t.Error(err)
		}
	}
	close(release)
	if err := <-held; err == nil {
		t.Error("what was given up is acknowledged")
	}
	if list, err := two.Feed(t.Context(), 0, 10); err != nil || len(list) != 2 || list[0].ID != "key" || list[1].ID != "another" {
		t.Errorf("%+v %v", list, err)
	}
}

func entry(id string) account.Revocation {
	return account.Revocation{Kind: "k", ID: id, At: time.Unix(1, 0), Until: time.Unix(2, 0)}
}

// TestIsolation: whatever isolation the database's owner prefers, updates with one key
// wait for each other and all succeed.
func TestIsolation(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const prefer = `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', current_database()); END $$`
	if _, err := db.ExecContext(t.Context(), prefer); err != nil {
		t.Fatal(err)
	}
	s := open(t, address)
	put := func(tx account.Tx, data byte) error {
		return tx.PutRecord(t.Context(), account.Record{Kind: "k", ID: "count", Data: []byte{data}})
	}
	if err := s.Update(t.Context(), "key", func(tx account.Tx) error { return put(tx, 0) }); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			err := s.Update(t.Context(), "key", func(tx account.Tx) error {
				r, err := tx.Record(t.Context(), "k", "count")
				if err != nil {
					return err
				}
				return put(tx, r.Data[0]+1)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if r, err := s.Record(t.Context(), "k", "count"); err != nil || r.Data[0] != 40 {
		t.Errorf("counted %v, %v", r.Data, err)
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
