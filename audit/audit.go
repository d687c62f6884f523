// Package audit writes security events: one JSON line each, in the words of the OWASP
// Application Logging Vocabulary.
//
// An audit log fails in quiet ways. It fails when a client can write into it: here
// every text is cut to [MaxText] bytes, every character that is not plainly printable
// is escaped, and an event is one line, whatever a user name or a path holds. It
// fails when it keeps secrets: an event has no field for a credential, and what looks
// like a token inside a text is cut out. It fails when a flood fills the disk: events
// that repeat are written out up to a number and then counted (see [Config.Burst]).
// And it fails when nobody notices that writing failed: set [Config.OnError].
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
	Request string
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
	// Out gets each line in one Write. It is required.
	Out io.Writer
	// App and Node name the program and the machine in every line.
	App, Node string
	// Burst is how many events alike (same name, client prefix, subject, route and
	// reason) are written within a Window before the rest are only counted, and the
	// count written as one line with "repeated". Default 20.
	Burst int
	// Window is the time one count runs. Default 10 s.
	Window time.Duration
	// OnError is told of each line that could not be written.
	OnError func(error)
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Log writes events. A nil Log drops them. It is safe for concurrent use.
type Log struct {
	cfg   Config
	tail  []byte // the members every line ends with
	mu    sync.Mutex
	buf   []byte
	runs  map[uint64]*run
	timer *time.Timer
}

// New returns a Log.
func New(cfg Config) (*Log, error) {
	var errs []error
	if cfg.Out == nil {
		errs = append(errs, errors.New("audit: Out is nil: set the writer that gets the lines, such as os.Stderr"))
	}
	if cfg.Burst < 0 {
		errs = append(errs, errors.New("audit: Burst is negative: use 0 for the default, or a number from 1"))
	}
	if cfg.Window < 0 {
		errs = append(errs, errors.New("audit: Window is negative: use 0 for the default, or a time such as 10s"))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if cfg.Burst == 0 {
		cfg.Burst = 20
	}
	if cfg.Window == 0 {
		cfg.Window = 10 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.OnError == nil {
		cfg.OnError = func(error) {}
	}
	l := &Log{cfg: cfg, runs: map[uint64]*run{}}
	l.tail = appendMember(l.tail, "app", cfg.App)
	l.tail = appendMember(l.tail, "node", cfg.Node)
	return l, nil
}

// Emit records e, now.
func (l *Log) Emit(e Event) {
	if l == nil {
		return
	}
	now := l.cfg.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.admit(&e, now) {
		l.write(&e, now, 0)
	}
}

// Close writes the counts that are still open. It does not close Out.
func (l *Log) Close() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
	}
	l.settle(l.cfg.Now().Add(l.cfg.Window))
	return nil
}

func (l *Log) write(e *Event, now time.Time, repeated int) {
	l.buf = appendLine(l.buf[:0], e, now, repeated, l.tail)
	if _, err := l.cfg.Out.Write(l.buf); err != nil {
		l.cfg.OnError(err)
	}
}
