package faults_test

import (
	"cmp"
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// TestFileFaults plays the rows of a gate that has its accounts in a folder.
func TestFileFaults(t *testing.T) {
	if !*long {
		t.Skip("run with -long, as `make test-long` does")
	}
	t.Parallel()
	data, full := small(t)
	w := newFileWorld(t, data)
	list := []row{
		ofFile(row{name: "locked by another program", lasts: lasts, told: silence, // most callers wait, and are served
			begin: func(w *world) { w.lock(data) }, end: func(w *world) { w.unlock() }}),
		ofFile(row{name: "the gate is killed, and started again", lasts: time.Second, broken: true, told: `sys_startup`,
			begin: func(w *world) { w.gates[0].process.Kill() }, end: func(w *world) { w.start(w.gates[0]) }}),
	}
	if full {
		list = append(list, ofFile(row{name: "the disk is full", lasts: lasts, told: `(?i)full|no space`,
			begin: func(w *world) { w.fill(data) }, end: func(w *world) { w.empty(data) }}))
	}
	w.playAll(list)
}

// ofFile completes a row of accounts in a file. What was issued is good without it.
func ofFile(r row) row {
	r.dependency, r.may, r.failing, r.spared = "SQLite", []int{503}, true, []kind{reads}
	r.wait, r.back, r.told = storeWait, storeBack, cmp.Or(r.told, `(?i)level=ERROR.*(locked|busy|deadline)`)
	begin, end := r.begin, r.end
	r.begin = func(w *world) { w.ledger.storeFails(); begin(w) }
	r.end = func(w *world) { end(w); w.ledger.storeWorks(time.Now().Add(r.back)) }
	return r
}

// small mounts a file system that can be filled, and returns a folder on it. Where that is not
// allowed, it returns another folder.
func small(t *testing.T) (dir string, ok bool) {
	dir = t.TempDir()
	mount := exec.Command("mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs", dir)
	if out, err := mount.CombinedOutput(); err != nil {
		t.Logf("no row for a full disk, as no file system can be mounted: %v: %s", err, out)
		return t.TempDir(), false
	}
	t.Cleanup(func() { exec.Command("umount", "-l", dir).Run() })
	return dir, true
}

// database opens the accounts as another program does.
func (w *world) database(data string) *sql.DB {
	w.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "accounts.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		w.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	return db
}

func (w *world) lock(data string) {
	w.other = w.database(data)
	if _, err := w.other.Exec("BEGIN IMMEDIATE"); err != nil {
		w.Error(err)
	}
}

func (w *world) unlock() {
	if _, err := w.other.Exec("ROLLBACK"); err != nil {
		w.Error(err)
	}
	w.other.Close()
}

// fill leaves no room, and no log that could be written over.
func (w *world) fill(data string) {
	f, err := os.Create(filepath.Join(data, "filler"))
	if err != nil {
		w.Fatal(err)
	}
	defer f.Close()
	chunk := make([]byte, 16<<10)
	for err == nil {
		_, err = f.Write(chunk)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		w.Error(err)
	}
	db := w.database(data)
	defer db.Close()
	if _, err := db.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		w.Log(err)
	}
	for err = nil; err == nil; {
		_, err = f.Write(chunk[:4<<10])
	}
}

func (w *world) empty(data string) {
	if err := os.Remove(filepath.Join(data, "filler")); err != nil {
		w.Error(err)
	}
}
