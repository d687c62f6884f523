package schema

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sallyport-dev/sallyport/validate"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
	"github.com/sallyport-dev/sallyport/validate/openapi/internal/pattern"
)

// format is a format of strings or of numbers, of which one function is set. A value of
// another type fits, as the type is another keyword's business.
type format struct {
	text         func(string) bool
	number       func(string) bool
	code, detail string
	cost         int // units of work for 16 bytes; 0 means 1
}

// formats are those that are asserted. Other names are annotations.
var formats = map[string]*format{
	"email":                 {text: wire.IsEmail, code: validate.CodeNotEmail, detail: "must be an e-mail address such as name@host.example"},
	"idn-email":             {text: isIDNEmail, code: validate.CodeNotEmail, detail: "must be an e-mail address such as name@host.example"},
	"uuid":                  {text: isUUID, code: validate.CodeNotUUID, detail: "must be a UUID"},
	"date-time":             {text: isDateTime, code: validate.CodeNotTime, detail: "must be a time such as 2026-01-31T09:30:00Z"},
	"date":                  {text: wire.IsDate, code: validate.CodeNotDate, detail: "must be a date such as 2026-01-31"},
	"time":                  {text: isClock, code: CodeFormat, detail: "must be a time of day such as 09:30:00Z"},
	"duration":              {text: isDuration, code: CodeFormat, detail: "must be a duration such as P3DT12H"},
	"uri":                   {text: isURI, code: CodeFormat, detail: "must be an absolute URI of RFC 3986"},
	"uri-reference":         {text: isURIReference, code: CodeFormat, detail: "must be a URI reference of RFC 3986"},
	"iri":                   {text: isIRI, code: CodeFormat, detail: "must be an absolute IRI of RFC 3987"},
	"iri-reference":         {text: isIRIReference, code: CodeFormat, detail: "must be an IRI reference of RFC 3987"},
	"hostname":              {text: wire.IsDomain, code: CodeFormat, detail: "must be a host name of RFC 1123, in ASCII"},
	"idn-hostname":          {text: isIDNHostname, code: CodeFormat, detail: "must be a host name"},
	"ipv4":                  {text: isIPv4, code: CodeFormat, detail: "must be an IPv4 address such as 192.0.2.1"},
	"ipv6":                  {text: isIPv6, code: CodeFormat, detail: "must be an IPv6 address such as 2001:db8::1"},
	"byte":                  {text: isBase64, code: validate.CodeNotBase64, detail: "must be base64 of RFC 4648, section 4 or 5"},
	"json-pointer":          {text: isPointer, code: CodeFormat, detail: "must be a JSON Pointer of RFC 6901"},
	"relative-json-pointer": {text: isRelativePointer, code: CodeFormat, detail: "must be a relative JSON Pointer"},
	"regex":                 {cost: 256, text: isRegex, code: CodeFormat, detail: "must be a regular expression of at most 1000 bytes"},
	"int32":                 {number: isInt32, code: CodeFormat, detail: "must be a whole number of -2147483648 to 2147483647"},
	"int64":                 {number: isInt64, code: CodeFormat, detail: "must be a whole number of -9223372036854775808 to 9223372036854775807"},
	"float":                 {number: isFloat, code: CodeFormat, detail: "must be a number that fits in 32 bits"},
	"double":                {number: isDouble, code: CodeFormat, detail: "must be a number that fits in 64 bits"},
}

// fits reports whether a value is of the format.
func (f *format) fits(n *node) bool {
	switch n.kind {
	case String:
		return f.text == nil || f.text(n.text)
	case Number:
		return f.number == nil || f.number(n.text)
	}
	return true
}

func isUUID(s string) bool { return wire.IsUUID(strings.ToLower(s)) }

func isInt32(s string) bool { return fitsInt(s, 32) }

func isInt64(s string) bool { return fitsInt(s, 64) }

func isFloat(s string) bool { _, err := strconv.ParseFloat(s, 32); return err == nil }

func isDouble(s string) bool { _, err := strconv.ParseFloat(s, 64); return err == nil }

func isIPv4(s string) bool { a, err := netip.ParseAddr(s); return err == nil && a.Is4() }

func isIPv6(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is6() && a.Zone() == ""
}

// isURI is an absolute URI.
func isURI(s string) bool { return isASCII(s) && isIRI(s) }

func isURIReference(s string) bool { return isASCII(s) && isIRIReference(s) }

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

func isIRI(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && isIRIReference(s)
}

// isIRIReference keeps to the characters of RFC 3987, with brackets around a host alone and
// one "@" before it at most.
func isIRIReference(s string) bool {
	for _, r := range s {
		if r <= ' ' || r == 0x7F || strings.ContainsRune("\"<>\\^`{|}", r) || 0x80 <= r && r < 0xA0 {
			return false
		}
	}
	u, err := url.Parse(s)
	if err != nil {
		return false
	}
	before, rest, _ := strings.Cut(s, "//")
	if u.Host == "" {
		before, rest = s, ""
	}
	end := strings.IndexAny(rest+"/", "/?#")
	host := rest[:end]
	return !strings.ContainsAny(before+rest[end:], "[]") && strings.Count(host, "@") <= 1 && strings.Count(s, "#") <= 1 &&
		(strings.Contains(host, "[") || strings.Count(host[strings.IndexByte(host, '@')+1:], ":") <= 1)
}

// isIDNHostname takes labels of letters, marks and digits, of which each is one label of a
// host name once it is in ASCII.
func isIDNHostname(s string) bool {
	s = strings.NewReplacer("。", ".", "．", ".", "｡", ".").Replace(s)
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		ascii := strings.Map(func(r rune) rune {
			if r >= 0xA0 {
				return 'x'
			}
			return r
		}, label)
		if ascii == "" || len(ascii) > 63 || strings.Trim(ascii, lettersDigits) != "" || ascii[0] == '-' || ascii[len(ascii)-1] == '-' {
			return false
		}
	}
	return true
}

const lettersDigits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

// isIDNEmail is an address whose local part and domain may have letters past ASCII.
func isIDNEmail(s string) bool {
	ascii := strings.Map(func(r rune) rune {
		if r >= 0xA0 {
			return 'x'
		}
		return r
	}, s)
	return wire.IsEmail(ascii)
}

// isPointer is a JSON Pointer (RFC 6901 §3).
func isPointer(s string) bool {
	if s != "" && s[0] != '/' {
		return false
	}
	for {
		_, rest, more := strings.Cut(s, "~")
		if !more {
			return true
		}
		if rest == "" || rest[0] != '0' && rest[0] != '1' {
			return false
		}
		s = rest
	}
}

func isRelativePointer(s string) bool {
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	if digits == 0 || digits > 1 && s[0] == '0' {
		return false
	}
	return s[digits:] == "#" || isPointer(s[digits:])
}

// maxRegex bounds the expressions that clients may send: reading one takes memory.
const maxRegex = 1000

// isRegex reads an expression without compiling it.
func isRegex(s string) bool {
	if len(s) > maxRegex {
		return false
	}
	err := pattern.Check(s)
	return err == nil || errors.Is(err, pattern.ErrUnsupported)
}
