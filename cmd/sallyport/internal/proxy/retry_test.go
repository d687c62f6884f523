package proxy_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/proxy"
)

// closer is an upstream that answers the first request on a connection, and does something
// else with the second.
type closer struct {
	net.Listener
	second func(c net.Conn, br *bufio.Reader)
	fresh  bool // does it with the first one too, but for the very first

	mu       sync.Mutex
	conns    int
	requests []string // method and body, as far as it was read
}

func closing(t *testing.T, fresh bool, second func(net.Conn, *bufio.Reader)) *closer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	u := &closer{Listener: l, second: second, fresh: fresh}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go u.handle(c)
		}
	}()
	return u
}

func (u *closer) handle(c net.Conn) {
	defer c.Close()
	u.mu.Lock()
	u.conns++
	odd := u.fresh && u.conns > 1
	u.mu.Unlock()
	br := bufio.NewReader(c)
	for {
		if _, err := br.Peek(1); err != nil {
			return
		}
		if odd {
			u.note("?")
			u.second(c, br)
			return
		}
		request, err := readRequest(br)
		if err != nil {
			return
		}
		_, body, _ := strings.Cut(request, "\r\n\r\n")
		u.note(request[:strings.IndexByte(request, ' ')] + " " + body)
		if strings.HasPrefix(request, "HEAD ") {
			io.WriteString(c, strings.TrimSuffix(okAnswer, "ok"))
		} else {
			io.WriteString(c, okAnswer)
		}
		odd = true
	}
}

func (u *closer) note(s string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.requests = append(u.requests, s)
}

func (u *closer) took() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.requests
}

var (
	hangUp     = func(net.Conn, *bufio.Reader) {}
	readAll    = func(_ net.Conn, br *bufio.Reader) { readRequest(br) }
	readHead   = func(_ net.Conn, br *bufio.Reader) { skipHead(br) }
	halfAnswer = func(c net.Conn, br *bufio.Reader) { readRequest(br); io.WriteString(c, "HTTP/1.1 200 OK\r\nA: ") }
)

func skipHead(br *bufio.Reader) {
	for line, err := "", error(nil); line != "\r\n" && err == nil; line, err = br.ReadString('\n') {
	}
}

// TestRetry: a request on a connection that the upstream closes is sent again once, where
// that changes nothing: its method is idempotent or it has an Idempotency-Key, and it has no body
// or one that is still in memory.
func TestRetry(t *testing.T) {
	small, large := strings.Repeat("a", 4000), strings.Repeat("a", 300<<10)
	for _, c := range []struct {
		name   string
		second func(net.Conn, *bufio.Reader)
		method string
		body   string
		key    string
		again  bool
	}{
		{"GET, closed at once", hangUp, "GET", "", "", true},
		{"GET, closed after the request", readAll, "GET", "", "", true},
		{"HEAD", readAll, "HEAD", "", "", true},
		{"OPTIONS", readAll, "OPTIONS", "", "", true},
		{"DELETE", readAll, "DELETE", "", "", true},
		{"DELETE with a body", readAll, "DELETE", small, "", true},
		{"PUT without a body", readAll, "PUT", "", "", true},
		{"PUT", readAll, "PUT", small, "", true},
		{"PUT, closed at once", hangUp, "PUT", small, "", true},
		{"PUT, closed after the head", readHead, "PUT", small, "", true},
		{"PUT of a large body", readAll, "PUT", large, "", false},
		{"PUT, closed within the answer", halfAnswer, "PUT", small, "", false},
		{"QUERY", readAll, "QUERY", small, "", true},
		{"POST", readAll, "POST", small, "", false},
		{"POST without a body", readAll, "POST", "", "", false},
		{"POST, closed after the head", readHead, "POST", small, "", false},
		{"PATCH", readAll, "PATCH", small, "", false},
		{"POST with a key", readAll, "POST", small, "8e03978e", true},
		{"PATCH with a key", readAll, "PATCH", small, "8e03978e", true},
		{"POST with a key, large", readAll, "POST", large, "8e03978e", false},
		{"an unknown method", readAll, "BREW", small, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, fresh := range []bool{false, true} {
				u := closing(t, fresh, c.second)
				g := &gate{next: newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String()})}
				s := front(t, g)
				do := func(method, body string) int {
					r, _ := http.NewRequest(method, s.URL+"/a", strings.NewReader(body))
					if c.key != "" {
						r.Header.Set("Idempotency-Key", c.key)
					}
					res, err := http.DefaultClient.Do(r)
					if err != nil {
						t.Fatal(err)
					}
					defer res.Body.Close()
					io.Copy(io.Discard, res.Body)
					return res.StatusCode
				}
				if status := do("GET", ""); status != 200 {
					t.Fatalf("first: %d", status)
				}
				status := do(c.method, c.body)
				want, most := 502, 2
				if c.again {
					want, most = 200, 3
				}
				if fresh {
					want = 502 // the upstream closes every further connection
				}
				got := u.took()
				if status != want || len(got) > most || c.again && len(got) != most {
					t.Errorf("fresh %v: %d, want %d; the upstream got %.40q (%s)", fresh, status, want, got, g.reason())
				}
				if last := got[len(got)-1]; want == 200 && last != c.method+" "+c.body {
					t.Errorf("sent again: %.60q", last)
				}
			}
		})
	}
}

// TestRetry_manyStale: however many connections are stale, a request is sent twice at most.
func TestRetry_manyStale(t *testing.T) {
	const many = 8
	var gather sync.WaitGroup
	gather.Add(many)
	u := closing(t, false, readAll)
	slow := make(chan struct{})
	p := newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String()})
	s := front(t, &gate{next: p})
	var requests sync.WaitGroup
	for range many { // at once, so that each has a connection of its own
		requests.Go(func() {
			body, w := io.Pipe()
			go func() { gather.Done(); <-slow; io.WriteString(w, "ab"); w.Close() }()
			r, _ := http.NewRequest("PUT", s.URL+"/a", body)
			r.ContentLength = 2
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			res.Body.Close()
		})
	}
	gather.Wait()
	close(slow)
	requests.Wait()
	before := len(u.took())
	res, err := http.Get(s.URL + "/a")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if got := len(u.took()) - before; res.StatusCode != 200 || got != 2 {
		t.Errorf("%d after %d requests", res.StatusCode, got)
	}
}

// TestEarlyAnswers: what an upstream says before it has read the body, and before it closes
// the connection, is the answer, every time, and the client learns that its connection ends.
func TestEarlyAnswers(t *testing.T) {
	const tries = 60
	for _, c := range []struct {
		name, status string
		secure       bool
		length       int
		limit        int // of the body that is read before
	}{
		{"413 at once", "413 Content Too Large", false, 8 << 20, 0},
		{"401 after a part", "401 Unauthorized", false, 8 << 20, 100_000},
		{"200 at once", "200 OK", false, 8 << 20, 0},
		{"413 over TLS", "413 Content Too Large", true, 8 << 20, 0},
		{"413, chunked", "413 Content Too Large", false, -1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			config := proxy.Config{Upstream: "http://" + l.Addr().String()}
			if c.secure {
				donor := httptest.NewTLSServer(nil)
				defer donor.Close()
				l = tls.NewListener(l, donor.TLS)
				config.Upstream = "https://" + l.Addr().String()
				config.RootCAs = donor.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
			}
			go func() {
				for {
					up, err := l.Accept()
					if err != nil {
						return
					}
					go func() {
						defer up.Close() // with unread bytes, so that it is reset
						br := bufio.NewReader(up)
						skipHead(br)
						io.CopyN(io.Discard, br, int64(c.limit))
						fmt.Fprintf(up, "HTTP/1.1 %s\r\nContent-Length: 4\r\nConnection: close\r\n\r\nsaid", c.status)
					}()
				}
			}()
			p := newProxy(t, config)
			wrong := 0
			for range tries {
				g := &gate{next: p}
				w := httptest.NewRecorder()
				r := httptest.NewRequest("POST", "/a", io.LimitReader(zeros{}, 8<<20))
				r.ContentLength = int64(c.length)
				g.ServeHTTP(w, r)
				if !strings.HasPrefix(c.status, fmt.Sprint(w.Code)) || w.Body.String() != "said" {
					wrong++
					t.Logf("%d %s: %s", w.Code, w.Body, g.reason())
				} else if w.Header().Get("Connection") != "close" {
					t.Errorf("Connection: %q", w.Header().Get("Connection"))
				}
			}
			if wrong > 0 {
				t.Errorf("%d of %d tries went wrong", wrong, tries)
			}
		})
	}
}
