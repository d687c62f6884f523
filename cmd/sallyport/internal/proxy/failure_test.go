package proxy_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/proxy"
)

// short is a timeout that tests may wait for.
const short = 50 * time.Millisecond

func TestFailures(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	const trace = "Traceback: secret /srv/app.py"
	for _, c := range []struct {
		name, answer string
		hold         bool
		status       string
		code         string
		reason       string
	}{
		{"down", "", false, "502", "upstream_unreachable", "connection refused"},
		{"silent", "", true, "504", "upstream_timeout", "timeout awaiting response headers"},
		{"half a head", "HTTP/1.1 200 OK\r\nA: b", true, "504", "upstream_timeout", "timeout awaiting response headers"},
		{"closes", "x", false, "502", "upstream_error", "malformed HTTP response"},
		{"says nothing", "\r\n", false, "502", "upstream_error", ""},
		{"garbage", "SSH-2.0-x\r\n\r\n", false, "502", "upstream_error", "malformed HTTP"},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", false, "502", "upstream_error", "Content-Length"},
		{"unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\n\r\nab", false, "502", "upstream_error", "transfer encoding"},
		{"endless head", "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", 128<<10) + "\r\n\r\n", false, "502", "upstream_error", "exceeded"},
		{"status 0", "HTTP/1.1 000 No\r\nContent-Length: 0\r\n\r\n", false, "502", "upstream_error", "status"},
		{"status 999", "HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n", false, "502", "upstream_error", "status"},
		{"switches unasked", "HTTP/1.1 101 Switching Protocols\r\n\r\n", false, "502", "upstream_error", "unasked"},
		{"switches to h2c", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", false, "502", "upstream_error", "unasked"},
		{"500", "HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/html\r\nX-Debug: " + trace + "\r\nContent-Length: 29\r\n\r\n" + trace, false, "500", "upstream_error", "failed"},
		{"503", "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nTransfer-Encoding: chunked\r\n\r\n1d\r\n" + trace + "\r\n0\r\n\r\n", true, "503", "upstream_error", "failed"},
		{"599", "HTTP/1.1 599 What\r\nContent-Length: 0\r\n\r\n", false, "599", "upstream_error", "failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			u := rawUpstream(t, c.answer)
			if c.hold {
				u.hold = make(chan struct{})
				t.Cleanup(func() { close(u.hold) })
			}
			addr := u.Addr().String()
			if c.name == "down" {
				addr = closed.Addr().String()
			}
			timeout := time.Minute
			if c.status == "504" {
				timeout = short
			}
			g := &gate{next: newProxy(t, proxy.Config{Upstream: "http://" + addr, Timeout: timeout}), header: gateFields}
			head, body := send(t, front(t, g).Listener.Addr().String(), "GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
			if !strings.HasPrefix(head, c.status+" ") || !strings.Contains(body, `"code":"`+c.code+`"`) {
				t.Errorf("got %s%s, want %s %s", head, body, c.status, c.code)
			}
			for _, want := range []string{"Content-Type: application/problem+json\r\n", "X-Content-Type-Options: nosniff\r\n", "Cache-Control: no-store\r\n"} {
				if strings.Count(head, want) != 1 {
					t.Errorf("want one %q in\n%s", want, head)
				}
			}
			if c.name == "503" && !strings.Contains(head, "Retry-After: 7\r\n") {
				t.Errorf("Retry-After was lost:\n%s", head)
			}
			if all := head + body; strings.Contains(all, "secret") || strings.Contains(all, addr) || strings.Contains(all, "httputil") {
				t.Errorf("tells too much:\n%s", all)
			}
			if !strings.Contains(g.reason(), c.reason) || g.reason() == "" || len(g.reason()) > 256 {
				t.Errorf("reason is %q, want %q in it", g.reason(), c.reason)
			}
		})
	}
}

// An answer that breaks off has to look broken to the client as well.
func TestBrokenBodies(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		hold         bool
		reason       string
	}{
		{"short", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", false, "unexpected EOF"},
		{"stalls", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", true, "stalled"},
		{"bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n", false, "chunk"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			u := rawUpstream(t, c.answer)
			if c.hold {
				u.hold = make(chan struct{})
				t.Cleanup(func() { close(u.hold) })
			}
			g := &gate{next: newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String(), Timeout: short}), done: make(chan struct{}, 1)}
			res, err := http.Get(front(t, g).URL + "/a")
			if err == nil {
				defer res.Body.Close()
				_, err = io.ReadAll(res.Body)
			}
			if err == nil {
				t.Error("the client takes the answer for whole")
			}
			<-g.done
			if !strings.Contains(g.reason(), c.reason) {
				t.Errorf("reason is %q, want %q in it", g.reason(), c.reason)
			}
		})
	}
}

func TestClientBodies(t *testing.T) {
	for _, c := range []struct {
		name, request, status, code string
	}{
		{"too large", "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n" + strings.Repeat("a", 20), "413", "body_too_large"},
		{"too large, chunked", "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n" + strings.Repeat("a", 20) + "\r\n0\r\n\r\n", "413", "body_too_large"},
		{"bad chunk", "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400", "bad_request"},
		{"too slow", "POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde", "408", "request_timeout"},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := rawUpstream(t, okAnswer)
			g := &gate{next: newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String()}), body: 10}
			s := httptest.NewUnstartedServer(g)
			s.Config.ErrorLog = quiet
			s.Start()
			defer s.Close()
			head, body := send(t, s.Listener.Addr().String(), c.request)
			if !strings.HasPrefix(head, c.status+" ") || !strings.Contains(body, c.code) {
				t.Errorf("got %s%s, want %s %s", head, body, c.status, c.code)
			}
			if u.count() != 0 {
				t.Errorf("the upstream got the whole request: %q", u.last(t))
			}
		})
	}
}

func TestClientLeaves(t *testing.T) {
	u := rawUpstream(t, "")
	u.hold = make(chan struct{})
	defer close(u.hold)
	g := &gate{next: newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String()})}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest("GET", "/a", nil).WithContext(ctx))
	if w.Code != 499 || !strings.Contains(g.reason(), "canceled") {
		t.Errorf("status %d, reason %q", w.Code, g.reason())
	}
}

// An upstream that stops reading must not hold an upload forever.
func TestUpstreamStopsReading(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	release := make(chan struct{})
	defer close(release)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		c.(*net.TCPConn).SetReadBuffer(4 << 10)
		<-release
	}()
	g := &gate{next: newProxy(t, proxy.Config{Upstream: "http://" + l.Addr().String(), Timeout: short})}
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/a", io.LimitReader(zeros{}, 64<<20))
	r.ContentLength = 64 << 20
	g.ServeHTTP(w, r)
	if w.Code != http.StatusGatewayTimeout {
		t.Errorf("status %d, reason %q", w.Code, g.reason())
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestVerifiesUpstream(t *testing.T) {
	var called bool
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	s.Config.ErrorLog = quiet
	s.StartTLS()
	defer s.Close()
	w := httptest.NewRecorder()
	g := &gate{next: newProxy(t, proxy.Config{Upstream: s.URL})}
	g.ServeHTTP(w, httptest.NewRequest("GET", "/a", nil))
	if w.Code != http.StatusBadGateway || called || !strings.Contains(g.reason(), "certificate") {
		t.Errorf("unknown certificate: status %d, called %v, reason %q", w.Code, called, g.reason())
	}
	roots := s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	w = httptest.NewRecorder()
	(&gate{next: newProxy(t, proxy.Config{Upstream: s.URL, RootCAs: roots})}).ServeHTTP(w, httptest.NewRequest("GET", "/a", nil))
	if w.Code != http.StatusOK || !called {
		t.Errorf("known certificate: status %d, called %v", w.Code, called)
	}
}

func TestNoProxyFromEnvironment(t *testing.T) {
	trap := rawUpstream(t, okAnswer)
	t.Setenv("HTTP_PROXY", "http://"+trap.Addr().String())
	w := httptest.NewRecorder()
	(&gate{next: newProxy(t, proxy.Config{Upstream: "http://upstream.invalid"})}).ServeHTTP(w, httptest.NewRequest("GET", "/a", nil))
	if w.Code != http.StatusBadGateway || trap.count() != 0 {
		t.Errorf("status %d, %d requests went to HTTP_PROXY", w.Code, trap.count())
	}
}

// A page of HTML in answer to a bad request may hold a stack trace.
func TestErrorPages(t *testing.T) {
	for _, c := range []struct {
		name, head string
		pages      bool
		status     int
		replaced   bool
	}{
		{"page", "400 Bad Request\r\nContent-Type: text/html; charset=utf-8", false, 400, true},
		{"page in capitals", "404 Not Found\r\nContent-Type: TEXT/HTML", false, 404, true},
		{"XHTML", "405 Method Not Allowed\r\nAllow: GET\r\nContent-Type: application/xhtml+xml", false, 405, true},
		{"JSON", "400 Bad Request\r\nContent-Type: application/json", false, 400, false},
		{"text", "400 Bad Request\r\nContent-Type: text/plain", false, 400, false},
		{"a page that is no error", "200 OK\r\nContent-Type: text/html", false, 200, false},
		{"pages asked for", "400 Bad Request\r\nContent-Type: text/html", true, 400, false},
	} {
		u := rawUpstream(t, "HTTP/1.1 "+c.head+"\r\nX-Powered-By: Express\r\nContent-Length: 21\r\n\r\nat /srv/app.js:42:13\n")
		s := front(t, &gate{next: newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String(), InsecureErrorPages: c.pages})})
		head, body := send(t, s.Listener.Addr().String(), "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(head, strconv.Itoa(c.status)) || strings.Contains(body, "app.js") == c.replaced || strings.Contains(body, "upstream_refused") != c.replaced {
			t.Errorf("%s: %s%s", c.name, head, body)
		}
		if c.status == 405 && !strings.Contains(head, "Allow: GET") {
			t.Errorf("%s: no Allow in %s", c.name, head)
		}
	}
}
