package wire

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// IsLower reports whether c is a to z.
func IsLower(c byte) bool { return 'a' <= c && c <= 'z' }

// IsDigit reports whether c is 0 to 9.
func IsDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAlnum(c byte) bool { return IsDigit(c) || IsLower(c|0x20) }

// IsEmail keeps to what mail systems in use take: a dot-atom and a domain name
// (RFC 5321 §4.1.2 without Quoted-string and address-literal), in ASCII, with the
// lengths of §4.5.3.1. Non-ASCII is left out because two addresses that look alike
// would be two accounts.
func IsEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && len(s) <= 254 && isDotAtom(local) && IsDomain(domain) && strings.Contains(domain, ".")
}

func isDotAtom(s string) bool {
	if s == "" || len(s) > 64 || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for i := range len(s) {
		// RFC 5322 §3.2.3, atext.
		if c := s[i]; !isAlnum(c) && strings.IndexByte("!#$%&'*+-/=?^_`{|}~.", c) < 0 {
			return false
		}
	}
	return true
}

// IsDomain reports whether s is a host name of RFC 1123 §2.1: labels of letters,
// digits and hyphens. The last begins with a letter: some parsers read 127.1 and
// 0x7f000001 as addresses.
func IsDomain(s string) bool {
	if len(s) > 253 {
		return false
	}
	label := ""
	for more := true; more; {
		if label, s, more = strings.Cut(s, "."); !isLabel(label) {
			return false
		}
	}
	return !IsDigit(label[0])
}

func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if !isAlnum(s[i]) && s[i] != '-' {
			return false
		}
	}
	return true
}

// IsURL takes what every parser reads alike: RFC 3986 characters only, so no space,
// backslash or control, and no user information, in which a host can be hidden.
func IsURL(s string) bool {
	if len(s) > 2048 || !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7F || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			return false
		}
	}
	u, err := url.Parse(s)
	return err == nil && u.User == nil && isHost(u) && isPort(u)
}

func isHost(u *url.URL) bool {
	host := u.Hostname()
	if strings.HasPrefix(u.Host, "[") {
		a, err := netip.ParseAddr(host)
		return err == nil && a.Is6() && a.Zone() == ""
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Is4()
	}
	return IsDomain(host)
}

func isPort(u *url.URL) bool {
	port := u.Port()
	if port == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0 && port[0] != '0'
}

// IsUUID takes lower case only. RFC 9562 §4 wants either case read; a program that
// keeps the text as a key would then know one thing by two names.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !IsDigit(c) && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}

// IsDate takes an RFC 3339 full-date that the calendar has.
func IsDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil && len(s) == len(time.DateOnly)
}

// IsTime reports whether ParseTime reads s.
func IsTime(s string) bool {
	_, ok := ParseTime(s)
	return ok
}

// ParseTime reads an RFC 3339 date-time. The checks before time.Parse are for what it
// takes and the RFC does not: an hour of one digit, a comma before the fraction, an
// offset of 24 hours or 60 minutes and more. A leap second (:60) has no time.Time and is refused.
func ParseTime(s string) (t time.Time, ok bool) {
	const hour, seconds, offset = len("2006-01-02T"), len("2006-01-02T15:04:05"), len("+00:00")
	if len(s) <= seconds || len(s) > 64 || s[hour+2] != ':' || s[seconds] == ',' {
		return t, false
	}
	if s[len(s)-1] != 'Z' && (len(s) < seconds+offset || s[len(s)-5:len(s)-3] > "23" || s[len(s)-2:] > "59") {
		return t, false
	}
	t, err := time.Parse(time.RFC3339, s)
	return t, err == nil
}
