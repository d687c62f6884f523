package problem

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// DefaultRealm names the protected space where the configuration names none.
const DefaultRealm = "api"

// Bearer is a challenge to send a bearer token (RFC 6750 §3). Every WWW-Authenticate field of
// this module is made from one. Its texts need no escaping in a quoted-string: see [CheckRealm].
type Bearer struct {
	// Realm names the protected space; empty means [DefaultRealm].
	Realm string
	// Error is empty where no credential was sent (RFC 6750 §3.1).
	Error string
	// Description tells a developer more about Error.
	Description string
	// Scope lists the scopes that are needed, with single spaces between them.
	Scope string
	// MaxAge is the most time since the login (RFC 9470 §3), in whole seconds; 0 means any.
	MaxAge time.Duration
}

// String returns the value of a WWW-Authenticate field.
func (b Bearer) String() string {
	realm := b.Realm
	if realm == "" {
		realm = DefaultRealm
	}
	age := ""
	if b.MaxAge > 0 {
		age = strconv.FormatInt(int64(b.MaxAge/time.Second), 10)
	}

	s := `Bearer realm="` + realm + `"`
	for _, param := range [][2]string{
		{"error", b.Error}, {"error_description", b.Description}, {"scope", b.Scope}, {"max_age", age},
	} {
		if param[1] != "" {
			s += ", " + param[0] + `="` + param[1] + `"`
		}
	}
	return s
}

// Challenge returns a copy of p that sends the challenge b along, in place of an earlier one.
func (p *Problem) Challenge(b Bearer) *Problem {
	q := *p
	if q.Header = p.Header.Clone(); q.Header != nil {
		q.Header.Del("WWW-Authenticate")
	}
	q.bearer = &b
	return q.With("WWW-Authenticate", b.String())
}

// In returns p with its challenge in realm. A p without a challenge is returned as it is.
func (p *Problem) In(realm string) *Problem {
	if p.bearer == nil || p.bearer.Realm == realm {
		return p
	}
	b := *p.bearer
	b.Realm = realm
	return p.Challenge(b)
}

var errRealm = errors.New("must be printable ASCII without quote and backslash; write a short name, such as api")

// CheckRealm returns the rule that realm breaks, or nil: it must need no backslash in a
// quoted-string (RFC 9110 §5.6.4).
func CheckRealm(realm string) error {
	if strings.ContainsFunc(realm, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
		return errRealm
	}
	return nil
}
