package sallyport

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"

	"github.com/sallyport-dev/sallyport/internal/route"
	"github.com/sallyport-dev/sallyport/problem"
)

// Limits on what a request may look like before anything reads it. The binary's
// server has limits of its own below these.
const (
	maxHeaderLines = 100
	maxHeaderBytes = 16 << 10 // beside a token of the longest size
	maxTarget      = 8 << 10
	maxHost        = 255
)

// overrides are fields by which some frameworks let a client replace the method or
// the path after it was authorised. They are taken off every request.
var overrides = []string{
	"X-Http-Method-Override", "X-Http-Method", "X-Method-Override", "X-Original-Url", "X-Original-Uri",
	"X-Rewrite-Url", "X-Forwarded-Uri", "X-Forwarded-Path", "X-Forwarded-Method", "X-Forwarded-Prefix",
}

var (
	badRequest    = problem.New(http.StatusBadRequest, "bad_request", "The request can be read in more than one way. Send it in the plain form.")
	tooManyFields = problem.New(http.StatusRequestHeaderFieldsTooLarge, "header_too_large", "The request's header fields are too many or too large.")
	targetTooLong = problem.New(http.StatusRequestURITooLong, "target_too_long", "The request's address is too long.")
)

var (
	badTarget = badRequest.Because(errors.New("the target is not a plain path"))
	badHost   = badRequest.Because(errors.New("the Host field is not a host"))
)

// sane refuses what two programs could read in two ways, so that what is authorised
// is byte for byte what the handler or the upstream gets. What remains has one
// method, one host, and a path that everybody reads alike, but for the forms that are
// returned: a route has to allow them. r gets the path in its one spelling.
func (g *Gate) sane(r *http.Request) (route.Forms, *problem.Problem) {
	if !g.methods.has(r.Method) {
		return 0, g.methods.unknown
	}
	if len(r.RequestURI) > maxTarget {
		return 0, targetTooLong
	}
	// The absolute form belongs to forward proxies. A gate is none, and departs from
	// RFC 9112 §3.2.2 on purpose: two places that name a host are one too many.
	if r.URL.Host != "" || r.URL.Scheme != "" || r.URL.Opaque != "" {
		return 0, badTarget
	}
	if !plainHost(r.Host) {
		return 0, badHost
	}
	if !fieldsFit(r.Header, g.maxHeader) {
		return 0, tooManyFields
	}
	if p := plainConnection(r.Header); p != nil {
		return 0, p
	}
	forms, p := plainPath(r)
	if p == nil {
		p = checkQuery(r.URL.RawQuery)
	}
	if p != nil {
		return 0, p
	}
	for _, name := range overrides {
		delete(r.Header, name)
	}
	return forms, nil
}

// plainHost accepts host[:port] with a name, an IPv4 address or a bracketed IPv6
// address; no user info, no percent-encoding, no white space (RFC 9110 §7.2).
func plainHost(host string) bool {
	if host == "" || len(host) > maxHost {
		return false
	}
	if host[0] == '[' {
		end := strings.IndexByte(host, ']')
		if end < 0 || !plainPort(host[end+1:]) {
			return false
		}
		addr, err := netip.ParseAddr(host[1:end])
		return err == nil && addr.Is6() && addr.Zone() == ""
	}
	if i := strings.IndexByte(host, ':'); i >= 0 {
		if i == 0 || !plainPort(host[i:]) {
			return false
		}
		host = host[:i]
	}
	if host[len(host)-1] == '.' { // another spelling of the name without it
		return false
	}
	for i := range len(host) {
		c := host[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// plainPort accepts nothing, or a colon and up to five digits.
func plainPort(s string) bool {
	if s == "" {
		return true
	}
	if s[0] != ':' || len(s) < 2 || len(s) > 6 {
		return false
	}
	return strings.Trim(s[1:], "0123456789") == ""
}

func fieldsFit(h http.Header, most int) bool {
	lines, size := 0, 0
	for name, values := range h {
		lines += len(values)
		for _, v := range values {
			size += len(name) + len(v) + 4
		}
	}
	return lines <= maxHeaderLines && size <= most
}
