package sallyport

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/sallyport-dev/sallyport/problem"
)

// handlerWriter is the ResponseWriter that the handler behind the Gate gets. A handler may
// have goroutines that go on when it has returned; net/http has then given the writer's
// buffers to another request, or panics. handlerWriter fails instead: from the end of the
// handler on, and while the end waits for a call that is running, nothing of the server's
// writer is touched. It orders calls of several goroutines; the header map belongs to one.
type handlerWriter struct {
	a *answer

	mu     sync.Mutex
	w      http.ResponseWriter
	ended  bool
	writes int
	stream *stream // nil for most
}

// serve calls next, and ends what next could go on to use.
func (a *answer) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	a.outer.a, a.outer.w = a, w
	defer a.endHandler()
	next.ServeHTTP(&a.outer, r)
}

// endHandler must be called in the handler's goroutine, whether it has returned or
// panicked, before the response is completed.
func (a *answer) endHandler() {
	a.outer.end()
	if a.body != nil {
		a.body.end()
	}
	a.visit.End()
}

// end waits for a call that is running, such as a Write to a slow client, as the handler
// would have. Its time is limited by the server.
func (h *handlerWriter) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = true
	h.stream.stop()
}

// Header returns the response's fields, or once the handler has returned a map that is not
// sent.
func (h *handlerWriter) Header() http.Header {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		return http.Header{}
	}
	return h.w.Header()
}

// WriteHeader sends the status.
func (h *handlerWriter) WriteHeader(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.ended {
		h.w.WriteHeader(status)
	}
}

var errReturned = errors.New("sallyport: the handler has returned: nothing can be written any more")

// Write sends a part of the body. It fails once the handler has returned, and once the
// credential of a stream was taken back.
func (h *handlerWriter) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch h.late(); {
	case h.ended:
		return 0, errReturned
	case h.over():
		return 0, errTakenBack
	}
	return h.w.Write(b)
}

// control calls f with a controller of the server's writer, while the handler runs.
func (h *handlerWriter) control(f func(*http.ResponseController) error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.ended:
		return errReturned
	case h.over():
		return errTakenBack
	}
	return f(http.NewResponseController(h.w))
}

// Flush sends what is buffered.
func (h *handlerWriter) Flush() { h.FlushError() }

// FlushError is Flush for http.ResponseController, as are the methods below.
func (h *handlerWriter) FlushError() error {
	return h.control(func(c *http.ResponseController) error {
		h.watch()
		return c.Flush()
	})
}

// Hijack hands over the connection, as for a WebSocket. It is closed when the credential is
// taken back before the handler returns.
func (h *handlerWriter) Hijack() (conn net.Conn, rw *bufio.ReadWriter, err error) {
	err = h.control(func(c *http.ResponseController) error {
		if conn, rw, err = c.Hijack(); err != nil {
			return err
		}
		if h.watch(); h.stream != nil {
			h.stream.conn = conn
		}
		return nil
	})
	return conn, rw, err
}

// SetReadDeadline sets the deadline for reading the body.
func (h *handlerWriter) SetReadDeadline(t time.Time) error {
	return h.control(func(c *http.ResponseController) error { return c.SetReadDeadline(t) })
}

// SetWriteDeadline sets the deadline for writing the response.
func (h *handlerWriter) SetWriteDeadline(t time.Time) error {
	return h.control(func(c *http.ResponseController) error { return c.SetWriteDeadline(t) })
}

// EnableFullDuplex lets an HTTP/1 handler read on while it writes.
func (h *handlerWriter) EnableFullDuplex() error {
	return h.control((*http.ResponseController).EnableFullDuplex)
}

// Problem is told of a problem that our own code writes, see [problem.Noter].
func (h *handlerWriter) Problem() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n, ok := h.w.(problem.Noter); ok && !h.ended {
		n.Problem()
	}
}

// Unwrap returns the writer behind it, and nil once the handler has returned.
func (h *handlerWriter) Unwrap() http.ResponseWriter {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		return nil
	}
	return h.w
}

// behind is next as the document's part of the Gate calls it.
type behind struct {
	a    *answer
	next http.Handler
}

func (b behind) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.a.serve(w, r, b.next) }
