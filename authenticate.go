package sallyport

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/account"
	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/token/dpop"
	"github.com/sallyport-dev/sallyport/visit"
)

// challenges are the answers to a missing or bad credential, as RFC 6750 §3 gives
// them. What is wrong with a token is for the audit log: to the client, every bad
// token is the same.
type challenges struct {
	realm string

	none, malformed, invalid *problem.Problem
}

// newChallenges makes them; proofs says that some issuer's tokens need a DPoP proof.
func newChallenges(realm string, forbidden, proofs bool) challenges {
	status := http.StatusUnauthorized
	if forbidden {
		status = http.StatusForbidden
	}
	// §3.1: a request without credentials gets no error code.
	schemes := []problem.Bearer{{Realm: realm}}
	if proofs {
		schemes = append(schemes, problem.Bearer{Scheme: problem.SchemeDPoP, Realm: realm, Algs: dpop.Algorithms()})
	}
	return challenges{
		realm: realm,
		none: problem.New(http.StatusUnauthorized, "no_credentials", "Send a token: Authorization: Bearer TOKEN.").
			Challenge(schemes...),
		malformed: problem.New(http.StatusBadRequest, "malformed_credentials", "Send one token, once: Authorization: Bearer TOKEN.").
			Challenge(problem.Bearer{Realm: realm, Error: "invalid_request"}),
		invalid: problem.New(status, "invalid_token", "The token is not valid, or no longer. Log in or refresh to get a new one.").
			Challenge(problem.Bearer{Realm: realm, Error: "invalid_token", Description: "The token is not valid"}),
	}
}

var (
	errTwoCredentials = errors.New("a token in the Authorization field and one in a cookie")
	errInQuery        = errors.New("a credential in the query")

	crossSite = problem.New(http.StatusForbidden, "cross_site", "Requests with cookies are taken from pages of this site alone.")
)

// authenticate fills in the visit's principal. Where the request is public it reads
// nothing.
func (g *Gate) authenticate(a *answer, public bool) (event string, p *problem.Problem) {
	if public {
		return "", nil
	}
	raw, event, p := g.credential(a)
	if p != nil {
		return event, p
	}
	if g.accounts != nil && account.IsAPIKey(raw) {
		if a.dpop {
			return audit.TokenInvalid, g.challenge.invalid.Because(errNotDPoP)
		}
		a.visit.Principal, event, p = g.apiKey(a.request, raw)
		a.apiKey = p == nil
		return event, p
	}
	if g.verifier == nil {
		return audit.TokenInvalid, g.challenge.invalid
	}
	claims, err := g.verifier.VerifyBound(raw)
	if errors.Is(err, token.ErrNoKeys) {
		return audit.Overload, problem.Unavailable.RetryAfter(time.Second).Because(err)
	}
	if err != nil {
		return audit.TokenInvalid, g.challenge.invalid.Because(err)
	}
	principal := claims.Principal()
	if g.accounts != nil {
		err := g.accounts.Revoked(principal)
		if errors.Is(err, account.ErrRevoked) {
			who := principal
			a.visit.About = &who
			return audit.SessionAfter, g.challenge.invalid.Because(err)
		}
		if err != nil {
			return audit.Overload, problem.Unavailable.RetryAfter(time.Second).Because(err)
		}
	}
	if event, p := g.binding.confirm(a, raw, claims.Confirmation); p != nil {
		return event, p
	}
	a.visit.Principal = principal
	return "", nil
}

// credential finds the one credential of a request: in the Authorization field, or with
// accounts in their cookie. Two are one too many, whichever is good.
func (g *Gate) credential(a *answer) (raw, event string, p *problem.Problem) {
	r := a.request
	raw, scheme, err := token.Credential(r.Header)
	a.dpop = scheme == token.SchemeDPoP
	var cookie string
	if g.accounts != nil {
		var wrong error
		if cookie, wrong = g.accounts.CookieToken(r); errors.Is(wrong, account.ErrCrossSite) {
			return "", audit.CrossOrigin, crossSite.Because(wrong)
		} else if wrong != nil {
			return "", audit.InputFail, g.challenge.malformed.Because(wrong)
		}
	}
	switch {
	case keyInQuery(r.URL.RawQuery), (err == nil || cookie != "") && tokenInQuery(r.URL.RawQuery):
		return "", audit.InputFail, g.challenge.malformed.Because(errInQuery)
	case errors.Is(err, token.ErrNoCredentials) && cookie != "":
		a.cookie = true
		return cookie, "", nil
	case errors.Is(err, token.ErrNoCredentials):
		return "", audit.NoCredentials, g.challenge.none
	case err != nil:
		return "", audit.InputFail, g.challenge.malformed.Because(err)
	case cookie != "":
		return "", audit.InputFail, g.challenge.malformed.Because(errTwoCredentials)
	}
	return raw, "", nil
}

// apiKey finds whom an API key speaks for.
func (g *Gate) apiKey(r *http.Request, raw string) (who visit.Principal, event string, p *problem.Problem) {
	who, err := g.accounts.APIKey(r.Context(), raw)
	if errors.Is(err, account.ErrStale) {
		return who, audit.Overload, problem.Unavailable.RetryAfter(time.Second).Because(err)
	}
	if err != nil {
		return who, audit.TokenInvalid, g.challenge.invalid.Because(err)
	}
	return who, "", nil
}

// tokenInQuery reports whether the query holds an access_token too: two ways of
// sending a token in one request are one too many (RFC 6750 §2). Some programs cut a query at
// semicolons as well.
func tokenInQuery(query string) bool {
	if !strings.Contains(query, "access_token") && !strings.Contains(query, "%") {
		return false
	}
	for pair := range strings.FieldsFuncSeq(query, func(c rune) bool { return c == '&' || c == ';' }) {
		if name, _, _ := strings.Cut(pair, "="); unescapeLoosely(name) == "access_token" {
			return true
		}
	}
	return false
}

// keyInQuery reports whether an API key stands in the query, where it ends up in logs and
// histories.
func keyInQuery(query string) bool {
	return strings.Contains(unescapeLoosely(query), account.APIKeyPrefix)
}

// unescapeLoosely undoes the escapes of a query. A percent sign that begins none is itself.
func unescapeLoosely(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b, i = append(b, byte(c)), i+2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}
