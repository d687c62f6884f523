package sqlite_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/sqlite"
	"github.com/sallyport-dev/sallyport/account/storetest"
)

func TestMain(m *testing.M) {
	readAndClose()
	storetest.Main(reopen)
	os.Exit(m.Run())
}

func reopen(path string) (account.Store, error) { return sqlite.Open(context.Background(), path) }

func TestKilled(t *testing.T) {
	storetest.Killed(t, filepath.Join(t.TempDir(), "accounts.db"), reopen)
}

// TestTogether: two processes that write to one file, and a third that looks on.
func TestTogether(t *testing.T) {
	storetest.Together(t, filepath.Join(t.TempDir(), "accounts.db"), reopen)
}

func open(t testing.TB, path string) account.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func() account.Store {
		path := filepath.Join(t.TempDir(), "accounts.db")
		return func() account.Store { return open(t, path) }
	})
}
