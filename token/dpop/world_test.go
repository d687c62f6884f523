package dpop

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	raw    = "eyJ.access.token"
	target = "https://api.example/notes"
)

// memory is a Replay that never forgets earlier than it must.
type memory struct {
	mu   sync.Mutex
	now  func() time.Time
	ends map[string]time.Time
	err  error
}

func (m *memory) Use(_ context.Context, key, id string, d time.Duration) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return false, m.err
	}
	name := key + "\n" + id
	if m.now().Before(m.ends[name]) {
		return false, nil
	}
	m.ends[name] = m.now().Add(d)
	return true, nil
}

// world is a verifier, its clock, and what it remembers.
type world struct {
	*Verifier
	now    time.Time
	replay *memory
}

func newWorld(t testing.TB, change func(*Config)) *world {
	t.Helper()
	w := &world{now: start}
	clock := func() time.Time { return w.now }
	w.replay = &memory{now: clock, ends: map[string]time.Time{}}
	cfg := Config{Replay: w.replay, Now: clock}
	if change != nil {
		change(&cfg)
	}
	var err error
	if w.Verifier, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	return w
}

// client is a key made by hand, so that proofs can be wrong in every way.
type client struct {
	alg    string
	signer crypto.Signer
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

var clients = sync.OnceValue(func() map[string]*client {
	curve := func(c elliptic.Curve) crypto.Signer { k, _ := ecdsa.GenerateKey(c, rand.Reader); return k }
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	all := map[string]*client{}
	for alg, k := range map[string]crypto.Signer{
		"ES256": curve(elliptic.P256()), "ES384": curve(elliptic.P384()), "ES512": curve(elliptic.P521()),
		"RS256": rsaKey, "PS256": rsaKey, "PS512": rsaKey, "EdDSA": ed, "Ed25519": ed,
	} {
		all[alg] = &client{alg: alg, signer: k}
	}
	return all
})

// jwk is the key's public half; private is its other one.
func (c *client) jwk() map[string]any {
	switch p := c.signer.Public().(type) {
	case *rsa.PublicKey:
		return map[string]any{"kty": "RSA", "n": b64(p.N.Bytes()), "e": b64(big.NewInt(int64(p.E)).Bytes())}
	case *ecdsa.PublicKey:
		point, _ := p.Bytes()
		half := (len(point) - 1) / 2
		return map[string]any{"kty": "EC", "crv": p.Curve.Params().Name, "x": b64(point[1 : 1+half]), "y": b64(point[1+half:])}
	case ed25519.PublicKey:
		return map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64(p)}
	}
	panic("no such key")
}

// thumbprint is RFC 7638's, written from its text: the members in alphabetical order.
func (c *client) thumbprint() string {
	text, _ := json.Marshal(c.jwk(), json.Deterministic(true))
	sum := sha256.Sum256(text)
	return b64(sum[:])
}

func (c *client) sign(input string) []byte {
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[c.alg[max(len(c.alg)-3, 0):]]
	if _, ok := c.signer.(ed25519.PrivateKey); ok {
		sig, _ := c.signer.Sign(rand.Reader, []byte(input), crypto.Hash(0))
		return sig
	}
	h := hash.New()
	h.Write([]byte(input))
	switch k := c.signer.(type) {
	case *ecdsa.PrivateKey:
		r, s, _ := ecdsa.Sign(rand.Reader, k, h.Sum(nil))
		size := (k.Curve.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	case *rsa.PrivateKey:
		if strings.HasPrefix(c.alg, "PS") {
			sig, _ := k.Sign(rand.Reader, h.Sum(nil), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash})
			return sig
		}
		sig, _ := k.Sign(rand.Reader, h.Sum(nil), hash)
		return sig
	}
	panic("no such key")
}

var ids int

// claims are those of a good proof.
func goodClaims(now time.Time) map[string]any {
	ids++
	return map[string]any{"jti": fmt.Sprint("id", ids), "htm": "GET", "htu": target, "iat": now.Unix(), "ath": hash(raw)}
}

// change sets members, and takes out those that are nil.
func change(m map[string]any, changes map[string]any) map[string]any {
	m = maps.Clone(m)
	for name, value := range changes {
		if m[name] = value; value == nil {
			delete(m, name)
		}
	}
	return m
}

func (c *client) head(changes map[string]any) string {
	return text(change(map[string]any{"typ": "dpop+jwt", "alg": c.alg, "jwk": c.jwk()}, changes))
}

func text(v any) string {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (c *client) forge(head, body string) string {
	signed := b64([]byte(head)) + "." + b64([]byte(body))
	return signed + "." + b64(c.sign(signed))
}

// proof is a good one but for the changes.
func (c *client) proof(now time.Time, head, body map[string]any) string {
	return c.forge(c.head(head), text(change(goodClaims(now), body)))
}

// mac signs with a secret that anybody has: the public key's text.
func (c *client) mac(head, body string) string {
	signed := b64([]byte(head)) + "." + b64([]byte(body))
	h := hmac.New(sha256.New, []byte(text(c.jwk())))
	h.Write([]byte(signed))
	return signed + "." + b64(h.Sum(nil))
}

func (c *client) request(proof string) Request {
	return Request{Proof: proof, Method: "GET", URLs: []string{target}, Token: raw, Thumbprint: c.thumbprint()}
}

// verdict is the reason for which a request is refused, or "".
func (w *world) verdict(r Request) Reason {
	_, err := w.Verify(context.Background(), r)
	if err == nil {
		return ""
	}
	return err.(*Error).Reason
}
