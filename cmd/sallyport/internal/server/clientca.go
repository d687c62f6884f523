package server

import "crypto/x509"

// clientAuthorities returns those whose certificates clients may present, nil for none.
func (c Config) clientAuthorities() (*x509.CertPool, error) {
	if c.ClientCA == "" {
		return nil, nil
	}
	if !c.wantsTLS() {
		return nil, &Error{Field: "ClientCA", Value: c.ClientCA,
			Reason: "clients present certificates over TLS alone; give a certificate of the server as well"}
	}
	data, err := readFile("ClientCA", c.ClientCA, false)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, &Error{Field: "ClientCA", Value: c.ClientCA,
			Reason: "holds no certificate; give the authority's certificates as PEM"}
	}
	return pool, nil
}
