package cors

import (
	"net/netip"
	"slices"
	"strings"
)

// origin is a parsed serialised origin (RFC 6454 §6.2). There is one parser, for what
// the config lists and for what a browser sends: scheme://host[:port], in lower case,
// nothing before or after, and a default port left out.
type origin struct {
	scheme, host, port string
	ip                 bool
}

const maxOrigin = 8 + 253 + 6 // https:// host :port

func parseOrigin(s string) (o origin, ok bool) {
	if len(s) > maxOrigin {
		return o, false
	}
	rest, found := strings.CutPrefix(s, "https://")
	o.scheme = "https"
	if !found {
		if rest, found = strings.CutPrefix(s, "http://"); !found {
			return o, false
		}
		o.scheme = "http"
	}
	if o.host, o.port, ok = splitPort(rest); !ok {
		return o, false
	}
	if o.scheme == "https" && o.port == "443" || o.scheme == "http" && o.port == "80" {
		return o, false // browsers leave the default port out
	}
	if strings.HasPrefix(o.host, "[") {
		addr, err := netip.ParseAddr(strings.Trim(o.host, "[]"))
		o.ip = true
		return o, err == nil && addr.Is6() && addr.Zone() == "" && "["+addr.String()+"]" == o.host
	}
	// Only what ends in a digit can be an IPv4 address; netip allocates an error for
	// everything else.
	if last := o.host[len(o.host)-1]; '0' <= last && last <= '9' {
		if addr, err := netip.ParseAddr(o.host); err == nil {
			o.ip = true
			return o, addr.Is4()
		}
	}
	return o, hostname(o.host)
}

func splitPort(s string) (host, port string, ok bool) {
	host = s
	end := strings.LastIndexByte(s, ']') // a colon before it belongs to the address
	if i := strings.LastIndexByte(s, ':'); i > end {
		host, port = s[:i], s[i+1:]
		if !plainPort(port) {
			return "", "", false
		}
	}
	return host, port, host != ""
}

func plainPort(s string) bool {
	if s == "" || len(s) > 5 || s[0] == '0' {
		return false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n <= 65535
}

// hostname accepts lower-case letters, digits and dashes in labels (A-labels for
// other scripts), and no trailing dot. The last label is no number, as then a browser
// would read the name as an IPv4 address.
func hostname(s string) bool {
	if len(s) > 253 {
		return false
	}
	label := ""
	for more := true; more; {
		label, s, more = strings.Cut(s, ".")
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-') {
				return false
			}
		}
	}
	return label[0] < '0' || label[0] > '9'
}

// loopback reports whether only this machine can be meant.
func (o origin) loopback() bool {
	if o.host == "localhost" || strings.HasSuffix(o.host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(o.host, "[]"))
	return err == nil && addr.IsLoopback()
}

// otherSchemes are no application's.
var otherSchemes = []string{"http", "https", "ws", "wss", "ftp", "file", "data", "blob", "about", "javascript"}

// applicationOrigin reports whether s is the origin of an application's own pages, such as
// capacitor://localhost or chrome-extension://ID. It is listed exactly: its scheme gives no
// meaning to a subdomain. A file has no host, and so no origin but null.
func applicationOrigin(s string) bool {
	scheme, host, ok := strings.Cut(s, "://")
	if !ok || scheme == "" || slices.Contains(otherSchemes, scheme) || len(s) > maxOrigin {
		return false
	}
	for i := range len(scheme) {
		c := scheme[i]
		if !('a' <= c && c <= 'z' || i > 0 && ('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.')) {
			return false
		}
	}
	return host != "" && hostname(host+".x") // an extension's id may be a number
}
