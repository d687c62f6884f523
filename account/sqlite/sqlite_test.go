package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/sqlite"
	"github.com/sallyport-dev/sallyport/account/storetest"
)

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
