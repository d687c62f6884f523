package proxy

import (
	"net/http"
	"strings"
)

// ours is the prefix of the fields an upstream may believe.
const ours = "X-Sallyport-"

// Answer fields that tell what the upstream runs on, speak for it where the Gate
// speaks, or send clients around the Gate.
var (
	hiddenPrefixes = []string{"X-Sallyport", "Access-Control-"}
	hiddenFields   = set(
		"Server", "X-Powered-By", "X-Powered-Cms", "X-Aspnet-Version", "X-Aspnetmvc-Version", "X-Runtime",
		"X-Generator", "X-Served-By", "X-Backend-Server", "X-Varnish",
		"X-Php-Version", "X-Drupal-Cache", "X-Envoy-Upstream-Service-Time", "Via", "Alt-Svc", "Proxy-Connection",
		"Keep-Alive", "X-Debug-Token", "X-Debug-Token-Link",
	)
)

// endToEnd are fields on which the Gate has decided. A client that names one in
// Connection (RFC 9110 §7.6.1 forbids it) does not make it disappear.
var endToEnd = []string{"Content-Type", "Content-Encoding", "Origin"}

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, name := range names {
		m[name] = true
	}
	return m
}

// plainName reports whether a field name has letters, digits and dashes only. CGI
// (RFC 3875 §4.1.18) and its kin turn every other character into the same underscore.
func plainName(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-':
		default:
			return false
		}
	}
	return true
}

func hasPrefix(name string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// hidden reports whether an answer field stays here.
func hidden(name string) bool {
	canonical := http.CanonicalHeaderKey(name)
	return hiddenFields[canonical] || hasPrefix(canonical, hiddenPrefixes)
}

// owns reports whether the Gate settles a field.
func (p *Proxy) owns(name string) bool { return p.owned[http.CanonicalHeaderKey(name)] }

const upperHex = "0123456789ABCDEF"

// encode makes any text a field value that has one reading: a byte that is not
// visible ASCII becomes %XX, and so do "%", and "," with which programs join several
// fields. Spaces go too, so that no role can hold a second one.
func encode(s string) string {
	for i := range len(s) {
		if !visible(s[i]) {
			return encodeFrom(s, i)
		}
	}
	return s
}

func encodeFrom(s string, i int) string {
	b := append(make([]byte, 0, len(s)+16), s[:i]...)
	for ; i < len(s); i++ {
		if c := s[i]; visible(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return string(b)
}

func visible(c byte) bool { return c > ' ' && c < 0x7f && c != '%' && c != ',' }

func encodeList(list []string) string {
	var b strings.Builder
	for _, s := range list {
		if s == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(encode(s))
	}
	return b.String()
}
