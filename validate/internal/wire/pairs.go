package wire

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// Pair cuts the first name=value off a query or a form, of which all common readers see the same pairs. The name is
// unescaped; the value is not, as its commas may be a style's. An empty pair has no name and no value.
//
// Where [net/url] skips what it cannot read, ok is false: another reader may take it for something. So it is where
// readers cut at other places:
//
//   - A bare semicolon separates pairs in Rack and older readers.
//   - Bytes that are not ASCII are Latin-1 to Node.js in a query, to Starlette in a form, and UTF-8 to others. Neither
//     RFC 3986 §3.4 nor WHATWG URL §5.2 has such bytes written.
//   - A bare NUL at the end of a form is cut off by Rack.
//   - qs, Express's reader, cuts a pair at "]=" before it looks for the first "=", and undoes %5D before that. In
//     "text=]=1" it sees a member "text=]", and no text.
func Pair(raw string) (name, value, rest string, ok bool) {
	one, rest, _ := strings.Cut(raw, "&")
	name, value, _ = strings.Cut(one, "=")
	if strings.ContainsAny(one, ";\x00") || !IsASCII(one) || closesAndAssigns(value) {
		return "", "", "", false
	}
	name, ok = Unescape(name)
	return name, value, rest, ok
}

func closesAndAssigns(value string) bool {
	for {
		i := strings.IndexByte(value, '=')
		if i < 0 {
			return false
		}
		before := value[:i]
		if strings.HasSuffix(before, "]") || strings.HasSuffix(before, "%5D") || strings.HasSuffix(before, "%5d") {
			return true
		}
		value = value[i+1:]
	}
}

// Unescape undoes the escaping of a query or a form (WHATWG URL §5.1), and reports whether the result is UTF-8.
func Unescape(s string) (string, bool) {
	if !strings.ContainsAny(s, "%+") {
		return s, utf8.ValidString(s)
	}
	text, err := url.QueryUnescape(s)
	return text, err == nil && utf8.ValidString(text)
}

// IsASCII reports whether s is of ASCII alone.
func IsASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
