package main

import (
	"os"

	"golang.org/x/term"
)

// readHidden reads a line that the terminal does not show.
func readHidden(f *os.File, prompt func()) ([]byte, error) {
	prompt()
	return term.ReadPassword(int(f.Fd()))
}
