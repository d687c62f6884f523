// Package proxy hands a request that has passed the Gate to an upstream, and brings
// the answer back. It is the next handler of the binary's Gate.
//
// The upstream believes X-Sallyport-Subject, -Issuer, -Roles, -Scopes and
// -Request-Id, because nobody but the proxy can set them: every spelling a client
// may try is removed first. That promise holds for requests that come through here.
// It fails when composed wrongly in two ways. An upstream that can also be reached
// around the proxy believes whoever reaches it, so let it listen where only the
// proxy can connect. And a proxy that does not stand behind a Gate would forward
// requests nobody checked, so it answers them with a 500.
//
// What the upstream gets:
//
//   - the path that the Gate has authorised, byte for byte, under the upstream's base
//     path; a target that cannot be kept as it is is refused with 400;
//   - the query as received; one with a byte that must be encoded, or 10 000 parameters,
//     is refused with 400;
//   - the body as received, under a Content-Length or chunked, without trailer fields;
//   - the client's fields but for those named below;
//   - who is calling, as text in which every byte that is not visible ASCII, and "%"
//     and ",", is percent-encoded; roles and scopes are separated by one space. A
//     field that would be empty is not sent, so an anonymous request has no Subject;
//   - X-Forwarded-For with the one address the visit names, X-Forwarded-Proto,
//     X-Forwarded-Host, X-Request-Id, X-Forwarded-Prefix where there is a base path, and Via
//     if the client sent one.
//
// Not forwarded: hop-by-hop fields (RFC 9110 §7.6.1), the Authorization field,
// cookies of the name __Host-sp_*, fields by which some product passes on an identity
// or an address or replaces the method or path, and every field whose name has a
// character besides letters, digits and the dash: to a CGI-like upstream X_User and
// X.User are the same as X-User. The only protocol a client may switch to is
// WebSocket; an h2c tunnel would lead around the Gate.
//
// How much the upstream gets at once is limited, in all and for each client, see
// [Config.MaxInFlight].
//
// What the client gets: the upstream's answer without the fields that name its
// software, without its CORS fields, and with one value for every field the Gate
// sets. Security fields of both sides meet in the Gate's writer, which sends the stricter;
// Cache-Control is the upstream's if it has one; Vary and Set-Cookie are joined. A 5xx
// keeps its status and loses its body, unless [visit.Visit.ErrorBodies] lets it pass, and so
// does a 4xx that is a page of HTML; see [Config.InsecureErrorPages]. What names the
// upstream's own address is made relative.
package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/crash"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/visit"
)

// DefaultTimeout is how long an upstream may take to begin its answer.
const DefaultTimeout = 30 * time.Second

// MaxTimeout is the longest [Config.Timeout].
const MaxTimeout = 10 * time.Minute

// Config says where requests go.
type Config struct {
	// Upstream is the address of the API: http://host[:port][/base], https://…, where the
	// certificate is verified and HTTP/2 is spoken if the upstream does, h2c://… for HTTP/2
	// over cleartext, or unix:/path/to.sock[:/base].
	Upstream string
	// Host is the Host that the upstream gets. Empty means the host of Upstream, which is
	// localhost for a Unix socket.
	Host string
	// KeepHost hands on the client's Host instead. A client can then choose the name by which
	// the upstream calls itself, in links and mails, unless the upstream knows its names.
	KeepHost bool
	// Timeout bounds the wait for the head of an answer, for each piece of the request's body
	// to be taken, and for an answer of known length to get on. Zero means
	// [DefaultTimeout]. An answer of unknown length, such as an event stream, may
	// pause for as long as it likes.
	Timeout time.Duration
	// OwnedHeaders are response fields that the Gate's writer settles: it must get the
	// upstream's. A 101, which that writer does not send, and trailer fields lose them. A field
	// that the Gate has set and that is not listed wins.
	OwnedHeaders []string
	// RootCAs verify an https upstream; nil means the system's.
	RootCAs *x509.CertPool
	// ClientCertificate returns the certificate for an https upstream that asks for one. It
	// is called in each handshake, may be called from any goroutine, and may be nil.
	ClientCertificate func(*tls.CertificateRequestInfo) (*tls.Certificate, error)
	// MaxInFlight is how many requests, and so connections, the upstream has at once.
	// WebSockets and event streams count until they end. Further requests wait up to two
	// seconds, as many as MaxInFlight, and are then answered 503. Zero means
	// [DefaultMaxInFlight].
	MaxInFlight int
	// MaxPerClient is how many of them one client has, that is an IPv4 address or an IPv6
	// /64. While others press too, it is fewer: never more than there are free ones. Zero
	// means a quarter of MaxInFlight; MaxInFlight itself means that clients are not told
	// apart, as where all requests come from one proxy whose word is not trusted.
	MaxPerClient int
	// Crashes reports panics in the goroutines of the transport; nil recovers them without
	// a word.
	Crashes *crash.Reporter
	// InsecureForwardAuthorization hands the client's Authorization field, and so its
	// token, to the upstream, which can then act as the client elsewhere.
	InsecureForwardAuthorization bool
	// InsecureErrorPages hands on pages of HTML with a 4xx. Frameworks make them, some
	// with a stack trace.
	InsecureErrorPages bool
}

// Proxy is a handler that forwards to one upstream.
type Proxy struct {
	target        target
	timeout       time.Duration
	owned         map[string]bool
	authorization bool
	errorPages    bool
	keepHost      bool
	pool          *pool
	crashes       *crash.Reporter
	slots         *slots
	buffers       buffers
}

// New returns a proxy, or every mistake in the configuration joined; each is an
// [*Error]. It does not connect.
func New(c Config) (*Proxy, error) {
	t, targetErr := parseTarget(c.Upstream)
	timeout, timeoutErr := checkTimeout(c.Timeout)
	owned, ownedErr := ownedFields(c.OwnedHeaders)
	slots, slotsErr := checkInFlight(c.MaxInFlight, c.MaxPerClient)
	if err := errors.Join(targetErr, checkHost(c.Host), timeoutErr, ownedErr, slotsErr); err != nil {
		return nil, err
	}
	t.name = c.Host
	return &Proxy{
		target:        t,
		timeout:       timeout,
		owned:         owned,
		authorization: c.InsecureForwardAuthorization,
		errorPages:    c.InsecureErrorPages,
		keepHost:      c.KeepHost,
		pool:          newPool(newLink(t, timeout, c)),
		crashes:       c.Crashes,
		slots:         slots,
	}, nil
}

// CloseIdleConnections closes the connections to the upstream that no request uses.
func (p *Proxy) CloseIdleConnections() { p.pool.closeIdle() }

// Reach connects to the upstream, and returns why that fails. It takes five seconds at most.
func (p *Proxy) Reach(ctx context.Context) error { return p.pool.link.reach(ctx) }

// ServeHTTP forwards r, which must carry a visit. It panics with
// http.ErrAbortHandler when the upstream breaks off in the middle of an answer, so
// that the server cuts the connection and the client can tell.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := visit.From(r.Context())
	if v == nil {
		problem.Write(w, r, problem.Internal)
		return
	}
	if err := plainTarget(r); err != nil {
		v.Note(err.Error())
		problem.Write(w, r, ambiguous)
		return
	}
	if err := p.slots.acquire(r.Context(), v.Client); err != nil {
		v.Note(err.Error())
		refuseTurn(w, r, err)
		return
	}
	defer p.slots.release(v.Client)
	x := &exchange{p: p, w: w, in: r, visit: v, h: make(http.Header), transport: p.pool.transport()}
	defer x.close()
	in := x.begin()
	forward := httputil.ReverseProxy{
		Rewrite:        x.rewrite,
		ModifyResponse: x.modify,
		ErrorHandler:   x.fail,
		Transport:      x.transport,
		BufferPool:     &p.buffers,
		ErrorLog:       silent, // what it would say is in the visit's Reason
	}
	forward.ServeHTTP(x, in)
	x.trailers()
}

// buffers recycles the 32 KiB through which bodies are copied.
type buffers struct{ pool sync.Pool }

// Get returns a buffer.
func (b *buffers) Get() []byte {
	if buf, ok := b.pool.Get().(*[]byte); ok {
		return *buf
	}
	return make([]byte, 32<<10)
}

// Put takes a buffer back.
func (b *buffers) Put(buf []byte) { b.pool.Put(&buf) }
