package token

import (
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport-dev/sallyport/internal/suite"
	"github.com/sallyport-dev/sallyport/secret"
)

// vectors is the part of a Wycheproof file that is read here.
type vectors struct {
	TestGroups []struct {
		Private      jsontext.Value `json:"private"`
		Public       jsontext.Value `json:"public"`
		PublicKeyPem string         `json:"publicKeyPem"`
		TagSize      int            `json:"tagSize"`
		Tests        []struct {
			TcID    int            `json:"tcId"`
			Comment string         `json:"comment"`
			JWS     jsontext.Value `json:"jws"` // a string, or the JSON serialisation
			Msg     string         `json:"msg"`
			Sig     string         `json:"sig"`
			Key     string         `json:"key"`
			Tag     string         `json:"tag"`
			Result  string         `json:"result"`
		} `json:"tests"`
	} `json:"testGroups"`
}

func readVectors(t *testing.T, name string) vectors {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(suite.Dir(t, "wycheproof/testvectors_v1"), name))
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// anyKeys reads a key or a set of keys of any kind, as New would take them.
func anyKeys(raw []byte) (*KeySet, error) {
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if json.Unmarshal(raw, &set) != nil || set.Keys == nil {
		set.Keys = []jsontext.Value{raw}
	}
	s := &KeySet{byID: map[string][]*key{}}
	for _, one := range set.Keys {
		k, err := anyKey(one)
		if err != nil {
			return nil, err
		}
		s.byID[k.id], s.all = append(s.byID[k.id], k), append(s.all, k)
	}
	return s, s.mixed()
}

func anyKey(raw []byte) (*key, error) {
	var j jwk
	if err := json.Unmarshal(raw, &j); err != nil {
		return nil, err
	}
	if j.Kty != "oct" {
		k, err := parseJWK(raw, "")
		if err != nil {
			return nil, err
		}
		return newKey(k)
	}
	var text string
	if err := json.Unmarshal(j.K, &text); err != nil {
		return nil, err
	}
	bytes, ok := decode(text)
	if !ok {
		return nil, fmt.Errorf("bad k")
	}
	return newKey(Key{ID: j.Kid, Algorithm: Algorithm(j.Alg), Secret: secret.NewBytes(bytes)})
}

// verifySignature is Verify without the claims, which the vectors do not have.
func verifySignature(raw string, set *KeySet) bool {
	p, ok := split(raw)
	if !ok {
		return false
	}
	head, ok1 := decode(p.header)
	_, ok2 := decode(p.payload)
	sig, ok3 := decode(p.signature)
	if !ok1 || !ok2 || !ok3 {
		return false
	}
	h, err := parseHeader(head)
	if err != nil {
		return false
	}
	_, _, err = set.verify(&h, []byte(p.signed), sig)
	return err == nil
}

// refusedHere are the vectors that the suite calls valid or acceptable and that are
// refused here, and why.
var refusedHere = map[string]map[int]string{
	"json_web_signature_test.json": {
		259: "empty payload: a token has claims", 264: "empty payload", 268: "empty payload", 272: "empty payload", 320: "empty payload", 325: "empty payload",
		346: "the key says PS256, the token PS384: one algorithm for a key", 350: "the same",
		347: "the key's alg is ES521, which is no algorithm", 351: "the same",
		357: "the key is all zeros", 358: "the key is all zeros", 359: "the key is all zeros", 376: "the key is all zeros", 377: "the key is all zeros",
		372: "a character outside of the alphabet", 373: "a character outside of the alphabet",
	},
	"json_web_crypto_test.json":           {50: "an encrypted token, and its key", 67: "an encrypted token, and its key"},
	"rsa_signature_2048_sha256_test.json": {8: "acceptable to the suite: the hash's parameters lack their NULL"},
	"hmac_sha256_test.json":               {163: "a key of 16 bytes", 164: "a key of 16 bytes", 165: "a key of 16 bytes"},
}

func TestWycheproofTokens(t *testing.T) {
	for _, name := range []string{"json_web_signature_test.json", "json_web_key_test.json", "json_web_crypto_test.json"} {
		var n tally
		for _, g := range readVectors(t, name).TestGroups {
			raw := g.Public
			if raw == nil {
				raw = g.Private
			}
			keys, err := anyKeys(raw)
			for _, c := range g.Tests {
				raw := string(c.JWS)
				json.Unmarshal(c.JWS, &raw)
				n.count(t, name, c.TcID, c.Result, err == nil && verifySignature(raw, keys))
			}
		}
		n.log(t, name)
	}
}

// TestWycheproofSignatures runs the raw vectors of the primitives through key.verify.
func TestWycheproofSignatures(t *testing.T) {
	for name, alg := range map[string]Algorithm{
		"ecdsa_secp256r1_sha256_p1363_test.json": ES256, "ecdsa_secp384r1_sha384_p1363_test.json": ES384, "ecdsa_secp521r1_sha512_p1363_test.json": ES512,
		"ed25519_test.json": Ed25519, "rsa_signature_2048_sha256_test.json": RS256, "rsa_pss_2048_sha256_mgf1_32_test.json": PS256,
	} {
		var n tally
		for _, g := range readVectors(t, name).TestGroups {
			block, _ := pem.Decode([]byte(g.PublicKeyPem))
			k, err := newKey(Key{Algorithm: alg, Public: must(x509.ParsePKIXPublicKey(block.Bytes)).(crypto.PublicKey)})
			for _, c := range g.Tests {
				n.count(t, name, c.TcID, c.Result, err == nil && k.verify(unhex(t, c.Msg), unhex(t, c.Sig)))
			}
		}
		n.log(t, name)
	}
}

func TestWycheproofMAC(t *testing.T) {
	const name = "hmac_sha256_test.json"
	var whole, cut tally
	for _, g := range readVectors(t, name).TestGroups {
		for _, c := range g.Tests {
			k, err := newKey(Key{Algorithm: HS256, Secret: secret.NewBytes(unhex(t, c.Key))})
			ok := err == nil && k.verify(unhex(t, c.Msg), unhex(t, c.Tag))
			if g.TagSize == 256 {
				whole.count(t, name, c.TcID, c.Result, ok)
				continue
			}
			cut.count(t, name+", cut", c.TcID, "invalid", ok) // RFC 7518 §3.2: the tag is never cut
		}
	}
	whole.log(t, name)
	cut.log(t, name+", cut tags")
}

// tally counts what became of the vectors of a file.
type tally struct{ accepted, refused, disagreed int }

// count fails the test where the suite is not agreed with and no reason stands in
// refusedHere, or a reason stands there in vain.
func (n *tally) count(t *testing.T, name string, id int, result string, ok bool) {
	t.Helper()
	why, exempt := refusedHere[name][id]
	switch {
	case ok && result != "valid":
		t.Errorf("%s %d (%s) is accepted", name, id, result)
	case ok && exempt:
		t.Errorf("%s %d is accepted after all: %s", name, id, why)
	case !ok && result != "invalid" && !exempt:
		t.Errorf("%s %d (%s) is refused", name, id, result)
	}
	switch {
	case ok:
		n.accepted++
	case result != "invalid":
		n.disagreed++
		n.refused++
	default:
		n.refused++
	}
}

func (n *tally) log(t *testing.T, name string) {
	t.Helper()
	if n.accepted+n.refused == 0 {
		t.Errorf("%s holds no vectors", name)
	}
	if n.disagreed != len(refusedHere[name]) {
		t.Errorf("%s: %d reasons for %d disagreements", name, len(refusedHere[name]), n.disagreed)
	}
	t.Logf("%s: %d vectors, %d accepted, %d refused, %d of them not invalid to the suite", name, n.accepted+n.refused, n.accepted, n.refused, n.disagreed)
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
