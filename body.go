package sallyport

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/problem"
)

// bound limits the body of a request to the route's size. A body announced as too large
// is refused unread.
func (g *Gate) bound(a *answer, maxBody int64) *problem.Problem {
	r := a.request
	if r.ContentLength > maxBody {
		return problem.TooLarge(maxBody)
	}
	if r.ContentLength != 0 && r.Body != nil && r.Body != http.NoBody {
		a.body = &requestBody{source: r.Body, gate: g, a: a, limit: maxBody, left: maxBody}
		a.continues = r.ProtoMajor == 1 && r.Header["Expect"] != nil
		r.Body = a.body
	}
	return nil
}

// requestBody is a request's body as handlers read it: bounded in size, charged to quotas
// on bytes, and unreadable once the request has ended.
//
// A transport, or a handler's own goroutine, may read it while the handler answers, and
// still be reading when the handler has returned. So it touches nothing of the response,
// which http.MaxBytesReader does, and its state is under mu. mu is not held while source
// is read: the end of the request would wait for a client that sends nothing.
type requestBody struct {
	source io.ReadCloser
	gate   *Gate
	a      *answer
	limit  int64

	mu      sync.Mutex
	left    int64
	failed  error // what every further Read returns
	metered bool
	owed    int // bytes read that are not charged yet, see meter.go
}

// Read reads what fits the limit. Past it, Read returns an *http.MaxBytesError, as
// http.MaxBytesReader does. Once the request has ended it returns
// http.ErrBodyReadAfterClose.
func (b *requestBody) Read(p []byte) (n int, err error) {
	defer b.recover(&n, &err)
	if len(p) == 0 {
		return 0, nil
	}
	room, err := b.room(len(p))
	if err != nil {
		return 0, err
	}
	n, err = b.source.Read(p[:room])
	return b.account(n, err)
}

// room returns how many bytes may be read at once: one more than the limit has left, so
// that a body of just its size is told from a larger one.
func (b *requestBody) room(n int) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed != nil {
		return 0, b.failed
	}
	if b.metered {
		n = min(n, meterStep-b.owed)
	}
	if int64(n) > b.left {
		n = int(b.left) + 1
	}
	return n, nil
}

// account notes what was read, and returns what of it is handed on.
func (b *requestBody) account(n int, err error) (int, error) {
	b.mu.Lock()
	if b.failed != nil { // the request has ended, or another Read has failed
		defer b.mu.Unlock()
		return 0, b.failed
	}
	if int64(n) > b.left {
		n, err = int(b.left), &http.MaxBytesError{Limit: b.limit}
	}
	b.left -= int64(n)
	b.failed = err
	due := b.owe(n, err != nil)
	b.mu.Unlock()

	if refused := b.charge(b.a.request.Context(), due); refused != nil {
		b.fail(refused)
		return 0, refused
	}
	return n, err
}

// fail makes every further Read return err.
func (b *requestBody) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed = err
}

// Close closes the body. It may be called from any goroutine, and more than once.
func (b *requestBody) Close() error { return b.source.Close() }

// end is called when the request has ended. A Read that is waiting for the client returns
// an error when it gets something, and no other begins.
func (b *requestBody) end() {
	b.mu.Lock()
	b.failed = http.ErrBodyReadAfterClose
	due := b.owe(0, true)
	b.mu.Unlock()
	due.given = due.cost
	b.charge(context.WithoutCancel(b.a.request.Context()), due)
}

// recover turns a panic, such as of a limit store, into an error: in a transport's
// goroutine it would end the process.
func (b *requestBody) recover(n *int, err *error) {
	v := recover()
	if v == nil {
		return
	}
	b.gate.crashedOutside(b.a, "panic while the body was read", v)
	*n, *err = 0, problem.Internal
	b.fail(*err)
}

// crashedOutside logs a panic outside the handler's goroutine. Nothing of the request is
// written but a note, as its handler may be running.
func (g *Gate) crashedOutside(a *answer, what string, v any) {
	g.errors.LogAttrs(context.Background(), slog.LevelError, what,
		slog.String("request", a.visit.ID), slog.String("route", a.visit.Route),
		slog.String("panic", fmt.Sprint(v)), slog.String("stack", string(debug.Stack())))
	g.audit.Emit(audit.Event{
		Name: audit.SysCrash, Request: a.visit.ID, ClientRequest: a.visit.ClientRequest, Client: a.visit.Client,
		Method: g.methods.of(a.request), Route: a.visit.Route, Path: a.visit.Path, Reason: what,
	})
}
