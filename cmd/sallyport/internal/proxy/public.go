package proxy

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// An upstream names itself by the address that it knows: the host it is asked under, with
// the scheme that X-Forwarded-Proto says, and paths below its base. Clients can and should
// reach none of that, so it becomes the address here, as a path where a reference is
// possible.

// references are answer fields whose value is one reference to a resource.
var references = []string{"Location", "Content-Location", "Sourcemap", "X-Sourcemap"}

// public maps the fields of an answer to a client that asked for host.
func (t target) public(h http.Header, host string) {
	t.asked = host
	for _, name := range references {
		each(h, name, t.reference)
	}
	each(h, "Link", t.targets) // a 103 has some too, see exchange.hint
	each(h, "Refresh", t.refresh)
	each(h, "Service-Worker-Allowed", t.path)
	each(h, "Set-Cookie", func(cookie string) string { return t.cookie(cookie, host) })
}

// each maps the lines of a field.
func each(h http.Header, name string, mapped func(string) string) {
	lines := h[name]
	if len(lines) == 0 {
		return
	}
	lines = slices.Clone(lines)
	for i, line := range lines {
		lines[i] = mapped(line)
	}
	h[name] = lines
}

// reference maps a URI reference (RFC 3986 §4.1). What leads elsewhere, and what is relative to the
// resource, stays.
func (t target) reference(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.Host == "" && t.base == "" {
		return raw
	}
	path, below := cutBase(u.EscapedPath(), t.base)
	front := ""
	if u.Host != "" && !t.itself(u) {
		// An upstream that knows the address here, by its Host say, has its base there too.
		if t.base == "" || !below || !strings.EqualFold(u.Host, t.asked) || u.User != nil {
			return raw
		}
		front, _, _ = strings.Cut(raw, "//")
		front += "//" + u.Host
	}
	if !below && u.Host == "" {
		return raw // a relative reference, or a path outside the base
	}
	// "//host" would be an address elsewhere.
	path = front + "/" + strings.TrimLeft(path, `/\`)
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	if u.Fragment != "" {
		path += "#" + u.EscapedFragment()
	}
	return path
}

// itself reports whether u is an address of the upstream: its host, or the Host that it gets, over
// HTTP or HTTPS.
func (t target) itself(u *url.URL) bool {
	if u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	for _, own := range []string{t.host, t.name} {
		if own != "" && sameHost(u.Host, own, u.Scheme, t.scheme) {
			return true
		}
	}
	return false
}

// sameHost reports whether two hosts with ports are one: the names are equal or both this
// machine, and the ports are equal, as they are written or without what each scheme implies.
func sameHost(a, b, schemeA, schemeB string) bool {
	ua, ub := url.URL{Host: a}, url.URL{Host: b}
	nameA, nameB := ua.Hostname(), ub.Hostname()
	if !strings.EqualFold(nameA, nameB) && !(loopback(nameA) && loopback(nameB)) {
		return false
	}
	return ua.Port() == ub.Port() || port(ua.Port(), schemeA) == port(ub.Port(), schemeB)
}

// port returns "" for the default of a scheme.
func port(port, scheme string) string {
	if port == "443" && scheme == "https" || port == "80" && scheme != "https" {
		return ""
	}
	return port
}

func loopback(name string) bool {
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.IsLoopback()
}

// cutBase returns what of path is below base.
func cutBase(path, base string) (rest string, below bool) {
	rest, below = strings.CutPrefix(path, base)
	if below && (rest == "" || rest[0] == '/') {
		return rest, true
	}
	return path, false
}

// path maps a path, of a cookie say.
func (t target) path(path string) string {
	rest, below := cutBase(path, t.base)
	if !below || t.base == "" {
		return path
	}
	return "/" + strings.TrimLeft(rest, `/\`)
}

// targets maps what stands between < and > in a Link field (RFC 8288 §3), outside of quotes.
func (t target) targets(line string) string {
	var b strings.Builder
	for quoted := false; line != ""; {
		i := strings.IndexAny(line, `<"\`)
		if i < 0 {
			break
		}
		switch line[i] {
		case '"':
			quoted = !quoted
		case '\\':
			i = min(i+1, len(line)-1)
		case '<':
			if end := strings.IndexByte(line[i:], '>'); end > 0 && !quoted {
				b.WriteString(line[:i+1] + t.reference(line[i+1:i+end]) + ">")
				line = line[i+end+1:]
				continue
			}
		}
		b.WriteString(line[:i+1])
		line = line[i+1:]
	}
	return b.String() + line
}

// refresh maps "5; url=…", which browsers follow as they follow a redirect. They take the address with
// quotes and without.
func (t target) refresh(value string) string {
	delay, address, ok := strings.Cut(value, ";")
	if !ok {
		delay, address, ok = strings.Cut(value, ",")
	}
	address = strings.TrimSpace(address)
	if !ok || len(address) < 4 || !strings.EqualFold(address[:3], "url") {
		return value
	}
	address, ok = strings.CutPrefix(strings.TrimSpace(address[3:]), "=")
	if !ok {
		return value
	}
	address = strings.TrimSpace(address)
	if n := len(address); n > 1 && (address[0] == '"' || address[0] == '\'') && address[n-1] == address[0] {
		address = address[1 : n-1]
	}
	if own := t.reference(address); own != address {
		return strings.TrimSpace(delay) + "; url=" + own
	}
	return value
}

// cookie maps Path, and takes away a Domain that holds for the upstream's host and not for
// host: no browser would keep the cookie.
func (t target) cookie(cookie, host string) string {
	parts := strings.Split(cookie, ";")
	for i, part := range parts[1:] {
		if name, value, _ := strings.Cut(part, "="); strings.EqualFold(strings.TrimSpace(name), "Path") {
			parts[i+1] = name + "=" + t.path(strings.TrimSpace(value))
		}
	}
	kept := slices.DeleteFunc(parts[1:], func(part string) bool { return t.foreign(part, host) })
	return strings.Join(parts[:1+len(kept)], ";")
}

// foreign reports whether part is such a Domain.
func (t target) foreign(part, host string) bool {
	name, domain, _ := strings.Cut(part, "=")
	if !strings.EqualFold(strings.TrimSpace(name), "Domain") {
		return false
	}
	domain = strings.TrimPrefix(strings.TrimSpace(domain), ".")
	return (within(t.host, domain) || t.name != "" && within(t.name, domain)) && !within(host, domain)
}

// within reports whether a cookie of a domain is sent to a host (RFC 6265 §5.1.3).
func within(host, domain string) bool {
	u := url.URL{Host: host}
	name := strings.ToLower(u.Hostname())
	domain = strings.ToLower(domain)
	return domain != "" && (name == domain || strings.HasSuffix(name, "."+domain))
}
