package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// ReplacedError is for a file that was removed or replaced while it was in use. What is
// written then would be lost, and what other processes revoke is not seen: so nothing is
// written, and the feed of what was revoked cannot be read, until the store is opened
// again.
type ReplacedError struct {
	Path   string
	Reason string
}

func (e *ReplacedError) Error() string {
	return fmt.Sprintf("account/sqlite: %q %s while it was in use: stop what does this, and restart this process", e.Path, e.Reason)
}

// watch compares the names of a database with the files that are open.
type watch struct {
	path string
	file fs.FileInfo
}

// verify is an error when the path leads to another file than the one that is open. While
// a transaction runs, the files beside it have to be there, too.
func (w *watch) verify(inTransaction bool) error {
	switch info, err := os.Lstat(w.path); {
	case errors.Is(err, fs.ErrNotExist):
		return &ReplacedError{w.path, "was removed"}
	case err != nil:
		return fmt.Errorf("account/sqlite: %w", err)
	case !os.SameFile(info, w.file):
		return &ReplacedError{w.path, "was replaced"}
	}
	if !inTransaction {
		return nil
	}
	for _, beside := range []string{"-wal", "-shm"} {
		if _, err := os.Lstat(w.path + beside); errors.Is(err, fs.ErrNotExist) {
			return &ReplacedError{w.path + beside, "was removed"}
		}
	}
	return nil
}
