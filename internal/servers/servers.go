// Package servers is what the tests share that run servers nobody here wrote: how they
// find the programs, what happens without them, and how they start and end.
package servers

import (
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// SkipVariable, set to 1, skips the tests whose programs are not installed.
const SkipVariable = "SALLYPORT_SKIP_SERVERS"

// Missing says which program is missing, and how to install it.
type Missing string

func (m Missing) Error() string { return string(m) }

// Check ends a test that has no server: never silently.
func Check(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	missing, ok := errors.AsType[Missing](err)
	switch {
	case ok && os.Getenv(SkipVariable) == "1":
		t.Skip("not tested, as " + SkipVariable + "=1 and " + string(missing))
	case ok:
		t.Fatal(string(missing) + "; or set " + SkipVariable + "=1 to skip this test")
	}
	t.Fatal(err)
}

// Find returns the path of a program, which may have several names. Its error is
// [Missing], and says how to install it.
func Find(install string, names ...string) (string, error) {
	for _, name := range names {
		// Debian keeps some where only root's PATH leads.
		for _, dir := range []string{"", "/usr/sbin", "/usr/local/sbin"} {
			if dir != "" && filepath.IsAbs(name) {
				continue
			}
			if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
				return path, nil
			}
		}
	}
	return "", Missing(names[0] + " is missing: " + install)
}

// The ports of [Port] lie below those that systems give to connections, and to whoever
// asks for any: so a port stays free while its server is down.
const (
	firstPort = 10000
	ports     = 10000

	// BusOffset is how far above its port a node of a Redis Cluster has its bus.
	BusOffset = 10000
)

// Port returns a free port of 127.0.0.1. The one [BusOffset] above it is free as well.
func Port() (string, error) {
	for range 100 {
		port := firstPort + rand.IntN(ports)
		if free(port) && free(port+BusOffset) {
			return strconv.Itoa(port), nil
		}
	}
	return "", errors.New("no free port")
}

func free(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	l.Close()
	return true
}
