package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport-dev/sallyport/secret"
)

// SigningKey makes tokens. It prints as its kid and algorithm, never as the key.
type SigningKey struct {
	key    Key
	signer crypto.Signer // nil for HMAC
	scheme scheme
}

// GenerateKey makes a new key: ES256, ES384, ES512, Ed25519, or RSA of 3072 bits for
// the others. Its ID is its RFC 7638 thumbprint.
func GenerateKey(alg Algorithm) (*SigningKey, error) {
	s, ok := schemes[alg]
	if !ok {
		return nil, fmt.Errorf("token: cannot make a key for %q: it is not an algorithm known here", alg)
	}
	var signer crypto.Signer
	var err error
	switch s.family {
	case macs:
		return nil, fmt.Errorf("token: cannot make a key for %s: give NewSecretKey random bytes", alg)
	case pkcs1, pss:
		signer, err = rsa.GenerateKey(rand.Reader, 3072)
	case ec:
		signer, err = ecdsa.GenerateKey(s.curve, rand.Reader)
	case ed:
		_, signer, err = ed25519.GenerateKey(rand.Reader)
	}
	if err != nil {
		return nil, fmt.Errorf("token: making a key: %w", err)
	}
	return NewSigningKey(alg, signer)
}

// NewSigningKey signs with a private key that is held elsewhere or was loaded.
func NewSigningKey(alg Algorithm, signer crypto.Signer) (*SigningKey, error) {
	if signer == nil {
		return nil, errors.New("token: the signer is nil")
	}
	k := Key{Algorithm: alg, Public: signer.Public()}
	if _, err := newKey(k); err != nil {
		return nil, fmt.Errorf("token: the signing key %w", err)
	}
	var err error
	if k.ID, err = thumbprint(k); err != nil {
		return nil, err
	}
	return &SigningKey{key: k, signer: signer, scheme: schemes[alg]}, nil
}

// NewSecretKey signs with HS256, HS384 or HS512. Whoever verifies can sign, too.
func NewSecretKey(alg Algorithm, id string, s secret.Bytes) (*SigningKey, error) {
	k := Key{ID: id, Algorithm: alg, Secret: s}
	if schemes[alg].hash == 0 || schemes[alg].family != macs {
		return nil, fmt.Errorf("token: %q is not an HMAC algorithm: use HS256", alg)
	}
	if _, err := newKey(k); err != nil {
		return nil, fmt.Errorf("token: the signing key %w", err)
	}
	return &SigningKey{key: k, scheme: schemes[alg]}, nil
}

// Key is the verifying half. For HMAC it holds the secret.
func (k *SigningKey) Key() Key { return k.key }

// String names the key.
func (k *SigningKey) String() string { return string(k.key.Algorithm) + " key " + k.key.ID }

// Sign makes a token of the type with these claims, which must encode to a JSON
// object.
func (k *SigningKey) Sign(claims any, typ string) (string, error) {
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("token: encoding the claims: %w", err)
	}
	if jsontext.Value(body).Kind() != '{' {
		return "", errors.New("token: the claims are not a JSON object")
	}
	head, err := json.Marshal(struct {
		Alg Algorithm `json:"alg"`
		Kid string    `json:"kid,omitzero"`
		Typ string    `json:"typ,omitzero"`
	}{k.key.Algorithm, k.key.ID, typ})
	if err != nil {
		return "", fmt.Errorf("token: encoding the header: %w", err)
	}
	return k.compact(head, body)
}

// compact signs a header and a payload as they are.
func (k *SigningKey) compact(head, body []byte) (string, error) {
	b64 := base64.RawURLEncoding
	out := make([]byte, 0, b64.EncodedLen(len(head))+b64.EncodedLen(len(body))+700)
	out = b64.AppendEncode(out, head)
	out = append(out, '.')
	out = b64.AppendEncode(out, body)
	sig, err := k.sign(out)
	if err != nil {
		return "", fmt.Errorf("token: signing: %w", err)
	}
	out = append(out, '.')
	return string(b64.AppendEncode(out, sig)), nil
}

func (k *SigningKey) sign(input []byte) ([]byte, error) {
	s := k.scheme
	switch s.family {
	case macs:
		h := hmac.New(s.hash.New, k.key.Secret.Reveal())
		h.Write(input)
		return h.Sum(nil), nil
	case ed:
		return k.signer.Sign(rand.Reader, input, crypto.Hash(0))
	}
	h := s.hash.New()
	h.Write(input)
	digest := h.Sum(nil)
	switch s.family {
	case pkcs1:
		return k.signer.Sign(rand.Reader, digest, s.hash)
	case pss:
		return k.signer.Sign(rand.Reader, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: s.hash})
	}
	der, err := k.signer.Sign(rand.Reader, digest, s.hash)
	if err != nil {
		return nil, err
	}
	return joinRS(der, s.curve)
}

// joinRS turns the ASN.1 form that crypto.Signer gives into the fixed one of RFC 7518
// §3.4.
func joinRS(der []byte, curve elliptic.Curve) ([]byte, error) {
	var rs struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &rs); err != nil || len(rest) > 0 {
		return nil, errors.New("the signer gave no ECDSA signature")
	}
	size := (curve.Params().BitSize + 7) / 8
	out := make([]byte, 2*size)
	rs.R.FillBytes(out[:size])
	rs.S.FillBytes(out[size:])
	return out, nil
}

// thumbprint is the RFC 7638 thumbprint of a public key: the hash of its required
// members in a fixed order.
func thumbprint(k Key) (string, error) {
	j, err := toJWK(k)
	if err != nil {
		return "", err
	}
	var canonical string
	switch j.Kty {
	case "EC":
		canonical = fmt.Sprintf(`{"crv":%q,"kty":"EC","x":%q,"y":%q}`, j.Crv, j.X, j.Y)
	case "OKP":
		canonical = fmt.Sprintf(`{"crv":%q,"kty":"OKP","x":%q}`, j.Crv, j.X)
	default:
		canonical = fmt.Sprintf(`{"e":%q,"kty":"RSA","n":%q}`, j.E, j.N)
	}
	sum := sha256.Sum256([]byte(canonical))
	return base64.RawURLEncoding.EncodeToString(sum[:]), nil
}

// MarshalPKCS8 returns the private key, to be kept where nobody else can read it. An
// HMAC key has no such form.
func (k *SigningKey) MarshalPKCS8() ([]byte, error) {
	if k.signer == nil {
		return nil, errors.New("token: an HMAC key has no PKCS #8 form")
	}
	return x509.MarshalPKCS8PrivateKey(k.signer)
}

// ParsePKCS8 reads what MarshalPKCS8 wrote.
func ParsePKCS8(alg Algorithm, der []byte) (*SigningKey, error) {
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		// The error may quote the key. It says nothing a person could act on.
		return nil, errors.New("token: this does not hold a private key that can be read")
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, errors.New("token: this key cannot sign")
	}
	return NewSigningKey(alg, signer)
}
