package token

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ClaimNames says where an issuer's tokens have what RFC 9068 puts elsewhere. Each is a
// JSON Pointer (RFC 6901) into the claims, such as "/email", "/realm_access/roles" or
// "/https:~1~1example.com~1roles"; empty means the standard claim.
//
// Whatever a pointer leads to has to be one text for the subject; for scopes, a text with
// single spaces in it or a list of texts; for roles, one text or a list of texts. A token
// without a subject there is refused; one without scopes or roles has none.
type ClaimNames struct{ Subject, Scopes, Roles string }

// mapping is ClaimNames made ready.
type mapping struct{ subject, scopes, roles jsontext.Pointer }

func newMapping(n ClaimNames) (*mapping, error) {
	if n == (ClaimNames{}) {
		return nil, nil
	}
	for _, p := range []string{n.Subject, n.Scopes, n.Roles} {
		if p != "" && (!strings.HasPrefix(p, "/") || !jsontext.Pointer(p).IsValid()) {
			return nil, errors.New("has one that is no JSON Pointer: write one such as /realm_access/roles")
		}
	}
	return &mapping{jsontext.Pointer(n.Subject), jsontext.Pointer(n.Scopes), jsontext.Pointer(n.Roles)}, nil
}

// apply reads the claims of a token whose signature is good.
func (m *mapping) apply(c *Claims, body []byte) *Error {
	if m.subject != "" {
		var s text
		if found, err := read(body, m.subject, &s); err != nil {
			return ErrBadClaims
		} else if !found {
			return ErrMissingClaim
		}
		c.Subject = string(s)
	}
	if m.scopes != "" {
		var s scopes
		if _, err := read(body, m.scopes, &s); err != nil {
			return ErrBadClaims
		}
		c.Scopes = s
	}
	if m.roles != "" {
		var r roles
		if _, err := read(body, m.roles, &r); err != nil {
			return ErrBadClaims
		}
		c.Roles = r
	}
	return nil
}

// read decodes what a pointer leads to, if it leads anywhere.
func read(body jsontext.Value, p jsontext.Pointer, into any) (found bool, err error) {
	for token := range p.Tokens() {
		var members map[string]jsontext.Value
		if body.Kind() != '{' {
			return false, nil
		}
		if err := json.Unmarshal(body, &members); err != nil {
			return false, err
		}
		next, ok := members[token]
		if !ok {
			return false, nil
		}
		body = next
	}
	return true, json.Unmarshal(body, into)
}

// scopes is a scope claim, or a list, as some issuers have it.
type scopes []string

func (s *scopes) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() == '[' {
		all, err := readList(d, maxListItem)
		*s = all
		return err
	}
	var one scope
	err := one.UnmarshalJSONFrom(d)
	*s = scopes(one)
	return err
}

// roles is a list, or the one role.
type roles []string

func (r *roles) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() == '[' {
		all, err := readList(d, maxListItem)
		*r = all
		return err
	}
	one, err := readText(d, maxListItem)
	*r = roles{one}
	return err
}
