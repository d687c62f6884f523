package token

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// ClaimNames says where an issuer's tokens have what RFC 9068 puts elsewhere. Each is a
// JSON Pointer (RFC 6901) into the claims, such as "/email", "/realm_access/roles" or
// "/https:~1~1example.com~1roles"; empty means the standard claim.
//
// Subject must lead to a string or an integer; a token without it is refused. Scopes may
// lead to a string with spaces between the scopes, or a list of strings; Roles to a list of
// strings, one string, which is one role, or an object whose members have the roles as their
// names. A token without them, or with null, has none. A token that has anything else
// there is refused.
type ClaimNames struct{ Subject, Scopes, Roles string }

// Requirement is a claim that an issuer's tokens must have, with one of some values.
type Requirement struct {
	// Claim is the name of the claim, such as "azp", or a JSON Pointer, such as
	// "/realm_access/roles".
	Claim string
	// OneOf are the values that are accepted, compared byte for byte. The claim must be a
	// string, an integer, true or false that is one of them, or a list that has one.
	OneOf []string
}

// pointer is the JSON Pointer of a claim that is written as a name or a pointer.
func pointer(claim string) (jsontext.Pointer, error) {
	if claim == "" || !plain(claim, maxText) {
		return "", errors.New("is no name of a claim: at most 255 bytes, all of them printable")
	}
	if !strings.HasPrefix(claim, "/") {
		return jsontext.Pointer("").AppendToken(claim), nil
	}
	if !jsontext.Pointer(claim).IsValid() {
		return "", errors.New("is no JSON Pointer: write one such as /realm_access/roles")
	}
	return jsontext.Pointer(claim), nil
}

// partyClaims name the client that a token was made for: the standard one, that of OpenID
// Connect, and those of Entra ID v1 and Okta.
var partyClaims = []string{"client_id", "azp", "appid", "cid"}

// mapped is a claim that the config names, ready to be read.
type mapped struct {
	claim string
	path  jsontext.Pointer
	oneOf []string
}

// claimRules says which claims of an issuer's tokens are read, and as what.
type claimRules struct {
	subject, scopes, roles mapped
	keep                   []string
	require                []mapped
	factors                []string // amr values that prove a second factor
	ownFactors             bool     // Issuer.SecondFactors is set
	noAudience, profile    bool
}

// newClaimRules checks the part of an Issuer that is about its claims.
func newClaimRules(in Issuer, add func(field, value, reason string)) claimRules {
	r := claimRules{
		subject: mapped{claim: "sub", path: "/sub"}, scopes: mapped{claim: "scope"}, roles: mapped{claim: "roles"},
		keep: keepers(in.Keep, add), factors: slices.Clone(in.SecondFactors), ownFactors: len(in.SecondFactors) > 0,
		noAudience: in.InsecureNoAudience, profile: in.RequireProfile,
	}
	for _, one := range []struct {
		field, text string
		into        *mapped
	}{{"Subject", in.Claims.Subject, &r.subject}, {"Scopes", in.Claims.Scopes, &r.scopes}, {"Roles", in.Claims.Roles, &r.roles}} {
		if one.text == "" {
			continue
		}
		if !strings.HasPrefix(one.text, "/") || !jsontext.Pointer(one.text).IsValid() {
			add("Claims."+one.field, one.text, "is no JSON Pointer: write one such as /realm_access/roles")
		}
		*one.into = mapped{claim: one.text, path: jsontext.Pointer(one.text)}
	}
	for i, one := range in.Require {
		field := fmt.Sprintf("Require[%d]", i)
		path, err := pointer(one.Claim)
		if err != nil {
			add(field+".Claim", one.Claim, err.Error())
		}
		if len(one.OneOf) == 0 || slices.ContainsFunc(one.OneOf, func(s string) bool { return !plain(s, maxText) }) {
			add(field+".OneOf", "", "is empty, or holds a value that no claim can have: 1 to 255 printable bytes each")
		}
		r.require = append(r.require, mapped{one.Claim, path, slices.Clone(one.OneOf)})
	}
	if !r.ownFactors {
		r.factors = defaultFactors
	}
	if slices.ContainsFunc(r.factors, func(s string) bool { return !plain(s, maxText) }) {
		add("SecondFactors", "", "holds one that no token can have: 1 to 255 printable bytes")
	}
	if r.noAudience && !slices.ContainsFunc(r.require, func(m mapped) bool { return slices.Contains(partyClaims, m.claim) }) {
		add("InsecureNoAudience", "true", "lets in what the issuer made for any API: "+
			"add a Requirement on the client (client_id, azp, appid or cid)")
	}
	return r
}

// defaultFactors are what RFC 8176 registers for a one-time password, which is a second
// factor beside another, and for more than one factor.
var defaultFactors = []string{"otp", "mfa"}

// check refuses a token that does not have what is required.
func (m *mapped) check(claims object) *Error {
	value := claims.find(m.path)
	if isNull(value) {
		return &Error{MissingClaim, m.claim, "is required"}
	}
	list := []string{""}
	var err error
	if value.Kind() == '[' {
		list, err = readList(value, readScalar)
	} else {
		list[0], err = readScalar(value)
	}
	if err != nil {
		return &Error{BadClaims, m.claim, err.Error()}
	}
	if !slices.ContainsFunc(list, func(s string) bool { return slices.Contains(m.oneOf, s) }) {
		return &Error{WrongClaim, m.claim, "must be one of the values that are required"}
	}
	return nil
}
