package server

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// TestConnWrite: a client may take its time over an answer, as long as it keeps its pace.
func TestConnWrite(t *testing.T) {
	const window, rate, all = time.Minute, 1000, 200_000
	for _, c := range []struct {
		name  string
		pause time.Duration // before each piece is taken
		piece int
		until time.Duration // a deadline somebody set, 0 for none
		least int           // bytes that get across
		err   error
	}{
		{"large pieces, late", 59 * time.Second, 64 << 10, 0, all, nil},
		{"large pieces, too late", 61 * time.Second, 64 << 10, 0, 0, os.ErrDeadlineExceeded},
		{"small pieces", 100 * time.Millisecond, 101, 0, all, nil},
		{"small pieces, too slow", time.Second, 500, 0, 59_000, os.ErrDeadlineExceeded},
		{"a byte at a time", 29 * time.Second, 1, 0, 2, os.ErrDeadlineExceeded},
		{"an earlier deadline holds", 20 * time.Second, 64 << 10, 50 * time.Second, 2 * 64 << 10, os.ErrDeadlineExceeded},
		{"a later one does not", 61 * time.Second, 64 << 10, time.Hour, 0, os.ErrDeadlineExceeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					for b := make([]byte, c.piece); ; {
						<-time.After(c.pause)
						if _, err := io.ReadFull(theirs, b); err != nil {
							return
						}
					}
				}()
				w := &conn{Conn: ours, pace: newPace(window, rate)}
				if c.until > 0 {
					w.SetDeadline(time.Now().Add(c.until))
				}
				if n, err := w.Write(make([]byte, all)); n < c.least || n > c.least*21/20 || !errors.Is(err, c.err) {
					t.Errorf("wrote %d bytes, %v; want %d, %v", n, err, c.least, c.err)
				}
				ours.Close()
				<-ended
			})
		})
	}
}
