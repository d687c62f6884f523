package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/proxy"
)

// Every event arrives before the next one is sent, and the upstream learns when the
// client has left.
func TestEventStream(t *testing.T) {
	next, left := make(chan struct{}), make(chan struct{})
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		for i := 0; ; i++ {
			fmt.Fprintf(w, "data: %d\n\n", i)
			http.NewResponseController(w).Flush()
			select {
			case <-next:
			case <-r.Context().Done():
				close(left)
				return
			}
		}
	}))
	defer up.Close()
	s := front(t, &gate{next: newProxy(t, proxy.Config{Upstream: up.URL}), caller: alice})
	res, err := http.Get(s.URL + "/events")
	if err != nil {
		t.Fatal(err)
	}
	br := bufio.NewReader(res.Body)
	for i := range 3 {
		if i > 0 {
			next <- struct{}{}
		}
		if line, err := br.ReadString('\n'); line != fmt.Sprintf("data: %d\n", i) || err != nil {
			t.Fatalf("event %d is %q, %v", i, line, err)
		}
		br.ReadString('\n')
	}
	res.Body.Close()
	<-left
}

// echo switches protocols and sends back what it gets, as a WebSocket upstream would.
func echo(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			fmt.Fprint(w, "plain")
			return
		}
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\nSec-WebSocket-Accept: x\r\nServer: up\r\nX-Subject: %s\r\n\r\n",
			r.Header.Get("Upgrade"), r.Header.Get("X-Sallyport-Subject"))
		rw.Flush()
		io.Copy(c, rw)
	}))
	t.Cleanup(s.Close)
	return s
}

func TestWebSocket(t *testing.T) {
	header := gateFields.Clone()
	header.Set("Connection", "close")
	s := front(t, &gate{next: newProxy(t, proxy.Config{Upstream: echo(t).URL}), caller: alice, header: header})
	for _, c := range []struct {
		method, upgrade string
		switches        bool
	}{
		{"GET", "websocket", true},
		{"GET", "WebSocket", true},
		{"GET", "h2c", false},
		{"GET", "websocket, h2c", false},
		{"POST", "websocket", false},
	} {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		fmt.Fprintf(conn, "%s /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: %s\r\nSec-WebSocket-Key: x\r\nX-Sallyport-Subject: evil\r\n\r\n", c.method, c.upgrade)
		br := bufio.NewReader(conn)
		res, err := http.ReadResponse(br, nil)
		if err != nil {
			t.Fatal(err)
		}
		if switched := res.StatusCode == http.StatusSwitchingProtocols; switched != c.switches {
			t.Errorf("%s %q: status %d", c.method, c.upgrade, res.StatusCode)
		}
		if !c.switches {
			continue
		}
		if h := res.Header; h.Get("X-Subject") != "alice" || h.Get("Server") != "" || h.Get("X-Content-Type-Options") != "nosniff" || len(h["Connection"]) != 1 {
			t.Errorf("fields of the 101: %q", h)
		}
		for _, message := range []string{"one", "two"} {
			io.WriteString(conn, message)
			got := make([]byte, len(message))
			if _, err := io.ReadFull(br, got); err != nil || string(got) != message {
				t.Errorf("sent %q, got %q, %v", message, got, err)
			}
		}
		conn.(*net.TCPConn).CloseWrite()
		if rest, err := io.ReadAll(br); len(rest) != 0 || err != nil {
			t.Errorf("after the end: %q, %v", rest, err)
		}
	}
}

// A handshake the upstream fails is an error like any other.
func TestFailedHandshake(t *testing.T) {
	u := rawUpstream(t, "HTTP/1.1 500 Oops\r\nContent-Length: 6\r\n\r\nsecret")
	s := front(t, &gate{next: newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String()})})
	head, body := send(t, s.Listener.Addr().String(), "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	if !strings.HasPrefix(head, "500 ") || !strings.Contains(body, "upstream_error") || strings.Contains(body, "secret") {
		t.Errorf("got %s%s", head, body)
	}
}
