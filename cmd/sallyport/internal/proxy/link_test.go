package proxy

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/visit"
)

// get sends a GET through p.
func get(t *testing.T, p *Proxy, path string) (status int, body string) {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", path, nil)
	v := &visit.Visit{ID: "x", Client: netip.MustParseAddr("192.0.2.1")}
	p.ServeHTTP(w, r.WithContext(visit.With(r.Context(), v)))
	return w.Code, w.Body.String() + v.Reason
}

// show answers with the protocol, the Host and the path.
var show = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	fmt.Fprint(w, r.Proto, " ", r.Host, " ", r.URL.Path)
})

func newTestProxy(t *testing.T, c Config) *Proxy {
	t.Helper()
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.CloseIdleConnections)
	return p
}

func TestUnixSocket(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "app.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Skip(err)
	}
	s := &http.Server{Handler: show}
	go s.Serve(l)
	defer s.Close()
	for _, c := range []struct{ upstream, host, want string }{
		{"unix:" + socket, "", "HTTP/1.1 localhost /a"},
		{"unix://" + socket + ":/base", "app.internal", "HTTP/1.1 app.internal /base/a"},
	} {
		p := newTestProxy(t, Config{Upstream: c.upstream, Host: c.host})
		if status, body := get(t, p, "/a"); status != 200 || body != c.want {
			t.Errorf("%s: %d %q, want %q", c.upstream, status, body, c.want)
		}
		if err := p.Reach(t.Context()); err != nil {
			t.Error(err)
		}
	}
	missing := newTestProxy(t, Config{Upstream: "unix:" + socket + "x"})
	if err := missing.Reach(t.Context()); err == nil {
		t.Error("a socket that is not there can be reached")
	}
	if status, _ := get(t, missing, "/a"); status != 502 {
		t.Errorf("a socket that is not there: %d", status)
	}
}

// TestProtocols: the upstream chooses HTTP/2 over TLS, has its certificate verified by the
// authority that is named, and gets the client's certificate where it asks for one; h2c is spoken where asked
// for, and WebSocket goes over HTTP/1.1.
func TestProtocols(t *testing.T) {
	var both, cleartext http.Protocols
	both.SetHTTP1(true)
	both.SetHTTP2(true)
	cleartext.SetUnencryptedHTTP2(true)
	for _, c := range []struct {
		name, scheme string
		protocols    *http.Protocols // of the upstream
		clientAuth   tls.ClientAuthType
		own          bool // our certificate
		want         string
	}{
		{"h2c", "h2c", &cleartext, 0, false, "HTTP/2.0"},
		{"HTTP/1.1 to an upstream of h2c alone", "http", &cleartext, 0, false, ""},
		{"https, HTTP/2", "https", &both, 0, false, "HTTP/2.0"},
		{"https, HTTP/1.1", "https", nil, 0, false, "HTTP/1.1"},
		{"a certificate is asked for", "https", &both, tls.RequireAnyClientCert, true, "HTTP/2.0"},
		{"a certificate is asked for, and there is none", "https", nil, tls.RequireAnyClientCert, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := httptest.NewUnstartedServer(show)
			s.Config.Protocols, s.EnableHTTP2 = c.protocols, c.protocols != nil
			s.Config.ErrorLog = silent
			config := Config{Upstream: c.scheme + "://" + s.Listener.Addr().String()}
			if c.scheme == "https" {
				s.TLS = &tls.Config{ClientAuth: c.clientAuth}
				s.StartTLS()
				config.RootCAs = s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
			} else {
				s.Start()
			}
			defer s.Close()
			if c.own {
				pair := s.TLS.Certificates[0]
				config.ClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
			}
			p := newTestProxy(t, config)
			status, body := get(t, p, "/a")
			want := c.want + " " + s.Listener.Addr().String() + " /a"
			if c.want != "" && (status != 200 || body != want) || c.want == "" && status != 502 {
				t.Errorf("%d %q, want %q", status, body, want)
			}
			if err := p.Reach(t.Context()); err != nil && c.want != "" {
				t.Error(err)
			}
		})
	}
}

// TestGRPC: a stream in both directions at once over HTTP/2, with the status in trailer fields, as
// gRPC has it.
func TestGRPC(t *testing.T) {
	var cleartext http.Protocols
	cleartext.SetUnencryptedHTTP2(true)
	up := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		if r.URL.Path == "/only" { // no body, and the status in the header
			w.Header().Set("Grpc-Status", "5")
			return
		}
		http.NewResponseController(w).Flush()
		for b := make([]byte, 5); ; {
			if _, err := io.ReadFull(r.Body, b); err != nil {
				break
			}
			w.Write(b)
			http.NewResponseController(w).Flush()
		}
		w.Header().Set("Grpc-Status", "0") // which was announced
		w.Header().Set(http.TrailerPrefix+"Grpc-Message", r.Header.Get("Te"))
	}))
	up.Config.Protocols = &cleartext
	up.Start()
	defer up.Close()
	p := newTestProxy(t, Config{Upstream: "h2c://" + up.Listener.Addr().String()})
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit.Visit{ID: "x", Client: netip.MustParseAddr("192.0.2.1")}
		p.ServeHTTP(w, r.WithContext(visit.With(r.Context(), v)))
	}))
	front.EnableHTTP2 = true
	front.StartTLS()
	defer front.Close()

	body, send := io.Pipe()
	r, _ := http.NewRequestWithContext(t.Context(), "POST", front.URL+"/pkg.Service/Method", body)
	r.Header.Set("Te", "trailers")
	res, err := front.Client().Do(r)
	if err == nil {
		defer res.Body.Close()
	}
	if err != nil || res.ProtoMajor != 2 {
		t.Fatal(res, err)
	}
	for _, message := range []string{"first", "other"} {
		io.WriteString(send, message)
		got := make([]byte, 5)
		if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != message {
			t.Fatalf("%q, %v", got, err)
		}
	}
	send.Close()
	io.Copy(io.Discard, res.Body)
	if res.Trailer.Get("Grpc-Status") != "0" || res.Trailer.Get("Grpc-Message") != "trailers" {
		t.Errorf("trailer fields: %v", res.Trailer)
	}
	only, err := front.Client().Post(front.URL+"/only", "application/grpc", strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	defer only.Body.Close()
	if only.Header.Get("Grpc-Status")+only.Trailer.Get("Grpc-Status") != "5" {
		t.Errorf("a status alone: %v %v", only.Header, only.Trailer)
	}
}

// names is a DNS server with one name.
type names struct {
	net.PacketConn
	addrs atomic.Pointer[[]string]
}

func newNames(t *testing.T, addrs ...string) *names {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	n := &names{PacketConn: c}
	n.addrs.Store(&addrs)
	go n.serve()
	return n
}

// serve answers as RFC 1035 §4.1 has it, with addresses to a question of type A, and with none to others.
func (n *names) serve() {
	for b := make([]byte, 512); ; {
		size, from, err := n.ReadFrom(b)
		if err != nil {
			return
		}
		end := 12
		for end < size && b[end] != 0 {
			end += 1 + int(b[end])
		}
		end += 5
		answer := append([]byte{}, b[:end]...)
		binary.BigEndian.PutUint16(answer[2:], 0x8180)
		clear(answer[6:12])
		if binary.BigEndian.Uint16(b[end-4:]) == 1 {
			for _, addr := range *n.addrs.Load() {
				answer[7]++
				a := netip.MustParseAddr(addr).As4()
				answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, a[0], a[1], a[2], a[3])
			}
		}
		n.WriteTo(answer, from)
	}
}

func (n *names) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", n.LocalAddr().String())
	}}
}

// twoServers listens on one port of two addresses.
func twoServers(t *testing.T) (port string, servers [2]*http.Server) {
	t.Helper()
	first, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ = net.SplitHostPort(first.Addr().String())
	second, err := net.Listen("tcp", "127.0.0.2:"+port)
	if err != nil {
		first.Close()
		t.Skip("this system has no 127.0.0.2:", err)
	}
	for i, l := range []net.Listener{first, second} {
		number := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, i) }
		servers[i] = &http.Server{Handler: http.HandlerFunc(number)}
		go servers[i].Serve(l)
		t.Cleanup(func() { servers[i].Close() })
	}
	return port, servers
}

// TestResolve: an upstream's name is looked up again while requests never pause, and of
// several addresses one that answers is used.
func TestResolve(t *testing.T) {
	port, servers := twoServers(t)
	dns := newNames(t, "127.0.0.1")
	p := newTestProxy(t, Config{Upstream: "http://app.example:" + port})
	p.pool.link.dialer.Resolver = dns.resolver()
	p.pool.age = 50 * time.Millisecond
	if status, body := get(t, p, "/"); status != 200 || body != "0" {
		t.Fatalf("%d %s", status, body)
	}
	dns.addrs.Store(&[]string{"127.0.0.2"})
	end := time.Now().Add(10 * time.Second)
	for body := ""; body != "1"; {
		if _, body = get(t, p, "/"); time.Now().After(end) {
			t.Fatal("the new address is not used")
		}
	}
	dns.addrs.Store(&[]string{"127.0.0.2", "127.0.0.1"})
	servers[1].Close()
	for body := ""; body != "0"; {
		if _, body = get(t, p, "/"); time.Now().After(end) {
			t.Fatal("the address that answers is not used")
		}
	}
	if err := p.Reach(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestPool: the transport is replaced after its time, unless the address is no name, and the old one
// keeps no connection.
func TestPool(t *testing.T) {
	for upstream, renewed := range map[string]bool{
		"http://app.example":    true,
		"http://localhost:3000": true,
		"http://127.0.0.1:3000": false,
		"http://[::1]:3000":     false,
		"http://[::1]":          false,
		"unix:/run/app.sock":    false,
	} {
		p := newTestProxy(t, Config{Upstream: upstream})
		first := p.pool.transport()
		p.pool.born = p.pool.born.Add(-maxAge)
		if (p.pool.transport() != first) != renewed {
			t.Errorf("%s: renewed %v, want %v", upstream, !renewed, renewed)
		}
	}
	var open sync.WaitGroup
	s := httptest.NewUnstartedServer(show)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Done()
		}
	}
	s.Start()
	defer s.Close()
	p := newTestProxy(t, Config{Upstream: s.URL})
	p.pool.age = time.Nanosecond
	for range 5 {
		if status, body := get(t, p, "/"); status != 200 {
			t.Fatal(status, body)
		}
	}
	p.CloseIdleConnections()
	open.Wait() // for all of them to close
}
