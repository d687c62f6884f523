package schema

import (
	"strings"

	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// isBase64 takes both alphabets of RFC 4648, with padding or without, as clients of protocol buffers write them: no line
// ends, no bits left over, and not a character of each alphabet in one text.
func isBase64(s string) bool {
	body := strings.TrimSuffix(strings.TrimSuffix(s, "="), "=")
	padded, rest := len(body) < len(s), len(body)%4
	if rest == 1 || padded && len(s)%4 != 0 || strings.ContainsAny(body, "+/") && strings.ContainsAny(body, "-_") {
		return false
	}
	last := 0
	for i := range len(body) {
		if last = sextet(body[i]); last < 0 {
			return false
		}
	}
	left := []int{0, 0, 0b1111, 0b11}[rest] // bits that stand for nothing
	return last&left == 0
}

// sextet is the value of a character of either alphabet, or negative.
func sextet(c byte) int {
	switch {
	case 'A' <= c && c <= 'Z':
		return int(c - 'A')
	case 'a' <= c && c <= 'z':
		return int(c-'a') + 26
	case '0' <= c && c <= '9':
		return int(c-'0') + 52
	case c == '+', c == '-':
		return 62
	case c == '/', c == '_':
		return 63
	}
	return -1
}

// isDateTime is date-time of RFC 3339 §5.6, with what clients send to servers whose times are local: no offset, or no
// seconds, which Java's and a browser's local times leave out.
func isDateTime(s string) bool {
	const date = len("2006-01-02")
	return len(s) > date && strings.IndexByte("Tt ", s[date]) >= 0 && wire.IsDate(s[:date]) && isClock(s[date+1:])
}

// isClock is full-time of RFC 3339 §5.6, without seconds or an offset too, and with offsets of ISO 8601, +0100 and +01.
func isClock(s string) bool {
	clock, offset := s, "Z"
	if i := strings.IndexAny(s, "Zz+-"); i >= 0 {
		clock, offset = s[:i], strings.ToUpper(s[i:])
	}
	switch len(offset) {
	case len("+01"):
		offset += ":00"
	case len("+0100"):
		offset = offset[:3] + ":" + offset[3:]
	}
	if len(clock) == len("15:04") {
		clock += ":00"
	}
	return len(s) <= 64 && wire.IsTime("2026-01-31T"+clock+offset)
}

// isDuration is ISO 8601's, as RFC 3339 appendix A has it, and as pydantic, Java and JavaScript write it: units may be left
// out between others, numbers may be negative, and the last one may have a fraction.
func isDuration(s string) bool {
	rest, ok := strings.CutPrefix(strings.TrimLeft(s[:min(1, len(s))], "+-")+s[min(1, len(s)):], "P")
	date, clock, timed := strings.Cut(rest, "T")
	if !ok || rest == "" || timed && clock == "" {
		return false
	}
	if weeks, is := strings.CutSuffix(rest, "W"); is {
		return isDigits(weeks)
	}
	return steps(date, "YMD", !timed) && steps(clock, "HMS", true)
}

// steps reports whether s is numbers with units, in the order of the list. The last one may have a fraction.
func steps(s, units string, last bool) bool {
	for s != "" {
		end := strings.IndexAny(s, units)
		if end < 0 {
			return false
		}
		number := strings.TrimPrefix(s[:end], "-")
		if whole, fraction, ok := strings.Cut(number, "."); ok && last && end == len(s)-1 && isDigits(fraction) {
			number = whole
		}
		if !isDigits(number) {
			return false
		}
		units, s = units[strings.IndexByte(units, s[end])+1:], s[end+1:]
	}
	return true
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
