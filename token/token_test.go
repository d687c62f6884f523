package token

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-dev/sallyport/secret"
)

func TestVerify(t *testing.T) {
	for alg, k := range signer() {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			v := verifierOf(t, alg, nil)
			for _, r := range rows {
				c, err := v.Verify(r.token(k))
				switch {
				case r.want == nil && err != nil:
					t.Errorf("%s: refused: %v", r.name, err)
				case r.want == nil && (c.Subject != "u1" || c.Issuer != issuerA || !c.Expires.After(now)):
					t.Errorf("%s: read as %+v", r.name, c)
				case r.want == errAny && err == nil, r.want != nil && r.want != errAny && !errors.Is(err, r.want):
					t.Errorf("%s: got %v, want %v", r.name, err, r.want)
				case err != nil && c != nil:
					t.Errorf("%s: claims with an error", r.name)
				}
			}
		})
	}
}

func TestClaims(t *testing.T) {
	k := signer()[ES256]
	c, err := verifierOf(t, ES256, nil).Verify(forge(k, head(k), claimsJSON(fair())))
	if err != nil {
		t.Fatal(err)
	}
	want := &Claims{
		Issuer: issuerA, Subject: "u1", ID: "j1", Session: "s1", ClientID: "web", Audience: []string{audience1},
		Scopes: []string{"notes:read", "notes:write"}, Roles: []string{"admin"},
		Expires: time.Unix(now.Unix()+60, 0), IssuedAt: time.Unix(now.Unix(), 0), Type: "at+jwt", KeyID: k.key.ID, Algorithm: ES256,
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
	if p := c.Principal(); p.Subject != "u1" || p.Session != "s1" || p.Token != "j1" || p.Client != "web" || !p.HasRole("admin") || !p.HasScope("notes:write") || p.Expires != c.Expires {
		t.Errorf("%+v", p)
	}
}

// TestAlgorithmsDoNotMix presents tokens of every algorithm to keys of every other.
func TestAlgorithmsDoNotMix(t *testing.T) {
	for alg, k := range signer() {
		v := verifierOf(t, alg, nil)
		for other, o := range signer() {
			raw := forge(o, fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":"at+jwt"}`, other, k.key.ID), claimsJSON(fair()))
			if _, err := v.Verify(raw); (err == nil) != (other == alg) {
				t.Errorf("J-03 a key for %s and a token of %s: %v", alg, other, err)
			}
			// The header lies about the algorithm the signature is of.
			raw = forge(o, fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":"at+jwt"}`, alg, k.key.ID), claimsJSON(fair()))
			if _, err := v.Verify(raw); (err == nil) != (other == alg) {
				t.Errorf("J-03 a key for %s and a signature of %s: %v", alg, other, err)
			}
		}
	}
}

// TestJ02Confusion signs with HS256 under every form the public key is published in.
func TestJ02Confusion(t *testing.T) {
	for _, alg := range []Algorithm{RS256, ES256, Ed25519} {
		k := signer()[alg]
		v := verifierOf(t, alg, nil)
		der := must(x509.MarshalPKIXPublicKey(k.key.Public))
		forms := map[string][]byte{
			"DER": der, "PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
			"PEM without its last line feed": bytes.TrimSpace(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
			"JWK":                            must(json.Marshal(must(toJWK(k.key)))), "JWKS": must(MarshalJWKS([]Key{k.key})), "empty": {},
		}
		if p, ok := k.key.Public.(*rsa.PublicKey); ok {
			forms["modulus"] = p.N.Bytes()
			forms["PKCS1"] = x509.MarshalPKCS1PublicKey(p)
		}
		for name, form := range forms {
			mac := &SigningKey{key: Key{ID: k.key.ID, Algorithm: HS256, Secret: secret.NewBytes(form)}, scheme: schemes[HS256]}
			if _, err := v.Verify(forge(mac, head(mac), claimsJSON(fair()))); err != ErrWrongAlgorithm {
				t.Errorf("%s with %s: %v", alg, name, err)
			}
		}
	}
}

func TestEd25519HasTwoNames(t *testing.T) { // J-11
	k := signer()[Ed25519]
	for _, configured := range []Algorithm{Ed25519, EdDSA} {
		v := verifierOf(t, Ed25519, func(in *Issuer) { in.Keys[0].Algorithm = configured })
		for _, said := range []Algorithm{Ed25519, EdDSA} {
			if _, err := v.Verify(forge(k, fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":"at+jwt"}`, said, k.key.ID), claimsJSON(fair()))); err != nil {
				t.Errorf("a key for %s, a token of %s: %v", configured, said, err)
			}
		}
	}
}

func TestJ10SignatureForms(t *testing.T) {
	k := signer()[ES256]
	v := verifierOf(t, ES256, nil)
	good := forge(k, head(k), claimsJSON(fair()))
	input := good[:strings.LastIndexByte(good, '.')]
	sig := must(k.sign([]byte(input)))
	digest := crypto.SHA256.New()
	digest.Write([]byte(input))
	der := must(k.signer.Sign(rand.Reader, digest.Sum(nil), crypto.SHA256))
	n := elliptic.P256().Params().N.Bytes()
	for name, s := range map[string][]byte{
		"DER": der, "63 bytes": sig[:63], "65 bytes": append(bytes.Clone(sig), 0), "leading zero": append([]byte{0}, sig...), "zero between": slices.Concat(sig[:32], []byte{0}, sig[32:]),
		"r=0": append(make([]byte, 32), sig[32:]...), "s=0": append(bytes.Clone(sig[:32]), make([]byte, 32)...),
		"all zero": make([]byte, 64), "r=n": append(bytes.Clone(n), sig[32:]...), "s=n": append(bytes.Clone(sig[:32]), n...), "one byte": {1},
	} {
		if _, err := v.Verify(input + "." + base64.RawURLEncoding.EncodeToString(s)); err != ErrBadSignature {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestJ17Profile(t *testing.T) {
	k := signer()[ES256]
	v := verifierOf(t, ES256, func(in *Issuer) { in.RequireProfile = true })
	if _, err := v.Verify(forge(k, head(k), claimsJSON(fair()))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} {
		if _, err := v.Verify(forge(k, head(k), claimsJSON(with(name, nil)))); err == nil {
			t.Errorf("without %s: accepted", name)
		}
	}
}

func TestTypes(t *testing.T) {
	k := signer()[ES256]
	v := verifierOf(t, ES256, func(in *Issuer) { in.Types = []string{"JWT"} })
	for typ, want := range map[string]error{`,"typ":"JWT"`: nil, `,"typ":"jwt"`: nil, ``: nil, `,"typ":"at+jwt"`: ErrWrongType, `,"typ":"application/jwt"`: nil, `,"typ":"application/"`: ErrWrongType} {
		if _, err := v.Verify(forge(k, fmt.Sprintf(`{"alg":"ES256","kid":%q%s}`, k.key.ID, typ), claimsJSON(fair()))); !errors.Is(err, want) && err != want {
			t.Errorf("%q: %v", typ, err)
		}
	}
}

func TestManyKeys(t *testing.T) {
	a, b := signer()[ES256], otherKey()
	v := verifierOf(t, ES256, func(in *Issuer) { in.Keys = append(in.Keys, b.Key()) })
	for _, k := range []*SigningKey{a, b} {
		if _, err := v.Verify(forge(k, head(k), claimsJSON(fair()))); err != nil {
			t.Error(err)
		}
	}
	for _, k := range []*SigningKey{a, b} {
		if _, err := v.Verify(forge(k, `{"alg":"ES256","typ":"at+jwt"}`, claimsJSON(fair()))); err != nil {
			t.Errorf("without a kid, and two keys: %v", err)
		}
	}
}

func TestRefusingBeforeDecodingDoesNotAllocate(t *testing.T) {
	k := signer()[ES256]
	v := verifierOf(t, ES256, nil)
	for _, r := range rows {
		raw := r.token(k)
		if r.want != ErrTooLarge && (r.want != ErrMalformed || strings.Count(raw, ".") == 2) {
			continue
		}
		if n := testing.AllocsPerRun(100, func() { v.Verify(raw) }); n != 0 {
			t.Errorf("%s: %v allocations", r.name, n)
		}
	}
}
