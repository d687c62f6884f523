package audit_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/audit"
)

// disk takes bytes until it is full, and some again after some writes that failed.
type disk struct {
	data  []byte
	room  int // bytes that it takes
	fails int // writes that fail before it has room again
}

func (d *disk) Write(b []byte) (int, error) {
	n := min(len(b), d.room)
	d.data = append(d.data, b[:n]...)
	d.room -= n
	if n == len(b) {
		return n, nil
	}
	if d.fails--; d.fails == 0 {
		d.room = 1 << 20
	}
	return n, syscall.ENOSPC
}

// tally counts what is in a log: events that can be read, how many it says were lost, and
// lines that cannot be read.
func tally(t *testing.T, data string) (whole map[string]int, lost, unreadable int) {
	t.Helper()
	whole = map[string]int{}
	for line := range strings.Lines(data) {
		var e struct {
			Event   string `json:"event"`
			Request string `json:"request"`
			Lost    int    `json:"lost"`
		}
		switch err := json.Unmarshal([]byte(line), &e); {
		case line == "\n":
		case err != nil:
			unreadable++
		case e.Event == audit.LogLost:
			lost += e.Lost
		default:
			whole[e.Request]++
		}
	}
	return whole, lost, unreadable
}

// TestOut_failsAtEveryOffset: wherever a write ends, and for however many writes nothing more
// goes, no other record is spoiled, every event is there once or counted as lost, and Err
// says so until it is.
func TestOut_failsAtEveryOffset(t *testing.T) {
	const events = 6
	emit := func(l *audit.Log) {
		for i := range events {
			l.Emit(audit.Event{Name: audit.LoginFail, Request: fmt.Sprint("r", i)})
		}
	}
	full := &disk{room: 1 << 20}
	emit(logTo(t, full))
	for fails := 1; fails <= 4; fails++ {
		for room := range len(full.data) {
			d := &disk{room: room, fails: fails}
			l := logTo(t, d)
			emit(l)
			for tries := 0; l.Close() != nil; tries++ { // each tries the count once more
				if tries == fails {
					t.Fatalf("room for %d, %d fail: %v", room, fails, l.Err())
				}
			}
			whole, lost, unreadable := tally(t, string(d.data))
			for request, n := range whole {
				if n > 1 {
					t.Errorf("room for %d, %d fail: %s is there %d times", room, fails, request, n)
				}
			}
			if len(whole)+lost != events || unreadable > 1 {
				t.Fatalf("room for %d, %d fail: %d whole, %d counted as lost of %d, %d unreadable:\n%s",
					room, fails, len(whole), lost, events, unreadable, d.data)
			}
		}
	}
	t.Logf("%d offsets, each with 1 to 4 writes that fail", len(full.data))
}

func logTo(t *testing.T, out interface{ Write([]byte) (int, error) }) *audit.Log {
	t.Helper()
	l, err := audit.New(audit.Config{Out: out, App: "notes", Patience: time.Minute, Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestErr: while events are lost, Err says how many and why, OnError is told once and not for
// every line, and the count is written by itself when writing works again.
func TestErr(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &lockedDisk{disk: disk{fails: 1 << 30}}
		told := 0
		l, err := audit.New(audit.Config{Out: d, OnError: func(err error) {
			if told++; !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("OnError: %v", err)
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 100 {
			l.Emit(audit.Event{Name: audit.InputFail, Reason: fmt.Sprint(i)})
		}
		if err := l.Err(); err == nil || !strings.Contains(err.Error(), "100 events were lost") || !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("Err: %v", err)
		}
		if told != 1 {
			t.Errorf("OnError was called %d times", told)
		}
		d.free()
		<-time.After(time.Minute)
		synctest.Wait()
		if err := l.Err(); err != nil {
			t.Errorf("Err after all is well: %v", err)
		}
		if got := d.String(); !strings.Contains(got, `"event":"sp_log_lost","reason":"from `) || !strings.Contains(got, `no space left on device","lost":100`) {
			t.Errorf("the log says %q", got)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
}

// lockedDisk is a disk that the log's timer and the test may share.
type lockedDisk struct {
	mu sync.Mutex
	disk
}

func (d *lockedDisk) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.disk.Write(b)
}

func (d *lockedDisk) free() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room = 1 << 20
}

func (d *lockedDisk) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return string(d.data)
}

// stuck is a writer that takes nothing until it is released.
type stuck struct {
	lockedBuffer
	release chan struct{}
}

func (s *stuck) Write(b []byte) (int, error) {
	<-s.release
	return s.lockedBuffer.Write(b)
}

// TestOut_stalls: a writer that takes nothing holds an event up for Patience once, later
// ones and the end of the process not at all; memory is bounded, and what was lost counted.
func TestOut_stalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &stuck{release: make(chan struct{})}
		var told []string
		l, err := audit.New(audit.Config{Out: out, Burst: 1 << 20, OnError: func(err error) { told = append(told, err.Error()) }})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		l.Emit(audit.Event{Name: audit.LoginFail, Request: "0"})
		if took := time.Since(began); took != time.Second {
			t.Errorf("the first waits for %s", took)
		}
		const events = 20_000
		for i := 1; i < events; i++ {
			l.Emit(audit.Event{Name: audit.LoginFail, Request: fmt.Sprint(i)})
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("all of them wait for %s", took)
		}
		if err := l.Err(); err == nil {
			t.Error("Err says nothing")
		}
		if len(told) != 1 {
			t.Errorf("OnError: %q", told)
		}
		if err := l.Close(); err == nil || time.Since(began) != 2*time.Second {
			t.Errorf("Close: %v after %s", err, time.Since(began)-time.Second)
		}
		close(out.release)
		synctest.Wait()
		l.Emit(audit.Event{Name: audit.SysShutdown, Request: "end"})
		whole, lost, unreadable := tally(t, out.String())
		if len(whole)+lost != events+1 || unreadable != 0 || lost == 0 || len(whole) < 1000 || whole["end"] != 1 {
			t.Errorf("%d whole, %d lost of %d, %d unreadable", len(whole), lost, events+1, unreadable)
		}
		if err := l.Err(); err != nil {
			t.Error(err)
		}
		if n := len(out.String()); n > 2<<20 {
			t.Errorf("%d bytes waited", n)
		}
		l.Close()
	})
}

// slow is a writer that takes its time for every line.
type slow struct{ lockedBuffer }

func (s *slow) Write(b []byte) (int, error) {
	<-time.After(300 * time.Millisecond) // of the bubble's clock
	return s.lockedBuffer.Write(b)
}

// TestClose_slow: Close waits for a writer that is slow and gets on, so that no count is lost.
func TestClose_slow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &slow{}
		l, err := audit.New(audit.Config{Out: out, Burst: 1, Window: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		const runs = 20
		for i := range runs {
			for range 3 {
				l.Emit(audit.Event{Name: audit.LoginFail, Object: fmt.Sprint(i)})
			}
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if n := strings.Count(out.String(), `"repeated":2`); n != runs {
			t.Errorf("%d counts of %d", n, runs)
		}
	})
}
