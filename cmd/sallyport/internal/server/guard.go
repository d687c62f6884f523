package server

import (
	"net/http"
	"sync"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/crash"
)

// guardPiece is the most of an HTTP/2 answer that has a time limit of its own. It is less
// where the minimum rate is.
const guardPiece = 16 << 10

// guardWrites bounds the writes of HTTP/2 streams. There conn cannot see that a client
// reads nothing: it keeps the connection alive and just opens no window.
func guardWrites(next http.Handler, p pace, crashes *crash.Reporter) http.Handler {
	limit, piece := p.window, min(guardPiece, max(1, int(p.window.Seconds()*float64(p.rate))))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			next.ServeHTTP(w, r)
			return
		}
		all := streamsOf(r)
		started, ok := all.begin(r.Context())
		if !ok {
			panic(http.ErrAbortHandler)
		}
		defer started()
		g := &guard{ResponseWriter: w, limit: limit, piece: piece, crashes: crashes, streams: all, started: started}
		g.timer = time.AfterFunc(limit, g.expire)
		g.timer.Stop()
		defer g.end()
		next.ServeHTTP(g, r)
	})
}

// guard resets the stream when a piece of the answer is not sent within the limit, and
// counts it as stalled long before. The timer runs in a goroutine of its own, and net/http
// takes the ResponseWriter back when the handler returns: mu makes sure that expire has
// either finished by then or does nothing.
type guard struct {
	http.ResponseWriter
	limit   time.Duration
	piece   int
	timer   *time.Timer
	crashes *crash.Reporter
	streams *streams
	started func() // called when a piece was sent

	mu      sync.Mutex
	until   time.Time // when the piece being sent is late; zero between pieces
	stalled bool
	ended   bool
}

// expire is called by the timer: once to count the stream as stalled, and once to end it,
// and with it the write that waits. It may be called just as the write has ended and
// another one has begun.
func (g *guard) expire() {
	defer g.crashes.Recover("the write limit of an HTTP/2 stream")
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ended || g.until.IsZero() {
		return
	}
	left := time.Until(g.until)
	switch {
	case left <= 0:
		http.NewResponseController(g.ResponseWriter).SetWriteDeadline(time.Unix(1, 0))
	case !g.stalled && left <= g.limit-stallAfter:
		g.stalled = true
		g.streams.stall(1)
		g.timer.Reset(left)
	}
}

func (g *guard) begin() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.until = time.Now().Add(g.limit)
	g.timer.Reset(min(stallAfter, g.limit))
}

func (g *guard) done() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.until = time.Time{}
	g.timer.Stop()
	if g.stalled {
		g.stalled = false
		g.streams.stall(-1)
	}
}

// end is called before the handler returns. It bounds what net/http itself has yet to
// write then.
func (g *guard) end() {
	g.mu.Lock()
	g.ended = true
	g.timer.Stop()
	g.mu.Unlock()
	http.NewResponseController(g.ResponseWriter).SetWriteDeadline(time.Now().Add(g.limit))
}

// Write writes b piece by piece, each within the limit.
func (g *guard) Write(b []byte) (n int, err error) {
	for {
		end := min(len(b), n+g.piece)
		m, err := g.write(b[n:end])
		n += m
		if err != nil || n == len(b) {
			return n, err
		}
	}
}

func (g *guard) write(b []byte) (int, error) {
	g.begin()
	defer g.done()
	n, err := g.ResponseWriter.Write(b)
	g.started()
	return n, err
}

// FlushError sends what is buffered, within the limit.
func (g *guard) FlushError() error {
	g.begin()
	defer g.done()
	err := http.NewResponseController(g.ResponseWriter).Flush()
	g.started()
	return err
}

// Flush sends what is buffered.
func (g *guard) Flush() { g.FlushError() }

// Unwrap lets http.ResponseController reach the server's writer.
func (g *guard) Unwrap() http.ResponseWriter { return g.ResponseWriter }
