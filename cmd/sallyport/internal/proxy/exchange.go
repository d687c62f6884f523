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
}

// begin returns the request with a context that ends with the exchange.
func (x *exchange) begin() *http.Request {
	ctx, cancel := context.WithCancelCause(x.in.Context())
	x.cancel = cancel
	return x.in.WithContext(ctx)
}

func (x *exchange) close() {
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
// among the upstream's errors. The transport reads it in a goroutine of its own, perhaps
// after the exchange has ended.
type requestBody struct {
	io.ReadCloser
	crashes *crash.Reporter
	failed  atomic.Pointer[error]
}

// Read reads the body.
func (b *requestBody) Read(p []byte) (int, error) {
	n, err := b.read(p)
	if err != nil && err != io.EOF {
		b.failed.CompareAndSwap(nil, &err)
	}
	return n, err
}

func (b *requestBody) read(p []byte) (n int, err error) {
	defer b.crashes.Error("a request body", &err)
	return b.ReadCloser.Read(p)
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
