//go:build unix

package audit_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/audit"
)

// TestOpenFile_mode: a log that strangers may read or change is refused, with what to do. Its
// group may read it.
func TestOpenFile_mode(t *testing.T) {
	for mode, ok := range map[fs.FileMode]bool{
		0o600: true, 0o640: true, 0o200: true, 0o620: false, 0o660: false, 0o644: false, 0o604: false, 0o602: false, 0o666: false, 0o777: false,
	} {
		path := filepath.Join(t.TempDir(), "audit.log")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		f, err := audit.OpenFile(path)
		if (err == nil) != ok {
			t.Errorf("%04o: %v", mode, err)
		}
		if f != nil {
			f.Close()
		}
		for _, want := range []string{path, fmt.Sprintf("%04o", mode), "chmod 600"} {
			if err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%04o: %v, want %q", mode, err, want)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "new.log")
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	f, err := audit.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("a new log: %v, %v", info.Mode(), err)
	}
}

// TestOpenFile_notAFile: what is no file to append to is an error at once, and a device is one.
func TestOpenFile_notAFile(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, ok := range map[string]bool{dir: false, pipe: false, filepath.Join(dir, "no", "such"): false, os.DevNull: true} {
		f, err := audit.OpenFile(path)
		if (err == nil) != ok {
			t.Errorf("%s: %v", path, err)
		}
		if f != nil {
			f.Close()
		}
	}
	reader, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	f, err := audit.OpenFile(pipe)
	if err != nil {
		t.Fatalf("a pipe with a reader: %v", err)
	}
	defer f.Close()
	logTo(t, f).Emit(audit.Event{Name: audit.SysStartup})
	b := make([]byte, 4096)
	if n, err := reader.Read(b); err != nil || !strings.Contains(string(b[:n]), audit.SysStartup) {
		t.Errorf("%q, %v", b[:n], err)
	}
}

// TestOpenFile_torn: a record that a writer before did not finish spoils no other.
func TestOpenFile_torn(t *testing.T) {
	for before, want := range map[string]string{"": "", "{}\n": "{}\n", `{"time":"20`: "{\"time\":\"20\n"} {
		path := filepath.Join(t.TempDir(), "audit.log")
		if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := audit.OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		logTo(t, f).Emit(audit.Event{Name: audit.SysStartup})
		f.Close()
		got, _ := os.ReadFile(path)
		if rest, ok := strings.CutPrefix(string(got), want); !ok || !strings.HasPrefix(rest, `{"time":"2026`) {
			t.Errorf("after %q: %q", before, got)
		}
	}
}

// TestFile_rotation: whoever rotates the log while it is written, and however, no event is
// lost and none is there twice. Renaming is told by Reopen, or found out by a look; copying
// and truncating loses what is written in between, by its nature, and spoils nothing.
func TestFile_rotation(t *testing.T) {
	const writers, each, rotations = 4, 2000, 50
	path := filepath.Join(t.TempDir(), "audit.log")
	f, err := audit.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	l, err := audit.New(audit.Config{Out: f, Burst: 1 << 20, Patience: time.Minute, OnError: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	aside, err := audit.OpenFile(path) // a command beside the gate, that was opened before
	if err != nil {
		t.Fatal(err)
	}
	command := logTo(t, aside)
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				l.Emit(audit.Event{Name: audit.LoginFail, Request: fmt.Sprintf("%d-%d", w, i)})
			}
		})
	}
	command.Emit(audit.Event{Name: audit.UserCreated, Request: "command"})
	aside.Close()
	for i := range rotations {
		if err := os.Rename(path, fmt.Sprintf("%s.%d", path, i)); err != nil {
			t.Fatal(err)
		}
		if err := f.Reopen(); err != nil {
			t.Fatal(err)
		}
	}
	writing.Wait()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	f.Close()
	files, _ := filepath.Glob(path + "*")
	var all strings.Builder
	for _, name := range files {
		data, _ := os.ReadFile(name)
		all.Write(data)
	}
	whole, lost, unreadable := tally(t, all.String())
	if len(files) != rotations+1 || len(whole) != writers*each+1 || lost != 0 || unreadable != 0 {
		t.Errorf("%d files, %d events of %d, %d lost, %d unreadable", len(files), len(whole), writers*each+1, lost, unreadable)
	}
	for request, n := range whole {
		if n != 1 {
			t.Fatalf("%s is there %d times", request, n)
		}
	}
	t.Logf("%d events over %d files", len(whole), len(files))
}

// TestFile_truncated: a log that is copied and truncated goes on at its beginning.
func TestFile_truncated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	f, err := audit.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l := logTo(t, f)
	l.Emit(audit.Event{Name: audit.SysStartup})
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	l.Emit(audit.Event{Name: audit.SysShutdown, Request: "after"})
	data, _ := os.ReadFile(path)
	if whole, _, unreadable := tally(t, string(data)); len(whole) != 1 || whole["after"] != 1 || unreadable != 0 {
		t.Errorf("%q", data)
	}
}

// TestFile_reopenFails: where the new file cannot be used, the old one goes on, and Err says why.
func TestFile_reopenFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	f, err := audit.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	os.Chmod(path, 0o666)
	if err := f.Reopen(); err == nil || f.Err() == nil {
		t.Errorf("a log that everybody may write: %v, %v", err, f.Err())
	}
	logTo(t, f).Emit(audit.Event{Name: audit.SysStartup, Request: "kept"})
	if data, _ := os.ReadFile(path + ".1"); !strings.Contains(string(data), `"kept"`) {
		t.Errorf("%q", data)
	}
	os.Chmod(path, 0o600)
	if err := f.Reopen(); err != nil || f.Err() != nil {
		t.Errorf("%v, %v", err, f.Err())
	}
	f.Close()
	if err := f.Reopen(); err == nil {
		t.Error("a closed log opens again")
	}
	if _, err := f.Write([]byte("{}\n")); err == nil {
		t.Error("a closed log takes records")
	}
}

// TestFile_fullDevice: a device that is full.
func TestFile_fullDevice(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no /dev/full here")
	}
	f, err := audit.OpenFile("/dev/full")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l := logTo(t, f)
	l.Emit(audit.Event{Name: audit.SysStartup})
	if err := l.Err(); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("%v", err)
	}
}

// limitVariable has the test binary be the process of TestFile_limit.
const limitVariable = "SALLYPORT_TEST_LIMITED_LOG"

// TestFile_limit: the kernel itself ends writes in the middle of a record, in a process that may
// make no file larger than a bound (RLIMIT_FSIZE); then there is room again.
func TestFile_limit(t *testing.T) {
	if path := os.Getenv(limitVariable); path != "" {
		limited(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "audit.log")
	child := exec.Command(os.Args[0], "-test.run=^TestFile_limit$")
	child.Env = append(os.Environ(), limitVariable+"="+path)
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole, lost, unreadable := tally(t, string(data))
	if len(whole)+lost != 2000 || lost < 20 || unreadable == 0 {
		t.Errorf("%d whole, %d lost of 2000, %d unreadable", len(whole), lost, unreadable)
	}
	t.Logf("%d whole, %d lost, %d torn", len(whole), lost, unreadable)
}

// limited writes 20 times 100 events, of which the first half fills the file to its bound.
func limited(t *testing.T, path string) {
	signal.Ignore(syscall.SIGXFSZ)
	f, err := audit.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	l, err := audit.New(audit.Config{Out: f, Burst: 1 << 20, Patience: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	set := func(bytes uint64) {
		now := limit
		now.Cur = bytes
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &now); err != nil {
			t.Fatal(err)
		}
	}
	for round := range 20 {
		size, _ := os.Stat(path)
		set(uint64(size.Size()) + 5000 + uint64(round)*7)
		for i := range 50 {
			l.Emit(audit.Event{Name: audit.LoginFail, Request: fmt.Sprintf("%d-a-%d", round, i)})
		}
		set(limit.Cur)
		for i := range 50 {
			l.Emit(audit.Event{Name: audit.LoginFail, Request: fmt.Sprintf("%d-b-%d", round, i)})
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
