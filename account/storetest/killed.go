package storetest

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

// child is set in a process that only writes, until it is killed: to what it writes to.
const child = "SALLYPORT_TEST_WRITER"

// Main is for the TestMain of a package that uses [Killed]: in the process that is to be
// killed it writes and never returns.
func Main(open func(address string) (account.Store, error)) {
	address := os.Getenv(child)
	if address == "" {
		return
	}
	err := write(address, open)
	fmt.Fprintln(os.Stderr, "the writer ended:", err)
	os.Exit(1)
}

// write registers users, logs them in, refreshes, and logs every other one out. Each is
// said on standard output once it was acknowledged, and a logout before it begins as well.
func write(address string, open func(string) (account.Store, error)) error {
	store, err := open(address)
	if err != nil {
		return err
	}
	n, err := makeNode(store, nil)
	if err != nil {
		return err
	}
	n.fail = func(err error) { // the server may be what was killed
		fmt.Fprintln(os.Stderr, "the writer ended:", err)
		os.Exit(1)
	}
	for i := 0; ; i++ {
		name := fmt.Sprintf("u%d-%d", os.Getpid(), i)
		n.add(name)
		fmt.Println("registered", name)
		_, first := n.login(name)
		fmt.Println("logged-in", name, first)
		status, access, second := n.refresh(first)
		if status != http.StatusOK {
			return fmt.Errorf("refresh: %d", status)
		}
		fmt.Println("refreshed", name, second, access)
		if i%2 == 0 {
			continue
		}
		fmt.Println("ending", name, second, access) // from here on it may have ended, whoever kills this process
		if status, _ := n.call("POST", "/auth/logout", access, ""); status != http.StatusNoContent {
			return fmt.Errorf("logout: %d", status)
		}
		fmt.Println("ended", name, second, access)
	}
}

// Killed kills a process that writes to the store, in the middle of many runs, each at
// another moment. Whatever was acknowledged is there, and whoever was in the middle of a
// refresh can go on.
func Killed(t *testing.T, address string, open func(address string) (account.Store, error)) {
	killed(t, address, open, 30, (*os.Process).Kill, nil)
}

// ServerKilled is Killed for the server behind a store: kill ends it, and restart lets it
// begin again with what it had on its disk.
func ServerKilled(t *testing.T, address string, open func(address string) (account.Store, error), kill, restart func()) {
	killed(t, address, open, 5, func(*os.Process) error { kill(); return nil }, restart)
}

func killed(t *testing.T, address string, open func(string) (account.Store, error), runs int, end func(*os.Process) error, restart func()) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{} // by user, the last thing
	lines := 0
	for run := range runs {
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(os.Environ(), child+"="+address)
		cmd.Stderr = t.Output()
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		scan := bufio.NewScanner(out)
		heard := 0
		for kill := 1 + rand.IntN(12); scan.Scan(); {
			f := strings.SplitN(scan.Text(), " ", 3)
			said[f[1]] = scan.Text()
			if heard++; heard == kill {
				<-time.After(rand.N(5 * time.Millisecond)) // into whatever it does next
				if err := end(cmd.Process); err != nil {
					t.Fatal(err)
				}
			}
		}
		cmd.Wait()
		if restart != nil {
			restart()
		}
		if heard == 0 {
			t.Fatalf("run %d: nothing was written", run)
		}
		lines += heard
	}
	store, err := open(address)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	n := newNode(t, store)
	for name, line := range said {
		acknowledged(t, n, name, strings.Fields(line))
	}
	t.Logf("%d acknowledged writes of %d users in %d killed runs, none lost", lines, len(said), runs)
}

func acknowledged(t *testing.T, n *node, name string, line []string) {
	t.Helper()
	if status, _ := n.call("POST", "/auth/login", "", `{"username":"`+name+`","password":"`+adasPassword+`"}`); status != http.StatusOK {
		t.Errorf("%s cannot log in: %d", name, status)
	}
	switch line[0] {
	case "logged-in": // a refresh may have been in the middle
		if status, _, _ := n.refresh(line[2]); status != http.StatusOK {
			t.Errorf("%s cannot refresh after a crash: %d", name, status)
		}
	case "refreshed":
		if status, _, _ := n.refresh(line[2]); status != http.StatusOK {
			t.Errorf("%s was acknowledged, and cannot be refreshed: %d", name, status)
		}
	case "ending": // a logout may have been in the middle
		status, _, _ := n.refresh(line[2])
		me, _ := n.call("GET", "/auth/me", line[3], "")
		if (status == http.StatusOK) != (me == http.StatusOK) {
			t.Errorf("%s: the refresh token %d, the access token %d", name, status, me)
		}
	case "ended":
		if status, _, _ := n.refresh(line[2]); status != http.StatusBadRequest {
			t.Errorf("%s is logged in again: %d", name, status)
		}
		if status, _ := n.call("GET", "/auth/me", line[3], ""); status != http.StatusUnauthorized {
			t.Errorf("%s: the token is good again: %d", name, status)
		}
	}
}
