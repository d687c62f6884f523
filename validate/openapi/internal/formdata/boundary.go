package formdata

import (
	"errors"
	"strings"
)

// maxBoundary is the length of a boundary in characters (RFC 2046 §5.1.1).
const maxBoundary = 70

// The errors of [Boundary].
var (
	errBoundary = errors.New("the boundary must be 1 to 70 characters of RFC 2046 section 5.1.1, without spaces")
	errOnce     = errors.New("Content-Type must have the boundary once, and nothing else but charset=utf-8")
)

// Boundary returns the boundary of a Content-Type field whose media type is known to be multipart/form-data.
//
// The parameter must be spelled "boundary", once, as a token or a quoted-string without escapes: of several, PHP takes
// the first place where the letters stand, others the last, and RFC 2231's boundary*0 is read by some alone. Beside it
// stands charset=utf-8 at most, which Apache's HttpClient sends.
func Boundary(contentType string) (string, error) {
	_, rest, _ := strings.Cut(contentType, ";")
	boundary, charset := "", false

	for more := true; more; {
		var one string
		one, rest, more = cutParameter(rest)
		name, value, ok := strings.Cut(strings.Trim(one, " "), "=")
		switch {
		case ok && name == "boundary" && boundary == "":
			if boundary, ok = unquoteBoundary(value); !ok {
				return "", errBoundary
			}
		case ok && name == "charset" && !charset && isUTF8(strings.Trim(value, `"`)):
			charset = true
		default:
			return "", errOnce
		}
	}

	if boundary == "" {
		return "", errOnce
	}
	return boundary, nil
}

// cutParameter cuts s at the first semicolon outside of quotes. There are no escapes to respect: both values that are
// accepted have none.
func cutParameter(s string) (one, rest string, more bool) {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ';' && !quoted:
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

func unquoteBoundary(s string) (string, bool) {
	plain := isPlainTokenByte
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		s, plain = s[1:len(s)-1], isBoundaryByte
	}
	if s == "" || len(s) > maxBoundary {
		return "", false
	}
	return s, allBytes(s, isBoundaryByte) && allBytes(s, plain)
}

// isBoundaryByte is bcharsnospace of RFC 2046 §5.1.1.
func isBoundaryByte(c byte) bool { return isAlnum(c) || strings.IndexByte("'()+_,-./:=?", c) >= 0 }

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// isTokenByte is tchar of RFC 9110 §5.6.2, which RFC 2045's token holds.
func isTokenByte(c byte) bool { return isAlnum(c) || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0 }

func isToken(s string) bool { return s != "" && allBytes(s, isTokenByte) }

// isPlainToken is for values: PHP takes apostrophes for quotes, and others undo percent-encoding.
func isPlainToken(s string) bool { return s != "" && allBytes(s, isPlainTokenByte) }

func isPlainTokenByte(c byte) bool { return isTokenByte(c) && c != '\'' && c != '*' && c != '%' }

func allBytes(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if !is(s[i]) {
			return false
		}
	}
	return true
}

func isUTF8(charset string) bool { return strings.EqualFold(charset, "utf-8") }
