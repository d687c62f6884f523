//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// readHidden reads a line that the terminal does not show. A signal that ends or stops the
// process while it reads finds the terminal as it was before: otherwise the shell would show
// nothing of what is typed next. prompt is called again when the process goes on.
func readHidden(f *os.File, prompt func()) ([]byte, error) {
	before, err := term.GetState(int(f.Fd()))
	if err != nil {
		return nil, err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGTSTP)
	done := make(chan struct{})
	defer close(done)
	defer signal.Stop(signals)
	go func() {
		for {
			select {
			case <-done:
				return
			case s := <-signals:
				stepAside(int(f.Fd()), before, s.(syscall.Signal))
				prompt()
			}
		}
	}()
	prompt()
	return term.ReadPassword(int(f.Fd()))
}

// stepAside restores the terminal and lets a signal do what it does by default. It returns
// after a signal that stops the process, when the process goes on.
func stepAside(fd int, before *term.State, s syscall.Signal) {
	if s == syscall.SIGTSTP && orphaned() {
		return // nobody is there who could have it go on: such a signal does nothing by default
	}
	hidden, err := term.GetState(fd)
	if err != nil {
		return
	}
	goesOn := make(chan os.Signal, 1)
	signal.Notify(goesOn, syscall.SIGCONT)
	defer signal.Stop(goesOn)
	term.Restore(fd, before)
	if s != syscall.SIGTSTP {
		signal.Reset(s)
		syscall.Kill(syscall.Getpid(), s)
		select {} // until the signal ends the process
	}
	syscall.Kill(syscall.Getpid(), syscall.SIGSTOP) // Go does not give SIGTSTP its default back
	<-goesOn
	term.Restore(fd, hidden)
}

// orphaned reports whether no shell with job control waits for the process, which is then one of
// an orphaned process group (POSIX, 3.264).
func orphaned() bool {
	parent := os.Getppid()
	theirs, err := unix.Getsid(parent)
	mine, err2 := unix.Getsid(0)
	group, err3 := unix.Getpgid(parent)
	return err != nil || err2 != nil || err3 != nil || theirs != mine || group == unix.Getpgrp()
}
