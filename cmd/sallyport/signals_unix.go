//go:build unix

package main

import (
	"os"
	"syscall"
)

// writeSignals come from writing where nothing can be written, and would end the process.
var writeSignals = []os.Signal{syscall.SIGXFSZ}
