package proxy

import (
	"net/http"
	"strings"
)

// ours is the prefix of the fields an upstream may believe.
const ours = "X-Sallyport-"

// Fields a client may not send on. In each of them some product passes on who is
// calling or from where, or replaces the method, host or path; an upstream that
// knows one would believe it. Names are canonical.
var (
	refusedPrefixes = []string{
		"X-Sallyport", "X-Forwarded", "X-Original-", "X-User-", "X-Remote-", "X-Authenticated-", "X-Auth-Request-",
		"X-Consumer-", "X-Credential-", "X-Ssl-", "Ssl-Client", "X-Client-Cert", "Cf-Access-", "X-Amzn-Oidc-",
		"X-Goog-Authenticated-", "X-Goog-Iap-", "X-Ms-Client-Principal", "X-Ms-Token-", "X-Appengine-",
		"X-Authentik-", "X-Pomerium-", "X-Vouch-", "X-Webauth-", "Tailscale-User-", "X-Envoy-", "X-Accel-",
		"X-Middleware-",
	}
	refusedFields = set(
		"Forwarded", "X-Real-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "Cf-Connecting-Ipv6", "Cf-Pseudo-Ipv4",
		"Client-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "Fastly-Client-Ip", "Fly-Client-Ip", "X-Originating-Ip",
		"X-Azure-Clientip", "X-Azure-Socketip", "X-Proxyuser-Ip", "Wl-Proxy-Client-Ip", "Proxy-Client-Ip",
		"X-User", "X-Userid", "X-Username", "X-Userinfo", "Remote-User", "Remote-Groups", "Remote-Email",
		"Remote-Name", "Remote-Addr", "X-Client-Verify", "X-Client-Dn", "Client-Cert", "Client-Cert-Chain",
		"X-Endpoint-Api-Userinfo", "X-Apigateway-Api-Userinfo", "X-Email", "X-Groups", "X-Roles",
		"X-Request-Id", "X-Rewrite-Url", "X-Http-Method", "X-Http-Method-Override", "X-Method-Override",
		"X-Host", "X-Http-Host-Override", "X-Http-Destinationurl", "X-Proxy-Url", "X-Url-Scheme", "X-Scheme",
		"Front-End-Https", "Base-Url", "Proxy", "Http2-Settings", "Trailer",
	)
)

// Answer fields that tell what the upstream runs on, speak for it where the Gate
// speaks, or send clients around the Gate.
var (
	hiddenPrefixes = []string{"X-Sallyport", "Access-Control-"}
	hiddenFields   = set(
		"Server", "X-Powered-By", "X-Powered-Cms", "X-Aspnet-Version", "X-Aspnetmvc-Version", "X-Runtime",
		"X-Generator", "X-Served-By", "X-Backend-Server", "X-Varnish",
		"X-Php-Version", "X-Drupal-Cache", "X-Envoy-Upstream-Service-Time", "Via", "Alt-Svc", "Proxy-Connection",
		"Keep-Alive",
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

// refused reports whether a request field stays here.
func refused(name string) bool {
	canonical := http.CanonicalHeaderKey(name)
	return !plainName(name) || refusedFields[canonical] || hasPrefix(canonical, refusedPrefixes)
}

// hidden reports whether an answer field stays here.
func (p *Proxy) hidden(name string) bool {
	canonical := http.CanonicalHeaderKey(name)
	return hiddenFields[canonical] || p.owned[canonical] || hasPrefix(canonical, hiddenPrefixes)
}

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
