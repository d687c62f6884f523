package audit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/sallyport-dev/sallyport/secret"
)

// lookEvery is how often a File looks whether its path still names it.
const lookEvery = 10 * time.Second

// File is a log file that other programs may rotate, by renaming it and calling [File.Reopen],
// or by copying and truncating it. Several processes may write to one file: each record is
// one write at the end. It is an [io.Writer] for [Config.Out], and safe for concurrent use.
type File struct {
	path string
	now  func() time.Time

	writing sync.Mutex // held during a write, which may take long
	looked  time.Time

	mu      sync.Mutex // guards what follows, and is never held while the disk works
	current *opened
	err     error // why the path could not be opened again
}

// opened is one open file.
type opened struct {
	file *os.File
	records
}

// OpenFile opens a log file to append to, or makes it with mode 0600. A file that users
// outside its group may read, or others than its owner may write, is refused, and so is one in a
// folder where every user may write. If its last
// record was not finished, as its writer was killed or the disk was full, the next one begins
// on a line of its own. A path that names a pipe needs a reader that has opened it.
func OpenFile(path string) (*File, error) {
	f := &File{path: path, now: time.Now, looked: time.Now()}
	var err error
	if f.current, err = openLog(path); err != nil {
		return nil, err
	}
	return f, nil
}

// openLog opens a file to append to. What is checked is the file that is open.
func openLog(path string) (*opened, error) {
	flags := os.O_CREATE | os.O_APPEND | os.O_WRONLY
	if info, err := os.Stat(path); err == nil && info.Mode()&fs.ModeNamedPipe != 0 {
		flags |= syscall.O_NONBLOCK // or opening a pipe would wait for its reader
	}
	file, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	info, err := file.Stat()
	if err == nil {
		err = checkMode(path, info.Mode())
	}
	if err == nil && info.Mode().IsRegular() {
		if folderErr := secret.CheckFolder(filepath.Dir(path)); folderErr != nil {
			err = fmt.Errorf("audit: %w", folderErr)
		}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &opened{file: file, records: records{w: file, torn: endsTorn(path, info)}}, nil
}

// checkMode refuses a log that strangers may read, or change. Its group may read it.
func checkMode(path string, mode fs.FileMode) error {
	if mode.IsDir() {
		return fmt.Errorf("audit: %s is a folder: name a file", path)
	}
	device := mode&fs.ModeDevice != 0 // /dev/null, or a terminal
	if perm := mode.Perm(); perm&0o027 != 0 && !device && runtime.GOOS != "windows" {
		return fmt.Errorf("audit: %s has mode %04o: only its owner may write it, and only its group read it; "+
			"run chmod 600, or 640 for a group that reads logs", path, perm)
	}
	return nil
}

// endsTorn reports whether a file does not end with a newline. A file that may not be read
// is taken for one that does: it may at most have one more torn record.
func endsTorn(path string, info fs.FileInfo) bool {
	if !info.Mode().IsRegular() || info.Size() == 0 {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	if again, err := f.Stat(); err != nil || !os.SameFile(info, again) {
		return false
	}
	var last [1]byte
	_, err = f.ReadAt(last[:], info.Size()-1)
	return err == nil && last[0] != '\n'
}

// Write appends one record, which must end with a newline.
func (f *File) Write(record []byte) (n int, err error) {
	f.writing.Lock()
	defer f.writing.Unlock()
	f.look()
	o := f.opened()
	if o == nil {
		return 0, fs.ErrClosed
	}
	n, err = o.Write(record)
	if next := f.opened(); n == 0 && errors.Is(err, fs.ErrClosed) && next != nil { // by Reopen, in between
		return next.Write(record)
	}
	return n, err
}

func (f *File) opened() *opened {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.current
}

// look opens the path again when it names another file, or none: somebody has renamed or
// removed the file, and told nobody.
func (f *File) look() {
	now := f.now()
	if now.Sub(f.looked).Abs() < lookEvery {
		return
	}
	f.looked = now
	o := f.opened()
	if o == nil {
		return
	}
	mine, err := o.file.Stat()
	if err != nil || !mine.Mode().IsRegular() {
		return
	}
	named, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(mine, named) {
		f.Reopen()
	}
}

// Reopen opens the path again, which may name another file now: call it after the file was
// renamed. Where that fails, records still go to the file that was open, and [File.Err]
// returns the error too.
func (f *File) Reopen() error {
	o, err := openLog(f.path)
	f.mu.Lock()
	old := f.current
	f.err = err
	if err == nil && old != nil {
		f.current = o
	}
	f.mu.Unlock()
	switch {
	case err != nil:
		return err
	case old == nil: // closed
		return errors.Join(fs.ErrClosed, o.file.Close())
	}
	return old.file.Close()
}

// Err returns why the path could not be opened again.
func (f *File) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// Path returns the path that the file was opened by.
func (f *File) Path() string { return f.path }

// Close closes the file.
func (f *File) Close() error {
	f.mu.Lock()
	o := f.current
	f.current = nil
	f.mu.Unlock()
	if o == nil {
		return nil
	}
	return o.file.Close()
}

var _ io.WriteCloser = (*File)(nil)
