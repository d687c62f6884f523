package proxy_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/proxy"
	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/server"
)

// Answers that have no body say so in different ways, and stay as they are.
func TestAnswersWithoutBody(t *testing.T) {
	for _, c := range []struct{ method, answer, status, length string }{
		{"HEAD", "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 1234\r\n\r\n", "200 ", "1234"},
		{"HEAD", "HTTP/1.1 500 Oops\r\nContent-Length: 1234\r\n\r\n", "500 ", ""},
		{"GET", "HTTP/1.1 204 No Content\r\n\r\n", "204 ", ""},
		{"GET", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 7\r\n\r\n", "304 ", ""},
		{"GET", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", "205 ", "0"},
		{"DELETE", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200 ", "0"},
	} {
		u := rawUpstream(t, c.answer)
		s := front(t, &gate{next: newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String()}), header: gateFields})
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		fmt.Fprintf(conn, "%s /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", c.method)
		all, err := io.ReadAll(conn)
		head, body, _ := strings.Cut(string(all), "\r\n\r\n")
		if !strings.HasPrefix(head, "HTTP/1.1 "+c.status) || body != "" || err != nil {
			t.Errorf("%s of %q: %q, %v", c.method, c.answer, all, err)
		}
		if c.length != "" && !strings.Contains(head, "\r\nContent-Length: "+c.length) {
			t.Errorf("%s of %q: want the length %s in %q", c.method, c.answer, c.length, head)
		}
	}
}

// What an upstream does not name stays unnamed: net/http would call this a page, and
// nosniff would then make browsers believe it.
func TestNoGuessedType(t *testing.T) {
	u := rawUpstream(t, "HTTP/1.1 200 OK\r\nContent-Length: 25\r\nConnection: close\r\n\r\n<script>alert(1)</script>")
	s := front(t, &gate{next: newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String()})})
	head, body := send(t, s.Listener.Addr().String(), "GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
	if strings.Contains(head, "Content-Type") || len(body) != 25 {
		t.Errorf("got %s%s", head, body)
	}
}

// A client that leaves while the upstream thinks ends the request there as well.
func TestLeavingCancelsUpstream(t *testing.T) {
	began, left := make(chan struct{}), make(chan struct{})
	up := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
		close(left)
	}))
	defer up.Close()
	g := &gate{next: newProxy(t, proxy.Config{Upstream: up.URL}), done: make(chan struct{}, 1)}
	conn, err := net.Dial("tcp", front(t, g).Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
	<-began
	conn.Close()
	<-left
	<-g.done
	if !strings.Contains(g.reason(), "canceled") {
		t.Errorf("reason is %q", g.reason())
	}
}

// Through the listener the binary uses: the layers of package server let a WebSocket
// pass, a header of theirs does not spoil it, and the end of the server ends it.
func TestWebSocketThroughServer(t *testing.T) {
	g := &gate{next: newProxy(t, proxy.Config{Upstream: echo(t).URL}), caller: alice, header: gateFields}
	s, err := server.Listen(server.Config{Addr: "127.0.0.1:0", SelfSigned: true, Handler: g, DrainTimeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	conn, err := tls.Dial("tcp", s.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	io.WriteString(conn, "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n")
	br := bufio.NewReader(conn)
	res, err := http.ReadResponse(br, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusSwitchingProtocols || res.Header.Get("X-Subject") != "alice" {
		t.Fatalf("%s %q", res.Status, res.Header)
	}
	message, got := bytes.Repeat([]byte("m"), 200<<10), make([]byte, 200<<10)
	go conn.Write(message)
	if _, err := io.ReadFull(br, got); err != nil || !bytes.Equal(got, message) {
		t.Fatalf("the message did not come back whole: %v", err)
	}
	stop()
	if _, err := br.ReadByte(); err == nil {
		t.Error("the connection outlives the server")
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
