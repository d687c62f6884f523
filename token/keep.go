package token

import (
	"fmt"
	"slices"
)

// readAlready are the claims that have a place of their own.
var readAlready = []string{"iss", "sub", "jti", "sid", "client_id", "aud", "exp", "nbf", "iat", "scope", "roles", "amr", "auth_time"}

// keepers checks the names of Issuer.Keep.
func keepers(names []string, add func(field, value, reason string)) []string {
	if len(names) > maxKeep {
		add("Keep", fmt.Sprint(len(names)), "has more than 16 names: leave out those that nothing counts by")
	}
	for _, name := range names {
		if !plain(name, maxListItem) {
			add("Keep", name, "is no name of a claim: at most 128 bytes, all of them printable")
		} else if name == "cnf" {
			add("Keep", name, "is a claim whose tokens are refused: leave it out")
		} else if slices.Contains(readAlready, name) {
			add("Keep", name, "is read already: leave it out")
		}
	}
	return slices.Clone(names)
}

// keepFrom reads the claims to keep. One that is null is as if it were missing, as issuers
// with templates write it.
func (r *claimRules) keepFrom(claims object, c *Claims) *Error {
	for _, name := range r.keep {
		value := claims.get(name)
		if isNull(value) {
			continue
		}
		one, err := readScalar(value)
		if err != nil {
			return &Error{BadClaims, name, err.Error()}
		}
		if c.Kept == nil {
			c.Kept = make(map[string]string, len(r.keep))
		}
		c.Kept[name] = one
	}
	return nil
}
