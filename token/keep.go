package token

import (
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
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

// keepFrom reads the claims to keep of a token whose signature is good.
func (in *issuer) keepFrom(body []byte, c *Claims) *Error {
	if len(in.keep) == 0 {
		return nil
	}
	var members map[string]jsontext.Value
	if json.Unmarshal(body, &members) != nil {
		return ErrBadClaims
	}
	for _, name := range in.keep {
		value, ok := members[name]
		if !ok {
			continue
		}
		var one text
		if json.Unmarshal(value, &one) != nil {
			return ErrBadClaims
		}
		if c.Kept == nil {
			c.Kept = make(map[string]string, len(in.keep))
		}
		c.Kept[name] = string(one)
	}
	return nil
}
