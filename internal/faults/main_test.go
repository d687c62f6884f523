package faults_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/internal/redistest"
)

var (
	long = flag.Bool("long", false, "run the whole bench, which takes some ten minutes")
	seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "the seed of which gate, user and key each request is for")
	only = flag.String("row", "", "run only the rows whose name contains this")
)

// binary is the sallyport program, built once.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	flag.Parse()
	dir, err := os.MkdirTemp("", "sallyport-faults-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if *long {
		binary = filepath.Join(dir, "sallyport")
		build := exec.Command("go", "build", "-race=false", "-o", binary, "github.com/sallyport-dev/sallyport/cmd/sallyport")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n%s", build, err, out)
			return 1
		}
	}
	return redistest.Main(m)
}
