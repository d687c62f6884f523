package e2e_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/servers"
)

// limit is how long anything here may take before the test fails.
const limit = 20 * time.Second

// binary is the sallyport program, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "sallyport-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "sallyport")
	build := exec.Command("go", "build", "-race=false", "-o", binary, "github.com/sallyport-dev/sallyport/cmd/sallyport")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n%s", build, err, out)
		return 1
	}
	return m.Run()
}

// find returns the path of a program, which may have several names.
func find(t *testing.T, install string, names ...string) string {
	t.Helper()
	path, err := servers.Find(install, names...)
	servers.Check(t, err)
	return path
}

// node returns the path of Node.js, when it and what npm has installed beside it are
// as they have to be.
func node(t *testing.T) string {
	t.Helper()
	path := find(t, "run `make servers`, or Debian: apt-get install nodejs npm; macOS: brew install node", "node")
	if wrong := wrongWithNode(path); wrong != "" {
		servers.Check(t, servers.Missing(wrong+": run `make servers`"))
	}
	return path
}

// wrongWithNode says what is wrong, "" for nothing.
func wrongWithNode(path string) string {
	checked.Do(func() {
		if out, err := exec.Command(path, "node/installed.mjs").CombinedOutput(); err != nil {
			checkedWrong = fmt.Sprintf("%s (%v)", bytes.TrimSpace(out), err)
		}
	})
	return checkedWrong
}

var (
	checked      sync.Once
	checkedWrong string
)
