package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes that crypto.Hash names
	_ "crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"math/big"
	"slices"
	"sync"
)

// Algorithm is a JWS signature algorithm (RFC 7518 §3.1, RFC 8037, RFC 9864).
type Algorithm string

// The algorithms. There is no "none".
const (
	HS256 Algorithm = "HS256"
	HS384 Algorithm = "HS384"
	HS512 Algorithm = "HS512"
	RS256 Algorithm = "RS256"
	RS384 Algorithm = "RS384"
	RS512 Algorithm = "RS512"
	PS256 Algorithm = "PS256"
	PS384 Algorithm = "PS384"
	PS512 Algorithm = "PS512"
	ES256 Algorithm = "ES256"
	ES384 Algorithm = "ES384"
	ES512 Algorithm = "ES512"
	// Ed25519 is the name RFC 9864 gives the algorithm; EdDSA is its older name, which
	// means the same key and signature here. Tokens may carry either.
	Ed25519 Algorithm = "Ed25519"
	EdDSA   Algorithm = "EdDSA"
)

// family is what kind of key an algorithm takes.
type family int

const (
	macs family = iota
	pkcs1
	pss
	ec
	ed
)

// scheme is how an algorithm works.
type scheme struct {
	family family
	hash   crypto.Hash
	curve  elliptic.Curve
}

var schemes = map[Algorithm]scheme{
	HS256: {macs, crypto.SHA256, nil}, HS384: {macs, crypto.SHA384, nil}, HS512: {macs, crypto.SHA512, nil},
	RS256: {pkcs1, crypto.SHA256, nil}, RS384: {pkcs1, crypto.SHA384, nil}, RS512: {pkcs1, crypto.SHA512, nil},
	PS256: {pss, crypto.SHA256, nil}, PS384: {pss, crypto.SHA384, nil}, PS512: {pss, crypto.SHA512, nil},
	ES256: {ec, crypto.SHA256, elliptic.P256()}, ES384: {ec, crypto.SHA384, elliptic.P384()}, ES512: {ec, crypto.SHA512, elliptic.P521()},
	Ed25519: {ed, 0, nil}, EdDSA: {ed, 0, nil},
}

// Key sizes. RSA keys over 8192 bits cost an attacker nothing to send and us much to
// use; exponents are the odd numbers that implementations agree on.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// key is a Key made ready.
type key struct {
	id        string
	algorithm Algorithm
	scheme
	rsa *rsa.PublicKey
	ec  *ecdsa.PublicKey
	ed  ed25519.PublicKey
	mac sync.Pool // of hash.Hash, keyed
}

// newKey checks a key, so that nothing weak is ever used.
func newKey(k Key) (*key, error) {
	s, ok := schemes[k.Algorithm]
	if !ok {
		return nil, fmt.Errorf("has the algorithm %q, which is not known here: use ES256, or another of the list", k.Algorithm)
	}
	if k.ID != "" && !plain(k.ID, maxText) {
		return nil, errors.New("has an ID that no token can name: at most 255 bytes, all of them printable")
	}
	out := &key{id: k.ID, algorithm: k.Algorithm, scheme: s}
	if s.family != macs && !k.Secret.IsZero() {
		return nil, fmt.Errorf("has a Secret, which %s does not use: leave it out", k.Algorithm)
	}
	switch s.family {
	case macs:
		return out, out.setSecret(k)
	case pkcs1, pss:
		return out, out.setRSA(k.Public)
	case ec:
		return out, out.setEC(k.Public)
	}
	return out, out.setEd(k.Public)
}

func (k *key) setSecret(in Key) error {
	raw := in.Secret.Reveal()
	if in.Public != nil {
		return errors.New("has a Public key, which HMAC does not use: set Secret")
	}
	if err := weakSecret(in, k.hash.Size()); err != nil {
		return err
	}
	k.mac.New = func() any { return hmac.New(k.hash.New, raw) }
	return nil
}

func (k *key) setRSA(public crypto.PublicKey) error {
	p, ok := public.(*rsa.PublicKey)
	if !ok || p == nil || p.N == nil {
		return fmt.Errorf("is a %T, and %s takes an *rsa.PublicKey", public, k.algorithm)
	}
	switch bits := p.N.BitLen(); {
	case bits < minRSABits:
		return fmt.Errorf("has %d bits: RSA keys need %d or more (RFC 7518 §3.3)", bits, minRSABits)
	case bits > maxRSABits:
		return fmt.Errorf("has %d bits: RSA keys may have %d at the most", bits, maxRSABits)
	case p.E < 3 || p.E%2 == 0 || p.N.Bit(0) == 0:
		return fmt.Errorf("has the public exponent %d or an even modulus: it is broken", p.E)
	case isROCA(p.N):
		return errors.New("was made by a library whose keys can be factored (CVE-2017-15361): make another")
	}
	k.rsa = &rsa.PublicKey{N: new(big.Int).Set(p.N), E: p.E}
	return nil
}

func (k *key) setEC(public crypto.PublicKey) error {
	p, ok := public.(*ecdsa.PublicKey)
	if !ok || p == nil || p.Curve == nil {
		return fmt.Errorf("is a %T, and %s takes an *ecdsa.PublicKey", public, k.algorithm)
	}
	if p.Curve != k.curve {
		return fmt.Errorf("is on %s, and %s takes %s (RFC 7518 §3.4)", p.Curve.Params().Name, k.algorithm, k.curve.Params().Name)
	}
	if k.ec = copyPoint(p); k.ec == nil {
		return errors.New("is not a point of its curve")
	}
	return nil
}

// copyPoint returns nil for what is not a point of the curve (RFC 8725 §3.4). A key of
// which a coordinate is nil is none either: there Bytes panics.
func copyPoint(p *ecdsa.PublicKey) (out *ecdsa.PublicKey) {
	defer func() { recover() }()
	point, err := p.Bytes()
	if err != nil {
		return nil
	}
	if out, err = ecdsa.ParseUncompressedPublicKey(p.Curve, point); err != nil {
		return nil
	}
	return out
}

func (k *key) setEd(public crypto.PublicKey) error {
	p, ok := public.(ed25519.PublicKey)
	if !ok || len(p) != ed25519.PublicKeySize {
		return fmt.Errorf("is a %T, and %s takes an ed25519.PublicKey", public, k.algorithm)
	}
	if !soundEd(p) {
		return errors.New("is not a point of its curve, or one under which anybody can sign: make another")
	}
	k.ed = slices.Clone(p)
	return nil
}

// takes reports whether a token may name this algorithm for the key.
func (k *key) takes(alg Algorithm) bool {
	return alg == k.algorithm || k.family == ed && (alg == Ed25519 || alg == EdDSA)
}

// verify reports whether sig is the key's signature of input.
func (k *key) verify(input, sig []byte) bool {
	switch k.family {
	case macs:
		return k.verifyMAC(input, sig)
	case ed:
		return ed25519.Verify(k.ed, input, sig)
	}
	h := k.hash.New()
	h.Write(input)
	var buf [64]byte
	digest := h.Sum(buf[:0])
	switch k.family {
	case pkcs1:
		return rsa.VerifyPKCS1v15(k.rsa, k.hash, digest, sig) == nil
	case pss: // the salt is as long as the hash (RFC 7518 §3.5)
		return rsa.VerifyPSS(k.rsa, k.hash, digest, sig, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
	}
	// The signature is r and s side by side, each as long as the curve's order and no
	// other length (RFC 7518 §3.4). ecdsa.Verify refuses what is not in [1, n-1].
	size := (k.curve.Params().BitSize + 7) / 8
	if len(sig) != 2*size {
		return false
	}
	return ecdsa.Verify(k.ec, digest, new(big.Int).SetBytes(sig[:size]), new(big.Int).SetBytes(sig[size:]))
}

func (k *key) verifyMAC(input, sig []byte) bool {
	h := k.mac.Get().(hash.Hash)
	h.Reset()
	h.Write(input)
	var buf [64]byte
	ok := hmac.Equal(sig, h.Sum(buf[:0]))
	k.mac.Put(h)
	return ok
}
