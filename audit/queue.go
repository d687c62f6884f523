package audit

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// Bounds of what waits for Out.
const (
	maxQueued = 1 << 20 // bytes of lines
	maxCounts = 8 << 10 // counts of a window, which a flood that ends leaves all at once
)

// errFull is the cause of a loss while Out is stalled.
var errFull = errors.New("lines wait for a writer that takes none")

// queue is what waits for Out, and what is known of it. The Log's mutex guards it.
type queue struct {
	lines   []queued
	bytes   int // of the lines
	counts  int
	running bool // drain runs
	stalled bool // a caller of Emit has waited for Patience, and nothing was written since

	lost        int // events since the last LogLost that was written
	cause       error
	first, last time.Time // when events were lost
	told        time.Time // when OnError was called last
}

// queued is a line, a count whose line is still to be made, or a mark, which is written when
// all before it are.
type queued struct {
	line  []byte
	event *Event // of a count
	n     int    // the events that it stands for
	at    time.Time
	done  chan struct{} // closed when it is written, or lost; nil where nobody waits
}

// enqueue hands a line to the writer, or counts it as lost. The result is nil for a lost one.
func (l *Log) enqueue(e *Event, now time.Time) (done chan struct{}) {
	line := appendLine(make([]byte, 0, 512), e, now, counted{}, l.tail)
	if l.queue.bytes+len(line) > maxQueued {
		l.lose(1, now, errFull)
		return nil
	}
	done = make(chan struct{})
	l.push(queued{line: line, n: 1, at: now, done: done})
	return done
}

// enqueueCount hands the count of a run to the writer. e must not be changed afterwards.
func (l *Log) enqueueCount(e *Event, now time.Time, n int) {
	if l.queue.counts >= maxCounts {
		l.lose(n, now, errFull)
		return
	}
	l.push(queued{event: e, n: n, at: now})
}

// flush returns a channel that is closed when all that waits is written, or lost.
func (l *Log) flush() (done chan struct{}) {
	done = make(chan struct{})
	l.push(queued{at: l.cfg.Now(), done: done})
	return done
}

// push starts a writer where none runs. A Log has no goroutine while it has nothing to write,
// and needs no end.
func (l *Log) push(q queued) {
	l.queue.lines = append(l.queue.lines, q)
	l.queue.bytes += len(q.line)
	if q.event != nil {
		l.queue.counts++
	}
	if !l.queue.running {
		l.queue.running = true
		go l.drain()
	}
}

// await waits for a line, but no longer than Patience.
func (l *Log) await(done chan struct{}) {
	patience := time.NewTimer(l.cfg.Patience)
	defer patience.Stop()
	select {
	case <-done:
		return
	case <-patience.C:
	}
	l.mu.Lock()
	var tell bool
	if l.queue.running && !l.queue.stalled {
		l.queue.stalled = true
		tell = l.tell(l.cfg.Now())
	}
	l.mu.Unlock()
	if tell {
		l.cfg.OnError(fmt.Errorf("audit: Out has taken no line for %s", l.cfg.Patience))
	}
}

// drain writes what waits, in its order, until nothing does.
func (l *Log) drain() {
	for {
		l.mu.Lock()
		if len(l.queue.lines) == 0 {
			l.queue.lines, l.queue.running = nil, false
			l.mu.Unlock()
			return
		}
		next := l.queue.lines[0]
		notice, lost := l.notice()
		l.mu.Unlock()

		noticed, err := l.writeNext(notice, &next)

		l.mu.Lock()
		l.queue.pop()
		l.queue.stalled = l.queue.stalled && err != nil
		if noticed {
			l.queue.lost -= lost
		}
		tell := err != nil && l.lose(next.n, next.at, err)
		l.mu.Unlock()
		if tell {
			l.cfg.OnError(err)
		}
		if next.done != nil {
			close(next.done)
		}
	}
}

// writeNext writes the notice of a loss, if there is one, and then what is next.
func (l *Log) writeNext(notice []byte, next *queued) (noticed bool, err error) {
	if notice != nil {
		if err := l.write(notice); err != nil {
			return false, err
		}
		noticed = true
	}
	line := next.line
	if next.event != nil {
		line = appendLine(nil, next.event, next.at, counted{"repeated", next.n}, l.tail)
	}
	if line != nil {
		err = l.write(line)
	}
	return noticed, err
}

// pop takes the first one out.
func (q *queue) pop() {
	first := &q.lines[0]
	q.bytes -= len(first.line)
	if first.event != nil {
		q.counts--
	}
	*first = queued{}
	q.lines = q.lines[1:]
}

// lose counts events that were not written, and reports whether to call OnError.
func (l *Log) lose(n int, at time.Time, cause error) (tell bool) {
	if n == 0 { // a mark
		return false
	}
	q := &l.queue
	if q.lost == 0 {
		q.first, q.cause = at, cause
	}
	q.lost += n
	q.last = at
	l.arm() // the notice has to be written though nothing more happens
	return l.tell(l.cfg.Now())
}

// tell reports whether to call OnError, which is at most once in a Window.
func (l *Log) tell(now time.Time) bool {
	if !l.queue.told.IsZero() && now.Sub(l.queue.told).Abs() < l.cfg.Window {
		return false
	}
	l.queue.told = now
	return true
}

// notice is the line that counts what was lost, and how many it counts.
func (l *Log) notice() (line []byte, n int) {
	q := &l.queue
	if q.lost == 0 {
		return nil, 0
	}
	e := Event{Name: LogLost, Reason: fmt.Sprintf("from %s to %s: %v",
		q.first.UTC().Format(time.RFC3339), q.last.UTC().Format(time.RFC3339), q.cause)}
	return appendLine(nil, &e, l.cfg.Now(), counted{"lost", q.lost}, l.tail), q.lost
}

// write writes one record. A panic of Out is an error: no caller waits here.
func (l *Log) write(line []byte) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("audit: panic of Out: %v", v)
		}
	}()
	n, err := l.out.Write(line)
	if err == nil && n < len(line) {
		err = io.ErrShortWrite
	}
	return err
}

// Err reports why the log is not whole: events were lost, and their number is not yet in
// the log, or lines wait for a writer that takes none. It is nil when all is well.
func (l *Log) Err() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	q := &l.queue
	switch {
	case q.lost > 0:
		return fmt.Errorf("audit: %d events were lost since %s: %w", q.lost, q.first.UTC().Format(time.RFC3339), q.cause)
	case q.stalled:
		return fmt.Errorf("audit: %d lines wait: %w", len(q.lines), errFull)
	}
	return nil
}
