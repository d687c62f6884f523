package problem

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DefaultRealm names the protected space where the configuration names none.
const DefaultRealm = "api"

// SchemeDPoP is the scheme of access tokens that are bound to a key (RFC 9449 §7.1).
const SchemeDPoP = "DPoP"

// Bearer is a challenge to send an access token: a bearer token (RFC 6750 §3), unless Scheme
// says otherwise. Every WWW-Authenticate field of this module is made from one. Its texts need
// no escaping in a quoted-string: see [CheckRealm].
type Bearer struct {
	// Scheme is the authentication scheme; empty means Bearer.
	Scheme string
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
	// Algs lists the algorithms of proofs (RFC 9449 §7.1), with single spaces between them.
	Algs string
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

	s := cmp.Or(b.Scheme, "Bearer") + ` realm="` + realm + `"`
	for _, param := range [][2]string{
		{"error", b.Error}, {"error_description", b.Description}, {"scope", b.Scope}, {"max_age", age}, {"algs", b.Algs},
	} {
		if param[1] != "" {
			s += ", " + param[0] + `="` + param[1] + `"`
		}
	}
	return s
}

// Challenge returns a copy of p that sends the challenges along, each in a field of its own, in
// place of earlier ones.
func (p *Problem) Challenge(all ...Bearer) *Problem {
	q := *p
	if q.Header = p.Header.Clone(); q.Header == nil {
		q.Header = http.Header{}
	}
	q.Header.Del("WWW-Authenticate")
	for _, b := range all {
		q.Header.Add("WWW-Authenticate", b.String())
	}
	q.challenges = all
	return &q
}

// In returns p with its challenges in realm. A p without a challenge is returned as it is.
func (p *Problem) In(realm string) *Problem {
	return p.challenged(func(b *Bearer) { b.Realm = realm })
}

// DPoP returns p with its challenges under the scheme DPoP and these algs, for a client that
// used it. A p without a challenge is returned as it is.
func (p *Problem) DPoP(algs string) *Problem {
	return p.challenged(func(b *Bearer) { b.Scheme, b.Algs = SchemeDPoP, algs })
}

// challenged returns p with each challenge changed, or p itself where that changes nothing.
func (p *Problem) challenged(change func(*Bearer)) *Problem {
	all := slices.Clone(p.challenges)
	for i := range all {
		change(&all[i])
	}
	if slices.Equal(all, p.challenges) {
		return p
	}
	return p.Challenge(all...)
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
