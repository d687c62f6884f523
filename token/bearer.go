package token

import (
	"net/http"
	"strings"
)

// Bearer takes the token out of a request's header fields (RFC 6750 §2.1): one
// Authorization line, the scheme in any case, one space, and one token of the
// alphabet that RFC 9110 §11.2 gives. Another scheme, and no field at all, is
// [ErrNoCredentials]; a Bearer field of any other form is [ErrBadAuthorization].
func Bearer(h http.Header) (string, error) {
	lines := h["Authorization"]
	if len(lines) == 0 {
		return "", ErrNoCredentials
	}
	if len(lines) > 1 {
		return "", ErrBadAuthorization
	}
	const scheme = "bearer"
	line := lines[0]
	if len(line) < len(scheme) || !strings.EqualFold(line[:len(scheme)], scheme) {
		return "", ErrNoCredentials
	}
	raw := line[len(scheme):]
	if raw != "" && tokenByte(raw[0]) {
		return "", ErrNoCredentials // another scheme, which starts alike
	}
	if len(raw) < 2 || raw[0] != ' ' {
		return "", ErrBadAuthorization
	}
	raw = raw[1:]
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
