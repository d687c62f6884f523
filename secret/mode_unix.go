//go:build unix

package secret

import (
	"io/fs"
	"os"
	"syscall"
)

// othersFile reports whether a file belongs to another user than the one of this process.
func othersFile(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) != os.Geteuid()
}
