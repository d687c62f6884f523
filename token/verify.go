package token

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strings"
)

// encoding is base64url as JWS has it: no padding, and no second spelling of the last
// character. It would still skip CR and LF, which split and decode refuse.
var encoding = base64.RawURLEncoding.Strict()

// Verify returns the claims of a token that one of the issuers made for this API, is
// an access token, and is in its time. Otherwise it returns an *Error. A token that is bound
// to a key of its client is refused: see [Verifier.VerifyBound].
func (v *Verifier) Verify(raw string) (*Claims, error) { return unbound(v.VerifyBound(raw)) }

// VerifyBound is Verify for tokens of both kinds. Where [Claims.Confirmation] is not zero, the
// caller must confirm that the client holds the key (RFC 7800 §3), as by package dpop, or must
// refuse the token: a thief could use it as well as its client.
func (v *Verifier) VerifyBound(raw string) (*Claims, error) {
	good, err := v.verify(raw)
	if err != nil {
		return nil, err
	}
	return good.claims, nil
}

// unbound refuses the claims of a token that is bound.
func unbound(c *Claims, err error) (*Claims, error) {
	if err == nil && !c.Confirmation.IsZero() {
		return nil, ErrSenderConstrained
	}
	return c, err
}

// verified is a good token, and what it was verified with.
type verified struct {
	claims *Claims
	issuer *issuer
	set    *KeySet
}

func (v *Verifier) verify(raw string) (good verified, err *Error) {
	if len(raw) > v.maxSize {
		return good, ErrTooLarge
	}
	parts, ok := split(raw)
	if !ok {
		return good, ErrMalformed
	}
	head, body, sig, ok := parts.decode()
	if !ok {
		return good, ErrMalformed
	}
	h, err := parseHeader(head)
	if err != nil {
		return good, err
	}
	claims, wrong := parseObject(body)
	if wrong != nil {
		return good, ErrBadClaims
	}
	// Of the claims, iss alone is read before the signature is checked. Until then it is an
	// attacker's text, and only chooses among known keys.
	in, err := v.issuerOf(claims, &h)
	if err != nil {
		return good, err
	}
	k, set, err := in.verify(&h, []byte(parts.signed), sig)
	if err != nil {
		return good, err
	}
	// A token is bound by the presence of cnf, in any form (RFC 7800 §3.1).
	confirmation, err := readConfirmation(claims.get("cnf"))
	if err != nil {
		return good, err
	}
	c, err := in.claims.read(in.name, claims)
	if err != nil {
		return good, err
	}
	c.Confirmation = confirmation
	if err := v.check(c, in); err != nil {
		return good, err
	}
	c.Type, c.KeyID, c.Algorithm = AccessToken, k.id, k.algorithm
	if h.typ != "" {
		c.Type = h.typ
	}
	return verified{c, in, set}, nil
}

// parts are the three parts of a compact JWS; signed is the first two with their dot.
type parts struct {
	header, payload, signature, signed string
}

// split checks the alphabet and takes a token apart. Three parts, none empty: a JWE
// has five, an unsecured JWS has an empty one, a JSON serialisation has braces.
func split(raw string) (p parts, ok bool) {
	var dots [2]int
	n := 0
	for i := range len(raw) {
		c := raw[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		case c == '.' && n < 2:
			dots[n] = i
			n++
		default:
			return p, false
		}
	}
	if n != 2 || dots[0] == 0 || dots[1] == dots[0]+1 || dots[1] == len(raw)-1 {
		return p, false
	}
	return parts{raw[:dots[0]], raw[dots[0]+1 : dots[1]], raw[dots[1]+1:], raw[:dots[1]]}, true
}

// decode decodes all three, in one piece of memory.
func (p *parts) decode() (header, payload, signature []byte, ok bool) {
	all := make([]byte, 0, encoding.DecodedLen(len(p.signed)+len(p.signature)))
	all, err1 := encoding.AppendDecode(all, []byte(p.header))
	n := len(all)
	all, err2 := encoding.AppendDecode(all, []byte(p.payload))
	m := len(all)
	all, err3 := encoding.AppendDecode(all, []byte(p.signature))
	return all[:n:n], all[n:m:m], all[m:], err1 == nil && err2 == nil && err3 == nil
}

// decode decodes a member of a JSON Web Key, or a part of a token.
func decode(s string) ([]byte, bool) {
	b, err := encoding.DecodeString(s)
	return b, err == nil && len(s) == encoding.EncodedLen(len(b))
}

// issuerOf finds whose token it says it is, and whether it is a kind they issue.
func (v *Verifier) issuerOf(claims object, h *header) (*issuer, *Error) {
	value := claims.get("iss")
	if value == nil {
		return nil, ErrUnknownIssuer
	}
	name, err := readText(value, maxText)
	if err != nil {
		return nil, &Error{BadClaims, "iss", err.Error()}
	}
	in := v.issuers[name]
	if in == nil {
		return nil, ErrUnknownIssuer
	}
	for _, t := range in.types {
		if sameType(h.typ, t) {
			return in, nil
		}
	}
	return nil, ErrWrongType
}

// sameType compares a typ header with a type in lower case (RFC 7515 §4.1.9).
func sameType(typ, want string) bool {
	const prefix = "application/"
	if len(typ) > len(prefix) && strings.EqualFold(typ[:len(prefix)], prefix) {
		typ = typ[len(prefix):]
	}
	return len(typ) == len(want) && strings.EqualFold(typ, want)
}

// check holds what is compared at every use of a token: the time, and whom it is for.
func (v *Verifier) check(c *Claims, in *issuer) *Error {
	now := v.now()
	ahead := now.Add(cmp.Or(in.leeway, v.leeway))
	switch {
	case !now.Before(c.Expires): // RFC 7519 §4.1.4: on or after which it must not be accepted
		return ErrExpired
	case c.NotBefore.After(ahead):
		return ErrNotYetValid
	case c.IssuedAt.After(ahead):
		return errIssuedAhead
	case !in.isAudience(c.Audience):
		return ErrWrongAudience
	case !in.bound.meets(c.Confirmation):
		return ErrNotBound
	}
	return nil
}

// isAudience reports whether a token is for this API.
func (in *issuer) isAudience(audience []string) bool {
	if audience == nil {
		return in.claims.noAudience
	}
	return slices.ContainsFunc(audience, func(a string) bool { return slices.Contains(in.audiences, a) })
}
