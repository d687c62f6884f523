package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// killListener shuts down the socket on which another process listens, so that it can accept
// nothing any more: pidfd_getfd(2), which needs no more than the right to trace a child.
func killListener(t *testing.T, pid int, addr string) {
	t.Helper()
	inode := inodeOf(t, pid, addr)
	const pidfdOpen, pidfdGetfd = 434, 438 // on every architecture
	pidfd, _, errno := syscall.Syscall(pidfdOpen, uintptr(pid), 0, 0)
	if errno != 0 {
		t.Skipf("pidfd_open: %v", errno)
	}
	defer syscall.Close(int(pidfd))
	fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, name := range fds {
		if link, _ := os.Readlink(name); link != "socket:["+inode+"]" {
			continue
		}
		var fd int
		fmt.Sscan(filepath.Base(name), &fd)
		mine, _, errno := syscall.Syscall(pidfdGetfd, pidfd, uintptr(fd), 0)
		if errno != 0 {
			t.Skipf("pidfd_getfd: %v", errno)
		}
		defer syscall.Close(int(mine))
		if err := syscall.Shutdown(int(mine), syscall.SHUT_RDWR); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("process %d has no socket for %s", pid, addr)
}

// inodeOf finds the socket that listens on a port.
func inodeOf(t *testing.T, pid int, addr string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	fmt.Sscan(port, &n)
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if len(f) > 9 && f[3] == "0A" && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", n)) {
			return f[9]
		}
	}
	t.Fatalf("nothing listens on %s", addr)
	return ""
}
