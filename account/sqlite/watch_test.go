package sqlite_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/sqlite"
)

// reading says to a process which file to read, as another program's.
const reading = "SALLYPORT_TEST_READER"

// readAndClose is all that the process for it does.
func readAndClose() {
	path := os.Getenv(reading)
	if path == "" {
		return
	}
	db, err := sql.Open("sqlite", path)
	if err == nil {
		var n int
		err = db.QueryRow("SELECT count(*) FROM records").Scan(&n)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// readElsewhere has another process open the file and close it.
func readElsewhere(t *testing.T, path string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), reading+"="+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func put(t *testing.T, s account.Store, id string) error {
	t.Helper()
	return s.Update(t.Context(), "key", func(tx account.Tx) error {
		return tx.PutRecord(t.Context(), account.Record{Kind: "k", ID: id, Owner: "o"})
	})
}

// onDisk is how many records a process would find after this one was killed.
func onDisk(t *testing.T, path string) int {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "accounts.db")
	for _, beside := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + beside)
		if errors.Is(err, os.ErrNotExist) && beside != "" {
			continue
		}
		if err == nil {
			err = os.WriteFile(copied+beside, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	list, err := open(t, copied).RecordsOf(t.Context(), "k", "o")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// locked reports whether this process has SQLite's shared lock on the file: without it, the
// next program that closes the file removes the journal. Where locks cannot be seen it is
// believed.
func locked(t *testing.T, path string) bool {
	t.Helper()
	locks, err := os.ReadFile("/proc/locks")
	if err != nil {
		t.Logf("locks cannot be seen here: %v", err)
		return true
	}
	var file syscall.Stat_t
	if err := syscall.Stat(path, &file); err != nil {
		t.Fatal(err)
	}
	const sharedFirst = 1<<30 + 2 // of SQLite's lock bytes, behind the pending and the reserved one
	for line := range strings.Lines(string(locks)) {
		f := strings.Fields(line) // 1: POSIX ADVISORY READ 42 fe:00:1234 first last
		if len(f) == 8 && f[4] == strconv.Itoa(os.Getpid()) && strings.HasSuffix(f[5], fmt.Sprintf(":%d", file.Ino)) &&
			f[6] == strconv.Itoa(sharedFirst) {
			return true
		}
	}
	return false
}

// TestOpenedTwice: however often a process opens the file and closes it, what the first
// store acknowledges is on disk, also when another program has read the file meanwhile.
func TestOpenedTwice(t *testing.T) {
	for name, row := range map[string]func(t *testing.T, path string){
		"once": func(*testing.T, string) {},
		"twice": func(t *testing.T, path string) {
			if err := open(t, path).Close(); err != nil {
				t.Error(err)
			}
		},
		"by a symbolic link": func(t *testing.T, path string) {
			link := filepath.Join(t.TempDir(), "link.db")
			if err := os.Symlink(path, link); err != nil {
				t.Fatal(err)
			}
			s := open(t, link)
			if err := errors.Join(put(t, s, "by the link"), s.Close()); err != nil {
				t.Error(err)
			}
		},
		"by a relative path": func(t *testing.T, path string) {
			t.Chdir(filepath.Dir(path))
			s := open(t, "accounts.db")
			if err := errors.Join(put(t, s, "relative"), s.Close()); err != nil {
				t.Error(err)
			}
		},
		"by another name, which is refused": func(t *testing.T, path string) {
			other := filepath.Join(filepath.Dir(path), "other.db")
			if err := os.Link(path, other); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{path, other} {
				_, err := sqlite.Open(t.Context(), name)
				if _, ok := errors.AsType[*sqlite.LinkedError](err); !ok {
					t.Errorf("%v", err)
				}
			}
			if err := os.Remove(other); err != nil {
				t.Fatal(err)
			}
		},
		"refused for its mode": func(t *testing.T, path string) {
			for _, mode := range []os.FileMode{0o644, 0o600} {
				if err := os.Chmod(path, mode); err != nil {
					t.Fatal(err)
				}
				if s, err := sqlite.Open(t.Context(), path); err == nil {
					s.Close()
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "accounts.db")
			s := open(t, path)
			if err := put(t, s, "first"); err != nil {
				t.Fatal(err)
			}
			row(t, path)
			if !locked(t, path) {
				t.Error("the lock on the file is gone: another process takes itself for the last one that has it open")
			}
			readElsewhere(t, path)
			for i := range 10 {
				if err := put(t, s, strconv.Itoa(i)); err != nil {
					t.Fatal(err)
				}
			}
			seen, err := s.RecordsOf(t.Context(), "k", "o")
			if err != nil {
				t.Fatal(err)
			}
			// A copy of the file would be a descriptor of it that is closed; nothing follows.
			if kept := onDisk(t, path); kept != len(seen) || kept < 11 {
				t.Errorf("%d are acknowledged, and %d are on disk", len(seen), kept)
			}
		})
	}
}

// TestReplaced: when the file, or one beside it, is taken away, nothing more is
// acknowledged, and the feed is no news. Opened again, all is well.
func TestReplaced(t *testing.T) {
	remove := func(beside string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if err := os.Remove(path + beside); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, row := range map[string]struct {
		do   func(t *testing.T, path string)
		feed bool // which is refused too
	}{
		"removed": {remove(""), true},
		"replaced": {func(t *testing.T, path string) {
			other := filepath.Join(t.TempDir(), "backup.db")
			open(t, other).Close()
			if err := os.Rename(other, path); err != nil {
				t.Fatal(err)
			}
		}, true},
		"without its journal": {remove("-wal"), false},
		"without its index":   {remove("-shm"), false},
	} {
		path := filepath.Join(t.TempDir(), "accounts.db")
		s := open(t, path)
		if err := put(t, s, "first"); err != nil {
			t.Fatal(err)
		}
		row.do(t, path)
		err := put(t, s, "lost")
		if _, ok := errors.AsType[*sqlite.ReplacedError](err); !ok {
			t.Errorf("%s: written: %v", name, err)
		}
		_, err = s.Feed(t.Context(), 0, 10)
		if _, ok := errors.AsType[*sqlite.ReplacedError](err); ok != row.feed {
			t.Errorf("%s: the feed: %v", name, err)
		}
		s.Close()
		if err := put(t, open(t, path), "kept"); err != nil {
			t.Errorf("%s: opened again: %v", name, err)
		}
	}
}
