package audit

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxText is the most bytes one text of an event keeps.
const MaxText = 256

// counted is a number at the end of a line: "repeated" or "lost".
type counted struct {
	name string
	n    int
}

// appendLine writes e as one JSON object and a newline.
func appendLine(b []byte, e *Event, now time.Time, c counted, tail []byte) []byte {
	b = append(b, `{"time":"`...)
	b = now.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000000Z07:00")
	b = append(b, `","level":"`...)
	b = append(b, Level(e.Name)...)
	b = append(b, '"')
	b = appendMember(b, "event", e.Name)
	b = appendMember(b, "request", e.Request)
	b = appendMember(b, "client_request", e.ClientRequest)
	if e.Client.IsValid() {
		b = appendMember(b, "client", e.Client.String())
	}
	b = appendMember(b, "issuer", e.Issuer)
	b = appendMember(b, "subject", e.Subject)
	b = appendMember(b, "session", e.Session)
	b = appendMember(b, "method", e.Method)
	b = appendMember(b, "route", e.Route)
	b = appendMember(b, "path", e.Path)
	b = appendMember(b, "object", e.Object)
	if e.Status != 0 {
		b = append(b, `,"status":`...)
		b = strconv.AppendInt(b, int64(e.Status), 10)
	}
	b = appendMember(b, "reason", e.Reason)
	if c.n > 0 {
		b = append(b, ',', '"')
		b = append(b, c.name...)
		b = append(b, '"', ':')
		b = strconv.AppendInt(b, int64(c.n), 10)
	}
	b = append(b, tail...)
	return append(b, '}', '\n')
}

// appendMember appends ,"name":"value", or nothing for an empty value.
func appendMember(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':', '"')
	b = appendText(b, clip(scrub(value)))
	return append(b, '"')
}

// clip cuts s to MaxText bytes, at the border of a character.
func clip(s string) string {
	if len(s) <= MaxText {
		return s
	}
	n := MaxText
	for n > MaxText-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

const hexDigits = "0123456789abcdef"

// appendText appends s inside a JSON string. Only what a terminal and a log viewer
// show as it is stays as it is: line ends, escape sequences, and the marks that turn
// the direction of text become \u escapes; bytes that are not UTF-8 become U+FFFD.
func appendText(b []byte, s string) []byte {
	for _, r := range s {
		switch {
		case r == '"', r == '\\':
			b = append(b, '\\', byte(r))
		case r == utf8.RuneError, r != ' ' && !unicode.IsPrint(r):
			b = appendEscape(b, r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

func appendEscape(b []byte, r rune) []byte {
	if r > 0xffff {
		r -= 0x10000
		b = appendEscape(b, 0xd800+r>>10)
		r = 0xdc00 + r&0x3ff
	}
	return append(b, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

// marks begin what may be a credential: a JWT's header (the base64url of `{"`), and our
// own refresh tokens, API keys, and the tokens that are mailed or know a device.
var marks = []string{"eyJ", "spr_", "sp_live_", "spt_", "spd_"}

// scrub cuts credentials out of a text that a handler or an upstream wrote, or that
// stood in a path.
func scrub(s string) string {
	for _, mark := range marks {
		for from := 0; ; {
			i := strings.Index(s[from:], mark)
			if i < 0 {
				break
			}
			start := from + i
			end := start + len(mark)
			for end < len(s) && tokenByte(s[end]) {
				end++
			}
			s = s[:start] + "[redacted]" + s[end:]
			from = start + len("[redacted]")
		}
	}
	return s
}

func tokenByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '_' || c == '.' || c == '=' || c == '+' || c == '/'
}
