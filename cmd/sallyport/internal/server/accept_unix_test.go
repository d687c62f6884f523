//go:build unix

package server

import "syscall"

func shutdownSocket(fd uintptr) error { return syscall.Shutdown(int(fd), syscall.SHUT_RDWR) }
