package server_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/server"
)

const (
	short = 200 * time.Millisecond
	long  = 10 * time.Second // what must not be waited for
)

var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello over ", r.Proto) })

// start serves until the test ends, or stop is called, which returns what Serve did.
func start(t *testing.T, c server.Config) (s *server.Server, stop func() error) {
	t.Helper()
	if c.Addr == "" {
		c.Addr = "127.0.0.1:0"
	}
	if c.Handler == nil {
		c.Handler = hello
	}
	s, err := server.Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	stop = func() error {
		cancel()
		select {
		case err := <-ended:
			ended <- err
			return err
		case <-time.After(long):
			return errors.New("the server does not end")
		}
	}
	t.Cleanup(func() { stop() })
	return s, stop
}

func dial(t *testing.T, s *server.Server) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(long))
	return c
}

// rest is all that comes until the server closes.
func rest(t *testing.T, c net.Conn) string {
	t.Helper()
	all, err := io.ReadAll(c)
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		t.Error("the connection stays open")
	}
	return string(all)
}

func TestConfig(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.pem")
	if err := os.WriteFile(garbage, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		config server.Config
		want   string
	}{
		"cleartext for all":     {server.Config{Addr: "0.0.0.0:0"}, "--insecure-cleartext"},
		"cleartext for all, v6": {server.Config{Addr: "[::]:0"}, "--insecure-cleartext"},
		"cleartext, no host":    {server.Config{Addr: ":0"}, "--insecure-cleartext"},
		"no port":               {server.Config{Addr: "127.0.0.1"}, "host:port"},
		"a bad port":            {server.Config{Addr: "127.0.0.1:99999"}, "0 to 65535"},
		"certificate, no key":   {server.Config{Addr: "127.0.0.1:0", TLSCert: garbage}, "TLSKey"},
		"key, no certificate":   {server.Config{Addr: "127.0.0.1:0", TLSKey: garbage}, "TLSCert"},
		"both kinds":            {server.Config{Addr: "127.0.0.1:0", TLSCert: garbage, TLSKey: garbage, SelfSigned: true}, "choose one"},
		"no certificate in it":  {server.Config{Addr: "127.0.0.1:0", TLSCert: garbage, TLSKey: garbage}, garbage},
		"no such file":          {server.Config{Addr: "127.0.0.1:0", TLSCert: filepath.Join(dir, "no"), TLSKey: garbage}, "cannot be read"},
		"a timeout below zero":  {server.Config{Addr: "127.0.0.1:0", HeaderTimeout: -1}, "HeaderTimeout"},
		"tiny headers":          {server.Config{Addr: "127.0.0.1:0", MaxHeaderBytes: 1}, "MaxHeaderBytes"},
	} {
		c.config.Handler = hello
		s, err := server.Listen(c.config)
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := server.Listen(server.Config{Addr: "127.0.0.1:0"}); err == nil {
		t.Error("no handler")
	}
	s, _ := start(t, server.Config{})
	if _, err := server.Listen(server.Config{Addr: s.Addr().String(), Handler: hello}); !server.IsBusy(err) {
		t.Errorf("a port that is taken: %v", err)
	}
	open, _ := start(t, server.Config{Addr: ":0", InsecureCleartext: true})
	if !strings.HasPrefix(open.URL(), "http://localhost:") {
		t.Error(open.URL())
	}
}

func TestTLS(t *testing.T) {
	file := filepath.Join(t.TempDir(), "self-signed.pem")
	s, stop := start(t, server.Config{Addr: ":0", SelfSigned: true, SelfSignedFile: file})
	for _, c := range []struct {
		version uint16
		ok      bool
	}{{tls.VersionTLS10, false}, {tls.VersionTLS11, false}, {tls.VersionTLS12, true}, {tls.VersionTLS13, true}} {
		_, port, _ := net.SplitHostPort(s.Addr().String())
		conn, err := tls.Dial("tcp", "127.0.0.1:"+port, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: c.version, NextProtos: []string{"h2"}})
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", tls.VersionName(c.version), err)
		}
		if err == nil {
			if state := conn.ConnectionState(); state.NegotiatedProtocol != "h2" || state.PeerCertificates[0].VerifyHostname("localhost") != nil {
				t.Errorf("%+v", state)
			}
			conn.Close()
		}
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}}
	res, err := client.Get(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	res.Body.Close()
	client.CloseIdleConnections()
	if string(body) != "hello over HTTP/2.0" {
		t.Errorf("%s", body)
	}
	// It is kept once the server serves: a start that fails leaves no file.
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	first := s.Fingerprint()
	if err := stop(); err != nil {
		t.Error(err)
	}
	again, _ := start(t, server.Config{SelfSigned: true, SelfSignedFile: file})
	if again.Fingerprint() != first || len(first) != 95 {
		t.Errorf("%s became %s", first, again.Fingerprint())
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Listen(server.Config{Addr: "127.0.0.1:0", Handler: hello, SelfSigned: true, SelfSignedFile: file}); err == nil || !strings.Contains(err.Error(), "chmod") {
		t.Errorf("a key others may read: %v", err)
	}
	// The same file serves as certificate and key of one's own.
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	own, _ := start(t, server.Config{TLSCert: file, TLSKey: file})
	if own.Fingerprint() != first || !own.Secure() {
		t.Error(own.Fingerprint())
	}
}

// TestShutdown: what is in flight is finished, what comes late is cut.
func TestShutdown(t *testing.T) {
	entered, finish := make(chan bool, 1), make(chan bool)
	s, stop := start(t, server.Config{DrainTimeout: long, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entered <- true
		<-finish
		fmt.Fprint(w, "finished")
	})})
	conn := dial(t, s)
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	<-entered
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	for refused := false; !refused; { // until it has stopped listening
		c, err := net.Dial("tcp", s.Addr().String())
		if refused = err != nil; !refused {
			c.Close()
		}
	}
	close(finish)
	if got := rest(t, conn); !strings.Contains(got, "finished") {
		t.Errorf("%q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestShutdownCuts(t *testing.T) {
	entered := make(chan bool, 1)
	s, stop := start(t, server.Config{DrainTimeout: short, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entered <- true
		<-r.Context().Done()
	})})
	conn := dial(t, s)
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	<-entered
	if err := stop(); !errors.Is(err, server.ErrCut) {
		t.Error(err)
	}
}
