package route

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// reading is a set of liberties that a program takes when it compares a path with its
// routes. Each set is another program.
type reading uint8

const (
	decodes reading = 1 << iota // undoes escapes that nobody had to write
	folds                       // takes letters without regard to case
	trims                       // takes a path with and without a slash at its end for one
	blanks                      // takes an empty segment for the value of a wildcard

	// exactly is how ServeMux reads, and so does this table.
	exactly = decodes
)

// spelling is one segment of a path. The three texts are one where nothing is escaped.
type spelling struct {
	raw     string // as it stands in the path
	plain   string // without the escapes of bytes that cannot stand there by themselves
	decoded string // without any escapes
}

func spell(raw string) spelling {
	if strings.IndexByte(raw, '%') < 0 {
		return spelling{raw, raw, raw}
	}
	decoded, err := url.PathUnescape(raw)
	if err != nil {
		return spelling{raw, raw, raw}
	}
	return spelling{raw, undoNeeded(raw), decoded}
}

// undoNeeded undoes the escapes of what is no pchar (RFC 3986 §3.3), which no client can
// send without. raw is well encoded.
func undoNeeded(raw string) string {
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		if raw[i] == '%' {
			if c := unhex(raw[i+1])<<4 | unhex(raw[i+2]); !pchar(c) {
				b.WriteByte(c)
			} else {
				b.WriteString(raw[i : i+3])
			}
			i += 2
			continue
		}
		b.WriteByte(raw[i])
	}
	return b.String()
}

func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}

func pchar(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return c < utf8.RuneSelf && strings.IndexByte("-._~!$&'()*+,;=:@", c) >= 0
}

// needs returns the liberties without which the segment is not text. folded is text
// folded; the caller knows that a program that takes all of them finds it to be text.
func (s *spelling) needs(text, folded string) reading {
	switch {
	case s.plain == text:
		return 0
	case s.decoded == text:
		return decodes
	case s.plain == s.decoded || fold(s.plain) == folded:
		return folds
	}
	return decodes | folds
}

// fold returns a text that two texts share if they differ in case alone.
func fold(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return string(appendFold(nil, s))
		}
	}
	return s
}

// appendFold goes by the upper case of a letter first, as some readers do: so the long s
// and the Kelvin sign become the s and the k that these readers take them for.
func appendFold(to []byte, s string) []byte {
	for _, r := range s {
		switch {
		case 'A' <= r && r <= 'Z':
			to = append(to, byte(r)+'a'-'A')
		case r < utf8.RuneSelf:
			to = append(to, byte(r))
		default:
			to = utf8.AppendRune(to, unicode.ToLower(unicode.ToUpper(r)))
		}
	}
	return to
}
