// Package redistest starts Redis or Valkey for tests: single servers, a master with
// sentinels, a cluster. All are real, on free loopback ports, in temporary folders, and
// end with the test. A [Proxy] in front of one plays the network's faults.
package redistest

import (
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"testing"

	"github.com/sallyport-dev/sallyport/internal/servers"
)

const install = "run `make servers`, or Debian: apt-get install redis-server; macOS: brew install redis"

var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Main runs the tests of a package that uses [Shared], and stops the server.
func Main(m *testing.M) int {
	code := m.Run()
	if shared.server != nil {
		shared.server.remove()
	}
	return code
}

// Shared returns the server that the test program shares: for tests that use keys of
// their own, and harm neither the server nor the keys of others.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.once.Do(func() { shared.server, shared.err = start(nil) })
	servers.Check(t, shared.err)
	return shared.server
}

// Start starts a server of the test's own. It keeps nothing on disk, unless the lines of
// redis.conf that are given want that: "appendonly yes".
func Start(t testing.TB, config ...string) *Server {
	t.Helper()
	return startAll(t, 1, func(int) (*Server, error) { return start(config) })[0]
}

// startAll starts several servers side by side.
func startAll(t testing.TB, n int, start func(i int) (*Server, error)) []*Server {
	t.Helper()
	list, errs := make([]*Server, n), make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { list[i], errs[i] = start(i) })
	}
	all.Wait()
	for _, s := range list {
		if s != nil {
			t.Cleanup(s.remove)
		}
	}
	for _, err := range errs {
		servers.Check(t, err)
	}
	return list
}

var version = regexp.MustCompile(`\bv=(\d+)\.`)

// find returns the path of the server, and its major version.
func find() (path string, major int, err error) {
	path, err = servers.Find(install, "redis-server", "valkey-server")
	if err != nil {
		return "", 0, err
	}
	out, err := exec.Command(path, "--version").Output()
	if m := version.FindSubmatch(out); m != nil {
		major, _ = strconv.Atoi(string(m[1]))
	}
	return path, major, err
}
