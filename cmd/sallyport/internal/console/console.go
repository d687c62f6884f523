// Package console writes to a stream that may have no reader: a full pipe, a terminal that is
// stopped, a log collector that hangs. A write never waits; what does not fit is dropped, and
// the number of dropped lines is written when the stream takes bytes again.
package console

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"
)

// maxQueued bounds the bytes that wait.
const maxQueued = 256 << 10

// Writer writes to a stream from a goroutine of its own, which runs while there is something
// to write. It is safe for concurrent use.
type Writer struct {
	out io.Writer

	mu      sync.Mutex
	waiting [][]byte
	bytes   int
	dropped int           // lines
	idle    chan struct{} // closed when nothing waits; nil then
}

// New returns a Writer to out.
func New(out io.Writer) *Writer { return &Writer{out: out} }

// Write queues b, and never fails.
func (w *Writer) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.bytes+len(b) > maxQueued {
		w.dropped += max(bytes.Count(b, []byte("\n")), 1)
		return len(b), nil
	}
	w.waiting = append(w.waiting, bytes.Clone(b))
	w.bytes += len(b)
	if w.idle == nil {
		w.idle = make(chan struct{})
		go w.drain()
	}
	return len(b), nil
}

// drain writes what waits, until nothing does. Errors are dropped: there is nobody to tell.
func (w *Writer) drain() {
	for {
		w.mu.Lock()
		if len(w.waiting) == 0 {
			close(w.idle)
			w.idle, w.waiting = nil, nil
			w.mu.Unlock()
			return
		}
		next := w.waiting[0]
		w.waiting = w.waiting[1:]
		w.mu.Unlock()

		w.write(next)

		w.mu.Lock()
		w.bytes -= len(next)
		if w.dropped > 0 && len(w.waiting) == 0 {
			notice := fmt.Appendf(nil, "%d lines were dropped, as nobody read this stream\n", w.dropped)
			w.waiting, w.bytes, w.dropped = append(w.waiting, notice), w.bytes+len(notice), 0
		}
		w.mu.Unlock()
	}
}

// write writes b. A panic of the stream ends this write alone.
func (w *Writer) write(b []byte) {
	defer func() { _ = recover() }()
	w.out.Write(b)
}

// Flush waits until all is written, but no longer than d, and reports whether it is.
func (w *Writer) Flush(d time.Duration) bool {
	w.mu.Lock()
	idle := w.idle
	w.mu.Unlock()
	if idle == nil {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-idle:
		return true
	case <-timer.C:
		return false
	}
}
