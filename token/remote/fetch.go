package remote

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/token"
)

// ContradictionError is for an issuer that says of itself what cannot be.
type ContradictionError struct{ Address, Reason string }

func (e *ContradictionError) Error() string { return "token/remote: " + e.Address + ": " + e.Reason }

// fetched is a key set, what is wrong with the keys it leaves out, and how long it may be
// kept.
type fetched struct {
	set  *token.KeySet
	left []error
	age  time.Duration
}

// get finds the key set and reads it.
func (s *Source) get(ctx context.Context) (fetched, error) {
	address := s.cfg.URL
	if address == "" {
		var err error
		if address, err = s.discover(ctx); err != nil {
			return fetched{}, err
		}
	}
	body, header, err := s.read(ctx, address)
	if err != nil {
		return fetched{}, err
	}
	set, left, err := s.cfg.ReadSet(body)
	if err != nil {
		return fetched{}, fmt.Errorf("token/remote: %s: %w", address, err)
	}
	return fetched{set, left, age(header)}, nil
}

// ReadSet reads a key set that is held elsewhere, such as in a file, as a Source of this
// Config would. It returns the keys that can be used, and why others are left out.
func (c Config) ReadSet(body []byte) (set *token.KeySet, left []error, err error) {
	c.defaults()
	all, errs := token.ParseJWKSFor(body, c.rsa())
	keys := slices.DeleteFunc(all, func(k token.Key) bool {
		if c.takes(k.Algorithm) {
			return false
		}
		errs = append(errs, fmt.Errorf("token/remote: the key %.80q is for %s, which is not listed: add it if the issuer signs with it",
			k.ID, k.Algorithm))
		return true
	})
	if len(keys) == 0 {
		return nil, nil, errors.Join(append(errs, errors.New("the set has no key that can be used"))...)
	}
	set, err = token.NewKeySet(keys)
	return set, errs, err
}

// takes reports whether keys of an algorithm are taken, by whichever of its names.
func (c *Config) takes(a token.Algorithm) bool {
	ed := a == token.Ed25519 || a == token.EdDSA
	return slices.Contains(c.Algorithms, a) || ed && (slices.Contains(c.Algorithms, token.Ed25519) || slices.Contains(c.Algorithms, token.EdDSA))
}

// rsa is the algorithm of RSA keys that name none: the first that is listed.
func (c *Config) rsa() token.Algorithm {
	for _, a := range c.Algorithms {
		if strings.HasPrefix(string(a), "RS") || strings.HasPrefix(string(a), "PS") {
			return a
		}
	}
	return ""
}

// discover asks the issuer where its keys are. It has to call itself what we call it
// (RFC 8414 §3.3), as otherwise one could pass for another.
func (s *Source) discover(ctx context.Context) (string, error) {
	var missing error
	for _, address := range discoveryAddresses(s.cfg.Issuer) {
		body, _, err := s.read(ctx, address)
		if err != nil {
			missing = errors.Join(missing, err)
			continue
		}
		var doc struct {
			Issuer string `json:"issuer"`
			JWKS   string `json:"jwks_uri"`
		}
		if err := json.Unmarshal(bytes.TrimPrefix(body, []byte("\ufeff")), &doc); err != nil { // a page, as some answer to every path
			missing = errors.Join(missing, fmt.Errorf("token/remote: %s is no discovery document", address))
			continue
		}
		if doc.Issuer != s.cfg.Issuer {
			return "", &ContradictionError{address, fmt.Sprintf("the issuer calls itself %.200q, not %q: write its name as the issuer does, byte for byte", doc.Issuer, s.cfg.Issuer)}
		}
		// What is elsewhere does not name addresses of this machine.
		if u, err := url.Parse(doc.JWKS); err != nil || !s.cfg.allowed(u) || u.Scheme != "https" && !s.cfg.InsecureHTTP && !strings.HasPrefix(address, "http:") {
			return "", &ContradictionError{address, fmt.Sprintf("jwks_uri %.200q is not an https address", doc.JWKS)}
		}
		return doc.JWKS, nil
	}
	return "", missing
}

// discoveryAddresses are those of OpenID Connect Discovery §4.1 and RFC 8414 §3.1.
func discoveryAddresses(issuer string) []string {
	u, err := url.Parse(issuer)
	if err != nil {
		return nil
	}
	path := strings.TrimSuffix(u.Path, "/")
	oidc, oauth := *u, *u
	oidc.Path, oauth.Path = path+"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"+path
	return []string{oidc.String(), oauth.String()}
}

// read gets a document of at most token.MaxSetSize bytes.
func (s *Source) read(ctx context.Context, address string) ([]byte, http.Header, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("token/remote: %w", err)
	}
	r.Header.Set("Accept", "application/jwk-set+json, application/json")
	res, err := s.client.Do(r)
	if err != nil {
		return nil, nil, fmt.Errorf("token/remote: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("token/remote: %s answers %s", address, res.Status)
	}
	if res.ContentLength > token.MaxSetSize {
		return nil, nil, fmt.Errorf("token/remote: %s has over %d bytes", address, token.MaxSetSize)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, token.MaxSetSize+1))
	if err != nil {
		return nil, nil, fmt.Errorf("token/remote: %s: %w", address, err)
	}
	if body, err = gunzipped(body); err != nil {
		return nil, nil, fmt.Errorf("token/remote: %s: %w", address, err)
	}
	if len(body) > token.MaxSetSize {
		return nil, nil, fmt.Errorf("token/remote: %s has over %d bytes", address, token.MaxSetSize)
	}
	return body, res.Header, nil
}

// gunzipped undoes gzip, in which some files are served to whoever asks. It reads no more than
// tells that there is too much.
func gunzipped(body []byte) ([]byte, error) {
	if !bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		return body, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, token.MaxSetSize+1))
}

// age is how long an answer may be kept, within bounds.
func age(h http.Header) time.Duration {
	age := otherAge
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "no-store", "no-cache":
			return minAge
		case "max-age":
			if n, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil {
				age = time.Duration(n) * time.Second
			}
		}
	}
	return min(max(age, minAge), maxAge)
}

// same compares two sets, so that what stays the same keeps its pointer.
func same(a, b []token.Key) bool {
	return slices.EqualFunc(a, b, func(x, y token.Key) bool {
		p, ok := x.Public.(interface{ Equal(crypto.PublicKey) bool })
		return x.ID == y.ID && x.Algorithm == y.Algorithm && ok && p.Equal(y.Public)
	})
}
