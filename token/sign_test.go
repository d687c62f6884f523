package token

import (
	"crypto/rsa"
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/secret"
)

func TestSigningKeysDoNotPrint(t *testing.T) {
	k := signer()[HS256]
	raw := k.key.Secret.Reveal()
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if s := fmt.Sprintf(format, k.key); strings.Contains(s, string(raw)) || strings.Contains(s, fmt.Sprintf("%x", raw)) {
			t.Errorf("%s shows the secret", format)
		}
	}
}

func TestSign(t *testing.T) {
	for alg, k := range signer() {
		raw, err := k.Sign(fair(), AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verifierOf(t, alg, nil).Verify(raw); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
	}
	for name, claims := range map[string]any{"a list": []int{1}, "text": "x", "nil": nil, "a channel": make(chan int)} {
		if _, err := signer()[ES256].Sign(claims, AccessToken); err == nil {
			t.Errorf("%s was signed", name)
		}
	}
	if _, err := GenerateKey(HS256); err == nil {
		t.Error("a secret was made up")
	}
	if _, err := GenerateKey("none"); err == nil {
		t.Error("a key for none")
	}
	if _, err := NewSigningKey(ES256, nil); err == nil {
		t.Error("a key of nothing")
	}
}

// TestSignersRefused: what cannot be verified is not signed.
func TestSignersRefused(t *testing.T) {
	weak := withRSA(func(p *rsa.PublicKey) { p.E = 1 }).Public.(*rsa.PublicKey)
	if _, err := NewSigningKey(RS256, &rsa.PrivateKey{PublicKey: *weak}); err == nil {
		t.Error("a broken key signs")
	}
	if _, err := NewSigningKey(ES384, signer()[ES256].signer); err == nil {
		t.Error("a key signs for another curve")
	}
	random := secret.NewBytes(randomBytes(64))
	for _, alg := range []Algorithm{"", "none", "hs256", ES256, RS256} {
		if _, err := NewSecretKey(alg, "k", random); err == nil {
			t.Errorf("a secret signs %q", alg)
		}
	}
	if _, err := NewSecretKey(HS256, "k", secret.NewBytes([]byte(strings.Repeat("your_secret_key", 4)))); err == nil {
		t.Error("the guide's key signs")
	}
}

// TestSignedHeader: the header holds the three members and nothing else.
func TestSignedHeader(t *testing.T) {
	for alg, k := range signer() {
		raw := must(k.Sign(fair(), AccessToken))
		p, _ := split(raw)
		got, _ := decode(p.header)
		if want := fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":"at+jwt"}`, alg, k.key.ID); string(got) != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
