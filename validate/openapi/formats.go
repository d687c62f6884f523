package openapi

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/sallyport-dev/sallyport/validate"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// The formats of members that are never in a request, or an answer. No value has them.
const (
	formatReadOnly  = "\x00readOnly"
	formatWriteOnly = "\x00writeOnly"
)

var errFormat = errors.New("is not of the format")

// format is one of the formats of texts or numbers. A value of another type passes, as
// the type is another keyword's business.
type format struct {
	name   string
	text   func(string) bool
	number func(string) bool
	code   string
	detail string
}

// formats replace what the schema compiler has for these names. Beside them it asserts
// duration, idn-email, idn-hostname, iri, iri-reference, json-pointer, period, regex,
// relative-json-pointer, semver and time. Other names are annotations.
var formats = []format{
	{"email", wire.IsEmail, nil, validate.CodeNotEmail, "must be an e-mail address such as name@host.example"},
	{"uuid", func(s string) bool { return wire.IsUUID(strings.ToLower(s)) }, nil, validate.CodeNotUUID, "must be a UUID"},
	{"date-time", wire.IsTime, nil, validate.CodeNotTime, "must be a time such as 2026-01-31T09:30:00Z"},
	{"date", wire.IsDate, nil, validate.CodeNotDate, "must be a date such as 2026-01-31"},
	{"uri", isURI, nil, CodeFormat, "must be an absolute URI of RFC 3986"},
	{"uri-reference", isURIReference, nil, CodeFormat, "must be a URI reference of RFC 3986"},
	{"hostname", isHostname, nil, CodeFormat, "must be a host name of RFC 1123, in ASCII"},
	{"ipv4", func(s string) bool { a, err := netip.ParseAddr(s); return err == nil && a.Is4() }, nil, CodeFormat, "must be an IPv4 address such as 192.0.2.1"},
	{"ipv6", func(s string) bool { a, err := netip.ParseAddr(s); return err == nil && a.Is6() && a.Zone() == "" }, nil, CodeFormat, "must be an IPv6 address such as 2001:db8::1"},
	{"byte", isBase64, nil, validate.CodeNotBase64, "must be base64 of RFC 4648 section 4, with padding"},
	{"int32", nil, func(s string) bool { return isWhole(s, 32) }, CodeFormat, "must be a whole number of -2147483648 to 2147483647"},
	{"int64", nil, func(s string) bool { return isWhole(s, 64) }, CodeFormat, "must be a whole number of -9223372036854775808 to 9223372036854775807"},
	{"float", nil, func(s string) bool { _, err := strconv.ParseFloat(s, 32); return err == nil }, CodeFormat, "must be a number that fits in 32 bits"},
	{"double", nil, func(s string) bool { _, err := strconv.ParseFloat(s, 64); return err == nil }, CodeFormat, "must be a number that fits in 64 bits"},
	{"uri-template", nil, nil, CodeFormat, ""}, // an annotation: the compiler's reading refuses good ones
	{formatReadOnly, nil, nil, CodeReadOnly, "is set by the server; leave it out"},
	{formatWriteOnly, nil, nil, CodeWriteOnly, "is for requests alone"},
}

func (f format) validate(v any) error {
	ok := true
	switch v := v.(type) {
	case string:
		ok = f.text == nil || f.text(v)
	case json.Number:
		ok = f.number == nil || f.number(string(v))
	}
	if !ok || f.name == formatReadOnly || f.name == formatWriteOnly {
		return errFormat
	}
	return nil
}

// isURI is an absolute URI.
func isURI(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && isURIReference(s)
}

// isURIReference keeps to the characters of RFC 3986, with brackets around a host alone
// and one "@" before it at most.
func isURIReference(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7F || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
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
	return !strings.ContainsAny(before+rest[end:], "[]") && strings.Count(rest[:end], "@") <= 1
}

// isHostname refuses what looks like an address to some reader.
func isHostname(s string) bool { return wire.IsDomain(s) }

func isBase64(s string) bool {
	_, err := base64.StdEncoding.Strict().DecodeString(s)
	return err == nil && !strings.ContainsAny(s, "\r\n")
}

// isWhole reads 1.0 and 1e2 as the whole numbers they are (JSON Schema 2020-12 §4.2.3).
// Numbers are bounded in size before they come here.
func isWhole(s string, bits int) bool {
	if _, err := strconv.ParseInt(s, 10, bits); err == nil {
		return true
	}
	if !strings.ContainsAny(s, ".eE") {
		return false
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok || !r.IsInt() || !r.Num().IsInt64() {
		return false
	}
	n := r.Num().Int64()
	return bits == 64 || int64(int32(n)) == n
}
