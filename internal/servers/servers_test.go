package servers_test

import (
	"errors"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/sallyport-dev/sallyport/internal/servers"
)

// recorder is a test whose end is looked at.
type recorder struct {
	testing.TB
	skipped, failed string
}

func (*recorder) Helper() {}

func (r *recorder) Skip(args ...any)  { r.skipped = args[0].(string); panic(r) }
func (r *recorder) Fatal(args ...any) { r.failed = errorText(args[0]); panic(r) }

func errorText(v any) string {
	if err, ok := v.(error); ok {
		return err.Error()
	}
	return v.(string)
}

func check(skip string, t *testing.T, err error) (r *recorder) {
	t.Setenv(servers.SkipVariable, skip)
	r = &recorder{TB: t}
	defer func() { recover() }()
	servers.Check(r, err)
	return r
}

func TestCheck(t *testing.T) {
	_, missing := servers.Find("buy one", "no-such-program", "nor-this")
	for _, row := range []struct {
		name, skip      string
		err             error
		skipped, failed string
	}{
		{"there", "", nil, "", ""},
		{"missing", "", missing, "", "no-such-program is missing: buy one; or set " + servers.SkipVariable},
		{"missing, and only 1 skips", "true", missing, "", "no-such-program is missing"},
		{"missing, to be skipped", "1", missing, "no-such-program is missing", ""},
		{"broken is not missing", "1", errors.New("broken"), "", "broken"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := check(row.skip, t, row.err)
			if !strings.Contains(r.skipped, row.skipped) || !strings.Contains(r.failed, row.failed) ||
				(r.skipped == "") != (row.skipped == "") || (r.failed == "") != (row.failed == "") {
				t.Errorf("skipped %q, failed %q", r.skipped, r.failed)
			}
		})
	}
}

func TestFind(t *testing.T) {
	want, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	for _, names := range [][]string{{"sleep"}, {"no-such-program", "sleep"}, {want}} {
		if path, err := servers.Find("", names...); err != nil || path != want {
			t.Errorf("%v: %q, %v", names, path, err)
		}
	}
}

// TestPort: the port and its bus can be had.
func TestPort(t *testing.T) {
	port, err := servers.Port()
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil || n+servers.BusOffset > 32767 {
		t.Fatalf("%q, %v", port, err)
	}
	for _, n := range []int{n, n + servers.BusOffset} {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(n)))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
}

// TestProcess: a process runs until it is killed, and with it its children: they hold its
// output, and a Kill that misses them waits for them. Killing it again hits nobody.
func TestProcess(t *testing.T) {
	p, err := servers.Run(exec.Command("sh", "-c", "sleep 100 & wait"))
	if err != nil {
		t.Fatal(err)
	}
	if !p.Running() || syscall.Kill(p.PID(), 0) != nil {
		t.Error("does not run")
	}
	p.Signal(syscall.SIGSTOP) // a frozen one dies as well
	p.Kill()
	p.Kill()
	if p.Running() {
		t.Error("runs on")
	}
}

// TestEnded: nobody waits for a program that has ended, and its words are told.
func TestEnded(t *testing.T) {
	p, err := servers.Run(exec.Command("sh", "-c", "echo no room >&2"))
	if err != nil {
		t.Fatal(err)
	}
	err = p.Await(func() error { return errors.New("refused") })
	for _, want := range []string{"it has ended", "refused", "no room"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
