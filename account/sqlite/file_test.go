package sqlite_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/sqlite"
	"github.com/sallyport-dev/sallyport/secret"
)

func user(name string) account.User {
	return account.User{ID: "id-" + name, Username: name, Email: name + "@example.com", PasswordHash: secret.New("$hash"), Created: time.Unix(1, 0).UTC()}
}

// create makes a user.
func create(t *testing.T, s account.Store, u account.User) {
	t.Helper()
	if err := s.Update(t.Context(), u.ID, func(tx account.Tx) error { return tx.AddUser(t.Context(), u) }); err != nil {
		t.Error(err)
	}
}

func TestFilesAreTheOwners(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	s := open(t, filepath.Join(dir, "accounts.db"))
	create(t, s, user("ada"))
	list, err := os.ReadDir(dir)
	if err != nil || len(list) < 2 {
		t.Fatal(list, err)
	}
	for _, e := range list {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %v, %v", e.Name(), info.Mode(), err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has the mode %v, %v", info.Mode(), err)
	}
}

// TestOthersFiles: what is not ours is refused, and stays as it was.
func TestOthersFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	notes := filepath.Join(dir, "notes.db")
	db, err := sql.Open("sqlite", notes)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE notes (id INTEGER)"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if err := os.Chmod(notes, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"text":                      file("text", bytes.Repeat([]byte("hello\n"), 1000)),
		"another program's":         notes,
		"a folder":                  dir,
		"a header and nothing else": file("head", append([]byte("SQLite format 3\x00"), make([]byte, 1000)...)),
	} {
		before, _ := os.ReadFile(path)
		s, err := sqlite.Open(t.Context(), path)
		if err == nil {
			s.Close()
			t.Errorf("%s: opened", name)
		}
		if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
			t.Errorf("%s: changed", name)
		}
	}
	_, err = sqlite.Open(t.Context(), notes)
	if _, ok := errors.AsType[*sqlite.ForeignError](err); !ok {
		t.Errorf("%v", err)
	}
	for _, path := range []string{"", ":memory:", "file:x.db"} {
		if _, err := sqlite.Open(t.Context(), path); err == nil {
			t.Errorf("%q: opened", path)
		}
	}
}

// TestReadableByOthers: neither the file nor one beside it may be read by others.
func TestReadableByOthers(t *testing.T) {
	for _, beside := range []string{"", "-wal", "-shm", "-journal"} {
		path := filepath.Join(t.TempDir(), "accounts.db")
		open(t, path).Close()
		if beside != "" {
			if err := os.WriteFile(path+beside, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for mode, want := range map[os.FileMode]bool{0o640: true, 0o602: true, 0o604: true, 0o600: false} {
			if err := os.Chmod(path+beside, mode); err != nil {
				t.Fatal(err)
			}
			s, err := sqlite.Open(t.Context(), path)
			if err == nil {
				s.Close()
			}
			if e, refused := errors.AsType[*sqlite.ModeError](err); refused != want || refused && filepath.Base(e.Path) != "accounts.db"+beside {
				t.Errorf("%s with the mode %o: %v", beside, mode, err)
			}
			if err == nil && beside != "" { // which the last process to close it removes
				os.WriteFile(path+beside, nil, 0o600)
			}
		}
	}
}

// TestNewer: an older program leaves a newer one's tables alone.
func TestNewer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "accounts.db")
	open(t, path).Close()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	_, err = sqlite.Open(t.Context(), path)
	if e, ok := errors.AsType[*sqlite.NewerError](err); !ok || e.Found != 99 {
		t.Errorf("%v", err)
	}
}

// TestNames: no character of a path means anything to the database.
func TestNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "with space & ?#%.db")
	create(t, open(t, path), user("ada"))
	if _, err := open(t, path).User(t.Context(), "id-ada"); err != nil {
		t.Error(err)
	}
}

// TestManyStarts: of several processes that start on a new file at once, all get it.
func TestManyStarts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "accounts.db")
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			s, err := sqlite.Open(t.Context(), path)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			create(t, s, user(fmt.Sprint("u", i)))
		})
	}
	all.Wait()
	if list, err := open(t, path).Users(t.Context(), account.UserQuery{Limit: 10}); err != nil || len(list) != 6 {
		t.Errorf("%d users, %v", len(list), err)
	}
}

// TestOlder: a file of the first version is brought up to date, and keeps its users.
func TestOlder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "accounts.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"PRAGMA application_id = 1397776739", // "SPac"
		`INSERT INTO users (id, username, username_key, email, email_key, password_hash, roles, created)
			VALUES ('id-ada', 'Ada', 'ADA', 'ada@example.com', 'ADA@EXAMPLE.COM', '$hash', '["user"]', 1000000)`,
		`INSERT INTO sessions (id, user_id, refresh_hash, created, last_used, idle_until, expires)
			VALUES ('s', 'id-ada', x'00', 1, 1, 1, 1)`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	u, err := open(t, path).UserByLogin(t.Context(), "ada")
	if err != nil || u.ID != "id-ada" || u.PasswordHash.Reveal() != "$hash" || u.Roles[0] != "user" {
		t.Errorf("%+v %v", u, err)
	}
}
