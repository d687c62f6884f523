package token

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// KeyError is a key of a set that is left out.
type KeyError struct {
	// Index is the place of the key in the set, from 0, and ID its kid, as far as it has one.
	Index  int
	ID     string
	Reason string
	// Expected reports that the set has the key for something else, such as encryption, so
	// that nothing is wrong with it.
	Expected bool
}

func (e *KeyError) Error() string {
	return fmt.Sprintf("token: key %d of the set, kid %.80q, %s", e.Index, e.ID, e.Reason)
}

// ParseJWKS reads a key set. A key that cannot be used is left out, with a *KeyError in errs,
// and does not spoil the others: one that is weak, malformed, or for something else, one whose
// private half is in the set, and one beyond [MaxSetKeys], or beyond four for one algorithm
// with the same kid. A set that is no JSON object with keys, or has over [MaxSetSize] bytes,
// gives none. A byte order mark before it is skipped.
//
// A key without alg is for the algorithm that its type implies: that of its curve, or RS256.
func ParseJWKS(data []byte) (keys []Key, errs []error) { return ParseJWKSFor(data, "") }

// ParseJWKSFor is [ParseJWKS] for an issuer that signs with another RSA algorithm: RSA keys
// without alg are for this one.
func ParseJWKSFor(data []byte, rsa Algorithm) (keys []Key, errs []error) {
	list, err := keysOf(bytes.TrimPrefix(data, []byte("\ufeff")))
	if err != nil {
		return nil, []error{err}
	}
	if len(list) > MaxSetKeys {
		errs = append(errs, fmt.Errorf("token: the key set has %d keys: those after the first %d are left out",
			len(list), MaxSetKeys))
		list = list[:MaxSetKeys]
	}
	p := setParser{rsa: rsa, shown: shown(list)}
	for i, raw := range list {
		p.add(i, raw)
	}
	return p.keys, append(errs, p.errs...)
}

// keysOf returns the keys of a set, unread. Names that are there twice matter only where
// something is read: in the set here, and in each key later.
func keysOf(data []byte) ([]jsontext.Value, error) {
	if len(data) > MaxSetSize {
		return nil, fmt.Errorf("token: the key set has over %d bytes", MaxSetSize)
	}
	errForm := errors.New("token: the key set is not a JSON object with a list named keys")
	lax := json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	d := jsontext.NewDecoder(bytes.NewReader(data), lax)
	if open, err := d.ReadToken(); err != nil || open.Kind() != '{' {
		return nil, errForm
	}
	var list []jsontext.Value
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, errForm
		}
		if name.String() != "keys" {
			if d.SkipValue() != nil {
				return nil, errForm
			}
			continue
		}
		if list != nil || json.UnmarshalDecode(d, &list, lax) != nil || list == nil {
			return nil, errForm
		}
	}
	if rest := bytes.TrimSpace(data[d.InputOffset():]); list == nil || string(rest) != "}" {
		return nil, errForm
	}
	return list, nil
}

// setParser collects the keys of a set.
type setParser struct {
	rsa   Algorithm
	shown []crypto.PublicKey
	keys  []Key
	errs  []error
}

func (p *setParser) add(i int, raw jsontext.Value) {
	k, err := parseJWK(raw, p.rsa)
	if err == nil && slices.ContainsFunc(p.shown, func(other crypto.PublicKey) bool { return equal(k.Public, other) }) {
		err = errors.New("is there with its private half as well, so that anybody can sign with it: make another")
	}
	same := func(other Key) bool {
		return other.ID == k.ID && schemes[other.Algorithm].family == schemes[k.Algorithm].family
	}
	sharing := 0
	for _, other := range p.keys {
		if !same(other) || err != nil {
			continue
		}
		if other.Algorithm == k.Algorithm && equal(other.Public, k.Public) {
			return // the same key, twice
		}
		sharing++
	}
	if err == nil && sharing >= maxTries {
		err = fmt.Errorf("has the kid of %d others, of which a token may mean any: give each its own", maxTries)
	}
	if err != nil {
		p.errs = append(p.errs, &KeyError{i, k.ID, err.Error(), errors.Is(err, errOtherUse)})
		return
	}
	p.keys = append(p.keys, k)
}

// equal compares two public keys.
func equal(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

// shown are the keys of which a set has the private half. What else is wrong with such an entry
// does not make the key secret again.
func shown(list []jsontext.Value) (all []crypto.PublicKey) {
	for _, raw := range list {
		j := looseJWK(raw)
		if !j.private() {
			continue
		}
		j.normalize()
		if k, err := j.public(); err == nil {
			all = append(all, k.Public)
		}
	}
	return all
}

// looseJWK reads the members that say which key it is, whatever the others are.
func looseJWK(raw []byte) (j jwk) {
	var members map[string]jsontext.Value
	if json.Unmarshal(raw, &members, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) != nil {
		return j
	}
	text := func(name string) material {
		b, _ := jsontext.AppendUnquote(nil, members[name])
		return material(b)
	}
	j.Kty, j.Kid, j.Crv = string(text("kty")), string(text("kid")), text("crv")
	j.X, j.Y, j.N, j.E = text("x"), text("y"), text("n"), text("e")
	j.D, j.P, j.Q = members["d"], members["p"], members["q"]
	j.DP, j.DQ, j.QI = members["dp"], members["dq"], members["qi"]
	return j
}

// parseJWK returns the key's ID with an error as well, where it has got one.
func parseJWK(raw []byte, rsa Algorithm) (Key, error) {
	var j jwk
	if err := json.Unmarshal(raw, &j); err != nil {
		return Key{ID: looseJWK(raw).Kid}, errors.New("is not a JSON Web Key")
	}
	if j.Kty == "RSA" && j.Alg == "" {
		j.Alg = string(rsa)
	}
	j.normalize()
	k, err := j.verifying()
	k.ID = j.Kid
	if err == nil {
		_, err = newKey(k)
	}
	return k, err
}

// normalize writes the members of a key as they should be written. Sets have them with padding,
// in the standard alphabet, and with a zero more or less before an integer; which key it is does
// not depend on that.
func (j *jwk) normalize() {
	for _, member := range []*material{&j.X, &j.Y, &j.N, &j.E} {
		*member = material(strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(string(*member), "=")))
	}
	integer := func(member *material, width int) {
		b, ok := decode(string(*member))
		if b = bytes.TrimLeft(b, "\x00"); ok && len(b) > 0 {
			*member = material(encoding.EncodeToString(append(make([]byte, max(width-len(b), 0)), b...)))
		}
	}
	integer(&j.N, 0)
	integer(&j.E, 0)
	for _, c := range curves {
		if j.Kty == "EC" && c.name == string(j.Crv) {
			integer(&j.X, (c.curve.Params().BitSize+7)/8)
			integer(&j.Y, (c.curve.Params().BitSize+7)/8)
		}
	}
}
