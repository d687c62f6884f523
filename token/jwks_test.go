package token

import (
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
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
		"private half":           jwkOf(ES384, map[string]any{"d": b64(make([]byte, 48))}),
		"for encryption":         jwkOf(ES384, map[string]any{"use": "enc"}),
		"not for verifying":      jwkOf(ES384, map[string]any{"key_ops": []string{"sign"}}),
		"symmetric":              `{"kty":"oct","k":"AAAA","alg":"HS256","kid":"x"}`,
		"unknown type":           `{"kty":"AKP","alg":"ML-DSA-44","kid":"x"}`,
		"type of another":        jwkOf(ES384, map[string]any{"kty": "RSA"}),
		"unknown curve":          jwkOf(ES384, map[string]any{"crv": "secp256k1"}),
		"algorithm of another":   jwkOf(ES384, map[string]any{"alg": "ES256"}),
		"algorithm none":         jwkOf(ES384, map[string]any{"alg": "none"}),
		"RSA with 512 bits":      jwkOf(RS256, map[string]any{"n": b64(append([]byte{255}, make([]byte, 63)...))}),
		"RSA with exponent 1":    jwkOf(RS256, map[string]any{"e": "AQ"}),
		"RSA with huge exponent": jwkOf(RS256, map[string]any{"e": b64(make([]byte, 100))}),
		"Ed25519 short":          jwkOf(Ed25519, map[string]any{"x": "AAAA"}),
		"Ed25519, zeros":         jwkOf(Ed25519, map[string]any{"x": b64(make([]byte, 32))}),
		"X25519":                 jwkOf(Ed25519, map[string]any{"crv": "X25519"}),
		"Ed448":                  jwkOf(Ed25519, map[string]any{"crv": "Ed448"}),
		"line end":               strings.Replace(jwkOf(ES384, nil), `"x":"`, `"x":"\n`, 1),
		"a member twice":         strings.Replace(jwkOf(ES384, nil), `{`, `{"kty":"RSA",`, 1),
		"not an object":          `"key"`,
		"kid a number":           jwkOf(ES384, map[string]any{"kid": 1}),
		"a long kid":             jwkOf(ES384, map[string]any{"kid": strings.Repeat("k", 256)}),
		"a kid with a line":      jwkOf(ES384, map[string]any{"kid": "a\nb"}),
		"RSA for HMAC":           jwkOf(RS256, map[string]any{"alg": "HS256"}),
		"RSA even exponent":      jwkOf(RS256, map[string]any{"e": b64([]byte{1, 0, 0})}),
		"RSA without exponent":   jwkOf(RS256, map[string]any{"e": nil}),
		"coordinate with zero":   jwkOf(ES384, map[string]any{"x": b64(make([]byte, 49))}),
		"RSA private half":       jwkOf(RS256, map[string]any{"p": "AQAB"}),
		"null":                   `null`,
	} {
		keys, errs := ParseJWKS([]byte(`{"keys":[` + bad + `,` + good + `]}`))
		if len(keys) != 1 || len(errs) != 1 || keys[0].Algorithm != ES256 {
			t.Errorf("%s: %d keys, %v", name, len(keys), errs)
			continue
		}
		left, ok := errors.AsType[*KeyError](errs[0])
		if ok && left.ID == "" && strings.Contains(bad, `"kid":"`) {
			t.Errorf("%s: the key is not named: %v", name, left)
		}
		if !ok || left.Index != 0 || left.Reason == "" || left.Expected != (name == "for encryption" || name == "not for verifying") {
			t.Errorf("%s: %v", name, errs)
		}
	}
}

// TestRSAWithoutAlgorithm: such a key is for the one algorithm the reader names, if that
// is one of RSA; other keys are what they were.
func TestRSAWithoutAlgorithm(t *testing.T) {
	set := []byte(`{"keys":[` + jwkOf(RS256, map[string]any{"alg": nil}) + `,` + jwkOf(PS256, nil) + `,` + jwkOf(ES256, map[string]any{"alg": nil}) + `]}`)
	for rsa, want := range map[Algorithm]string{RS256: "RS256 PS256 ES256", PS512: "PS512 PS256 ES256", ES256: "PS256 ES256", HS256: "PS256 ES256", "none": "PS256 ES256", "": "RS256 PS256 ES256"} {
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
	for name, set := range map[string]string{
		"empty": ``, "a list": `[` + good + `]`, "no keys": `{}`, "keys null": `{"keys":null}`, "one key": good,
		"keys twice": `{"keys":[],"keys":[` + good + `]}`, "keys twice by escape": `{"keys":[` + good + `],"k\u0065ys":[]}`,
		"keys an object": `{"keys":{"a":` + good + `}}`, "text behind": `{"keys":[` + good + `]} x`,
		"two sets": `{"keys":[` + good + `]}{"keys":[]}`, "cut": `{"keys":[` + good + `]`, "cut in a key": `{"keys":[` + good[:40],
		"a page": `<html></html>`, "UTF-16": "\xff\xfe{\x00}\x00", "two marks": "\ufeff\ufeff" + `{"keys":[` + good + `]}`,
		"over 1 MiB": `{"keys":[` + good + `],"x":"` + strings.Repeat("x", 1<<20) + `"}`,
	} {
		if keys, errs := ParseJWKS([]byte(set)); len(keys) != 0 || len(errs) == 0 {
			t.Errorf("%s: %d keys, %v", name, len(keys), errs)
		}
	}
}

// TestOddSets: what real sets have, and what becomes of it: how many keys there are, and how
// many are left out.
func TestOddSets(t *testing.T) {
	es, rs := jwkOf(ES256, nil), jwkOf(RS256, nil)
	same := signer()[ES256].key.ID
	point := signer()[ES256].key.Public
	x, y := must(decodeMember(es, "x")), must(decodeMember(es, "y"))
	modulus := signer()[RS256].key.Public.(*rsa.PublicKey).N.Bytes()
	var many, other []string
	for i := range MaxSetKeys + 1 {
		many = append(many, jwkOf(ES256, map[string]any{"kid": fmt.Sprint(i)}))
	}
	for range maxTries + 1 {
		other = append(other, string(must(MarshalJWKS([]Key{must(GenerateKey(ES256)).Key()})))) // {"keys":[…]}
	}
	sharing := strings.NewReplacer(`{"keys":[`, "", "]}", "").Replace(strings.Join(other, ","))
	sharing = regexp.MustCompile(`"kid":"[^"]*"`).ReplaceAllString(sharing, `"kid":"k"`)
	for _, row := range []struct {
		name, keys string
		good, left int
	}{
		{"a key twice", es + "," + es, 1, 0},
		{"a kid twice, two kinds", es + "," + jwkOf(RS256, map[string]any{"kid": same}), 2, 0},
		{"a kid twice, one for encryption", jwkOf(ES384, map[string]any{"use": "enc", "kid": same}) + "," + es, 1, 1},
		{"a kid five times", sharing, maxTries, 1},
		{"private half null", strings.Replace(es, `{`, `{"d":null,"k":null,`, 1), 1, 0},
		{"private half", jwkOf(ES256, map[string]any{"d": b64(x)}), 0, 1},
		{"private half beside the public one", es + "," + jwkOf(ES256, map[string]any{"d": b64(x), "kid": "other"}) + "," + rs, 1, 2},
		{"private half in an entry that is no key", es + "," + strings.Replace(jwkOf(ES256, map[string]any{"kid": "other"}), `{`, `{"d":"x","d":"y",`, 1), 0, 2},
		{"private half under a kid that is none", es + "," + jwkOf(ES256, map[string]any{"d": b64(x), "kid": 7}), 0, 2},
		{"private half, empty", jwkOf(ES256, map[string]any{"d": ""}), 0, 1},
		{"key_ops empty", jwkOf(ES256, map[string]any{"key_ops": []string{}}), 1, 0},
		{"key_ops null", strings.Replace(es, `{`, `{"key_ops":null,`, 1), 1, 0},
		{"RSA without algorithm", jwkOf(RS256, map[string]any{"alg": nil}), 1, 0},
		{"EC without algorithm and use", jwkOf(ES256, map[string]any{"alg": nil, "use": nil}), 1, 0},
		{"padded, in the standard alphabet", jwkOf(ES256, map[string]any{"x": base64.StdEncoding.EncodeToString(x), "y": base64.StdEncoding.EncodeToString(y)}), 1, 0},
		{"coordinates with a zero", jwkOf(ES256, map[string]any{"x": b64(append([]byte{0}, x...)), "y": b64(append([]byte{0}, y...))}), 1, 0},
		{"coordinates with another byte", jwkOf(ES256, map[string]any{"x": b64(append([]byte{1}, x...))}), 0, 1},
		{"a coordinate of nothing", jwkOf(ES256, map[string]any{"x": ""}), 0, 1},
		{"RSA with zeros", jwkOf(RS256, map[string]any{"e": b64([]byte{0, 1, 0, 1}), "n": b64(append([]byte{0}, modulus...))}), 1, 0},
		{"members that nothing reads", strings.Replace(es, `{`, `{"x5c":7,"exp":null,"nbf":[],"x5t":{},`, 1), 1, 0},
		{"members of other types of keys", strings.Replace(es, `{`, `{"n":5,"e":[],`, 1) + "," + jwkOf(RS256, map[string]any{"x": 1, "y": true, "crv": []int{}}), 2, 0},
		{"a coordinate that is none", jwkOf(ES256, map[string]any{"x": 5}), 0, 1},
		{"use that is none", jwkOf(ES256, map[string]any{"use": 5}), 0, 1},
		{"a member twice in one key", strings.Replace(rs, `{`, `{"kty":"RSA",`, 1) + "," + es, 1, 1},
		{"no UTF-8 in one key", strings.Replace(rs, `{`, "{\"x\":\"\xff\",", 1) + "," + es, 1, 1},
		{"65", strings.Join(many[:65], ","), 65, 0},
		{"1001", strings.Join(many, ","), MaxSetKeys, 1},
		{"none", "", 0, 0},
	} {
		for _, form := range []string{`{"keys":[%s]}`, "\ufeff{\"keys\":[%s]}", " \n{\"x\":{},\"x\":1,\"keys\":[%s],\"x\":2 }\n"} {
			keys, errs := ParseJWKS([]byte(strings.Replace(form, "%s", row.keys, 1)))
			if len(keys) != row.good || len(errs) != row.left {
				t.Errorf("%s: %d keys, %d left out: %v", row.name, len(keys), len(errs), errs)
			}
			for _, k := range keys {
				if k.Algorithm == ES256 && row.good < maxTries && !equal(k.Public, point) {
					t.Errorf("%s: another key", row.name)
				}
			}
			if _, err := NewKeySet(keys); err != nil {
				t.Errorf("%s: %v", row.name, err)
			}
		}
	}
}

// decodeMember is a member of a key that is bytes.
func decodeMember(jwk, name string) ([]byte, error) {
	var members map[string]string
	if err := json.Unmarshal([]byte(jwk), &members); err != nil {
		return nil, err
	}
	return base64.RawURLEncoding.DecodeString(members[name])
}

// TestSharedIDs: keys with one kid, and keys without, are tried where their algorithm fits, and
// no more than four of them.
func TestSharedIDs(t *testing.T) {
	var keys []*SigningKey
	for range 6 {
		keys = append(keys, must(GenerateKey(ES256)))
	}
	verifies := func(k *SigningKey, kid string, ids ...string) *Error {
		var list []Key
		for i, id := range ids {
			list = append(list, Key{ID: id, Algorithm: ES256, Public: keys[i].key.Public})
		}
		set := must(NewKeySet(list))
		parts, _ := split(forge(k, fmt.Sprintf(`{"alg":"ES256","kid":%q}`, kid), "{}"))
		head, _, sig, _ := parts.decode()
		h, _ := parseHeader(head)
		_, _, err := set.verify(&h, []byte(parts.signed), sig)
		return err
	}
	stranger := must(GenerateKey(ES256))
	for _, row := range []struct {
		name, kid string
		ids       []string
		good      []bool // for each key
		stranger  *Error
	}{
		{"one kid", "k", []string{"k", "k", "k", "k"}, []bool{true, true, true, true}, ErrBadSignature},
		{"one of them", "k", []string{"k", "j", "k"}, []bool{true, false, true}, ErrBadSignature},
		{"a token without", "", []string{"k", "j", ""}, []bool{true, true, true}, ErrBadSignature},
		{"keys without", "k", []string{"", ""}, []bool{true, true}, ErrBadSignature},
		{"keys without, beside others", "k", []string{"j", ""}, []bool{false, true}, ErrBadSignature},
		{"an unknown kid", "k", []string{"j", "i"}, []bool{false, false}, ErrUnknownKey},
		{"a token without, and six keys", "", []string{"a", "b", "c", "d", "e", "f"}, []bool{true, true, true, true, false, false}, errManyKeys},
	} {
		for i, good := range row.good {
			if err := verifies(keys[i], row.kid, row.ids...); (err == nil) != good {
				t.Errorf("%s, key %d: %v", row.name, i, err)
			}
		}
		if err := verifies(stranger, row.kid, row.ids...); err != row.stranger {
			t.Errorf("%s, a stranger: %v", row.name, err)
		}
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
		"1001 keys":       many,
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
		x, ok := decode(string(j.X))
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
