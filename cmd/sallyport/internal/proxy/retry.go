package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
)

// A connection that an upstream keeps open between requests may close just as another
// request is sent. The transport then sends the request again, on another connection, if
// nothing of it was written, or if nothing of an answer has come and the request may be
// repeated: its method is idempotent (RFC 9110 §9.2.2) or it has an Idempotency-Key. It can
// do so with a body only while the body is in memory, which requestBody.again is for.
//
// What is added here: all idempotent methods, bodies, and that it happens once.

// mayRepeat are the idempotent methods that the transport does not take for one by itself.
var mayRepeat = set(http.MethodPut, http.MethodDelete, "QUERY", "PROPFIND", "REPORT", "SEARCH")

var (
	errLost    = errors.New("proxy: the upstream closed two connections without an answer")
	errNotKept = errors.New("proxy: the upstream closed a connection, and the body is too large to be sent again")
)

// repeatable tells the transport that out may be sent again.
func repeatable(out *http.Request) {
	const key = "X-Idempotency-Key"
	if mayRepeat[out.Method] && out.Header[key] == nil {
		out.Header[key] = []string{} // never written, see http.Transport
	}
}

// attempts counts how often a request was sent to the upstream.
type attempts struct {
	x    *exchange
	conn *conn // of the last one; nil over HTTP/2
	mu   sync.Mutex
	n    int
}

// trace has the transport report its connections.
func (a *attempts) trace(ctx context.Context, t *http.Transport) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) {
			if a.count() > 0 {
				t.CloseIdleConnections() // that the upstream has closed too, perhaps
			}
		},
		GotConn: func(info httptrace.GotConnInfo) { a.got(info) },
	})
}

func (a *attempts) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.n
}

func (a *attempts) got(info httptrace.GotConnInfo) {
	a.mu.Lock()
	a.n++
	first := a.n == 1
	a.mu.Unlock()
	if first && info.Reused {
		a.x.body.keep()
	}
	if a.conn = plainConn(info); a.conn != nil {
		a.conn.use(a)
	}
}

// switched is called when the connection speaks another protocol from now on.
func (a *attempts) switched() {
	if a.conn != nil {
		a.conn.use(nil)
	}
}

// plainConn returns our connection under a request over HTTP/1.
func plainConn(info httptrace.GotConnInfo) *conn {
	under := info.Conn
	if secure, ok := under.(*tls.Conn); ok {
		if secure.ConnectionState().NegotiatedProtocol == "h2" {
			return nil
		}
		under = secure.NetConn()
	}
	if c, ok := under.(*conn); ok && !c.h2 {
		return c
	}
	return nil
}

// lost is called when a connection has ended without a byte of an answer, before the
// transport learns of it. The second time ends the request: the transport would go on for as
// long as it finds connections that were used before.
func (a *attempts) lost() {
	if a.count() > 1 {
		a.x.cancel(errLost)
	}
}

// maxKept is how much of a body is kept to be sent again.
const maxKept = 64 << 10

// kept is the begin of a body, as far as it was sent.
type kept struct {
	mu   sync.Mutex
	on   bool
	data []byte
	next int // what of data is sent again next
}

// keep begins to keep the body. It is called before the body is read.
func (b *requestBody) keep() {
	b.kept.mu.Lock()
	defer b.kept.mu.Unlock()
	b.kept.on = true
}

// note keeps what was read.
func (k *kept) note(p []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case !k.on:
	case len(k.data)+len(p) > maxKept:
		k.on, k.data, k.next = false, nil, 0
	default:
		k.data = append(k.data, p...)
		k.next = len(k.data)
	}
}

// read reads what is sent again. It returns 0 when there is no more of it.
func (k *kept) read(p []byte) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := copy(p, k.data[k.next:])
	k.next += n
	return n
}

// again returns the body from its begin. The transport calls it when it sends a request again.
func (b *requestBody) again() (io.ReadCloser, error) {
	b.kept.mu.Lock()
	defer b.kept.mu.Unlock()
	if !b.kept.on {
		return nil, errNotKept
	}
	b.kept.next = 0
	b.stopped.Store(false)
	return b, nil
}
