package server

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-dev/sallyport/problem"
)

// pipes is a listener whose connections are in memory, so that time can be synctest's.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

// Close is called once: by http.Server.
func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p pipes) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	p <- ours
	return theirs, nil
}

// inMemory serves h as Listen would, and returns a client of it. It is called in a bubble.
func inMemory(t *testing.T, secure bool, h http.Handler) *http.Client {
	c := Config{Handler: h, SelfSigned: secure}
	if errs := c.complete(); len(errs) > 0 {
		t.Fatal(errs)
	}
	l := make(pipes)
	s := c.server(unambiguous(c.paced()))
	s.ConnContext = withStreams
	served := make(chan error, 1)
	if secure {
		certs, err := c.certificates()
		if err != nil {
			t.Fatal(err)
		}
		s.TLSConfig = &tls.Config{GetCertificate: certs.get}
		go func() { served <- s.ServeTLS(l, "", "") }()
	} else {
		go func() { served <- s.Serve(l) }()
	}
	transport := &http.Transport{DialContext: l.dial, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		s.Close()
		<-served
		<-time.After(time.Second) // in which net/http lets a client read an early answer
	})
	return &http.Client{Transport: transport}
}

// drip is a body of n bytes that sends some of them after each pause.
type drip struct {
	n, piece int
	pause    time.Duration
	closed   <-chan struct{}
}

func (d *drip) Read(p []byte) (int, error) {
	if d.n == 0 {
		return 0, io.EOF
	}
	select {
	case <-time.After(d.pause):
	case <-d.closed:
		return 0, io.ErrClosedPipe
	}
	n := min(d.n, d.piece, len(p))
	d.n -= n
	return n, nil
}

// TestPacedBodies: an upload may take as long as it likes while it keeps the minimum rate,
// over HTTP/1 and HTTP/2, and one that does not is told the limit.
func TestPacedBodies(t *testing.T) {
	for _, c := range []struct {
		name   string
		body   drip
		reader time.Duration // pause of the handler before each Read
		ok     bool
	}{
		{"50 KB a second for two minutes", drip{n: 6_000_000, piece: 5_000, pause: 100 * time.Millisecond}, 0, true},
		{"the minimum rate for an hour", drip{n: 3600 * 1024, piece: 1024, pause: time.Second}, 0, true},
		{"pauses within the window", drip{n: 300_000, piece: 15_000, pause: 14 * time.Second}, 0, true},
		{"a handler that takes its time", drip{n: 1000, piece: 100, pause: 0}, time.Minute, true},
		{"a byte at a time", drip{n: 100, piece: 1, pause: 29 * time.Second}, 0, false},
		{"half the minimum rate", drip{n: 200_000, piece: 512, pause: time.Second}, 0, false},
		{"a burst and then nothing", drip{n: 2_000_000, piece: 1_500_000, pause: 31 * time.Second}, 0, false},
		{"nothing", drip{n: 10, piece: 10, pause: time.Hour}, 0, false},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(c.name+map[bool]string{false: ", HTTP/1", true: ", HTTP/2"}[secure], func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					body, got := c.body, 0
					left, cancel := context.WithCancel(t.Context())
					defer cancel()
					body.closed = left.Done()
					client := inMemory(t, secure, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if secure != (r.ProtoMajor == 2) {
							t.Errorf("over %s", r.Proto)
						}
						for b := make([]byte, 32<<10); ; {
							<-time.After(c.reader)
							n, err := r.Body.Read(b)
							got += n
							if err == io.EOF {
								return
							}
							if err != nil {
								problem.Write(w, r, problem.From(err))
								return
							}
						}
					}))
					begun := time.Now()
					url := map[bool]string{false: "http://a/", true: "https://a/"}[secure]
					r, _ := http.NewRequestWithContext(t.Context(), "PUT", url, &body)
					r.ContentLength = int64(body.n)
					res, err := client.Do(r)
					if err != nil {
						t.Fatal(err)
					}
					defer res.Body.Close()
					said, _ := io.ReadAll(res.Body)
					if c.ok != (res.StatusCode == 200) || c.ok && got != c.body.n {
						t.Errorf("%d %s after %v, %d bytes read", res.StatusCode, said, time.Since(begun), got)
					}
					if !c.ok && (res.StatusCode != 408 || !strings.Contains(string(said), "1024 bytes a second, averaged over 30s") ||
						time.Since(begun) > 2*time.Minute) {
						t.Errorf("%d %s after %v", res.StatusCode, said, time.Since(begun))
					}
				})
			})
		}
	}
}

// TestUnreadBodies: a handler that does not read a body, or not all of it, leaves a client
// no longer than one that does, and the next request on the connection has its own limits.
func TestUnreadBodies(t *testing.T) {
	for name, read := range map[string]int{"nothing is read": 0, "a part is read": 3, "all is read": 10} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				l := make(pipes, 1)
				l <- ours
				c := Config{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					io.ReadFull(r.Body, make([]byte, read))
					io.WriteString(w, "ok")
				})}
				c.complete()
				s := c.server(unambiguous(c.paced()))
				served := make(chan error, 1)
				go func() { served <- s.Serve(l) }()
				go func() {
					io.WriteString(theirs, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345")
					<-time.After(20 * time.Second)
					if read == 10 {
						io.WriteString(theirs, "67890")
					}
				}()
				begun := time.Now()
				if _, err := io.ReadAll(theirs); err != nil && !errors.Is(err, io.ErrClosedPipe) {
					t.Error(err)
				}
				limit := DefaultBodyTimeout + time.Second
				if read == 10 {
					limit = 20*time.Second + DefaultIdleTimeout + time.Second
				}
				if waited := time.Since(begun); waited > limit || waited < limit-2*time.Second {
					t.Errorf("the connection ended after %v, want about %v", waited, limit)
				}
				s.Close()
				<-served
			})
		})
	}
}

// counted counts the bytes that were read, perhaps in another goroutine.
type counted struct {
	io.Reader
	n atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// TestEarlyAnswer: over HTTP/2, a client that is still sending gets to the end of an early
// answer before it is told to stop, and is not read for long.
func TestEarlyAnswer(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   drip
		sent   bool // whether all of it is read
	}{
		{"a body on its way", 200, drip{n: 100_000, piece: 10_000, pause: 5 * time.Millisecond}, true},
		{"one that is large", 200, drip{n: 4_000_000, piece: 64_000, pause: time.Millisecond}, false},
		{"one that stalls", 200, drip{n: 20, piece: 10, pause: time.Hour}, false},
		{"a client that stops", 413, drip{n: 100_000, piece: 10_000, pause: 5 * time.Millisecond}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := inMemory(t, true, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.WriteHeader(c.status)
					io.WriteString(w, "early")
					go r.Body.Read(make([]byte, 10)) // as a transport may
					r.Body.Close()
				}))
				left, cancel := context.WithCancel(t.Context())
				defer cancel()
				body, begun := c.body, time.Now()
				body.closed = left.Done()
				r, _ := http.NewRequestWithContext(t.Context(), "PUT", "https://a/", nil)
				sent := &counted{Reader: &body}
				r.Body, r.ContentLength = io.NopCloser(sent), int64(body.n)
				res, err := client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				if said, err := io.ReadAll(res.Body); err != nil || res.StatusCode != c.status || string(said) != "early" {
					t.Errorf("%d %s: %v", res.StatusCode, said, err)
				}
				synctest.Wait()
				if took := time.Since(begun); took > 2*lingerTime || c.sent != (sent.n.Load() == r.ContentLength) {
					t.Errorf("after %v, %d bytes were sent", took, sent.n.Load())
				}
			})
		})
	}
}

// TestBodyReadLate: a body is read on in another goroutine when its handler has returned. It
// must not change the deadlines of what follows.
func TestBodyReadLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		defer w.Close()
		rec := newStream(0)
		deadlines := 0
		late := make(chan struct{})
		h := paceBodies(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			go func() {
				defer close(late)
				r.Body.Read(make([]byte, 1))
				r.Body.Read(make([]byte, 1))
			}()
			synctest.Wait()
		}), time.Minute, 1, nil)
		req, _ := http.NewRequest("POST", "/", r)
		req.ProtoMajor, req.ContentLength = 2, -1
		h.ServeHTTP(&readDeadlines{rec, &deadlines}, req)
		<-time.After(time.Hour)
		w.Write([]byte("ab"))
		<-late
		if deadlines != 0 {
			t.Errorf("%d deadlines were set after the handler had returned", deadlines)
		}
	})
}

type readDeadlines struct {
	*stream
	n *int
}

func (d *readDeadlines) SetReadDeadline(time.Time) error { *d.n++; return nil }
