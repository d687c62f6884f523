//go:build !linux

package servers

import "syscall"

// dieWithParent has no way to do that here.
func dieWithParent(*syscall.SysProcAttr) {}
