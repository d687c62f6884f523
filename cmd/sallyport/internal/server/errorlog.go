package server

import (
	"io"
	"log"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/crash"
)

const (
	maxLine  = 1 << 10
	maxLines = 10 // each second
)

// lines passes net/http's own log on to slog. Anybody can make net/http write a line,
// by a broken handshake say, so lines are few and short.
type lines struct {
	log     *slog.Logger
	now     func() time.Time
	crashes *crash.Reporter

	mu      sync.Mutex
	second  int64
	written int
	dropped int
}

func errorLog(l *slog.Logger, crashes *crash.Reporter) *log.Logger {
	if l == nil {
		return log.New(io.Discard, "", 0)
	}
	return log.New(&lines{log: l, now: time.Now, crashes: crashes}, "", 0)
}

// Write logs one line. net/http calls it in many goroutines, and a log may be anybody's.
func (l *lines) Write(b []byte) (n int, err error) {
	defer l.crashes.Error("the server's log", &err)
	ok, dropped := l.take()
	if dropped > 0 {
		l.log.Warn("server lines were dropped", "count", dropped)
	}
	if ok {
		text := string(b[:min(len(b), maxLine)])
		l.log.Warn("server", "line", strings.TrimSpace(strings.ToValidUTF8(text, "\uFFFD")))
	}
	return len(b), nil
}

// take reports whether one more line may be written in this second, and how many were
// not in an earlier one.
func (l *lines) take() (ok bool, dropped int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if second := l.now().Unix(); second != l.second {
		dropped = l.dropped
		l.second, l.written, l.dropped = second, 0, 0
	}
	if l.written == maxLines {
		l.dropped++
		return false, dropped
	}
	l.written++
	return true, dropped
}
