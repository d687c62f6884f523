package token

import (
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
)

// MaxProofSize is the longest [Proof] that is read, in bytes: room for the largest RSA key.
const MaxProofSize = 8 << 10

// Proof is a JWS with the public key that verifies it in its header (jwk, RFC 7515 §4.1.3). It
// shows that its maker holds that key, and nothing else: it is never a credential. Package dpop
// compares the key with the one that an access token is bound to.
type Proof struct {
	// Type is the typ header, and may be empty.
	Type string
	// Algorithm is one for public keys.
	Algorithm Algorithm
	// Thumbprint is that of the key (RFC 7638).
	Thumbprint string
	// Claims is the payload, and untrusted before Verify.
	Claims []byte

	public Key
	signed string
	sig    []byte
}

// ParseProof takes a proof apart. It verifies nothing, and does nothing that costs: call
// [Proof.Verify] once the key is one that counts. An error is an *Error.
func ParseProof(raw string) (*Proof, error) {
	if len(raw) > MaxProofSize {
		return nil, ErrTooLarge
	}
	parts, ok := split(raw)
	if !ok {
		return nil, ErrMalformed
	}
	head, body, sig, ok := parts.decode()
	if !ok {
		return nil, ErrMalformed
	}

	h, err := parseHeader(head)
	if err != nil {
		return nil, err
	}
	if schemes[h.alg].family == macs {
		return nil, ErrWrongAlgorithm
	}
	public, err := proofKey(h.jwk, h.alg)
	if err != nil {
		return nil, err
	}
	p := &Proof{Type: h.typ, Algorithm: h.alg, Claims: body, public: public, signed: parts.signed, sig: sig}
	if p.Thumbprint, err = proofThumbprint(public); err != nil {
		return nil, err
	}
	return p, nil
}

// proofKey reads a public key, which must be for alg if it names any.
func proofKey(raw []byte, alg Algorithm) (Key, *Error) {
	var j jwk
	if json.Unmarshal(raw, &j) != nil {
		return Key{}, ErrBadHeader
	}
	if j.Alg == "" {
		j.Alg = string(alg)
	}
	k, err := j.verifying()
	if err != nil {
		return Key{}, ErrBadHeader
	}
	if same := (&key{algorithm: k.Algorithm, scheme: schemes[k.Algorithm]}); !same.takes(alg) {
		return Key{}, ErrWrongAlgorithm
	}
	return k, nil
}

func proofThumbprint(k Key) (string, *Error) {
	sum, err := thumbprint(k)
	if err != nil {
		return "", ErrBadHeader
	}
	return sum, nil
}

// Verify returns nil if the key is strong enough for its algorithm and has signed the proof.
func (p *Proof) Verify() error {
	k, err := newKey(p.public)
	if err != nil {
		return ErrBadHeader
	}
	if !k.verify([]byte(p.signed), p.sig) {
		return ErrBadSignature
	}
	return nil
}

// SignProof makes a Proof of the type with these claims, which must encode to a JSON object. It
// is for clients, and not for HMAC keys, which have no public half.
func (k *SigningKey) SignProof(claims any, typ string) (string, error) {
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("token: encoding the claims: %w", err)
	}
	public, err := toJWK(Key{Algorithm: k.key.Algorithm, Public: k.key.Public})
	if err != nil {
		return "", err
	}
	public.Use, public.Alg = "", ""
	head, err := json.Marshal(struct {
		Typ string    `json:"typ"`
		Alg Algorithm `json:"alg"`
		Jwk *jwk      `json:"jwk"`
	}{typ, k.key.Algorithm, public})
	if err != nil {
		return "", fmt.Errorf("token: encoding the header: %w", err)
	}
	return k.compact(head, body)
}

// HasType reports whether typ is want, a media type in lower case without the application/
// prefix that may be left out (RFC 7515 §4.1.9).
func (p *Proof) HasType(want string) bool { return sameType(p.Type, want) }

// ProofAlgorithms returns the algorithms that a Proof may be signed with.
func ProofAlgorithms() []Algorithm {
	list := []Algorithm{ES256, ES384, ES512, Ed25519, EdDSA, RS256, RS384, RS512, PS256, PS384, PS512}
	return slices.Clip(list)
}
