package postgres_test

import (
	"database/sql"
	"flag"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account/storetest"
	"github.com/sallyport-dev/sallyport/internal/pgtest"
)

var long = flag.Bool("long", false, "run the tests that take minutes")

// TestBacklog: 1.5 million ended records are removed while others write, also by two nodes at
// once.
func TestBacklog(t *testing.T) {
	if !*long {
		t.Skip("it takes minutes: say -long")
	}
	address := pgtest.Database(t)
	s, other := open(t, address), open(t, address)
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const ended = 1_500_000
	_, err = db.ExecContext(t.Context(), `INSERT INTO records (kind, id, owner, due, ends, data)
		SELECT 'ended', lpad(i::text, 64, '0'), '', 4611686018427387903, 1, sha256(i::text::bytea) FROM generate_series(1, $1) AS i`, ended)
	if err != nil {
		t.Fatal(err)
	}
	at := make(chan error)
	go func() { at <- other.Prune(t.Context(), time.Now()) }()
	storetest.Backlog(t, s, ended, 3*time.Second)
	if err := <-at; err != nil {
		t.Error(err)
	}
}
