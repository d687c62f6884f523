package main

import (
	"fmt"
	"os"
	"runtime"
)

// makeFolder makes the data folder, for its owner alone, or checks the one that is there.
func (p *place) makeFolder() error {
	if err := os.MkdirAll(p.data, 0o700); err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	return p.checkFolder()
}

// checkFolder refuses a data folder that others may write in: they could put another secret or
// database there. One that they may only list is not refused, as each file in it is checked by
// itself, and mounted volumes often are so.
func (p *place) checkFolder() error {
	info, err := os.Stat(p.data)
	if err != nil || runtime.GOOS == "windows" {
		return nil // whoever needs it says that it is not there
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return fmt.Errorf("--data: %s has mode %04o, and only its owner may write in it: run chmod 700, "+
			"or name a folder inside of it, which is made then", p.data, mode)
	}
	return nil
}

// notForAll refuses a file that every user may write, and that says whom to trust.
func notForAll(flag, path string) error {
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" {
		return nil // whoever reads it says so
	}
	if mode := info.Mode().Perm(); mode&0o002 != 0 {
		return fmt.Errorf("%s: %s has mode %04o, and every user may change what is trusted: run chmod o-w", flag, path, mode)
	}
	return nil
}
