//go:build unix

package secret_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/secret"
)

// TestReadFile_mode: a secret that strangers may read or change is refused, with its mode and
// what to do; what orchestrators mount for a process is taken.
func TestReadFile_mode(t *testing.T) {
	for _, c := range []struct {
		name   string
		mode   fs.FileMode
		folder fs.FileMode
		others bool // it belongs to another user
		ok     bool
	}{
		{"our own", 0o600, 0o700, false, true},
		{"read only", 0o400, 0o755, false, true},
		{"our own, for a group", 0o640, 0o700, false, false},
		{"our own, for all", 0o644, 0o700, false, false},
		{"our own, for all to write", 0o602, 0o700, false, false},
		{"a group may write", 0o620, 0o700, false, false},
		{"mounted for our group", 0o440, 0o755, true, true},
		{"mounted for our group, from a file that its owner may write", 0o640, 0o755, true, true},
		{"mounted for all", 0o444, 0o755, true, false},
		{"mounted, a group may write", 0o660, 0o755, true, false},
		{"in a folder that all may write", 0o600, 0o777, false, false},
		{"in a folder of Kubernetes, with the sticky bit", 0o440, fs.ModeSticky | 0o777, true, true},
	} {
		dir := filepath.Join(t.TempDir(), "dir")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "key")
		if err := os.WriteFile(path, []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
		if c.others {
			if os.Geteuid() != 0 {
				continue // root alone gives files away
			}
			if err := os.Chown(path, 65534, 65534); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, c.folder); err != nil {
			t.Fatal(err)
		}
		_, err := secret.ReadFile(path)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
		mode := c.mode
		if c.folder.Perm()&0o002 != 0 {
			mode = c.folder.Perm()
		}
		for _, want := range []string{dir, fmt.Sprintf("%04o", mode), "chmod"} {
			if err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", c.name, err, want)
			}
		}
	}
}
