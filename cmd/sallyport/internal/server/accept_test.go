package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// failing is a listener whose Accept fails some times, and then waits for Close.
type failing struct {
	err   error
	times int
	calls int
}

func (f *failing) Accept() (net.Conn, error) {
	if f.calls++; f.calls <= f.times {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: f.Addr(), Err: os.NewSyscallError("accept4", f.err)}
	}
	if f.times < 0 {
		return nil, f.err
	}
	client, server := net.Pipe()
	client.Close()
	return server, nil
}

func (f *failing) Close() error   { return nil }
func (f *failing) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443} }

// TestAccept: what passes is tried again, at most once a second, and logged once; anything
// else is returned.
func TestAccept(t *testing.T) {
	for _, c := range []struct {
		err    error
		passes bool
	}{
		{syscall.EMFILE, true}, {syscall.ENFILE, true}, {syscall.ENOBUFS, true}, {syscall.ENOMEM, true},
		{syscall.ECONNABORTED, true}, {syscall.EPROTO, true}, {syscall.EPERM, true}, {syscall.ENETDOWN, true},
		{syscall.EINVAL, false}, {syscall.EBADF, false}, {syscall.EFAULT, false}, {syscall.ENOTSOCK, false}, {net.ErrClosed, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			f := &failing{err: c.err, times: 20}
			l := &listener{Listener: f, log: slog.New(slog.NewTextHandler(&log, nil)), closed: make(chan struct{})}
			began := time.Now()
			conn, err := l.Accept()
			switch took := time.Since(began); {
			case !c.passes && (f.calls != 1 || !errors.Is(err, c.err)):
				t.Errorf("%v: %d calls, %v", c.err, f.calls, err)
			case c.passes && (err != nil || f.calls != 21 || took > 20*time.Second || took < 10*time.Second):
				t.Errorf("%v: %d calls in %s, %v", c.err, f.calls, took, err)
			case c.passes && (strings.Count(log.String(), "\n") != 2 || l.failing() != nil):
				t.Errorf("%v: %v, logged:\n%s", c.err, l.failing(), &log)
			}
			if conn != nil {
				conn.Close()
			}
		})
	}
}

// TestAccept_closed: a listener that is closed while it waits to try again ends at once.
func TestAccept_closed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &failing{err: syscall.EMFILE, times: 1 << 20}
		l := &listener{Listener: f, closed: make(chan struct{})}
		ended := make(chan error, 1)
		go func() {
			_, err := l.Accept()
			ended <- err
		}()
		<-time.After(10 * time.Second)
		if err := l.failing(); err == nil || strings.Contains(err.Error(), f.Addr().String()) {
			t.Errorf("%v: want that accepting fails, and not where", err)
		}
		began := time.Now()
		l.Close()
		if err := <-ended; !errors.Is(err, net.ErrClosed) || time.Since(began) != 0 {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}

// TestServe_listenerDies: a socket on which nothing can be accepted any more ends the server:
// what is in flight is finished, and the cause returned.
func TestServe_listenerDies(t *testing.T) {
	entered, finish := make(chan bool, 1), make(chan bool)
	s, err := Listen(Config{Addr: "127.0.0.1:0", Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entered <- true
		<-finish
		fmt.Fprint(w, "finished")
	})})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(context.Background()) }()
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	<-entered
	kill(t, s)
	close(finish)
	if got, _ := io.ReadAll(conn); !strings.Contains(string(got), "finished") {
		t.Errorf("in flight: %q", got)
	}
	select {
	case err := <-ended:
		if err == nil || errors.Is(err, ErrCut) || !strings.Contains(err.Error(), s.Addr().String()) {
			t.Errorf("Serve returned %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("Serve goes on without a listener")
	}
}

// kill shuts the listening socket down, so that accept answers EINVAL.
func kill(t *testing.T, s *Server) {
	t.Helper()
	raw, err := s.listener.Listener.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) { err = shutdownSocket(fd) }); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Skipf("a listening socket cannot be shut down here: %v", err)
	}
}
