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

// TestConnWrite: a client may take its time over an answer, as long as it takes some of
// it within every limit.
func TestConnWrite(t *testing.T) {
	const limit = time.Minute
	for _, c := range []struct {
		name  string
		pause time.Duration // before each piece is taken
		until time.Duration // a deadline somebody set, 0 for none
		want  int           // pieces that get across
		err   error
	}{
		{"slow but on time", 59 * time.Second, 0, 4, nil},
		{"too slow", 61 * time.Second, 0, 0, os.ErrDeadlineExceeded},
		{"an earlier deadline holds", 20 * time.Second, 50 * time.Second, 2, os.ErrDeadlineExceeded},
		{"a later one does not", 61 * time.Second, time.Hour, 0, os.ErrDeadlineExceeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					for b := make([]byte, piece); ; {
						<-time.After(c.pause)
						if _, err := io.ReadFull(theirs, b); err != nil {
							return
						}
					}
				}()
				w := &conn{Conn: ours, limit: limit}
				if c.until > 0 {
					w.SetDeadline(time.Now().Add(c.until))
				}
				if n, err := w.Write(make([]byte, 4*piece)); n != c.want*piece || !errors.Is(err, c.err) {
					t.Errorf("wrote %d bytes, %v; want %d, %v", n, err, c.want*piece, c.err)
				}
				ours.Close()
				<-ended
			})
		})
	}
}
