package server

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/secret"
)

const maxPEM = 1 << 20

// Fingerprint is the SHA-256 of the certificate as browsers show it, or "" over
// cleartext.
func (s *Server) Fingerprint() string {
	if s.certs == nil {
		return ""
	}
	return fingerprint(s.certs.leaf())
}

func fingerprint(leaf *x509.Certificate) string {
	sum := sha256.Sum256(leaf.Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}

// certificates returns the certificate the configuration asks for, nil for none.
func (c Config) certificates() (*certificates, error) {
	files := c.TLSCert != "" || c.TLSKey != ""
	switch {
	case files && c.SelfSigned:
		return nil, &Error{Field: "SelfSigned", Value: "true", Reason: "a certificate file is given as well; choose one of them"}
	case files && c.TLSKey == "":
		return nil, &Error{Field: "TLSKey", Reason: "is missing; a certificate needs the key that belongs to it"}
	case files && c.TLSCert == "":
		return nil, &Error{Field: "TLSCert", Reason: "is missing; a key needs the certificate that belongs to it"}
	case files:
		return newCertificates(c, func(_ *tls.Certificate, now time.Time) (*tls.Certificate, error) {
			return loadCertificate(c.TLSCert, c.TLSKey, now)
		})
	case c.SelfSigned:
		return newSelfSignedCertificates(c)
	}
	return nil, nil
}

func loadCertificate(certFile, keyFile string, now time.Time) (*tls.Certificate, error) {
	certPEM, certErr := readFile("TLSCert", certFile, false)
	keyPEM, keyErr := readFile("TLSKey", keyFile, true)
	if err := errors.Join(certErr, keyErr); err != nil {
		return nil, err
	}
	cert, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, &Error{Field: "TLSCert", Value: certFile, Reason: "does not go with the key in " + keyFile + ": " + err.Error() + "; give PEM files that belong together, the server's certificate first", Err: err}
	}
	if reason := unfit(cert.Leaf, now); reason != "" {
		return nil, &Error{Field: "TLSCert", Value: certFile, Reason: reason}
	}
	return &cert, nil
}

// unfit says why clients would refuse the certificate.
func unfit(leaf *x509.Certificate, now time.Time) string {
	switch {
	case now.After(leaf.NotAfter):
		return "expired on " + leaf.NotAfter.UTC().Format(time.DateTime) + " UTC; renew it"
	case now.Before(leaf.NotBefore):
		return "is not valid before " + leaf.NotBefore.UTC().Format(time.DateTime) + " UTC; check this machine's clock"
	case len(leaf.DNSNames)+len(leaf.IPAddresses) == 0:
		return "names no host in its subjectAltName; have it issued for the name clients use"
	}
	if key, ok := leaf.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() < 2048 {
		return "has an RSA key under 2048 bits; use ECDSA P-256, or a longer key"
	}
	return ""
}

// readFile reads a PEM file. A private one must not be readable by every user, nor
// writable by anyone but its owner; what is checked is the file that is open.
func readFile(field, name string, private bool) ([]byte, error) {
	refuse := func(reason string, err error) ([]byte, error) {
		return nil, &Error{Field: field, Value: name, Reason: reason, Err: err}
	}
	f, err := os.Open(name)
	if err != nil {
		return refuse("cannot be read: "+err.Error(), err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return refuse("cannot be read: "+err.Error(), err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxPEM {
		return refuse("is not a PEM file", nil)
	}
	if mode := info.Mode().Perm(); private && mode&0o027 != 0 && runtime.GOOS != "windows" {
		return refuse(fmt.Sprintf("other users may read or change it (mode %04o); run chmod 600 on it, or 640 with a group of its own", mode), nil)
	}
	if err := secret.CheckFolder(filepath.Dir(name)); private && err != nil {
		return refuse(err.Error(), err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxPEM))
	if err != nil {
		return refuse("cannot be read: "+err.Error(), err)
	}
	return data, nil
}
