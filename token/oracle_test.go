package token

import (
	"crypto"
	"strings"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	golangjwt "github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v3/jwa"
	jwxjwt "github.com/lestrrat-go/jwx/v3/jwt"
)

// oracleLeeway is more than the rounding of dates in which the libraries differ.
const oracleLeeway = 10 * time.Second

// oracles are other people's verifiers, told the same as ours. They are less strict, so
// they must accept whatever ours accepts.
var oracles = map[string]func(raw string, alg Algorithm, key any) error{
	"golang-jwt": func(raw string, alg Algorithm, key any) error {
		_, err := golangjwt.Parse(raw, func(*golangjwt.Token) (any, error) { return key, nil },
			golangjwt.WithValidMethods([]string{string(alg)}), golangjwt.WithIssuer(issuerA), golangjwt.WithAudience(audience1, "api"),
			golangjwt.WithExpirationRequired(), golangjwt.WithTimeFunc(func() time.Time { return now }), golangjwt.WithLeeway(oracleLeeway))
		return err
	},
	"jwx": func(raw string, alg Algorithm, key any) error {
		a, ok := jwa.LookupSignatureAlgorithm(string(alg))
		if !ok {
			return nil
		}
		_, err := jwxjwt.Parse([]byte(raw), jwxjwt.WithKey(a, key), jwxjwt.WithIssuer(issuerA), jwxjwt.WithRequiredClaim("exp"),
			jwxjwt.WithClock(jwxjwt.ClockFunc(func() time.Time { return now })), jwxjwt.WithAcceptableSkew(oracleLeeway))
		return err
	},
	"go-jose": func(raw string, alg Algorithm, key any) error {
		t, err := josejwt.ParseSigned(raw, []gojose.SignatureAlgorithm{gojose.SignatureAlgorithm(alg)})
		if err != nil {
			return err
		}
		var c josejwt.Claims
		if err := t.Claims(key, &c); err != nil {
			return err
		}
		return c.ValidateWithLeeway(josejwt.Expected{Issuer: issuerA, AnyAudience: josejwt.Audience{audience1, "api"}, Time: now}, oracleLeeway)
	},
}

// oracleAlgorithms are those that all of them know by the same name.
var oracleAlgorithms = []Algorithm{HS256, HS512, RS256, PS384, ES256, ES384, ES512, EdDSA}

// oracleKey is a key and its form for the libraries.
func oracleKey(alg Algorithm) (*SigningKey, any) {
	if alg == EdDSA {
		k := *signer()[Ed25519]
		k.key.Algorithm = EdDSA
		return &k, k.key.Public
	}
	k := signer()[alg]
	if k.signer == nil {
		return k, k.key.Secret.Reveal()
	}
	return k, crypto.PublicKey(k.key.Public)
}

// FuzzVerifyAgainstOthers: what is accepted here, others accept too. The fuzzer changes
// what was signed, and re-signs it, so that it gets past the signature.
func FuzzVerifyAgainstOthers(f *testing.F) {
	for i, alg := range oracleAlgorithms {
		k, _ := oracleKey(alg)
		for _, r := range rows {
			raw := r.token(k)
			if p := strings.Split(raw, "."); len(p) == 3 && len(raw) < MaxSize {
				head, ok1 := decode(p[0])
				body, ok2 := decode(p[1])
				if ok1 && ok2 {
					f.Add(byte(i), string(head), string(body))
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, which byte, head, body string) {
		alg := oracleAlgorithms[int(which)%len(oracleAlgorithms)]
		k, key := oracleKey(alg)
		raw := forge(k, head, body)
		v := must(New(Config{Issuers: []Issuer{{Name: issuerA, Audiences: []string{audience1, "api"}, Keys: []Key{k.Key()}}}, Now: func() time.Time { return now }}))
		c, err := v.Verify(raw)
		if err != nil {
			return
		}
		said := c.Algorithm
		if strings.Contains(head, `"Ed25519"`) {
			return // the new name of EdDSA, which not all of them know
		}
		for name, accept := range oracles {
			if err := accept(raw, said, key); err != nil {
				t.Errorf("%s refuses what is accepted here: %v\n%s\n%s", name, err, head, body)
			}
		}
	})
}

// FuzzVerify: no text makes it panic, and what it accepts is one of its own tokens in
// its one spelling.
func FuzzVerify(f *testing.F) {
	k := signer()[ES256]
	for _, r := range rows {
		if raw := r.token(k); len(raw) < MaxSize {
			f.Add(raw)
		}
	}
	v := verifierOf(f, ES256, nil)
	f.Fuzz(func(t *testing.T, raw string) {
		c, err := v.Verify(raw)
		if err != nil {
			return
		}
		p, ok := split(raw)
		sig, ok2 := decode(p.signature)
		if !ok || !ok2 || b64(sig) != p.signature || c.Subject == "" || len(c.Audience) == 0 || !c.Expires.After(now) {
			t.Errorf("%q: %+v", raw, c)
		}
	})
}
