package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/sallyport-dev/sallyport/secret"
)

// upstreamOptions are what the flags of serve say about the way to the upstream.
type upstreamOptions struct {
	upstreamHost, upstreamCA   string
	keepHost                   bool
	upstreamCert, upstreamKey  string
	upstreamTrust              *x509.CertPool // of upstreamCA; nil for the system's
	upstreamClientCertificates func(*tls.CertificateRequestInfo) (*tls.Certificate, error)
}

func (o *upstreamOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.upstreamHost, "upstream-host", "",
		"`HOST` to send to the upstream in the Host field (default: the host of --upstream)")
	f.BoolVar(&o.keepHost, "keep-host", false, "send the client's Host field to the upstream")
	f.StringVar(&o.upstreamCA, "upstream-ca", "",
		"`FILE` with the authorities (PEM) to verify an https upstream by, instead of the system's")
	f.StringVar(&o.upstreamCert, "upstream-cert", "",
		"`FILE` with the certificate chain (PEM) to show to an https upstream that asks for one")
	f.StringVar(&o.upstreamKey, "upstream-key", "", "`FILE` with the key (PEM) of --upstream-cert")
}

// load reads the files.
func (o *upstreamOptions) load() error { return errors.Join(o.loadCA(), o.loadCertificate()) }

func (o *upstreamOptions) loadCA() error {
	if o.upstreamCA == "" {
		return nil
	}
	data, err := os.ReadFile(o.upstreamCA)
	if err != nil {
		return fmt.Errorf("--upstream-ca: %w", err)
	}
	o.upstreamTrust = x509.NewCertPool()
	if !o.upstreamTrust.AppendCertsFromPEM(data) {
		return fmt.Errorf("--upstream-ca %s: has no certificate; give the PEM file of the authority", o.upstreamCA)
	}
	return notForAll("--upstream-ca", o.upstreamCA)
}

// loadCertificate reads the client's certificate, and again in each handshake: it is renewed
// while the gate runs.
func (o *upstreamOptions) loadCertificate() error {
	if o.upstreamCert == "" && o.upstreamKey == "" {
		return nil
	}
	if o.upstreamCert == "" || o.upstreamKey == "" {
		return errors.New("--upstream-cert and --upstream-key belong together: give both")
	}
	load := func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		chain, err := os.ReadFile(o.upstreamCert)
		if err != nil {
			return nil, fmt.Errorf("--upstream-cert: %w", err)
		}
		key, err := secret.ReadFile(o.upstreamKey)
		if err != nil {
			return nil, fmt.Errorf("--upstream-key: %w", err)
		}
		pair, err := tls.X509KeyPair(chain, key.Reveal())
		if err != nil {
			return nil, fmt.Errorf("--upstream-cert %s: does not go with %s: %w", o.upstreamCert, o.upstreamKey, err)
		}
		return &pair, nil
	}
	_, err := load(nil)
	o.upstreamClientCertificates = load
	return err
}

// watchUpstream says once when the upstream cannot be reached at the start. The gate serves all
// the same, as the upstream may start later.
func (a *app) watchUpstream(ctx context.Context) {
	if a.proxy == nil {
		return
	}
	go func() {
		defer a.crashes.Recover("reaching the upstream")
		err := a.proxy.Reach(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		a.options.errorLog().Warn("the upstream cannot be reached; requests are answered 502 until it is",
			"upstream", a.options.upstream, "error", err.Error())
	}()
}
