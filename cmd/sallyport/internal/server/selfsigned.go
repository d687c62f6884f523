package server

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	selfSignedLife = 90 * 24 * time.Hour
	// renewBefore is how much life a kept certificate must have left.
	renewBefore = 7 * 24 * time.Hour
)

// newSelfSignedCertificates makes the first certificate in memory, and leaves the writing of
// its file to keep: a process that does not get as far as serving leaves nothing behind.
func newSelfSignedCertificates(c Config) (*certificates, error) {
	write := func(data []byte) error {
		if c.SelfSignedFile == "" {
			return nil
		}
		if err := writeFile(c.SelfSignedFile, data); err != nil {
			return &Error{Field: "SelfSignedFile", Value: c.SelfSignedFile, Reason: "cannot be written: " + err.Error(), Err: err}
		}
		return nil
	}
	var pending []byte
	keep := func(data []byte) error {
		pending = data
		return nil
	}
	s, err := newCertificates(c, func(current *tls.Certificate, now time.Time) (*tls.Certificate, error) {
		return selfSigned(c.SelfSignedFile, c.Addr, current, now, keep)
	})
	if err != nil {
		return nil, err
	}

	keep = write
	s.keep = func() error {
		if pending == nil {
			return nil
		}
		return write(pending)
	}
	return s, nil
}

// selfSigned returns the certificate kept in file when it still fits, or else the one that is
// served, and makes and keeps another one where neither does. So two listeners with other hosts
// and one file do not take turns in replacing it.
func selfSigned(file, addr string, current *tls.Certificate, now time.Time,
	keep func(data []byte) error) (*tls.Certificate, error) {
	hosts := selfSignedHosts(addr)
	var kept *tls.Certificate
	if file != "" {
		var err error
		if kept, err = keptCertificate(file); err != nil {
			return nil, err
		}
	}
	for _, cert := range []*tls.Certificate{kept, current} {
		if cert != nil && covers(cert.Leaf, hosts) && now.After(cert.Leaf.NotBefore) && now.Add(renewBefore).Before(cert.Leaf.NotAfter) {
			return cert, nil
		}
	}
	data, err := newSelfSigned(hosts, now)
	if err != nil {
		return nil, err
	}
	if err := keep(data); err != nil {
		return nil, err
	}
	cert, err := tls.X509KeyPair(data, data)
	return &cert, err
}

// keptCertificate returns nil and no error when there is none yet.
func keptCertificate(file string) (*tls.Certificate, error) {
	data, err := readFile("SelfSignedFile", file, true)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	cert, err := tls.X509KeyPair(data, data)
	if err != nil {
		return nil, &Error{Field: "SelfSignedFile", Value: file, Reason: "holds no certificate with its key: " + err.Error() + "; remove it, and another one is made", Err: err}
	}
	return &cert, nil
}

func selfSignedHosts(addr string) []string {
	hosts := []string{"localhost", "127.0.0.1", "::1"}
	host, _, _ := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); host == "" || host == "localhost" || ip != nil && (ip.IsUnspecified() || ip.IsLoopback()) {
		return hosts
	}
	return append(hosts, host)
}

func covers(leaf *x509.Certificate, hosts []string) bool {
	for _, host := range hosts {
		if leaf.VerifyHostname(host) != nil {
			return false
		}
	}
	return true
}

// newSelfSigned returns a certificate and its key as one PEM text.
func newSelfSigned(hosts []string, now time.Time) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(randomSerial()),
		Subject:               pkix.Name{CommonName: "Sallyport, self-signed for development"},
		NotBefore:             now.Add(-time.Minute),
		NotAfter:              now.Add(-time.Minute).Add(selfSignedLife),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, // and not a CA: trusting it trusts nothing else
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: cert})
	pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return b.Bytes(), nil
}

// randomSerial is positive and under 20 bytes (RFC 5280 §4.1.2.2).
func randomSerial() []byte {
	b := make([]byte, 16)
	rand.Read(b)
	b[0] = b[0]&0x7f | 0x40
	return b
}

// writeFile replaces the file whole, readable by its owner only.
func writeFile(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".self-signed-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
