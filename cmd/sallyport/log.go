package main

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/sallyport-dev/sallyport/audit"
)

// errorLog is where the operator reads what went wrong.
func (p *place) errorLog() *slog.Logger {
	if p.log != nil {
		return p.log
	}
	return slog.New(slog.NewTextHandler(os.Stderr, nil))
}

// auditLog opens the audit log, readable for its owner only. file is nil for standard error.
func (p *place) auditLog() (log *audit.Log, file *audit.File, err error) {
	var out io.Writer = os.Stderr
	if p.audit != "-" {
		if p.audit == "" {
			p.audit = filepath.Join(p.data, "audit.log")
		}
		if file, err = audit.OpenFile(p.audit); err != nil {
			return nil, nil, err
		}
		out = file
	}
	node, _ := os.Hostname()
	log, err = audit.New(audit.Config{Out: out, App: "sallyport", Node: node, OnError: func(err error) {
		p.errorLog().Error("events are missing in the audit log", "error", err)
	}})
	return log, file, err
}

// closeLog writes what is left of the log, and closes its file, if it has one.
func closeLog(log *audit.Log, file *audit.File) error {
	err := log.Close()
	if file != nil {
		err = errors.Join(err, file.Close())
	}
	return err
}
