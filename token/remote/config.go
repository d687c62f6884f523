package remote

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/sallyport-dev/sallyport/token"
)

// Config says whose keys to keep.
type Config struct {
	// Issuer is the iss of the tokens. Without URL, the key set is found by its discovery
	// document (OpenID Connect Discovery §4, or else RFC 8414 §3), and Issuer must be an
	// address; with it, it may be any name.
	Issuer string
	// URL is the address of the key set: https, or http on a loopback address.
	URL string
	// InsecureHTTP accepts other http addresses as well, for an issuer inside a private
	// network: whoever can change what crosses it can make tokens.
	InsecureHTTP bool
	// RootCAs verify the issuer's certificate. Default: those of the system. Transport must
	// then be nil.
	RootCAs *x509.CertPool
	// Algorithms are those whose keys are taken; EdDSA and Ed25519 are the same one.
	// Default: all but HMAC, which no published key is for. An RSA key that does not say
	// its algorithm, as some issuers publish them, is for the first RSA algorithm of the
	// list; by default, RS256.
	Algorithms []token.Algorithm
	// Cooldown is how often an unknown kid may lead to a fetch, for all callers together.
	// Default 10 s, 1 s to 5 min.
	Cooldown time.Duration
	// MaxStale is how long keys are good without the issuer having confirmed them. Default
	// 24 h, 1 h to 7 days.
	MaxStale time.Duration
	// Transport sends the requests; default one that goes by HTTPS_PROXY, HTTP_PROXY and
	// NO_PROXY, as [http.ProxyFromEnvironment] does.
	Transport http.RoundTripper
	// ErrorLog gets what goes wrong. Default slog.Default().
	ErrorLog *slog.Logger
}

// Check returns what is wrong with the Config, all of it.
func (c Config) Check() error { return c.complete() }

func (c *Config) complete() error {
	var errs []error
	add := func(field, value, reason string) {
		errs = append(errs, fmt.Errorf("token/remote: %s %q %s", field, value, reason))
	}
	address, field := c.URL, "URL"
	if address == "" {
		address, field = c.Issuer, "Issuer"
	}
	switch u, err := url.Parse(address); {
	case err == nil && c.allowed(u) && u.Fragment == "" && u.User == nil:
	case err == nil && u.Scheme == "http" && u.Host != "":
		add(field, address, "is not an https address: use one, or set InsecureHTTP inside a private network")
	case field == "Issuer":
		add(field, address, "is not an https address, so that its keys cannot be found by it: set URL to that of its key set")
	default:
		add(field, address, "is not an https address: write one such as https://id.example.com/jwks")
	}
	if c.RootCAs != nil && c.Transport != nil {
		add("RootCAs", "", "is set, and there is a Transport as well: leave one of the two out")
	}
	for _, a := range c.Algorithms {
		if !slices.Contains(publicAlgorithms, a) {
			add("Algorithms", string(a), "is not one of public keys: write ES256, RS256 or the like")
		}
	}
	c.defaults()
	if c.Cooldown == 0 {
		c.Cooldown = 10 * time.Second
	}
	if c.Cooldown < time.Second || c.Cooldown > maxCooldown {
		add("Cooldown", c.Cooldown.String(), "is out of bounds: write 1s to 5m")
	}
	if c.MaxStale == 0 {
		c.MaxStale = 24 * time.Hour
	}
	if c.MaxStale < maxAge || c.MaxStale > maxStale {
		add("MaxStale", c.MaxStale.String(), "is out of bounds: write 1h, which is how long a set may be kept, to 168h")
	}
	if c.Transport == nil {
		c.Transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: c.RootCAs}, DisableCompression: true,
			ForceAttemptHTTP2: true, MaxIdleConns: 2, IdleConnTimeout: time.Minute,
			TLSHandshakeTimeout: fetchFor, ResponseHeaderTimeout: fetchFor, MaxResponseHeaderBytes: 64 << 10,
		}
	}
	if c.ErrorLog == nil {
		c.ErrorLog = slog.Default()
	}
	return errors.Join(errs...)
}

// publicAlgorithms are those of public keys.
var publicAlgorithms = []token.Algorithm{
	token.ES256, token.ES384, token.ES512, token.Ed25519, token.EdDSA, token.RS256, token.RS384, token.RS512,
	token.PS256, token.PS384, token.PS512,
}

func (c *Config) defaults() {
	if c.Algorithms == nil {
		c.Algorithms = publicAlgorithms
	}
}

// allowed reports whether an address may be asked: over TLS, or on this machine.
func (c *Config) allowed(u *url.URL) bool {
	if u.Host == "" {
		return false
	}
	if u.Scheme == "https" || u.Scheme == "http" && c.InsecureHTTP {
		return true
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && addr.IsLoopback())
}
