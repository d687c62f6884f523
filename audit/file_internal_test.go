package audit

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestFile_looks: a log that was renamed or removed, and nobody said so, is found out at the
// next write ten seconds later.
func TestFile_looks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows renames no open file")
	}
	path := filepath.Join(t.TempDir(), "audit.log")
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	now := time.Now()
	f.now, f.looked = func() time.Time { return now }, now
	write := func(text string) {
		if _, err := f.Write([]byte(text + "\n")); err != nil {
			t.Fatal(err)
		}
	}
	for i, away := range []func() error{
		func() error { return os.Rename(path, path+".1") },
		func() error { return os.Remove(path) },
		func() error { return os.Rename(path, path+".2") },
	} {
		write("before")
		if err := away(); err != nil {
			t.Fatal(err)
		}
		write("to the old one")
		now = now.Add(lookEvery)
		write("after")
		if data, err := os.ReadFile(path); err != nil || strings.TrimSpace(string(data)) != "after" {
			t.Errorf("%d: %q, %v", i, data, err)
		}
	}
	if data, _ := os.ReadFile(path + ".1"); string(data) != "before\nto the old one\n" {
		t.Errorf("%q", data)
	}
}
