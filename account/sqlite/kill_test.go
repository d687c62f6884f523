package sqlite_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/sqlite"
)

// child is set in a process that only writes, until it is killed.
const child = "SALLYPORT_TEST_WRITER"

func TestMain(m *testing.M) {
	if path := os.Getenv(child); path != "" {
		if err := write(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1) // it was not to end by itself
	}
	os.Exit(m.Run())
}

func token(id string, n int) account.RefreshHash { return sha256.Sum256(fmt.Append(nil, id, n)) }

// write makes a user, a session, rotates it, and every other time ends it; each write is
// said on standard output once it was acknowledged.
func write(path string) error {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	now := time.Now()
	for i := 0; ; i++ {
		u := user(fmt.Sprint("u", i))
		if err := s.CreateUser(ctx, u); err != nil {
			return err
		}
		fmt.Println("user", u.ID)
		n := account.Session{ID: "s-" + u.ID, UserID: u.ID, Refresh: token(u.ID, 0), Created: now, LastUsed: now, IdleUntil: now.Add(time.Hour), Expires: now.Add(time.Hour)}
		if _, err := s.CreateSession(ctx, n, 0); err != nil {
			return err
		}
		if _, _, err := s.RotateSession(ctx, account.Rotation{Old: token(u.ID, 0), New: token(u.ID, 1), Now: now, IdleUntil: now.Add(time.Hour)}); err != nil {
			return err
		}
		fmt.Println("rotated", u.ID)
		if i%2 == 0 {
			continue
		}
		if _, err := s.EndSession(ctx, n.ID, account.Cut{At: now, Until: now.Add(time.Hour)}); err != nil {
			return err
		}
		fmt.Println("ended", u.ID)
	}
}

// TestKilled kills a writer at a random moment, again and again on one file: whatever
// it acknowledged is there.
func TestKilled(t *testing.T) {
	runs := 12
	if testing.Short() {
		runs = 3
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for run := range runs {
		path := filepath.Join(t.TempDir(), "accounts.db")
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(os.Environ(), child+"="+path)
		cmd.Stderr = t.Output()
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var said []string
		lines := bufio.NewScanner(out)
		for kill := 1 + rand.IntN(60); lines.Scan(); {
			said = append(said, lines.Text())
			if len(said) == kill {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		cmd.Wait()
		if len(said) == 0 {
			t.Fatalf("run %d: nothing was written", run)
		}
		total += len(said)
		acknowledged(t, path, said)
	}
	t.Logf("%d acknowledged writes in %d killed runs", total, runs)
}

func acknowledged(t *testing.T, path string, said []string) {
	t.Helper()
	s := open(t, path)
	feed, err := s.Revocations(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	ended := map[string]bool{}
	for _, r := range feed {
		ended[r.Session] = true
	}
	for _, line := range said {
		what, id, _ := strings.Cut(line, " ")
		switch what {
		case "user":
			if _, err := s.UserByID(t.Context(), id); err != nil {
				t.Errorf("%s is gone: %v", line, err)
			}
		case "rotated": // the token before must not be good again
			if _, _, err := s.RotateSession(t.Context(), account.Rotation{Old: token(id, 0), New: token(id, 9), Now: time.Now(), IdleUntil: time.Now()}); err == nil {
				t.Errorf("%s is undone", line)
			}
		case "ended":
			if !ended["s-"+id] {
				t.Errorf("%s is undone", line)
			}
		}
	}
}
