package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// terminal is a pseudo-terminal with a program in it.
type terminal struct {
	*testing.T
	master, slave *os.File
	cmd           *exec.Cmd
	screen        shared
}

// inTerminal starts sallyport with a terminal of its own, as its session's.
func inTerminal(t *testing.T, args ...string) *terminal {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Args[0] = "sallyport"
	return startIn(t, cmd)
}

func startIn(t *testing.T, cmd *exec.Cmd) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there are no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	var number, unlocked int32
	control(t, master, syscall.TIOCGPTN, unsafe.Pointer(&number))
	control(t, master, syscall.TIOCSPTLCK, unsafe.Pointer(&unlocked))
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there are no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { slave.Close() })
	p := &terminal{T: t, master: master, slave: slave, cmd: cmd}
	p.cmd.Dir = t.TempDir()
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = slave, slave, slave
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.cmd.Process.Kill() })
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := master.Read(b)
			p.screen.Write(b[:n])
			if err != nil {
				return
			}
		}
	}()
	return p
}

func control(t *testing.T, f *os.File, request uintptr, argument unsafe.Pointer) {
	t.Helper()
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(argument)); errno != 0 {
		t.Fatal(errno)
	}
}

// echoes reports whether the terminal shows what is typed.
func (p *terminal) echoes() bool {
	p.Helper()
	var settings syscall.Termios
	control(p.T, p.slave, syscall.TCGETS, unsafe.Pointer(&settings))
	return settings.Lflag&syscall.ECHO != 0
}

// asked waits until the program has asked n times, and the terminal shows nothing.
func (p *terminal) asked(n int) {
	p.Helper()
	eventually(p.T, "it asks for a password", func() bool {
		return strings.Count(p.screen.String(), "password: ") >= n && !p.echoes()
	})
}

// TestPassword_signals: whatever ends the program while it asks for a password ends it at
// once, with the status of the signal, and leaves a terminal that shows what is typed.
func TestPassword_signals(t *testing.T) {
	for _, c := range []struct {
		name string
		send func(p *terminal)
		want syscall.Signal
	}{
		{"Ctrl-C", func(p *terminal) { p.master.Write([]byte{3}) }, syscall.SIGINT},
		{"SIGINT", func(p *terminal) { p.cmd.Process.Signal(syscall.SIGINT) }, syscall.SIGINT},
		{"SIGTERM", func(p *terminal) { p.cmd.Process.Signal(syscall.SIGTERM) }, syscall.SIGTERM},
		{"SIGHUP", func(p *terminal) { p.cmd.Process.Signal(syscall.SIGHUP) }, syscall.SIGHUP},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := inTerminal(t, "user", "add", "ada", "--email", "ada@example.com", "--data", "data")
			p.asked(1)
			c.send(p)
			p.ends(c.want)
			if !p.echoes() {
				t.Error("the terminal shows nothing of what is typed")
			}
		})
	}
}

// ends waits for the end by a signal.
func (p *terminal) ends(by syscall.Signal) {
	p.Helper()
	ended := make(chan struct{})
	go func() {
		p.cmd.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(limit):
		p.Fatalf("it still runs: %q", p.screen.String())
	}
	if status := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != by {
		p.Errorf("it ended by %v, want %v: %q", p.cmd.ProcessState, by, p.screen.String())
	}
}

// TestPassword_stop: Ctrl-Z leaves a terminal that shows what is typed, and what goes on asks
// again, hidden, and takes the password.
func TestPassword_stop(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("the job control of bash is needed")
	}
	p := startIn(t, exec.Command(bash, "-m", "-c",
		`(exec -a sallyport "$0" user add ada --email ada@example.com --data data); echo st""opped; read -r line; fg`,
		os.Args[0]))
	p.asked(1)
	p.master.Write([]byte{26})
	eventually(t, "it is stopped", func() bool { return strings.Contains(p.screen.String(), "stopped\r\n") })
	if !p.echoes() {
		t.Error("the terminal shows nothing of what is typed")
	}
	p.master.WriteString("\n")
	p.asked(2)
	const password = "correct-horse-41-battery\n"
	p.master.WriteString(password)
	eventually(t, "it asks again", func() bool { return strings.Contains(p.screen.String(), "again: ") && !p.echoes() })
	p.master.WriteString(password)
	eventually(t, "it adds the user", func() bool { return strings.Contains(p.screen.String(), "added ada") })
	if strings.Contains(p.screen.String(), "correct") {
		t.Errorf("the password is on the screen: %q", p.screen.String())
	}
}

// TestCommands_signals: a command that reads standard input ends at once by SIGINT and SIGTERM,
// and one whose output nobody reads any more ends without a word.
func TestCommands_signals(t *testing.T) {
	for _, args := range [][]string{
		{"user", "add", "ada", "--email", "ada@example.com", "--data", "data"},
		{"token", "inspect", "--data", "data"},
		{"user", "import", "-", "--data", "data"},
	} {
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			defer w.Close()
			cmd := exec.Command(os.Args[0], args...)
			cmd.Args[0], cmd.Dir, cmd.Stdin = "sallyport", t.TempDir(), r
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "it reads", func() bool {
				wait, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", cmd.Process.Pid, cmd.Process.Pid))
				return reads(cmd.Process.Pid) || len(wait) > 0
			})
			cmd.Process.Signal(sig)
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			select {
			case <-ended:
			case <-time.After(limit):
				cmd.Process.Kill()
				t.Fatalf("%v: still runs after %v", args, sig)
			}
			status := cmd.ProcessState.Sys().(syscall.WaitStatus)
			if !(status.Signaled() && status.Signal() == sig) && status.ExitStatus() != 128+int(sig) {
				t.Errorf("%v: ended with %v after %v", args, cmd.ProcessState, sig)
			}
		}
	}
}

// reads reports whether a thread of a process waits in a read of a pipe.
func reads(pid int) bool {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/syscall", pid))
	for _, name := range tasks {
		if data, _ := os.ReadFile(name); bytes.HasPrefix(data, []byte("0 0x0 ")) { // read(0, …), on amd64
			return true
		}
	}
	return false
}

func TestCommands_brokenPipe(t *testing.T) {
	dir := t.TempDir()
	add := exec.Command(os.Args[0], "user", "add", "ada", "--email", "ada@example.com", "--data", "data")
	add.Args[0], add.Dir, add.Stdin = "sallyport", dir, strings.NewReader("correct-horse-41-battery\n")
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, args := range [][]string{{"keys", "list"}, {"user", "list"}, {"user", "export"}} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		var complaints bytes.Buffer
		cmd := exec.Command(os.Args[0], append(args, "--data", "data")...)
		cmd.Args[0], cmd.Dir, cmd.Stdout, cmd.Stderr = "sallyport", dir, w, &complaints
		cmd.Run()
		w.Close()
		if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGPIPE || strings.Contains(complaints.String(), "sallyport:") {
			t.Errorf("%v: %v, %q", args, cmd.ProcessState, &complaints)
		}
	}
}
