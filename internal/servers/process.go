package servers

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Limit is how long a server may take to answer, or to notice something.
const Limit = 30 * time.Second

// pause is how long [Until] waits before it asks again.
const pause = 5 * time.Millisecond

// Process is a program that runs until it is killed. On Linux it ends with the tests at
// the latest, even if they are killed.
type Process struct {
	cmd   *exec.Cmd
	out   output
	ended chan struct{}
}

// Run starts a program in a process group of its own.
func Run(cmd *exec.Cmd) (*Process, error) { return RunTo(cmd, io.Discard) }

// RunTo is like [Run], and writes what the program prints to out as well.
func RunTo(cmd *exec.Cmd, out io.Writer) (*Process, error) {
	p := &Process{cmd: cmd, ended: make(chan struct{})}
	both := io.MultiWriter(&p.out, out)
	cmd.Stdout, cmd.Stderr = both, both
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	dieWithParent(cmd.SysProcAttr)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.ended)
		cmd.Wait()
	}()
	return p, nil
}

// PID is the number of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Running reports whether the process is there, frozen or not.
func (p *Process) Running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// Signal sends a signal to the process and its children. Once it has ended, its number
// may be another's: then there is nobody to tell.
func (p *Process) Signal(s syscall.Signal) {
	if p.Running() {
		syscall.Kill(-p.PID(), s)
	}
}

// Kill ends the process as a failing machine would.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	<-p.ended
}

// Wait waits until the process has ended.
func (p *Process) Wait() { <-p.ended }

// Await waits until the process is ready, and kills it if it does not become so. The
// error holds what it printed.
func (p *Process) Await(ready func() error) error {
	err := until(p.ended, ready)
	if err != nil {
		p.Kill()
		return fmt.Errorf("%s: %w\n%s", p.cmd, err, p.out.String())
	}
	return nil
}

// Until asks again and again, until there is no error or [Limit] is over.
func Until(ready func() error) error { return until(nil, ready) }

func until(ended <-chan struct{}, ready func() error) error {
	for limit := time.After(Limit); ; {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			return fmt.Errorf("it has ended (%w)", err)
		case <-limit:
			return fmt.Errorf("not in %s: %w", Limit, err)
		case <-time.After(pause):
		}
	}
}

// output keeps what a program prints.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
