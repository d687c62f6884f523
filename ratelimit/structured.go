package ratelimit

import "strconv"

// maxInteger is the largest Integer of a structured field (RFC 9651 §3.3.1).
const maxInteger = 999_999_999_999_999

// The parts of structured fields that are written here (RFC 9651 §4.1). Not ok is what
// no field can hold; nothing of it may be sent then.

// appendString writes a String (§4.1.6).
func appendString(b []byte, s string) ([]byte, bool) {
	b = append(b, '"')
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c > '~' {
			return b, false
		}
		if c == '"' || c == '\\' {
			b = append(b, '\\')
		}
		b = append(b, c)
	}
	return append(b, '"'), true
}

// appendInteger writes an Integer (§4.1.4).
func appendInteger(b []byte, n int64) ([]byte, bool) {
	if n < -maxInteger || n > maxInteger {
		return b, false
	}
	return strconv.AppendInt(b, n, 10), true
}

// appendKey begins a parameter (§4.1.1.2, §4.1.1.3). With nothing behind it, the
// parameter is true.
func appendKey(b []byte, key string) ([]byte, bool) {
	b = append(b, ';')
	for i := range len(key) {
		c := key[i]
		first := 'a' <= c && c <= 'z' || c == '*'
		other := '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.'
		if !first && (i == 0 || !other) {
			return b, false
		}
	}
	return append(b, key...), key != ""
}

// appendParameter writes a parameter that is an Integer.
func appendParameter(b []byte, key string, n int64) []byte {
	b, _ = appendKey(b, key)
	b, _ = appendInteger(append(b, '='), n)
	return b
}
