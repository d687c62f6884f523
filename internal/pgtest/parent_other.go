//go:build !linux

package pgtest

import "syscall"

// dieWithParent has no way to do that here.
func dieWithParent(*syscall.SysProcAttr) {}
