package token

import (
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// jwkOf is a key as it is published, with some members replaced; nil takes one out.
func jwkOf(alg Algorithm, change map[string]any) string {
	var j map[string]any
	if err := json.Unmarshal(must(json.Marshal(must(toJWK(signer()[alg].key)))), &j); err != nil {
		panic(err)
	}
	for name, value := range change {
		if j[name] = value; value == nil {
			delete(j, name)
		}
	}
	return string(must(json.Marshal(j)))
}

func TestJWKSRoundTrip(t *testing.T) {
	var keys []Key
	for alg, k := range signer() {
		if k.signer != nil && alg != RS384 && alg != PS384 {
			keys = append(keys, k.Key())
		}
	}
	data, err := MarshalJWKS(keys)
	if err != nil {
		t.Fatal(err)
	}
	got, errs := ParseJWKS(data)
	if len(got) != len(keys) || errs != nil {
		t.Fatalf("%d of %d keys: %v", len(got), len(keys), errs)
	}
	for i, k := range got {
		if k.ID != keys[i].ID || k.Algorithm != keys[i].Algorithm {
			t.Errorf("key %d: %+v", i, k)
		}
		s := signer()[k.Algorithm]
		v := must(New(Config{Issuers: []Issuer{{Name: issuerA, Audiences: []string{audience1}, Keys: []Key{k}}}, Now: verifierOf(t, ES256, nil).now}))
		if _, err := v.Verify(forge(s, head(s), claimsJSON(fair()))); err != nil {
			t.Errorf("%s: %v", k.Algorithm, err)
		}
	}
	for _, private := range []string{`"d"`, `"p"`, `"q"`, `"k"`} {
		if strings.Contains(string(data), private) {
			t.Errorf("the set shows %s", private)
		}
	}
	if _, err := MarshalJWKS([]Key{signer()[HS256].Key()}); err == nil {
		t.Error("a secret was published")
	}
}

// TestJ24OneBadKey: a key that cannot be used does not take the others along.
func TestJ24OneBadKey(t *testing.T) {
	good := jwkOf(ES256, nil)
	for name, bad := range map[string]string{
		"off the curve":          jwkOf(ES384, map[string]any{"x": b64(make([]byte, 48))}),
		"short coordinate":       jwkOf(ES384, map[string]any{"x": b64(make([]byte, 47))}),
		"private half":           jwkOf(ES384, map[string]any{"d": b64(make([]byte, 48))}),
		"private half, null":     strings.Replace(jwkOf(ES384, nil), `{`, `{"d":null,`, 1),
		"for encryption":         jwkOf(ES384, map[string]any{"use": "enc"}),
		"not for verifying":      jwkOf(ES384, map[string]any{"key_ops": []string{"sign"}}),
		"key_ops empty":          jwkOf(ES384, map[string]any{"key_ops": []string{}}),
		"symmetric":              `{"kty":"oct","k":"AAAA","alg":"HS256","kid":"x"}`,
		"unknown type":           `{"kty":"AKP","alg":"ML-DSA-44","kid":"x"}`,
		"type of another":        jwkOf(ES384, map[string]any{"kty": "RSA"}),
		"unknown curve":          jwkOf(ES384, map[string]any{"crv": "secp256k1"}),
		"algorithm of another":   jwkOf(ES384, map[string]any{"alg": "ES256"}),
		"algorithm none":         jwkOf(ES384, map[string]any{"alg": "none"}),
		"RSA without algorithm":  jwkOf(RS256, map[string]any{"alg": nil}),
		"RSA with 512 bits":      jwkOf(RS256, map[string]any{"n": b64(append([]byte{255}, make([]byte, 63)...))}),
		"RSA with leading zeros": jwkOf(RS256, map[string]any{"e": b64([]byte{0, 1, 0, 1})}),
		"RSA with exponent 1":    jwkOf(RS256, map[string]any{"e": "AQ"}),
		"RSA with huge exponent": jwkOf(RS256, map[string]any{"e": b64(make([]byte, 100))}),
		"Ed25519 short":          jwkOf(Ed25519, map[string]any{"x": "AAAA"}),
		"Ed25519, zeros":         jwkOf(Ed25519, map[string]any{"x": b64(make([]byte, 32))}),
		"X25519":                 jwkOf(Ed25519, map[string]any{"crv": "X25519"}),
		"Ed448":                  jwkOf(Ed25519, map[string]any{"crv": "Ed448"}),
		"line end":               strings.Replace(jwkOf(ES384, nil), `"x":"`, `"x":"\n`, 1),
		"padded":                 jwkOf(ES384, map[string]any{"x": b64(make([]byte, 48)) + "="}),
		"a member twice":         strings.Replace(jwkOf(ES384, nil), `{`, `{"kty":"RSA",`, 1),
		"not an object":          `"key"`,
		"kid a number":           jwkOf(ES384, map[string]any{"kid": 1}),
		"a long kid":             jwkOf(ES384, map[string]any{"kid": strings.Repeat("k", 256)}),
		"a kid with a line":      jwkOf(ES384, map[string]any{"kid": "a\nb"}),
		"RSA for HMAC":           jwkOf(RS256, map[string]any{"alg": "HS256"}),
		"RSA modulus with zero":  jwkOf(RS256, map[string]any{"n": b64(append([]byte{0}, signer()[RS256].key.Public.(*rsa.PublicKey).N.Bytes()...))}),
		"RSA even exponent":      jwkOf(RS256, map[string]any{"e": b64([]byte{1, 0, 0})}),
		"RSA without exponent":   jwkOf(RS256, map[string]any{"e": nil}),
		"coordinate with zero":   jwkOf(ES384, map[string]any{"x": b64(make([]byte, 49))}),
		"RSA private half":       jwkOf(RS256, map[string]any{"p": "AQAB"}),
		"null":                   `null`,
	} {
		keys, errs := ParseJWKS([]byte(`{"keys":[` + bad + `,` + good + `]}`))
		if name == "a member twice" { // then the text is not JSON in the strict sense
			if len(keys) != 0 || errs == nil {
				t.Errorf("%s: %d keys, %v", name, len(keys), errs)
			}
			continue
		}
		if len(keys) != 1 || len(errs) != 1 || keys[0].Algorithm != ES256 {
			t.Errorf("%s: %d keys, %v", name, len(keys), errs)
		}
	}
}

// TestRSAWithoutAlgorithm: such a key is for the one algorithm the reader names, if that
// is one of RSA; other keys are what they were.
func TestRSAWithoutAlgorithm(t *testing.T) {
	set := []byte(`{"keys":[` + jwkOf(RS256, map[string]any{"alg": nil}) + `,` + jwkOf(PS256, nil) + `,` + jwkOf(ES256, map[string]any{"alg": nil}) + `]}`)
	for rsa, want := range map[Algorithm]string{RS256: "RS256 PS256 ES256", PS512: "PS512 PS256 ES256", ES256: "PS256 ES256", HS256: "PS256 ES256", "none": "PS256 ES256", "": "PS256 ES256"} {
		keys, errs := ParseJWKSFor(set, rsa)
		var got []string
		for _, k := range keys {
			got = append(got, string(k.Algorithm))
		}
		if strings.Join(got, " ") != want || len(keys)+len(errs) != 3 {
			t.Errorf("%q: %q, want %q: %v", rsa, got, want, errs)
		}
	}
}

func TestSetsRefused(t *testing.T) {
	good := jwkOf(ES256, nil)
	var many []string
	for i := range 65 {
		many = append(many, jwkOf(ES256, map[string]any{"kid": fmt.Sprint(i)}))
	}
	for name, set := range map[string]string{
		"empty": ``, "a list": `[` + good + `]`, "no keys": `{}`, "keys null": `{"keys":null}`, "one key": good,
		"a kid twice, the first not for us": `{"keys":[` + jwkOf(ES384, map[string]any{"use": "enc", "kid": signer()[ES256].key.ID}) + `,` + good + `]}`,
		"a kid twice, the last not for us":  `{"keys":[` + good + `,` + jwkOf(ES384, map[string]any{"use": "enc", "kid": signer()[ES256].key.ID}) + `]}`,
		"a kid twice":                       `{"keys":[` + good + `,` + good + `]}`, "keys twice": `{"keys":[],"keys":[` + good + `]}`,
		"text behind": `{"keys":[` + good + `]} x`, "65 keys": `{"keys":[` + strings.Join(many, ",") + `]}`,
		"over 256 KiB": `{"keys":[` + good + `],"x":"` + strings.Repeat("x", 256<<10) + `"}`,
	} {
		if keys, errs := ParseJWKS([]byte(set)); len(keys) != 0 || len(errs) == 0 {
			t.Errorf("%s: %d keys, %v", name, len(keys), errs)
		}
	}
	if keys, errs := ParseJWKS([]byte(`{"keys":[` + strings.Join(many[:64], ",") + `]}`)); len(keys) != 64 || errs != nil {
		t.Errorf("64 keys: %d, %v", len(keys), errs)
	}
}

// TestMarshalRefuses: what the reader would refuse is not published.
func TestMarshalRefuses(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	es := signer()[ES256]
	var many []Key
	for i := range MaxSetKeys + 1 {
		many = append(many, Key{ID: fmt.Sprint(i), Algorithm: ES256, Public: es.key.Public})
	}
	for name, keys := range map[string][]Key{
		"a secret":        {signer()[HS256].Key()},
		"a private key":   {{Algorithm: ES256, Public: es.signer}},
		"nothing":         {{Algorithm: ES256}},
		"RSA, empty":      {{Algorithm: RS256, Public: &rsa.PublicKey{}}},
		"RSA, 1024 bits":  {{Algorithm: RS256, Public: smallRSA()}},
		"wrong algorithm": {{Algorithm: ES384, Public: es.key.Public}},
		"a kid twice":     {es.Key(), es.Key()},
		"65 keys":         many,
	} {
		if data, err := MarshalJWKS(keys); err == nil || data != nil {
			t.Errorf("%s: %s", name, data)
		}
	}
	if data, err := MarshalJWKS(nil); err != nil || string(data) != `{"keys":[]}` {
		t.Errorf("no keys: %s %v", data, err)
	}
}

// TestCoordinatesKeepTheirWidth: one key in 256 has a coordinate that starts with a
// zero, which stays there (RFC 7518 §6.2.1.2).
func TestCoordinatesKeepTheirWidth(t *testing.T) {
	for range 10_000 {
		k := must(GenerateKey(ES256))
		j := must(toJWK(k.key))
		x, ok := decode(j.X)
		if !ok || len(x) != 32 {
			t.Fatalf("%x", x)
		}
		if x[0] != 0 {
			continue
		}
		got, errs := ParseJWKS(must(MarshalJWKS([]Key{k.Key()})))
		if errs != nil || len(got) != 1 || must(thumbprint(got[0])) != k.key.ID {
			t.Fatalf("%v %v", got, errs)
		}
		return
	}
	t.Error("no such key in ten thousand")
}
