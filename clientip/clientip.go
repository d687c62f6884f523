// Package clientip is the trusted-proxy model: the one answer to the question which
// address a request came from. Limits, the audit log and the upstream all use it.
//
// It fails when trust is wider than the proxies are. Every address in
// [Config.Trusted] may name any client it likes: list the proxies themselves, not the
// network they share with others. It fails, too, when a trusted proxy passes a
// client's own header on instead of adding to it; check that before going live. When
// the list lacks a proxy that stands in front, all its clients look like one: safe,
// but they share one limit.
//
// Only one header is read, the one the proxies are configured to write, and it is
// read from right to left: each proxy adds the address it saw at the end, so that the
// first address from the right that is not a trusted proxy's is the client's.
// Everything further left the client may have made up. A list that cannot be read
// ends the walk: what stands left of the mistake is not believed.
package clientip

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// The headers a proxy may name the client in.
const (
	XForwardedFor = "X-Forwarded-For"
	Forwarded     = "Forwarded" // RFC 7239
)

// Config lists who may speak for others.
type Config struct {
	// Trusted are the proxies' networks. Networks so wide that they hold much of the
	// Internet (wider than /8, or /16 in IPv6) are refused.
	Trusted []netip.Prefix
	// Header is the one header the proxies write: X-Forwarded-For, with
	// X-Forwarded-Proto beside it, or Forwarded. Default X-Forwarded-For.
	Header string
}

// maxHops ends the walk through a list that is longer than any chain of proxies.
const maxHops = 32

// Resolver tells clients' addresses. It is immutable.
type Resolver struct {
	trusted []netip.Prefix
	header  string
}

// Client is where a request came from.
type Client struct {
	// Addr is the client's address; the zero Addr when even the peer's is unknown.
	Addr netip.Addr
	// Secure says that the client's own connection was over TLS.
	Secure bool
	// Trusted says that the request came through a trusted proxy.
	Trusted bool
}

// New returns a Resolver, or every reason why the config cannot be meant.
func New(cfg Config) (*Resolver, error) {
	var errs []error
	switch cfg.Header {
	case "":
		cfg.Header = XForwardedFor
	case XForwardedFor, Forwarded:
	default:
		errs = append(errs, fmt.Errorf("clientip: Header %q: write %q or %q", cfg.Header, XForwardedFor, Forwarded))
	}
	trusted := make([]netip.Prefix, 0, len(cfg.Trusted))
	for _, p := range cfg.Trusted {
		plain, err := trustable(p)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		trusted = append(trusted, plain)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return &Resolver{trusted, cfg.Header}, nil
}

// trustable returns p as it is compared, or why it is not to be trusted.
func trustable(p netip.Prefix) (netip.Prefix, error) {
	if !p.IsValid() {
		return p, errors.New("clientip: Trusted holds an empty prefix: write one such as 10.0.0.0/24")
	}
	if p != p.Masked() {
		return p, fmt.Errorf("clientip: Trusted %q has bits set past its length: write %s, or the address with /%d", p, p.Masked(), p.Addr().BitLen())
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return p, fmt.Errorf("clientip: Trusted %q is wider than the IPv4 addresses it maps: write the IPv4 prefix", p)
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	least := 16
	if p.Addr().Is4() {
		least = 8
	}
	if p.Bits() < least {
		return p, fmt.Errorf("clientip: Trusted %q is wider than /%d, and whoever is in it can claim to be anyone: list the proxies themselves", p, least)
	}
	return p, nil
}

// ParsePrefixes reads prefixes and bare addresses, as given on a command line. Every
// bad one is named.
func ParsePrefixes(list []string) ([]netip.Prefix, error) {
	var errs []error
	out := make([]netip.Prefix, 0, len(list))
	for _, s := range list {
		if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
			out = append(out, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			errs = append(errs, fmt.Errorf("clientip: %q is not a network: write one such as 10.0.0.0/24, or an address", s))
			continue
		}
		out = append(out, p)
	}
	return out, errors.Join(errs...)
}

// FromRequest tells where r came from.
func (c *Resolver) FromRequest(r *http.Request) Client {
	var peer netip.Addr
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		peer = ap.Addr()
	}
	client := c.Resolve(peer, r.Header)
	client.Secure = client.Secure || r.TLS != nil
	return client
}

// Resolve tells the client of a request that peer sent with these header fields. No
// field is read unless the peer is trusted. It does not allocate then.
func (c *Resolver) Resolve(peer netip.Addr, h http.Header) Client {
	peer = plain(peer)
	client := Client{Addr: peer}
	if !c.trusts(peer) {
		return client
	}
	client.Trusted = true
	if c.header == Forwarded {
		c.walk(&client, h[Forwarded], lastForwarded)
		return client
	}
	c.walk(&client, h[XForwardedFor], lastAddress)
	proto := h["X-Forwarded-Proto"]
	client.Secure = len(proto) == 1 && strings.EqualFold(proto[0], "https")
	return client
}

// hop is one element of a list: the address in it, and whether it says https.
type hop struct {
	addr   netip.Addr
	secure bool
}

// walk goes through the lines of a header from right to left. The lines of one field
// are one list, in order (RFC 9110 §5.3). last takes the last element off a line.
func (c *Resolver) walk(client *Client, lines []string, last func(line string) (h hop, rest string, more, ok bool)) {
	hops := 0
	for _, line := range slices.Backward(lines) {
		for more := true; more; {
			var h hop
			var ok bool
			if h, line, more, ok = last(line); !ok {
				return
			}
			if hops++; hops > maxHops {
				return
			}
			client.Secure = h.secure
			if !h.addr.IsValid() {
				return // an obfuscated hop: no telling who is behind it
			}
			client.Addr = h.addr
			if !c.trusts(h.addr) {
				return
			}
		}
	}
}

func (c *Resolver) trusts(a netip.Addr) bool {
	for _, p := range c.trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// plain is an address in the one form that is compared and counted: IPv4 when it is
// IPv4 mapped into IPv6, and without a zone, which only means something on one host.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// lastAddress takes the last address off an X-Forwarded-For line.
func lastAddress(line string) (h hop, rest string, more, ok bool) {
	element := line
	if i := strings.LastIndexByte(line, ','); i >= 0 {
		rest, element, more = line[:i], line[i+1:], true
	}
	h.addr, ok = parseAddr(strings.Trim(element, " \t"))
	return h, rest, more, ok
}

// parseAddr reads an address as proxies write it: bare, in brackets, or with a port.
func parseAddr(s string) (netip.Addr, bool) {
	if len(s) > 64 {
		return netip.Addr{}, false
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return plain(a), a.Zone() == ""
	}
	if inner, ok := strings.CutPrefix(s, "["); ok && strings.HasSuffix(inner, "]") {
		a, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return plain(a), err == nil && a.Is6() && a.Zone() == ""
	}
	ap, err := netip.ParseAddrPort(s)
	return plain(ap.Addr()), err == nil && ap.Addr().Zone() == ""
}
