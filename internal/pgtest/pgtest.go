// Package pgtest starts a PostgreSQL of its own for tests: on a free loopback port, in a
// temporary folder, once for each test program.
package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/sallyport-dev/sallyport/internal/servers"
)

// Server is a running PostgreSQL.
type Server struct {
	bin, dir, port string
	run            *servers.Process
	databases      atomic.Int64
}

var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Main runs the tests of a package that uses [Database], and stops the server.
func Main(m *testing.M) int {
	code := m.Run()
	if shared.server != nil {
		shared.server.remove()
	}
	return code
}

// Database returns the address of a fresh and empty database, on the server that the
// test program shares.
func Database(t testing.TB) string {
	t.Helper()
	shared.once.Do(func() { shared.server, shared.err = start() })
	return database(t, shared.server, shared.err)
}

// Start starts a server of the test's own, to be stopped or killed.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := start()
	if err == nil {
		t.Cleanup(s.remove)
	}
	servers.Check(t, err)
	return s
}

const errMissing = servers.Missing("PostgreSQL is missing: run `make servers`, or Debian: apt-get install postgresql; macOS: brew install postgresql@17")

func database(t testing.TB, s *Server, err error) string {
	t.Helper()
	servers.Check(t, err)
	return s.Database(t)
}

// Database makes one more database.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := "test" + strconv.FormatInt(s.databases.Add(1), 10)
	cmd := exec.Command(filepath.Join(s.bin, "createdb"), "-h", "127.0.0.1", "-p", s.port, "-U", "postgres", name)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return "postgres://postgres@127.0.0.1:" + s.port + "/" + name + "?sslmode=disable"
}

// Kill ends the server as a failing machine would.
func (s *Server) Kill() {
	s.signal(syscall.SIGKILL) // those of its connections too, which would end a statement first
	s.run.Kill()
}

// Stop lets the server stand still, with all its connections open, until [Server.Continue].
func (s *Server) Stop() { s.signal(syscall.SIGSTOP) }

// Continue lets it go on.
func (s *Server) Continue() { s.signal(syscall.SIGCONT) }

// signal is for the server and for the process of each of its connections, which have
// groups of their own.
func (s *Server) signal(sig syscall.Signal) {
	main := strconv.Itoa(s.run.PID())
	children, _ := exec.Command("pgrep", "-P", main).Output() // none of them is no failure
	for _, pid := range append(strings.Fields(string(children)), main) {
		if n, err := strconv.Atoi(pid); err == nil {
			syscall.Kill(n, sig)
		}
	}
}

// Shutdown is a way to stop the server in order.
type Shutdown syscall.Signal

const (
	// Fast ends transactions and connections first.
	Fast = Shutdown(syscall.SIGINT)
	// Immediate leaves what is not on disk to recovery.
	Immediate = Shutdown(syscall.SIGQUIT)
)

// Shutdown stops the server, until [Server.Restart].
func (s *Server) Shutdown(how Shutdown) {
	syscall.Kill(s.run.PID(), syscall.Signal(how))
	s.run.Wait()
}

// Addr is the server's host and port. They stay the same when it is started again.
func (s *Server) Addr() string { return "127.0.0.1:" + s.port }

// Do runs statements as the superuser, each in a transaction of its own.
func (s *Server) Do(t testing.TB, statements ...string) {
	t.Helper()
	s.DoIn(t, "postgres", statements...)
}

// DoIn is like [Server.Do], in a database other than that of the superuser.
func (s *Server) DoIn(t testing.TB, database string, statements ...string) {
	t.Helper()
	if out, err := s.try(database, statements...); err != nil {
		t.Fatalf("%q: %v\n%s", statements, err, out)
	}
}

// Query returns what a statement gives in a database, one row in a line.
func (s *Server) Query(t testing.TB, database, statement string) string {
	t.Helper()
	out, err := s.try(database, statement)
	if err != nil {
		t.Errorf("%q: %v", statement, err)
	}
	return out
}

func (s *Server) try(database string, statements ...string) (string, error) {
	args := []string{"-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-p", s.port, "-U", "postgres", "-d", database}
	for _, one := range statements {
		args = append(args, "-c", one)
	}
	out, err := exec.Command(filepath.Join(s.bin, "psql"), args...).CombinedOutput()
	return string(out), err
}

// Standby starts a server that follows this one. From then on, a transaction is acknowledged when
// both have it on disk.
func (s *Server) Standby(t testing.TB) *Server {
	t.Helper()
	next, err := s.standby()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(next.remove)
	s.Do(t, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
	if err := servers.Until(func() error {
		out, err := s.try("postgres", "SELECT sync_state FROM pg_stat_replication")
		if err == nil && strings.TrimSpace(out) != "sync" {
			err = fmt.Errorf("the standby is %q", out)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return next
}

func (s *Server) standby() (*Server, error) {
	dir, err := os.MkdirTemp("", "sallyport-pg-")
	if err != nil {
		return nil, err
	}
	next := &Server{bin: s.bin, dir: dir}
	if err := next.follow(s); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return next, nil
}

// follow copies a server, and starts as its standby.
func (s *Server) follow(first *Server) error {
	return s.begin("pg_basebackup", "-h", "127.0.0.1", "-p", first.port, "-U", "postgres",
		"-D", s.data(), "-R", "-c", "fast", "-X", "stream", "-N")
}

// Promote has a standby take over.
func (s *Server) Promote(t testing.TB) {
	t.Helper()
	s.Do(t, "SELECT pg_promote()")
}

// Restart starts it again on what it had on disk.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.serve(); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) remove() {
	s.Kill()
	os.RemoveAll(s.dir)
}

func start() (*Server, error) {
	bin, err := find()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "sallyport-pg-")
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: dir}
	if err := s.init(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return s, nil
}

// find returns the folder of the server's programs.
func find() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin/initdb", "/opt/homebrew/opt/postgresql*/bin/initdb", "/usr/local/opt/postgresql*/bin/initdb",
	} {
		if list, _ := filepath.Glob(pattern); len(list) > 0 {
			return filepath.Dir(list[len(list)-1]), nil
		}
	}
	return "", errMissing
}

// own gives the folder to the user that runs the server: PostgreSQL refuses to run as root.
func (s *Server) own() error {
	if os.Geteuid() != 0 {
		return nil
	}
	id, err := someone()
	if err != nil {
		return err
	}
	return os.Chown(s.dir, int(id.Uid), int(id.Gid))
}

func (s *Server) init() error {
	return s.begin("initdb", "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
}

// begin makes the data by one of the server's programs, and serves it on a free port.
func (s *Server) begin(program string, args ...string) error {
	if err := s.own(); err != nil {
		return err
	}
	cmd := exec.Command(filepath.Join(s.bin, program), args...)
	cmd.Dir = s.dir
	if err := asSomeone(cmd); err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	port, err := servers.Port()
	if err != nil {
		return err
	}
	s.port = port
	return s.serve()
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// serve starts the server and waits until it answers.
func (s *Server) serve() error {
	cmd := exec.Command(filepath.Join(s.bin, "postgres"), "-D", s.data(), "-p", s.port, "-k", "",
		"-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200")
	cmd.Dir = s.dir
	if err := asSomeone(cmd); err != nil {
		return err
	}
	run, err := servers.Run(cmd)
	if err != nil {
		return err
	}
	s.run = run
	return run.Await(func() error {
		return exec.Command(filepath.Join(s.bin, "pg_isready"), "-q", "-h", "127.0.0.1", "-p", s.port, "-t", "1").Run()
	})
}

// someone is the user that runs the server where the tests run as root.
func someone() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody")
}

func asSomeone(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PG") })
	cmd.Env = append(cmd.Env, "LC_ALL=C")
	if os.Geteuid() != 0 {
		return nil
	}
	id, err := someone()
	cmd.SysProcAttr.Credential = id
	return err
}
