package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/server"
)

// pair writes a certificate that lives from one time to another, and its key.
func pair(t *testing.T, name string, from, to time.Time, hosts ...string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: to, DNSNames: hosts}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	write(t, cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	return cert, key
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestBadCertificates: the message names the file, and says what to do.
func TestBadCertificates(t *testing.T) {
	now := time.Now()
	good, goodKey := pair(t, "good", now.Add(-time.Hour), now.Add(time.Hour), "a.example")
	_, otherKey := pair(t, "other", now.Add(-time.Hour), now.Add(time.Hour), "a.example")
	expired, expiredKey := pair(t, "expired", now.Add(-2*time.Hour), now.Add(-time.Hour), "a.example")
	early, earlyKey := pair(t, "early", now.Add(time.Hour), now.Add(2*time.Hour), "a.example")
	nameless, namelessKey := pair(t, "nameless", now.Add(-time.Hour), now.Add(time.Hour))
	_, openKey := pair(t, "open", now.Add(-time.Hour), now.Add(time.Hour), "a.example")
	if err := os.Chmod(openKey, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, cert, key string
		want            []string
	}{
		{"fits", good, goodKey, nil},
		{"key of another", good, otherKey, []string{"good.crt", "other.key", "belong together"}},
		{"swapped", goodKey, good, []string{"good.key", "PEM"}},
		{"expired", expired, expiredKey, []string{"expired.crt", "expired on", "renew"}},
		{"not yet", early, earlyKey, []string{"early.crt", "not valid before", "clock"}},
		{"no names", nameless, namelessKey, []string{"nameless.crt", "subjectAltName"}},
		{"key others can read", good, openKey, []string{"open.key", "0644", "chmod 600"}},
		{"a folder", good, filepath.Dir(goodKey), []string{"TLSKey", "PEM"}},
	} {
		s, err := server.Listen(server.Config{Addr: "127.0.0.1:0", Handler: hello, TLSCert: c.cert, TLSKey: c.key})
		if err == nil {
			s.Close()
		}
		if (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v", c.name, err)
		}
		for _, want := range c.want {
			if err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q in it", c.name, err, want)
			}
		}
	}
}

// TestSpoiledSelfSigned: a file that is not ours is not overwritten.
func TestSpoiledSelfSigned(t *testing.T) {
	file := filepath.Join(t.TempDir(), "self-signed.pem")
	write(t, file, []byte("notes"))
	_, err := server.Listen(server.Config{Addr: "127.0.0.1:0", Handler: hello, SelfSigned: true, SelfSignedFile: file})
	if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("%v", err)
	}
	if data, _ := os.ReadFile(file); string(data) != "notes" {
		t.Errorf("the file is now %q", data)
	}
}
