package proxy_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/proxy"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/visit"
)

// upstream is a raw server: it keeps what it received, byte for byte, and answers
// with the bytes it is told to.
type upstream struct {
	net.Listener
	mu       sync.Mutex
	received []string
	answer   string
	hold     chan struct{} // when not nil: keep the connection open until closed
}

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func rawUpstream(t testing.TB, answer string) *upstream {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := &upstream{Listener: l, answer: answer}
	t.Cleanup(func() { l.Close() })
	go u.serve()
	return u
}

func (u *upstream) serve() {
	for {
		c, err := u.Accept()
		if err != nil {
			return
		}
		go u.handle(c)
	}
}

func (u *upstream) handle(c net.Conn) {
	defer c.Close()
	br := bufio.NewReader(c)
	for {
		request, err := readRequest(br)
		if err != nil {
			return
		}
		u.mu.Lock()
		u.received = append(u.received, request)
		answer, hold := u.answer, u.hold
		u.mu.Unlock()
		if _, err := io.WriteString(c, answer); err != nil {
			return
		}
		if hold != nil {
			<-hold
			return
		}
		if answer != okAnswer {
			return
		}
	}
}

// readRequest reads one request by itself, so that no HTTP library tidies it up.
func readRequest(br *bufio.Reader) (string, error) {
	var b strings.Builder
	length := 0
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return "", err
		}
		b.WriteString(line)
		if n, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			length, _ = strconv.Atoi(strings.TrimSpace(n))
		}
		if line == "\r\n" {
			break
		}
	}
	if strings.Contains(b.String(), "Transfer-Encoding: chunked\r\n") {
		last := false // the last chunk is past; what follows are trailer fields
		for {
			line, err := br.ReadString('\n')
			if err != nil {
				return "", err
			}
			b.WriteString(line)
			if last && line == "\r\n" {
				return b.String(), nil
			}
			last = last || line == "0\r\n"
		}
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(br, body); err != nil {
		return "", err
	}
	b.Write(body)
	return b.String(), nil
}

func (u *upstream) last(t testing.TB) string {
	t.Helper()
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.received) == 0 {
		t.Fatal("the upstream received nothing")
	}
	return u.received[len(u.received)-1]
}

func (u *upstream) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.received)
}

// fields returns the header lines the upstream got, names in lower case.
func fields(request string) map[string][]string {
	head, _, _ := strings.Cut(request, "\r\n\r\n")
	m := map[string][]string{}
	for _, line := range strings.Split(head, "\r\n")[1:] {
		name, value, _ := strings.Cut(line, ": ")
		m[strings.ToLower(name)] = append(m[strings.ToLower(name)], value)
	}
	return m
}

func newProxy(t testing.TB, c proxy.Config) *proxy.Proxy {
	t.Helper()
	p, err := proxy.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.CloseIdleConnections)
	return p
}

var alice = visit.Principal{Issuer: "https://issuer.example", Subject: "alice", Roles: []string{"admin", "staff"}, Scopes: []string{"read", "write"}}

// gate stands where the Gate does: it opens a visit, sets fields, and hands over.
type gate struct {
	next   http.Handler
	caller visit.Principal
	header http.Header
	body   int64 // body limit, 0 for none

	mu   sync.Mutex
	last *visit.Visit
	done chan struct{} // one value for each request that ended
}

// slow is what the server says of a client that does not keep its pace.
var slow = problem.New(http.StatusRequestTimeout, "request_timeout", "")

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := &visit.Visit{ID: "req-1", ClientRequest: "given-1", Started: time.Now(), Client: netip.MustParseAddr("203.0.113.7"), Secure: true, Principal: g.caller}
	defer func() {
		g.mu.Lock()
		g.last = v
		g.mu.Unlock()
		if g.done != nil {
			g.done <- struct{}{}
		}
	}()
	for name, values := range g.header {
		w.Header()[name] = values
	}
	if g.body > 0 {
		r.Body = http.MaxBytesReader(nil, r.Body, g.body) // as the Gate: nothing of w is touched
	}
	if r.URL.Path == "/slow" {
		r.Body = io.NopCloser(io.MultiReader(io.LimitReader(r.Body, 1), iotest.ErrReader(slow)))
	}
	g.next.ServeHTTP(w, r.WithContext(visit.With(r.Context(), v)))
}

func (g *gate) reason() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.last.Reason
}

// front starts a server with a gate before a proxy to u.
func front(t testing.TB, g *gate) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(g)
	s.Config.ErrorLog = quiet
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// send writes raw bytes to a server and returns the answer's head and body.
func send(t testing.TB, addr, request string) (head, body string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	io.WriteString(c, request)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	data, _ := io.ReadAll(res.Body)
	var b bytes.Buffer
	b.WriteString(res.Status + "\r\n")
	res.Header.Write(&b)
	return b.String(), string(data)
}
