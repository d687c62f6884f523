package server

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestFollow: another pair in the files is served without a restart; one that does not fit or
// cannot be read leaves the old one, with one line in the log, and not at the first look.
func TestFollow(t *testing.T) {
	now := time.Now()
	file := func(data []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	first, second, third := file(newSelfSigned([]string{"a.example"}, now)), file(newSelfSigned([]string{"a.example"}, now)), file(newSelfSigned([]string{"a.example"}, now))
	ended := file(newSelfSigned([]string{"a.example"}, now.Add(-2*selfSignedLife)))
	path := filepath.Join(t.TempDir(), "pair.pem")
	put := func(data []byte) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(first)
	var log bytes.Buffer
	s, err := Listen(Config{Addr: "127.0.0.1:0", Handler: http.NotFoundHandler(), TLSCert: path, TLSKey: path, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(t.Context())
	current := print(t, first)
	for i, c := range []struct {
		name   string
		data   []byte
		served []byte
		lines  int // in the log after the first look, after the second, and after two more
		second int
	}{
		{"the same", first, first, 0, 0},
		{"another", second, second, 1, 1},
		{"half of a pair", third[:len(third)/2], second, 0, 1},
		{"the whole of it", third, third, 1, 1},
		{"garbage", []byte("x"), third, 0, 1},
		{"ended", ended, third, 0, 1},
		{"the first again", first, first, 1, 1},
	} {
		put(c.data)
		log.Reset()
		s.certs.look(now, false)
		if n := strings.Count(log.String(), "\n"); n != c.lines {
			t.Errorf("%s: %d lines at the first look:\n%s", c.name, n, &log)
		}
		for range 3 {
			s.certs.look(now, false)
		}
		if n := strings.Count(log.String(), "\n"); n != c.second {
			t.Errorf("%s: %d lines in all:\n%s", c.name, n, &log)
		}
		if (s.Warning() != nil) != (c.lines == 0 && c.second == 1) {
			t.Errorf("%s: Warning returns %v", c.name, s.Warning())
		}
		current = print(t, c.served)
		if got := served(t, s); got != current || s.Fingerprint() != current {
			t.Errorf("%d %s: %s is served, want %s", i, c.name, got, current)
		}
	}
	os.Remove(path)
	log.Reset()
	s.Reload()
	if strings.Count(log.String(), "level=ERROR") != 1 || served(t, s) != current {
		t.Errorf("a look that was asked for says nothing of a file that is gone:\n%s", &log)
	}
}

// TestFollow_endsSoon: a warning a fortnight before the end, or after two thirds of a short life,
// once a day; after the end it is an error.
func TestFollow_endsSoon(t *testing.T) {
	now := time.Now()
	const day = 24 * time.Hour
	for _, c := range []struct {
		name         string
		life, left   time.Duration
		soon, failed bool
	}{
		{"90 days, 15 left", 90 * day, 15 * day, false, false},
		{"90 days, 13 left", 90 * day, 13 * day, true, false},
		{"6 days, 3 left", 6 * day, 3 * day, false, false},
		{"6 days, 1 left", 6 * day, day, true, false},
		{"ended", 90 * day, -time.Hour, true, true},
	} {
		leaf := &x509.Certificate{NotBefore: now.Add(c.left - c.life), NotAfter: now.Add(c.left), DNSNames: []string{"a"}, SerialNumber: big.NewInt(1)}
		cert := &tls.Certificate{Leaf: leaf}
		var log bytes.Buffer
		s := &certificates{log: slog.New(slog.NewTextHandler(&log, nil)),
			load: func(*tls.Certificate, time.Time) (*tls.Certificate, error) { return cert, nil }}
		s.current.Store(cert)
		s.look(now, false)
		s.look(now.Add(time.Hour), false)
		if n := strings.Count(log.String(), "level=WARN"); (n == 1) != c.soon || n > 1 {
			t.Errorf("%s: %d warnings", c.name, n)
		}
		if (s.warning(now) != nil) != c.soon || (s.err(now) != nil) != c.failed {
			t.Errorf("%s: %v, %v", c.name, s.warning(now), s.err(now))
		}
	}
}

// TestSelfSigned_renewed: a week before its end another one is made while the server runs; a
// file that somebody removed is no reason for one, and two listeners agree on it.
func TestSelfSigned_renewed(t *testing.T) {
	for _, file := range []string{"", filepath.Join(t.TempDir(), "self-signed.pem")} {
		now := time.Now()
		config := Config{Addr: "127.0.0.1:0", Handler: http.NotFoundHandler(), SelfSigned: true, SelfSignedFile: file}
		s, err := Listen(config)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		first := s.Fingerprint()
		if file != "" {
			os.Remove(file)
		}
		s.certs.look(now.Add(selfSignedLife-renewBefore-time.Hour), false)
		if s.Fingerprint() != first {
			t.Error("another one long before the end")
		}
		s.certs.look(now.Add(selfSignedLife-renewBefore+time.Hour), false)
		if s.Fingerprint() == first {
			t.Error("the same one shortly before the end")
		}
		if file == "" {
			continue
		}
		other, err := Listen(config)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		other.certs.look(now.Add(selfSignedLife), false)
		s.certs.look(now.Add(selfSignedLife), false)
		if s.Fingerprint() != other.Fingerprint() {
			t.Error("two listeners serve two certificates")
		}
	}
}

// TestFollow_hangs: nobody who asks how the certificate is waits for the disk that it is read from.
func TestFollow_hangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leaf := &x509.Certificate{NotBefore: time.Now(), NotAfter: time.Now().Add(selfSignedLife)}
		cert, disk := &tls.Certificate{Leaf: leaf}, make(chan struct{})
		c := &certificates{load: func(*tls.Certificate, time.Time) (*tls.Certificate, error) { <-disk; return cert, nil }}
		c.current.Store(cert)
		go c.look(time.Now(), true)
		synctest.Wait()
		if err := errors.Join(c.err(time.Now()), c.warning(time.Now())); err != nil {
			t.Error(err)
		}
		close(disk)
	})
}

// TestSelfSigned_twoHosts: listeners that share a file and not their hosts keep what they serve.
func TestSelfSigned_twoHosts(t *testing.T) {
	file, now := filepath.Join(t.TempDir(), "self-signed.pem"), time.Now()
	addrs := []string{"a.example:443", "b.example:443"}
	served := map[string]*tls.Certificate{}
	for round := range 3 {
		for _, addr := range addrs {
			next, err := selfSigned(file, addr, served[addr], now.Add(time.Duration(round)*lookEvery),
				func(data []byte) error { return writeFile(file, data) })
			if err != nil {
				t.Fatal(err)
			}
			if old := served[addr]; old != nil && fingerprint(old.Leaf) != fingerprint(next.Leaf) {
				t.Errorf("round %d: %s serves another certificate", round, addr)
			}
			served[addr] = next
		}
	}
}

func print(t *testing.T, pem []byte) string {
	t.Helper()
	cert, err := tls.X509KeyPair(pem, pem)
	if err != nil {
		t.Fatal(err)
	}
	return fingerprint(cert.Leaf)
}

// served is the certificate that a new connection gets.
func served(t *testing.T, s *Server) string {
	t.Helper()
	conn, err := tls.Dial("tcp", s.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return fingerprint(conn.ConnectionState().PeerCertificates[0])
}
