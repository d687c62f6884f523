package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/token/remote"
)

// trust opens the sources of the keys of all issuers that are trusted.
func (a *app) trust(ctx context.Context) (list []token.Issuer, err error) {
	for _, text := range a.options.trust {
		t, err := parseTrust(text)
		if err != nil {
			return nil, err
		}
		t.remote.ErrorLog = a.options.errorLog()
		issuer, done, err := t.open(ctx)
		if err != nil {
			return nil, err
		}
		a.onClose("the keys of "+issuer.Name, done)
		issuer.Keep = a.options.claims()
		list = append(list, issuer)
	}
	return list, nil
}

// open reads the keys of an issuer from their file, or fetches them from then on until done is called.
func (t *trusted) open(ctx context.Context) (issuer token.Issuer, done func() error, err error) {
	issuer = t.issuer
	if t.file != "" {
		issuer.Keys, err = t.readKeys(ctx)
		return issuer, func() error { return nil }, err
	}
	if t.ca != "" {
		if t.remote.RootCAs, err = readCAs(t.ca); err != nil {
			return issuer, nil, err
		}
	}
	source, err := remote.New(ctx, t.remote)
	if err != nil {
		return issuer, nil, err
	}
	issuer.Source = source
	return issuer, source.Close, nil
}

// readKeys reads the keys of a file, and logs those that are left out.
func (t *trusted) readKeys(ctx context.Context) ([]token.Key, error) {
	data, err := os.ReadFile(t.file)
	if err != nil {
		return nil, fmt.Errorf("--trust: jwks=%s: %w", t.file, err)
	}
	set, left, err := t.remote.ReadSet(data)
	if err != nil {
		return nil, fmt.Errorf("--trust: jwks=%s: %w", t.file, err)
	}
	for _, one := range left {
		remote.LogLeftOut(ctx, t.remote.ErrorLog, t.issuer.Name, one)
	}
	return set.List(), nil
}

// readCAs reads certificates that verify an issuer's.
func readCAs(path string) (*x509.CertPool, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--trust: ca=%s: %w", path, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("--trust: ca=%s: %w", path, errors.New("holds no certificate in PEM"))
	}
	return pool, nil
}

// describeTrust names the issuers for the person who starts it.
func (o *options) describeTrust() string {
	var names []string
	for _, text := range o.trust {
		name, _, _ := strings.Cut(text, " ")
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
