package server_test

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/server"
)

// whoami answers with the protocol, whether TLS was resumed, and the client's certificate.
var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "HTTP/%d resumed=%t", r.ProtoMajor, r.TLS.DidResume)
	for _, c := range r.TLS.PeerCertificates {
		sum := sha256.Sum256(c.Raw)
		fmt.Fprintf(w, " %s", hex.EncodeToString(sum[:4]))
	}
})

// TestClientCA: a client may present a certificate of the authorities, over HTTP/1 and HTTP/2 and
// when it resumes a session, or none; one of others is refused.
func TestClientCA(t *testing.T) {
	now := time.Now()
	cert, key := pair(t, "server", now.Add(-time.Hour), now.Add(time.Hour), "localhost")
	known, knownKey := pair(t, "client", now.Add(-time.Hour), now.Add(time.Hour), "client")
	other, otherKey := pair(t, "stranger", now.Add(-time.Hour), now.Add(time.Hour), "client")
	s, _ := start(t, server.Config{Handler: whoami, TLSCert: cert, TLSKey: key, ClientCA: known})

	load := func(cert, key string) tls.Certificate {
		c, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	mine, strange := load(known, knownKey), load(other, otherKey)
	sum := sha256.Sum256(mine.Certificate[0])
	fingerprint := " " + hex.EncodeToString(sum[:4])
	roots := x509.NewCertPool()
	roots.AddCert(load(cert, key).Leaf)
	for _, c := range []struct {
		name  string
		certs []tls.Certificate
		http2 bool
		want  string // "" where the handshake fails
	}{
		{"none", nil, false, "HTTP/1 resumed=%t"},
		{"known", []tls.Certificate{mine}, false, "HTTP/1 resumed=%t" + fingerprint},
		{"known, over HTTP/2", []tls.Certificate{mine}, true, "HTTP/2 resumed=%t" + fingerprint},
		{"a stranger's", []tls.Certificate{strange}, false, ""},
	} {
		config := &tls.Config{RootCAs: roots, ServerName: "localhost", ClientSessionCache: tls.NewLRUClientSessionCache(1)}
		// Present it whatever authorities the server names.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if len(c.certs) == 0 {
				return &tls.Certificate{}, nil
			}
			return &c.certs[0], nil
		}
		for _, resumed := range []bool{false, true} {
			transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: c.http2}
			res, err := (&http.Client{Transport: transport}).Get("https://" + s.Addr().String())
			if c.want == "" {
				if err == nil {
					res.Body.Close()
					t.Errorf("%s: %d", c.name, res.StatusCode)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			body, _ := io.ReadAll(res.Body)
			res.Body.Close()
			transport.CloseIdleConnections()
			if want := fmt.Sprintf(c.want, resumed); string(body) != want {
				t.Errorf("%s: %s, want %s", c.name, body, want)
			}
		}
	}
}

// TestBadClientCA: the message names the file, and says what to do.
func TestBadClientCA(t *testing.T) {
	now := time.Now()
	cert, key := pair(t, "server", now.Add(-time.Hour), now.Add(time.Hour), "localhost")
	empty := filepath.Join(t.TempDir(), "empty.pem")
	write(t, empty, nil)
	for _, c := range []struct{ cert, key, ca, want string }{
		{"", "", cert, "over TLS alone"},
		{cert, key, empty, "holds no certificate"},
		{cert, key, key, "holds no certificate"},
		{cert, key, empty + "x", "cannot be read"},
	} {
		s, err := server.Listen(server.Config{Addr: "127.0.0.1:0", Handler: hello, TLSCert: c.cert, TLSKey: c.key, ClientCA: c.ca})
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "ClientCA") {
			t.Errorf("%s: %v", c.ca, err)
		}
	}
}
