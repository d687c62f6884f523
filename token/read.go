package token

import (
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// read returns what a token whose signature is good says. The claims that decide whether it
// is accepted, and those that the config names, are held to their form. Those that are read
// as nobody said where else to look are noted in Unread when they have another form: what
// needs one of them does not find it.
func (r *claimRules) read(name string, claims object) (*Claims, *Error) {
	c := &Claims{Issuer: name}
	if err := r.readRegistered(claims, c); err != nil {
		return nil, err
	}
	if err := r.readRights(claims, c); err != nil {
		return nil, err
	}
	r.readOptional(claims, c)
	if r.profile {
		if err := c.hasProfile(); err != nil {
			return nil, err
		}
	}
	if err := r.keepFrom(claims, c); err != nil {
		return nil, err
	}
	for i := range r.require {
		if err := r.require[i].check(claims); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// readRegistered reads the claims that decide whether a token is accepted.
func (r *claimRules) readRegistered(claims object, c *Claims) (refused *Error) {
	var err error
	switch value := claims.find(r.subject.path); {
	case value == nil, r.subject.claim != "sub" && isNull(value):
		return &Error{MissingClaim, r.subject.claim, "is required"}
	case r.subject.claim == "sub":
		c.Subject, err = readText(value, maxText)
	case value.Kind() == 't' || value.Kind() == 'f':
		_, err = readText(value, maxText)
	default:
		c.Subject, err = readScalar(value)
	}
	if err != nil {
		return &Error{BadClaims, r.subject.claim, err.Error()}
	}
	for _, date := range []struct {
		name     string
		into     *time.Time
		required bool
	}{{"exp", &c.Expires, true}, {"nbf", &c.NotBefore, false}, {"iat", &c.IssuedAt, r.profile}} {
		value := claims.get(date.name)
		if value == nil {
			if date.required {
				return &Error{MissingClaim, date.name, "is required"}
			}
			continue
		}
		if *date.into, err = readDate(value); err != nil {
			return &Error{BadClaims, date.name, err.Error()}
		}
	}
	return r.readAudience(claims, c)
}

func (r *claimRules) readAudience(claims object, c *Claims) *Error {
	value := claims.get("aud")
	if value == nil && r.noAudience {
		return nil
	}
	if value == nil {
		return &Error{MissingClaim, "aud", "is required"}
	}
	var err error
	if c.Audience, err = readAudience(value); err != nil {
		return &Error{BadClaims, "aud", err.Error()}
	}
	if len(c.Audience) == 0 {
		return &Error{MissingClaim, "aud", "must name an audience"}
	}
	return nil
}

// readRights reads the scopes and roles.
func (r *claimRules) readRights(claims object, c *Claims) *Error {
	for _, right := range []struct {
		from         *mapped
		read, mapped func(jsontext.Value) ([]string, error)
		into         *[]string
	}{{&r.scopes, readScopes, readScopes, &c.Scopes}, {&r.roles, readRoles, readMappedRoles, &c.Roles}} {
		named := right.from.path != ""
		value, read := claims.get(right.from.claim), right.read
		if named {
			value, read = claims.find(right.from.path), right.mapped
		}
		if value == nil {
			continue
		}
		list, err := read(value)
		if err != nil && named {
			return &Error{BadClaims, right.from.claim, err.Error()}
		}
		if err != nil {
			c.unread(right.from.claim, err)
			continue
		}
		*right.into = list
	}
	return nil
}

// readOptional reads what a token may have and nothing but a rule of some routes needs.
func (r *claimRules) readOptional(claims object, c *Claims) {
	for _, one := range []struct {
		name string
		into *string
	}{{"jti", &c.ID}, {"sid", &c.Session}, {"client_id", &c.ClientID}} {
		if value := claims.get(one.name); !isNull(value) {
			text, err := readText(value, maxText)
			if *one.into = text; err != nil {
				c.unread(one.name, err)
			}
		}
	}
	if value := claims.get("auth_time"); !isNull(value) {
		at, err := readDate(value)
		if c.AuthTime = at; err != nil {
			c.unread("auth_time", err)
		}
	}
	value := claims.get("amr")
	if value == nil {
		return
	}
	methods, own, err := readMethods(value)
	if err != nil {
		c.unread("amr", err)
		return
	}
	c.Methods = methods
	// Where the methods are objects, "otp" may be the code in a mail that was the whole
	// login, so that what proves a second factor has to be named.
	c.SecondFactor = (!own || r.ownFactors) &&
		slices.ContainsFunc(methods, func(m string) bool { return slices.Contains(r.factors, m) })
}

// maxUnread is how many claims Unread can name.
const maxUnread = 7

func (c *Claims) unread(name string, err error) { c.Unread = append(c.Unread, name+" "+err.Error()) }

// hasProfile refuses a token without the claims that RFC 9068 §2.2 requires beyond the rest.
func (c *Claims) hasProfile() *Error {
	for _, claim := range []struct {
		name    string
		missing bool
	}{{"client_id", c.ClientID == ""}, {"jti", c.ID == ""}, {"iat", c.IssuedAt.IsZero()}} {
		if claim.missing {
			return &Error{MissingClaim, claim.name, "is required by the profile of RFC 9068"}
		}
	}
	return nil
}
