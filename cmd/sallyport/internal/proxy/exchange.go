package proxy

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/crash"
	"github.com/sallyport-dev/sallyport/visit"
)

// exchange is one request on its way to the upstream and back. It is the
// ResponseWriter of ReverseProxy, with a header map of its own: ReverseProxy adds to
// the map where we replace, and empties it after an informational answer, which would
// take the Gate's fields along.
type exchange struct {
	p     *Proxy
	w     http.ResponseWriter // the Gate's
	in    *http.Request
	visit *visit.Visit

	h       http.Header // the upstream's fields; trailer fields once wrote is true
	wrote   bool
	taken   bool // the connection is hijacked
	upgrade bool // the client may switch to WebSocket
	body    requestBody
	cancel  context.CancelCauseFunc

	transport *http.Transport
	attempts  attempts
}

// begin returns the request with a context that ends with the exchange.
func (x *exchange) begin() *http.Request {
	ctx, cancel := context.WithCancelCause(x.in.Context())
	x.cancel = cancel
	x.attempts.x = x
	return x.in.WithContext(x.attempts.trace(ctx, x.transport))
}

func (x *exchange) close() {
	x.body.patience.stop(true)
	if x.cancel != nil {
		x.cancel(nil)
	}
}

// Header returns the map for the upstream's fields.
func (x *exchange) Header() http.Header { return x.h }

// WriteHeader sends the upstream's status with both sides' fields.
func (x *exchange) WriteHeader(status int) {
	if status < 200 {
		x.hint(status)
		return
	}
	h := x.w.Header()
	if _, named := x.h["Content-Type"]; !named {
		h["Content-Type"] = nil // or net/http would guess one, and a text become a page
	}
	merge(h, x.h)
	clear(x.h)
	if x.in.ProtoMajor == 1 && x.body.unread(x.in.ContentLength) {
		// The upstream has answered early. Else net/http would wait for the rest of the body
		// before it sends anything.
		h["Connection"] = closing
	}
	x.wrote = true
	x.w.WriteHeader(status)
}

// Write sends a piece of the body.
func (x *exchange) Write(b []byte) (int, error) { return x.w.Write(b) }

// Unwrap lets http.ResponseController reach the server's writer.
func (x *exchange) Unwrap() http.ResponseWriter { return x.w }

// Hijack hands over the connection for a WebSocket. The 101 is then written from
// [exchange.Header], so the Gate's fields are put there.
func (x *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(x.w).Hijack()
	if err == nil {
		x.taken = true
		merge(x.h, x.w.Header())
		delete(x.h, "Connection") // the upstream's says "Upgrade"
		delete(x.h, "Cache-Control")
		conn = switched{conn, x.p.crashes}
	}
	return conn, rw, err
}

// requestBody notes why the client's body could not be read, which is otherwise lost
// among the upstream's errors, and keeps its begin for another attempt. The transport reads it
// in a goroutine of its own, perhaps after the exchange has ended.
type requestBody struct {
	source  io.Reader // nil for no body
	crashes *crash.Reporter
	failed  atomic.Pointer[error]
	size    atomic.Int64 // bytes that were read
	whole   atomic.Bool  // the end was read
	stopped atomic.Bool  // nothing of it can be sent on the connection that it is read for
	kept    kept
	// patience is with the upstream, for each piece.
	patience patience
}

// maxPiece is how much is read in one go, for which the upstream then has its time.
const maxPiece = 32 << 10

// Read reads the body, or once more what was kept of it.
func (b *requestBody) Read(p []byte) (int, error) {
	if b.stopped.Load() {
		return 0, io.EOF
	}
	b.patience.pause()
	n, err := b.read(p[:min(len(p), maxPiece)])
	if err == nil {
		b.patience.begin()
	}
	if err == io.EOF {
		b.whole.Store(true)
	} else if err != nil {
		b.failed.CompareAndSwap(nil, &err)
	}
	return n, err
}

// Close does nothing: the transport closes a body before it sends it again, and ReverseProxy
// closes the one behind it.
func (b *requestBody) Close() error { return nil }

func (b *requestBody) read(p []byte) (n int, err error) {
	defer b.crashes.Error("a request body", &err)
	if n := b.kept.read(p); n > 0 {
		return n, nil
	}
	n, err = b.source.Read(p)
	b.size.Add(int64(n))
	b.kept.note(p[:n])
	return n, err
}

// unread reports whether the client has yet to send some of a body of this length.
func (b *requestBody) unread(length int64) bool {
	return b.source != nil && !b.whole.Load() && (length < 0 || b.size.Load() < length)
}

func (b *requestBody) err() error {
	if err := b.failed.Load(); err != nil {
		return *err
	}
	return nil
}

var errStalled = errors.New("proxy: the upstream stalled in the middle of its answer")

// answerBody cuts off an upstream that promised a length and then stalls, and notes
// why an answer broke off.
type answerBody struct {
	io.ReadCloser
	x     *exchange
	stall *time.Timer // nil for an answer of unknown length
	limit time.Duration
}

func (x *exchange) watch(res *http.Response) io.ReadCloser {
	b := &answerBody{ReadCloser: res.Body, x: x}
	if res.ContentLength > 0 {
		b.limit = x.p.timeout
		b.stall = time.AfterFunc(b.limit, func() {
			defer x.p.crashes.Recover("the stall limit of an upstream")
			x.cancel(errStalled) // of a context: it may come late
		})
		b.stall.Stop()
	}
	return b
}

// Read reads the body.
func (b *answerBody) Read(p []byte) (int, error) {
	if b.stall != nil {
		b.stall.Reset(b.limit)
		defer b.stall.Stop()
	}
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.x.visit.Note(reason(err))
	}
	return n, err
}
