package token

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

const (
	jkt = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
	x5t = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"
)

// bearers verifies tokens of both kinds: a Verifier, or a Cache.
type bearers interface {
	Verify(string) (*Claims, error)
	VerifyBound(string) (*Claims, error)
}

// TestVerifyBound: what a token is bound to is told to who asks for it, and is never left out. A
// cnf with anything else in it is refused; the second time, by the cache, as well.
func TestVerifyBound(t *testing.T) {
	type m = map[string]any
	k := signer()[ES256]
	v := verifierOf(t, ES256, nil)
	cache, err := NewCache(CacheConfig{Verifier: v})
	if err != nil {
		t.Fatal(err)
	}
	spare := x5t[:42] + "3" // the same bytes with unused bits set
	for _, row := range []struct {
		name string
		cnf  any
		want Confirmation
		err  error
	}{
		{"DPoP", m{"jkt": jkt}, Confirmation{JKT: jkt}, nil},
		{"mutual TLS", m{"x5t#S256": x5t[:42] + "0"}, Confirmation{X5T: x5t[:42] + "0"}, nil},
		{"both", m{"jkt": jkt, "x5t#S256": jkt}, Confirmation{JKT: jkt, X5T: jkt}, nil},
		{"one more that is not known", m{"jkt": jkt, "kid": "x"}, Confirmation{}, ErrSenderConstrained},
		{"a key", m{"jwk": m{"kty": "EC"}}, Confirmation{}, ErrSenderConstrained},
		{"in another case", m{"JKT": jkt}, Confirmation{}, ErrSenderConstrained},
		{"empty", m{}, Confirmation{}, ErrSenderConstrained},
		{"jkt null", m{"jkt": nil}, Confirmation{}, ErrSenderConstrained},
		{"one of two null", m{"jkt": jkt, "x5t#S256": nil}, Confirmation{}, ErrSenderConstrained},
		{"jkt empty", m{"jkt": ""}, Confirmation{}, ErrSenderConstrained},
		{"jkt of SHA-1", m{"jkt": jkt[:27]}, Confirmation{}, ErrSenderConstrained},
		{"jkt padded", m{"jkt": jkt + "="}, Confirmation{}, ErrSenderConstrained},
		{"a second spelling", m{"x5t#S256": spare}, Confirmation{}, ErrSenderConstrained},
		{"jkt a list", m{"jkt": []string{jkt}}, Confirmation{}, ErrSenderConstrained},
	} {
		raw := forge(k, head(k), claimsJSON(with("cnf", row.cnf)))
		for name, b := range map[string]bearers{"plain": v, "cache": cache} {
			for range 2 {
				c, err := b.VerifyBound(raw)
				if !errors.Is(err, row.err) || err == nil && c.Confirmation != row.want {
					t.Errorf("%s, %s: %+v %v", row.name, name, c, err)
				}
				if c, err := b.Verify(raw); !errors.Is(err, ErrSenderConstrained) || c != nil {
					t.Errorf("%s, %s: as a bearer token: %+v %v", row.name, name, c, err)
				}
			}
		}
	}
	for _, b := range []bearers{v, cache} {
		if c, err := b.VerifyBound(forge(k, head(k), claimsJSON(fair()))); err != nil || !c.Confirmation.IsZero() {
			t.Errorf("a bearer token: %+v %v", c, err)
		}
	}
}

// TestRequireBound: an issuer's tokens can be asked to be bound.
func TestRequireBound(t *testing.T) {
	type m = map[string]any
	k := signer()[ES256]
	for _, row := range []struct {
		require Binding
		cnf     any
		err     error
	}{
		{"", nil, nil}, {"", m{"jkt": jkt}, nil},
		{BoundByDPoP, nil, ErrNotBound}, {BoundByDPoP, m{"jkt": jkt}, nil}, {BoundByDPoP, m{"x5t#S256": jkt}, ErrNotBound},
		{BoundByMTLS, nil, ErrNotBound}, {BoundByMTLS, m{"jkt": jkt}, ErrNotBound}, {BoundByMTLS, m{"x5t#S256": jkt}, nil},
		{BoundByMTLS, m{"jkt": jkt, "x5t#S256": jkt}, nil},
		{BoundByAny, nil, ErrNotBound}, {BoundByAny, m{"jkt": jkt}, nil}, {BoundByAny, m{"x5t#S256": jkt}, nil},
	} {
		v := verifierOf(t, ES256, func(in *Issuer) { in.RequireBound = row.require })
		if _, err := v.VerifyBound(forge(k, head(k), claimsJSON(with("cnf", row.cnf)))); !errors.Is(err, row.err) {
			t.Errorf("%q, %v: %v", row.require, row.cnf, err)
		}
	}
	_, err := New(Config{Issuers: []Issuer{{Name: issuerA, Audiences: []string{"a"}, Keys: []Key{k.Key()}, RequireBound: "DPoP"}},
		Now: func() time.Time { return now }})
	if err == nil || !strings.Contains(err.Error(), `RequireBound "DPoP"`) {
		t.Error(err)
	}
}

// TestCredential: both schemes are read alike, and Bearer reads its own alone.
func TestCredential(t *testing.T) {
	for _, row := range []struct {
		line   string
		raw    string
		scheme Scheme
		err    error
		bearer error
	}{
		{"Bearer a.b", "a.b", SchemeBearer, nil, nil},
		{"DPoP a.b", "a.b", SchemeDPoP, nil, ErrNoCredentials},
		{"dpop a.b", "a.b", SchemeDPoP, nil, ErrNoCredentials},
		{"DPoP  a.b", "", SchemeDPoP, ErrBadAuthorization, ErrNoCredentials},
		{"DPoP", "", SchemeDPoP, ErrBadAuthorization, ErrNoCredentials},
		{"DPoP a.b c", "", SchemeDPoP, ErrBadAuthorization, ErrNoCredentials},
		{"DPoPx a.b", "", "", ErrNoCredentials, ErrNoCredentials},
		{"DPoP-x a.b", "", "", ErrNoCredentials, ErrNoCredentials},
		{"DPoP a.b, Bearer c", "", SchemeDPoP, ErrBadAuthorization, ErrNoCredentials},
		{"Basic a", "", "", ErrNoCredentials, ErrNoCredentials},
	} {
		h := http.Header{"Authorization": {row.line}}
		raw, scheme, err := Credential(h)
		if raw != row.raw || scheme != row.scheme || !errors.Is(err, row.err) {
			t.Errorf("%q: %q %q %v", row.line, raw, scheme, err)
		}
		if _, err := Bearer(h); !errors.Is(err, row.bearer) {
			t.Errorf("%q: Bearer: %v", row.line, err)
		}
	}
	if _, scheme, err := Credential(http.Header{"Authorization": {"DPoP a", "Bearer b"}}); scheme != "" || !errors.Is(err, ErrBadAuthorization) {
		t.Errorf("two lines: %q %v", scheme, err)
	}
}
