package token

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Bounds of a key set.
const (
	MaxSetSize = 1 << 20 // bytes
	MaxSetKeys = 1000
)

// jwk is a public JSON Web Key (RFC 7517, RFC 7518 §6, RFC 8037).
type jwk struct {
	Kty    string   `json:"kty"`
	Use    string   `json:"use,omitzero"`
	KeyOps []string `json:"key_ops,omitzero"`
	Alg    string   `json:"alg,omitzero"`
	Kid    string   `json:"kid,omitzero"`
	Crv    material `json:"crv,omitzero"`
	X      material `json:"x,omitzero"`
	Y      material `json:"y,omitzero"`
	N      material `json:"n,omitzero"`
	E      material `json:"e,omitzero"`

	// Private members. A set that shows one is a set whose key is known; null shows nothing.
	D  jsontext.Value `json:"d,omitzero"`
	P  jsontext.Value `json:"p,omitzero"`
	Q  jsontext.Value `json:"q,omitzero"`
	DP jsontext.Value `json:"dp,omitzero"`
	DQ jsontext.Value `json:"dq,omitzero"`
	QI jsontext.Value `json:"qi,omitzero"`
	K  jsontext.Value `json:"k,omitzero"`
}

// material is a member that a key of one type has and others do not read. What is no string is
// none.
type material string

func (m *material) UnmarshalJSONFrom(in *jsontext.Decoder) error {
	value, err := in.ReadValue()
	if err != nil || value.Kind() != '"' {
		return err
	}
	text, err := jsontext.AppendUnquote(nil, value)
	*m = material(text)
	return err
}

// verifying is the key, if it is public and for signatures.
func (j *jwk) verifying() (Key, error) {
	switch {
	case j.private():
		return Key{}, errors.New("shows its private half, so that anybody can sign with it: make another")
	case !isNull(j.K) || j.Kty == "oct":
		return Key{}, errors.New("is a symmetric key, which does not belong in a set")
	case j.Use != "" && j.Use != "sig":
		return Key{}, errOtherUse
	case len(j.KeyOps) > 0 && !slices.Contains(j.KeyOps, "verify"):
		return Key{}, errOtherUse
	}
	return j.public()
}

// errOtherUse is for a key that the set has for something else, as many have.
var errOtherUse = errors.New("is not for verifying signatures (use, key_ops)")

// private reports whether a member of the private half is there.
func (j *jwk) private() bool {
	for _, v := range []jsontext.Value{j.D, j.P, j.Q, j.DP, j.DQ, j.QI} {
		if !isNull(v) {
			return true
		}
	}
	return false
}

// curves are the curves a JWK may name, and the algorithm each is for.
var curves = []struct {
	name  string
	curve elliptic.Curve
	alg   Algorithm
}{{"P-256", elliptic.P256(), ES256}, {"P-384", elliptic.P384(), ES384}, {"P-521", elliptic.P521(), ES512}}

func (j *jwk) public() (Key, error) {
	alg := Algorithm(j.Alg)
	switch j.Kty {
	case "RSA":
		n, e := bigInt(j.N), bigInt(j.E)
		if n == nil || e == nil || !e.IsInt64() || e.Int64() > 1<<31-1 {
			return Key{}, errors.New("has no proper n and e")
		}
		if alg == "" {
			alg = RS256
		}
		return Key{Algorithm: alg, Public: &rsa.PublicKey{N: n, E: int(e.Int64())}}, nil
	case "OKP":
		x, ok := decode(string(j.X))
		if j.Crv != "Ed25519" || !ok {
			return Key{}, errors.New("is on a curve that is not known here, or has no proper x")
		}
		if alg == "" {
			alg = Ed25519
		}
		return Key{Algorithm: alg, Public: ed25519.PublicKey(x)}, nil
	case "EC":
		return j.publicEC(alg)
	}
	return Key{}, errors.New("is of a type (kty) that is not known here")
}

func (j *jwk) publicEC(alg Algorithm) (Key, error) {
	for _, c := range curves {
		if c.name != string(j.Crv) {
			continue
		}
		x, okX := decode(string(j.X))
		y, okY := decode(string(j.Y))
		// Coordinates have the full width of the curve (RFC 7518 §6.2.1.2).
		size := (c.curve.Params().BitSize + 7) / 8
		if !okX || !okY || len(x) != size || len(y) != size {
			return Key{}, errors.New("has no proper x and y")
		}
		public, err := ecdsa.ParseUncompressedPublicKey(c.curve, slices.Concat([]byte{4}, x, y))
		if err != nil {
			return Key{}, errors.New("is not a point of its curve")
		}
		if alg == "" {
			alg = c.alg
		}
		return Key{Algorithm: alg, Public: public}, nil
	}
	return Key{}, errors.New("is on a curve that is not known here")
}

// bigInt reads a Base64urlUInt: big-endian, without leading zeros (RFC 7518 §2).
func bigInt(m material) *big.Int {
	b, ok := decode(string(m))
	if !ok || len(b) == 0 || b[0] == 0 || len(b) > maxRSABits/8 {
		return nil
	}
	return new(big.Int).SetBytes(b)
}

// MarshalJWKS writes the public halves of keys as a set. It cannot write anything
// else: an HMAC key is an error, and so is a key or a set that [ParseJWKS] would refuse.
func MarshalJWKS(keys []Key) ([]byte, error) {
	set := struct {
		Keys []*jwk `json:"keys"`
	}{[]*jwk{}}
	if len(keys) > MaxSetKeys {
		return nil, fmt.Errorf("token: the key set has over %d keys", MaxSetKeys)
	}
	seen := map[string]bool{}
	for _, k := range keys {
		if _, err := newKey(k); err != nil {
			return nil, fmt.Errorf("token: the key %.80q %w", k.ID, err)
		}
		if k.ID != "" && seen[k.ID] {
			return nil, fmt.Errorf("token: the key set names the kid %.80q twice", k.ID)
		}
		seen[k.ID] = true
		j, err := toJWK(k)
		if err != nil {
			return nil, err
		}
		set.Keys = append(set.Keys, j)
	}
	return json.Marshal(set)
}

func toJWK(k Key) (*jwk, error) {
	j := &jwk{Use: "sig", Alg: string(k.Algorithm), Kid: k.ID}
	b64 := func(b []byte) material { return material(base64.RawURLEncoding.EncodeToString(b)) }
	switch p := k.Public.(type) {
	case *rsa.PublicKey:
		j.Kty, j.N, j.E = "RSA", b64(p.N.Bytes()), b64(big.NewInt(int64(p.E)).Bytes())
	case ed25519.PublicKey:
		j.Kty, j.Crv, j.X = "OKP", "Ed25519", b64(p)
	case *ecdsa.PublicKey:
		point, err := p.Bytes()
		if err != nil {
			return nil, fmt.Errorf("token: key %q: %w", k.ID, err)
		}
		size := (len(point) - 1) / 2
		j.Kty, j.Crv, j.X, j.Y = "EC", material(p.Curve.Params().Name), b64(point[1:1+size]), b64(point[1+size:])
	default:
		return nil, fmt.Errorf("token: key %q has no public half that could be published", k.ID)
	}
	return j, nil
}
