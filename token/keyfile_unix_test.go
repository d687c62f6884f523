//go:build linux || darwin

package token

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestPipesAreNoKeyFiles: opening one would wait for somebody to write.
func TestPipesAreNoKeyFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadOrCreate(path, ES256); err == nil || !strings.Contains(err.Error(), "not a file") {
		t.Error(err)
	}
}
