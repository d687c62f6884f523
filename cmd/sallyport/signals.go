package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// untilSignal returns a context that ends with SIGINT, SIGTERM or a further signal, for what
// serves. A second one of them ends the process at once. Other commands keep the default: they
// end at once, also while they read standard input.
func untilSignal(ctx context.Context, further ...os.Signal) (context.Context, context.CancelFunc) {
	// A write to standard error, or to a file at its limit, is then an error and not the end.
	signal.Ignore(append(writeSignals, syscall.SIGPIPE)...)
	ctx, stop := signal.NotifyContext(ctx, append(further, os.Interrupt, syscall.SIGTERM)...)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// hangups returns a channel that gets a SIGHUP, which ends no process after this. Signals that
// come before one is taken are one.
func hangups() <-chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c
}

// each calls f for every signal until ctx ends.
func each(ctx context.Context, signals <-chan os.Signal, f func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
			f()
		}
	}
}
