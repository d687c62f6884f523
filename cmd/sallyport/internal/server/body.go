package server

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/crash"
	"github.com/sallyport-dev/sallyport/problem"
)

// paceBodies cuts request bodies that arrive slower than rate bytes a second, averaged over
// window. net/http's ReadTimeout bounds a whole request instead, and would cut an upload
// that is large and gets on.
func paceBodies(next http.Handler, window time.Duration, rate int, crashes *crash.Reporter) http.Handler {
	slow := problem.New(http.StatusRequestTimeout, "request_timeout", fmt.Sprintf(
		"The body arrived too slowly. Send at least %d bytes a second, averaged over %s.", rate, window)).Because(os.ErrDeadlineExceeded)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 0 || r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		b := &pacedBody{ReadCloser: r.Body, w: w, slow: slow, crashes: crashes, keepsReading: r.ProtoMajor == 1,
			pace: newPace(window, rate), reading: make(chan struct{}, 1)}
		// net/http looks at its own body for whether a client may still be sending: it then
		// waits a little before it closes, so that the client gets to read the answer.
		defer func(own io.ReadCloser) { b.end(); r.Body = own }(r.Body)
		r.Body = b
		next.ServeHTTP(w, r)
		if r.ProtoMajor == 2 && r.ContentLength > 0 { // else perhaps a call that goes on until it is answered
			b.linger()
		}
	})
}

const (
	// lingerTime parts the end of an early answer from what comes before. Clients that stop
	// sending, and wait for the end, wait as long.
	lingerTime = 100 * time.Millisecond
	// lingerSize is more than fits into a stream's window: a client that sends as much has
	// read what came before the window's updates.
	lingerSize = 2 * streamBuffer
)

// linger has a client over HTTP/2 read an answer that comes before the end of its body.
// net/http sends RST_STREAM right behind such an answer, which has curl, say, drop what it
// has not read by then.
func (b *pacedBody) linger() {
	b.mu.Lock()
	done := b.whole || b.cut
	b.mu.Unlock()
	c := http.NewResponseController(b.w)
	if done || c.Flush() != nil {
		return
	}
	c.SetReadDeadline(time.Now().Add(lingerTime))
	io.CopyN(io.Discard, b, lingerSize)
}

// pacedBody fails with slow when the client is too slow. Only the time that a Read waits
// counts: an upstream that takes its time is not the client's fault.
//
// A transport may read in a goroutine of its own, and the timer has another one; both may
// come after the handler has returned and net/http has taken w back. mu and ended keep them
// from it, as in guard.
type pacedBody struct {
	io.ReadCloser
	w            http.ResponseWriter
	slow         *problem.Problem
	crashes      *crash.Reporter
	keepsReading bool // net/http reads on when the handler has returned, as it does over HTTP/1

	reading chan struct{} // has room for one Read at a time

	mu    sync.Mutex
	pace  pace
	timer *time.Timer // nil before the first Read
	since time.Time   // when the Read that waits began; zero between Reads
	whole bool        // the end was read
	cut   bool        // the client was too slow
	ended bool        // the handler has returned
}

// Read reads what has arrived, or waits for it.
func (b *pacedBody) Read(p []byte) (n int, err error) {
	b.reading <- struct{}{}
	defer func() { <-b.reading }()
	b.begin()
	n, err = b.ReadCloser.Read(p)
	return n, b.done(n, err)
}

// Close does nothing over HTTP/2, where linger reads on.
func (b *pacedBody) Close() error {
	if b.keepsReading {
		return b.ReadCloser.Close()
	}
	return nil
}

func (b *pacedBody) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return
	}
	b.since = time.Now()
	if b.timer == nil {
		b.timer = time.AfterFunc(b.pace.left, b.expire)
	} else {
		b.timer.Reset(max(b.pace.left, 0))
	}
}

func (b *pacedBody) done(n int, err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.since.IsZero() {
		b.timer.Stop()
		b.pace.moved(n, time.Since(b.since))
		b.since = time.Time{}
	}
	b.whole = b.whole || err == io.EOF
	if b.cut && err != nil && err != io.EOF {
		return b.slow
	}
	return err
}

// expire is called by the timer, perhaps just as one Read has ended and another has begun.
func (b *pacedBody) expire() {
	defer b.crashes.Recover("the time limit of a request body")
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended || b.since.IsZero() {
		return
	}
	if left := b.pace.left - time.Since(b.since); left > 0 {
		b.timer.Reset(left)
		return
	}
	b.cut = true
	http.NewResponseController(b.w).SetReadDeadline(time.Unix(1, 0))
}

// end is called when the handler returns. What net/http then reads to find the next request
// is bounded by the time that the client has left.
func (b *pacedBody) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	if b.timer != nil {
		b.timer.Stop()
	}
	if b.keepsReading && !b.whole && !b.cut {
		http.NewResponseController(b.w).SetReadDeadline(time.Now().Add(b.pace.left))
	}
}
