package e2e_test

import (
	"bufio"
	"bytes"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// process is a server that a test has started. It and what it started end with the
// test at the latest.
type process struct {
	cmd   *exec.Cmd
	said  output
	stop  func()
	ended chan struct{}
}

// output is what a process has printed so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write adds to the output.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

// String returns the output.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start starts a program, and waits until one of its lines matches ready. It returns
// what ready's group matched.
func start(t *testing.T, ready *regexp.Regexp, name string, args ...string) (p *process, found string) {
	t.Helper()
	return startCmd(t, ready, exec.Command(name, args...))
}

func startCmd(t *testing.T, ready *regexp.Regexp, cmd *exec.Cmd) (p *process, found string) {
	t.Helper()
	p = &process{cmd: cmd, ended: make(chan struct{})}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	r, w := io.Pipe()
	out := io.MultiWriter(&p.said, w)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	input, err := p.cmd.StdinPipe() // Node.js ends when it closes, even if we are killed
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		w.Close()
		close(p.ended)
	}()
	p.stop = sync.OnceFunc(func() {
		input.Close()
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM)
		select {
		case <-p.ended:
		case <-time.After(limit / 4):
		}
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.ended
	})
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("%s printed:\n%s", cmd.Path, &p.said)
		}
	})
	return p, p.await(t, ready, r)
}

// await reads lines until one matches, and then lets the rest flow.
func (p *process) await(t *testing.T, ready *regexp.Regexp, r io.Reader) string {
	t.Helper()
	matched := make(chan string, 1)
	go func() {
		lines := bufio.NewReader(r)
		for {
			line, err := lines.ReadString('\n')
			if m := ready.FindStringSubmatch(line); m != nil {
				matched <- m[len(m)-1]
				break
			}
			if err != nil {
				close(matched)
				break
			}
		}
		io.Copy(io.Discard, lines)
	}()
	select {
	case found, ok := <-matched:
		if !ok {
			t.Fatalf("%s ended early", p.cmd)
		}
		return found
	case <-time.After(limit):
		t.Fatalf("%s was not ready within %s", p.cmd, limit)
	}
	return ""
}

// anyCase spares the structs of the tests a tag for each field.
var anyCase = json.MatchCaseInsensitiveNames(true)

// script runs a program of the folder node with in as JSON, and reads its JSON.
func script[T any](t *testing.T, name string, in any) (out T) {
	t.Helper()
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var errors strings.Builder
	cmd := exec.CommandContext(t.Context(), node(t), name)
	cmd.Dir, cmd.Stdin, cmd.Stderr = "node", bytes.NewReader(data), &errors
	printed, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, &errors)
	}
	if err := json.Unmarshal(printed, &out, anyCase); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, printed)
	}
	return out
}
