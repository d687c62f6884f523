// Package suite finds the third-party test suites, which are read in place and are
// not part of this repository.
package suite

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Variable names the folder that holds the suites, for people who keep it elsewhere
// than beside the repository, in ../shared/suites.
const Variable = "SALLYPORT_SUITES"

// Dir returns the folder of one suite, such as "wycheproof/testvectors_v1". Where it
// is missing, the test fails under CI=true and is otherwise skipped with a line that
// says what was not checked.
func Dir(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv(Variable)
	if root == "" {
		_, file, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(file), "..", "..", "..", "shared", "suites")
	}
	dir := filepath.Join(root, filepath.FromSlash(name))
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the third-party suite %s is missing: set %s to the folder that holds it", name, Variable)
		}
		t.Skipf("not checked against the third-party suite %s: set %s to the folder that holds it", name, Variable)
	}
	return dir
}
