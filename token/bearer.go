package token

import (
	"net/http"
	"strings"
)

// Scheme is an authentication scheme by which access tokens are sent.
type Scheme string

// The schemes.
const (
	SchemeBearer Scheme = "Bearer" // RFC 6750 §2.1
	SchemeDPoP   Scheme = "DPoP"   // RFC 9449 §7.1
)

// Bearer takes the token out of a request's header fields, as [Credential] does, where its
// scheme is Bearer. Another scheme is [ErrNoCredentials].
func Bearer(h http.Header) (string, error) {
	raw, scheme, err := Credential(h)
	if scheme == SchemeDPoP {
		return "", ErrNoCredentials
	}
	return raw, err
}

// Credential takes the token out of a request's header fields, and the scheme: one
// Authorization line, the scheme in any case, one space, and one token of the alphabet that
// RFC 9110 §11.2 gives. Another scheme, and no field at all, is [ErrNoCredentials]; any other
// form is [ErrBadAuthorization], with the scheme if it can be told.
func Credential(h http.Header) (raw string, scheme Scheme, err error) {
	lines := h["Authorization"]
	if len(lines) == 0 {
		return "", "", ErrNoCredentials
	}
	if len(lines) > 1 {
		return "", "", ErrBadAuthorization
	}
	for _, scheme := range []Scheme{SchemeBearer, SchemeDPoP} {
		if rest, ok := after(lines[0], scheme); ok {
			raw, err := oneToken(rest)
			return raw, scheme, err
		}
	}
	return "", "", ErrNoCredentials
}

// after returns what follows the scheme, which must not go on as another word does.
func after(line string, scheme Scheme) (rest string, ok bool) {
	n := len(scheme)
	if len(line) < n || !strings.EqualFold(line[:n], string(scheme)) {
		return "", false
	}
	rest = line[n:]
	return rest, rest == "" || !tokenByte(rest[0])
}

// oneToken reads a space and a token.
func oneToken(rest string) (string, error) {
	if len(rest) < 2 || rest[0] != ' ' {
		return "", ErrBadAuthorization
	}
	raw := rest[1:]
	for i := range len(raw) {
		if !tokenByte(raw[i]) {
			return "", ErrBadAuthorization
		}
	}
	return raw, nil
}

func tokenByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~+/=", c) >= 0
}
