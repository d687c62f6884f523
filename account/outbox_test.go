package account_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/account/sqlite"
)

// dying says to a process of TestOutboxKilled where its accounts are, and when it stops: at
// the mail of this number, before or after it was sent.
const dying = "SALLYPORT_TEST_OUTBOX"

// stuck is a mail server that says on standard output what it takes, and at one mail
// nothing any more.
type stuck struct {
	at    int32
	after bool
	n     atomic.Int32
}

func (s *stuck) Send(ctx context.Context, id, to, _, _ string) error {
	last := s.n.Add(1) == s.at
	if last && !s.after {
		fmt.Println("stuck")
		select {}
	}
	fmt.Println("sent", id, to)
	if last {
		fmt.Println("stuck")
		select {}
	}
	return nil
}

// registerUntilKilled registers users, and says of each that it was acknowledged.
func registerUntilKilled(t *testing.T, place string) {
	f := strings.Split(place, "|")
	at, _ := strconv.Atoi(f[1])
	store, err := sqlite.Open(t.Context(), f[0])
	if err != nil {
		t.Fatal(err)
	}
	w := newWorldOn(t, store, func(c *account.Config) { c.Mail = &stuck{at: int32(at), after: f[2] == "after"} })
	for i := range 8 {
		name := fmt.Sprintf("u%d-%d", os.Getpid(), i)
		w.mustCall(202, "POST", "/auth/register", "", body("username", name, "email", name+"@example.com", "password", adasPW))
		fmt.Println("acknowledged", name+"@example.com")
	}
	select {}
}

// TestOutboxKilled: of a process that is killed before or after a mail was sent, every
// mail that was acknowledged is sent; twice only those that the process had just sent, at
// most as many as it sends at once, and then with the same id.
func TestOutboxKilled(t *testing.T) {
	if place := os.Getenv(dying); place != "" {
		registerUntilKilled(t, place)
	}
	t.Parallel()
	path := filepath.Join(t.TempDir(), "accounts.db")
	sent, promised := map[string][]string{}, map[string]bool{}
	const runs = 6
	for i := range runs {
		when := []string{"before", "after"}[i%2]
		for _, line := range killed(t, fmt.Sprintf("%s|%d|%s", path, 1+i/2*2, when)) {
			switch f := strings.Fields(line + " ."); f[0] {
			case "acknowledged":
				promised[f[1]] = true
			case "sent":
				sent[f[2]] = append(sent[f[2]], f[1])
			}
		}
	}
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	w := newWorldOn(t, store, withMail)
	w.later(time.Hour)
	for _, m := range w.sent() {
		sent[m.to] = append(sent[m.to], m.id)
	}
	twice := 0
	for to, ids := range sent {
		twice += len(ids) - 1
		for _, id := range ids {
			if id != ids[0] {
				t.Errorf("%s: mails %v", to, ids)
			}
		}
	}
	for to := range promised {
		if len(sent[to]) == 0 {
			t.Errorf("%s was acknowledged, and no mail came", to)
		}
	}
	if len(promised) == 0 || twice < runs/2 || twice > runs*account.MailsAtOnce {
		t.Errorf("%d acknowledged, %d sent twice, want %d to %d", len(promised), twice, runs/2, runs*account.MailsAtOnce)
	}
}

// killed runs a process until it is stuck, kills it, and returns what it said.
func killed(t *testing.T, place string) (lines []string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestOutboxKilled$")
	cmd.Env = append(os.Environ(), dying+"="+place)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stuck := false
	for scan := bufio.NewScanner(out); scan.Scan(); {
		if scan.Text() == "stuck" {
			stuck = true
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			continue
		}
		lines = append(lines, scan.Text())
	}
	cmd.Wait()
	if !stuck {
		t.Fatalf("the process ended by itself: %q", lines)
	}
	return lines
}

// TestOutbox: what the mail server refuses for now is sent later, and what it refuses for
// good is not; the store holds no token.
func TestOutbox(t *testing.T) {
	w := newWorld(t, withMail)
	add(t, w.Accounts, "ada")
	w.mails.failWith(errors.New("try later"))
	w.mustCall(202, "POST", "/auth/password/forgot", "", body("email", "ada@example.com"))
	if list := w.sent(); len(list) != 0 {
		t.Fatal(list)
	}
	w.mails.failWith(nil)
	if list := w.sent(); len(list) != 0 {
		t.Errorf("sent again at once: %v", list)
	}
	w.later(3 * time.Second)
	token := w.token("ada@example.com", "new password")
	records, err := w.store.RecordsDue(t.Context(), "mail", w.clock.Add(time.Hour), 10)
	if err != nil || len(records) != 0 {
		t.Errorf("%d mails are left, %v", len(records), err)
	}
	w.mails.failWith(errors.New("try later"))
	w.mustCall(202, "POST", "/auth/password/forgot", "", body("email", "ada@example.com"))
	w.sent()
	records, _ = w.store.RecordsDue(t.Context(), "mail", w.clock.Add(time.Hour), 10)
	if len(records) != 1 || strings.Contains(string(records[0].Data), "spt_") || strings.Contains(string(records[0].Data), token) {
		t.Errorf("%d mails wait", len(records))
	}
	w.mails.failWith(refused{})
	w.later(time.Hour)
	w.sent()
	w.mails.failWith(nil)
	w.later(2 * time.Hour)
	if list := w.sent(); len(list) != 0 {
		t.Errorf("what was refused for good was tried again: %v", list)
	}
}

type refused struct{}

func (refused) Error() string { return "no such address" }

func (refused) Permanent() bool { return true }

// TestNoMail: what needs mail says so.
func TestNoMail(t *testing.T) {
	w := newWorld(t, nil)
	w.register()
	access, _ := w.login()
	w.mustCall(403, "POST", "/auth/password/forgot", "", body("email", "ada@example.com"))
	w.mustCall(403, "POST", "/auth/email/change", access, body("email", "a@example.com"))
	if err := w.Invite(t.Context(), "a@example.com", nil); err == nil {
		t.Error("invited")
	}
	if _, err := w.ForceReset(t.Context(), "ada"); err == nil {
		t.Error("forced a reset nobody can do")
	}
}
