package sqlite_test

import (
	"database/sql"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account/storetest"
)

var long = flag.Bool("long", false, "run the tests that take minutes")

// TestBacklog: 1.5 million ended records are removed while others write, and the log file has
// its size again afterwards.
func TestBacklog(t *testing.T) {
	if !*long {
		t.Skip("it takes minutes: say -long")
	}
	path := filepath.Join(t.TempDir(), "accounts.db")
	s := open(t, path)
	const ended = 1_500_000
	fill(t, path, ended)
	storetest.Backlog(t, s, ended, 3*time.Second)
	info, err := os.Stat(path + "-wal")
	if err != nil || info.Size() > 17<<20 {
		t.Errorf("the write-ahead log has %d bytes, %v", info.Size(), err)
	}
	t.Logf("the write-ahead log has %d bytes", info.Size())
}

// fill puts ended records into a file.
func fill(t *testing.T, path string, n int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.ExecContext(t.Context(), `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO records (kind, id, owner, due, ends, data) SELECT 'ended', printf('%064d', i), '', 4611686018427387903, 1, randomblob(60) FROM n`, n)
	if err != nil {
		t.Fatal(err)
	}
}
