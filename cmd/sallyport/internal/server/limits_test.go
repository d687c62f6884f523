package server_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/server"
)

// TestSlow: nobody holds a connection by doing nothing.
func TestSlow(t *testing.T) {
	read := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			http.Error(w, "slow", http.StatusRequestTimeout)
		}
	})
	for _, c := range []struct {
		name, send string
		handler    http.Handler
	}{
		{"nothing", "", hello},
		{"half a header", "GET / HTTP/1.1\r\nHost: a\r\nX: ", hello},
		{"half a body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345", read},
		{"idle after a request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", hello},
	} {
		s, _ := start(t, server.Config{Handler: c.handler, HeaderTimeout: short, BodyTimeout: short, IdleTimeout: short})
		conn := dial(t, s)
		io.WriteString(conn, c.send)
		if got := rest(t, conn); c.name == "half a body" && !strings.Contains(got, "408") {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

// TestTakesNothing: a client that asks and does not read is cut, over HTTP/1 by its
// connection and over HTTP/2 by its stream.
func TestTakesNothing(t *testing.T) {
	done := make(chan string, 1)
	s, _ := start(t, server.Config{SelfSigned: true, WriteTimeout: short, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		flood(w)
		done <- r.Proto
	})})
	for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: proto == "HTTP/2.0"}}
		res, err := client.Get(s.URL())
		if err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-done:
			if got != proto {
				t.Errorf("spoke %s, want %s", got, proto)
			}
		case <-time.After(long):
			t.Errorf("%s: a client that takes nothing holds a handler", proto)
		}
		if _, err := io.Copy(io.Discard, res.Body); err == nil {
			t.Errorf("%s: the client takes the answer for whole", proto)
		}
		res.Body.Close()
		client.CloseIdleConnections()
	}
}

func flood(w io.Writer) {
	for b := make([]byte, 1<<20); ; {
		if _, err := w.Write(b); err != nil {
			return
		}
	}
}

// TestStream: an answer may take longer than a request may.
func TestStream(t *testing.T) {
	for name, request := range map[string]string{
		"without a body": "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"with a body":    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
	} {
		s, _ := start(t, server.Config{BodyTimeout: short, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			for i := range 6 {
				select {
				case <-r.Context().Done():
					return
				case <-time.After(short / 2):
				}
				fmt.Fprintln(w, "event", i)
				http.NewResponseController(w).Flush()
			}
		})})
		conn := dial(t, s)
		io.WriteString(conn, request)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(res.Body); !bytes.Contains(body, []byte("event 5")) || err != nil {
			t.Errorf("%s: %q %v", name, body, err)
		}
	}
}

func TestHeaderLimit(t *testing.T) {
	s, _ := start(t, server.Config{})
	conn := dial(t, s)
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n", strings.Repeat("a", 56<<10))
	if got := rest(t, conn); !strings.HasPrefix(got, "HTTP/1.1 431") {
		t.Errorf("%.100s", got)
	}
}

// TestUnambiguous: after a request whose end two programs could see in different places
// there is no other.
func TestUnambiguous(t *testing.T) {
	s, _ := start(t, server.Config{})
	const next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
	for name, request := range map[string]string{
		"CL and TE": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"chunked":   "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.0":  "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
	} {
		conn := dial(t, s)
		io.WriteString(conn, request+next)
		if got := rest(t, conn); strings.Count(got, "hello over") != 1 {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestErrorLog: what anybody can make the server say is short, and little.
func TestErrorLog(t *testing.T) {
	var log bytes.Buffer
	s, stop := start(t, server.Config{SelfSigned: true, Log: slog.New(slog.NewTextHandler(&log, nil))})
	for range 30 {
		conn := dial(t, s)
		io.WriteString(conn, "not TLS at all\r\n\r\n")
		rest(t, conn)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if n := strings.Count(log.String(), "\n"); n == 0 || n > 25 {
		t.Errorf("%d lines", n)
	}
}
