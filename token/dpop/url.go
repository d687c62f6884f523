package dpop

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// NormalURL returns the one spelling of an http or https URL without its query and fragment
// (RFC 3986 §6.2.2 and §6.2.3): scheme and host in lower case, no default port, an empty path
// as "/", no dot segments, unreserved characters decoded, and the hexadecimal digits of other
// escapes in upper case. What is escaped and reserved stays escaped: /a%2Fb is not /a/b.
func NormalURL(text string) (string, bool) {
	text, _, _ = strings.Cut(text, "#")
	text, _, _ = strings.Cut(text, "?")
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || u.User != nil {
		return "", false
	}
	host, ok := normalHost(u)
	if !ok {
		return "", false
	}
	// EscapedPath decodes all of a path in which one byte should have been escaped.
	path, ok := normalPath(cmp.Or(u.RawPath, u.EscapedPath()))
	return u.Scheme + "://" + host + path, ok
}

// normalHost returns host and port. url.Parse has put the scheme in lower case.
func normalHost(u *url.URL) (string, bool) {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		port = ""
	}
	if u.Scheme != "https" && u.Scheme != "http" || host == "" || strings.ContainsAny(host, "%/\\ ") {
		return "", false
	}
	if strings.Contains(host, ":") {
		addr, err := netip.ParseAddr(host)
		if err != nil {
			return "", false
		}
		host = "[" + addr.String() + "]"
	}
	if port != "" {
		host += ":" + port
	}
	return host, true
}

// unsafe are printable bytes that a path may not hold, and that clients send all the same.
const unsafe = "\"<>\\^`{|}"

// normalPath takes an escaped path.
func normalPath(path string) (string, bool) {
	if path == "" {
		return "/", true
	}
	if path[0] != '/' {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c != '%' {
			if c <= ' ' || c >= 0x7f || strings.IndexByte(unsafe, c) >= 0 {
				fmt.Fprintf(&b, "%%%02X", c)
			} else {
				b.WriteByte(c)
			}
			continue
		}
		if i+2 >= len(path) || !isHex(path[i+1]) || !isHex(path[i+2]) {
			return "", false
		}
		if c = unhex(path[i+1])<<4 | unhex(path[i+2]); unreserved(c) {
			b.WriteByte(c)
		} else {
			b.WriteString(strings.ToUpper(path[i : i+3]))
		}
		i += 2
	}
	return withoutDots(b.String()), true
}

// withoutDots removes "." and ".." segments (RFC 3986 §5.2.4). path begins with a slash.
func withoutDots(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	var out []string
	segments := strings.Split(path[1:], "/")
	for i, s := range segments {
		last := i == len(segments)-1
		switch s {
		case "..":
			out = out[:max(len(out)-1, 0)]
		case ".":
		default:
			out = append(out, s)
			continue
		}
		if last {
			out = append(out, "")
		}
	}
	return "/" + strings.Join(out, "/")
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	}
	return c - 'A' + 10
}
