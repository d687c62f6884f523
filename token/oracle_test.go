package token

import (
	"crypto"
	"encoding/json"
	"fmt"
	"slices"
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
			return fmt.Errorf("no algorithm %q", alg)
		}
		t, err := jwxjwt.Parse([]byte(raw), jwxjwt.WithKey(a, key), jwxjwt.WithIssuer(issuerA), jwxjwt.WithRequiredClaim("exp"),
			jwxjwt.WithClock(jwxjwt.ClockFunc(func() time.Time { return now })), jwxjwt.WithAcceptableSkew(oracleLeeway))
		if err != nil {
			return err
		}
		if aud, _ := t.Audience(); !slices.Contains(aud, audience1) && !slices.Contains(aud, "api") {
			return fmt.Errorf("audience %q", aud)
		}
		return nil
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

// TestOraclesAreAwake: each of them accepts what is good and refuses what is not, or
// their agreement would mean nothing.
func TestOraclesAreAwake(t *testing.T) {
	for _, alg := range oracleAlgorithms {
		k, key := oracleKey(alg)
		good := forge(k, head(k), claimsJSON(fair()))
		bad := map[string]string{
			"signature": swapPart(good, 2, otherFirst(strings.Split(good, ".")[2])), "key": forge(otherLike(k), head(k), claimsJSON(fair())),
			"iss": forge(k, head(k), claimsJSON(with("iss", issuerB))), "aud": forge(k, head(k), claimsJSON(with("aud", "other"))),
			"exp": forge(k, head(k), claimsJSON(with("exp", now.Unix()-60))), "nbf": forge(k, head(k), claimsJSON(with("nbf", now.Unix()+60))),
		}
		for name, accept := range oracles {
			if err := accept(good, alg, key); err != nil {
				t.Errorf("%s with %s: %v", name, alg, err)
			}
			for what, raw := range bad {
				if accept(raw, alg, key) == nil {
					t.Errorf("%s with %s: accepts a bad %s", name, alg, what)
				}
			}
		}
	}
}

// TestOthersReadOurKeys: go-jose reads a published set, and agrees on the thumbprints.
func TestOthersReadOurKeys(t *testing.T) {
	var keys []Key
	for _, k := range signer() {
		if k.signer != nil {
			keys = append(keys, k.Key())
		}
	}
	var set gojose.JSONWebKeySet
	if err := json.Unmarshal(must(MarshalJWKS(keys)), &set); err != nil || len(set.Keys) != len(keys) {
		t.Fatalf("%d keys: %v", len(set.Keys), err)
	}
	for i, k := range set.Keys {
		if got := b64(must(k.Thumbprint(crypto.SHA256))); got != keys[i].ID || !k.Valid() || !k.IsPublic() || k.Algorithm != string(keys[i].Algorithm) {
			t.Errorf("%s: %s, want %s", keys[i].Algorithm, got, keys[i].ID)
		}
	}
}
