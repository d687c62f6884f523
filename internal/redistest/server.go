package redistest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/servers"
)

// Server is one process of Redis: a master, a replica, a node of a cluster, a sentinel.
type Server struct {
	dir, port string
	cmd       []string
	process   *servers.Process
}

// starts is how many ports are tried: another process may be quicker to take one.
const starts = 3

// start starts a server that keeps data.
func start(config []string) (*Server, error) {
	_, major, err := find()
	if err != nil {
		return nil, err
	}
	base := []string{`save ""`, "appendonly no", "repl-diskless-sync-delay 0", "repl-ping-replica-period 1"}
	if major >= 7 { // older ones allow DEBUG, and do not know the line
		base = append(base, "enable-debug-command yes")
	}
	return launch(slices.Concat(base, config))
}

// launch starts a server with a file of these lines. What Redis changes, it writes there.
func launch(config []string, args ...string) (s *Server, err error) {
	path, _, err := find()
	if err != nil {
		return nil, err
	}
	for range starts {
		s = &Server{}
		if s.dir, err = os.MkdirTemp("", "sallyport-redis-"); err != nil {
			return nil, err
		}
		file := filepath.Join(s.dir, "redis.conf")
		s.cmd = append([]string{path, file}, args...)
		if err = s.first(file, config); err == nil {
			return s, nil
		}
		os.RemoveAll(s.dir)
	}
	return nil, err
}

func (s *Server) first(file string, config []string) (err error) {
	if s.port, err = servers.Port(); err != nil {
		return err
	}
	lines := slices.Concat([]string{"bind 127.0.0.1", "port " + s.port, "dir " + s.dir}, config)
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return err
	}
	return s.serve()
}

// serve starts the process and waits until it is the one that answers on the port.
func (s *Server) serve() error {
	cmd := exec.Command(s.cmd[0], s.cmd[1:]...)
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), "LC_ALL=C")
	p, err := servers.Run(cmd)
	if err != nil {
		return err
	}
	s.process = p
	return p.Await(func() error {
		if _, err := s.try(time.Second, "PING"); err != nil {
			return err
		}
		info, err := s.try(time.Second, "INFO", "server")
		if err == nil && fields(info)["process_id"] != strconv.Itoa(p.PID()) {
			err = errors.New("another server answers")
		}
		return err
	})
}

// Addr is the server's host and port. They stay the same when it is started again.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", s.port) }

// Kill ends the server as a failing machine would. Its port then refuses connections.
func (s *Server) Kill() { s.process.Kill() }

// Restart starts the server again, after it was killed: empty, or with what its
// configuration made it keep.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Kill()
	if err := s.serve(); err != nil {
		t.Fatal(err)
	}
}

// Freeze stops the server where it is, and returns when it no longer answers.
// Connections to it still open, and stay.
func (s *Server) Freeze(t testing.TB) {
	t.Helper()
	s.process.Signal(syscall.SIGSTOP)
	if err := servers.Until(func() error {
		if _, err := s.try(50*time.Millisecond, "PING"); !errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("still answers: %w", err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// Thaw lets a frozen server go on.
func (s *Server) Thaw() { s.process.Signal(syscall.SIGCONT) }

func (s *Server) remove() {
	s.Kill()
	os.RemoveAll(s.dir)
}
