// Package audit writes security events: one JSON line each, in the words of the OWASP
// Application Logging Vocabulary.
//
// An audit log fails in quiet ways. It fails when a client can write into it: here
// every text is cut to [MaxText] bytes, every character that is not plainly printable
// is escaped, and an event is one line, whatever a user name or a path holds. It
// fails when it keeps secrets: an event has no field for a credential, and what looks
// like a token inside a text is cut out. It fails when a flood fills the disk, or hides
// what else happens: events that repeat are written out up to a number and then counted
// (see [Config.Burst]), and no flood of one kind takes the room of another.
//
// It fails when writing fails. A record that was written in part is ended before the
// next one, so that it spoils no other. Records that are lost are counted, and the count
// is an event of its own, [LogLost], as soon as writing works again; [Log.Err] says so
// until then, and [Config.OnError] is called. And it fails when nobody reads it: Emit
// waits for the writer no longer than [Config.Patience].
//
// [OpenFile] opens a log file that other programs may rotate.
//
// Time is UTC with nanoseconds.
package audit

import (
	"errors"
	"io"
	"net/netip"
	"sync"
	"time"
)

// Event is one thing that happened. Empty fields are left out of the line.
type Event struct {
	// Name is a word of the vocabulary, such as [LoginFail].
	Name string
	// Request is the id of the visit, which the client got as the problem's instance.
	// No client can choose it.
	Request string
	// ClientRequest is the id that the client gave the request, if any. Two requests may
	// have the same one.
	ClientRequest string
	// Client is the address that asked.
	Client netip.Addr
	// Issuer and Subject are who asked; for a failed login, Subject stays empty, as
	// what was typed may be a password in the wrong box.
	Issuer, Subject string
	// Session is the session the event is about.
	Session string
	// Method and Path are what was asked for, Route the pattern that took it.
	Method, Route, Path string
	// Object is what was acted on, such as the id of the user an admin disabled.
	Object string
	// Reason says why.
	Reason string
	// Status is the HTTP status of the answer.
	Status int
}

// Config says where events go.
type Config struct {
	// Out receives each line in one Write. It is required. Writes come from a goroutine
	// of the Log's own, one at a time.
	Out io.Writer
	// App and Node name the program and the machine in every line.
	App, Node string
	// Burst is how many events alike (same name, client prefix, subject, object, route and
	// reason) are written within a Window before the rest are only counted, and the
	// count written as one line with "repeated". Default 20.
	Burst int
	// Window is the time one count runs. Default 10 s.
	Window time.Duration
	// Patience is how long Emit waits for its line to be written. After that the Log is
	// stalled: lines wait in memory, 1 MiB of them, and the rest are counted as lost, until
	// Out takes a line again. Default 1 s.
	Patience time.Duration
	// OnError is called when lines begin to be lost or Out to stall, with the cause, at
	// most once in a Window. It is called from any goroutine and must not call the Log.
	OnError func(error)
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Log writes events. A nil Log drops them. It is safe for concurrent use.
type Log struct {
	cfg  Config
	out  io.Writer // cfg.Out, which ends a torn record before the next one
	tail []byte    // the members every line ends with

	mu    sync.Mutex
	fold  folding
	queue queue
	timer *time.Timer
}

// New returns a Log.
func New(cfg Config) (*Log, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Burst == 0 {
		cfg.Burst = 20
	}
	if cfg.Window == 0 {
		cfg.Window = 10 * time.Second
	}
	if cfg.Patience == 0 {
		cfg.Patience = time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.OnError == nil {
		cfg.OnError = func(error) {}
	}
	l := &Log{cfg: cfg, out: cfg.Out, fold: newFolding()}
	if _, ok := cfg.Out.(*File); !ok {
		l.out = &records{w: cfg.Out}
	}
	l.tail = appendMember(l.tail, "app", cfg.App)
	l.tail = appendMember(l.tail, "node", cfg.Node)
	return l, nil
}

// check returns all mistakes, joined.
func (c *Config) check() error {
	var errs []error
	if c.Out == nil {
		errs = append(errs, errors.New("audit: Out is nil: set the writer that gets the lines, such as os.Stderr"))
	}
	if c.Burst < 0 {
		errs = append(errs, errors.New("audit: Burst is negative: use 0 for the default, or a number from 1"))
	}
	if c.Window < 0 {
		errs = append(errs, errors.New("audit: Window is negative: use 0 for the default, or a time such as 10s"))
	}
	if c.Patience < 0 {
		errs = append(errs, errors.New("audit: Patience is negative: use 0 for the default, or a time such as 1s"))
	}
	return errors.Join(errs...)
}

// Emit records e, now. It returns when the line is written, or after Config.Patience. It does
// not wait while Out is stalled.
func (l *Log) Emit(e Event) {
	if l == nil {
		return
	}
	now := l.cfg.Now()
	l.mu.Lock()
	var written chan struct{}
	if l.admit(&e, now) {
		written = l.enqueue(&e, now)
	}
	wait := written != nil && !l.queue.stalled
	l.mu.Unlock()
	if wait {
		l.await(written)
	}
}

// Close writes the counts that are still open, and reports what was not written. It waits no
// longer than Config.Patience for the next line, ten times that in all, and does not close Out.
func (l *Log) Close() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	l.settle(l.cfg.Now(), true)
	written := l.flush()
	waiting := len(l.queue.lines)
	l.mu.Unlock()
	for range 10 {
		l.await(written)
		l.mu.Lock()
		left := len(l.queue.lines)
		l.mu.Unlock()
		if left == 0 || left >= waiting {
			break
		}
		waiting = left
	}
	return l.Err()
}
