package secret

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// checkMode refuses a secret that strangers may read or change: by its own mode, or by that of
// its folder, where whoever may write can put another file in its place. The group may read a
// file that belongs to another user, which is how orchestrators mount secrets; a file of our
// own is not for a group.
func checkMode(path string, info fs.FileInfo) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	forbidden := fs.FileMode(0o077)
	if othersFile(info) {
		forbidden = 0o037
	}
	if mode := info.Mode().Perm(); mode&forbidden != 0 {
		return fmt.Errorf("secret: %s has mode %04o, and only its owner may read and write it: run chmod 600, "+
			"or mount it with mode 0400, or 0440 for the group of this process; "+
			"treat it as leaked if somebody may have read it", path, mode)
	}
	if err := CheckFolder(filepath.Dir(path)); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	return nil
}

// CheckFolder returns an error where every user may replace files in a folder, whatever their
// own modes are. A folder with the sticky bit, such as /tmp, is none.
func CheckFolder(dir string) error {
	info, err := os.Stat(dir)
	if err != nil || runtime.GOOS == "windows" {
		return err
	}
	if mode := info.Mode(); mode.Perm()&0o002 != 0 && mode&fs.ModeSticky == 0 {
		return fmt.Errorf("the folder %s has mode %04o, and every user may replace what is in it: run chmod o-w", dir, mode.Perm())
	}
	return nil
}
