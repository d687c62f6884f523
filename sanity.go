package sallyport

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"

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

// allowedMethods are the methods an API uses. TRACE and CONNECT are not among them
// (RFC 9110 §9.3.6, §9.3.8), nor is a word nobody registered.
var allowedMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// overrides are fields by which some frameworks let a client replace the method or
// the path after it was authorised. They are taken off every request.
var overrides = []string{
	"X-Http-Method-Override", "X-Http-Method", "X-Method-Override", "X-Original-Url", "X-Original-Uri",
	"X-Rewrite-Url", "X-Forwarded-Uri", "X-Forwarded-Path", "X-Forwarded-Method", "X-Forwarded-Prefix",
}

var (
	badRequest     = problem.New(http.StatusBadRequest, "bad_request", "The request can be read in more than one way. Send it in the plain form.")
	tooManyFields  = problem.New(http.StatusRequestHeaderFieldsTooLarge, "header_too_large", "The request's header fields are too many or too large.")
	targetTooLong  = problem.New(http.StatusRequestURITooLong, "target_too_long", "The request's address is too long.")
	unknownMethod  = problem.MethodNotAllowed(allowedMethods...)
	errTarget      = errors.New("the target is not a plain path")
	errHost        = errors.New("the Host field is not a host")
	errPathByte    = errors.New("a byte in the path has to be encoded, or may not be there")
	errPathSegment = errors.New("the path has an empty or a dot segment")
	errPathEscape  = errors.New("the path encodes what must not be encoded")
	errPathUTF8    = errors.New("the path is not UTF-8")
)

var (
	badTarget  = badRequest.Because(errTarget)
	badHost    = badRequest.Because(errHost)
	badPathSet = map[error]*problem.Problem{
		errTarget:      badTarget,
		errPathByte:    badRequest.Because(errPathByte),
		errPathSegment: badRequest.Because(errPathSegment),
		errPathEscape:  badRequest.Because(errPathEscape),
		errPathUTF8:    badRequest.Because(errPathUTF8),
	}
)

// sane refuses what two programs could read in two ways, so that what is authorised
// is byte for byte what the handler or the upstream gets. What remains has one
// method, one host, and a path that everybody reads alike.
func sane(r *http.Request, maxHeader int) *problem.Problem {
	if !knownMethod(r.Method) {
		return unknownMethod
	}
	if len(r.RequestURI) > maxTarget {
		return targetTooLong
	}
	// The absolute form belongs to forward proxies. A gate is none, and departs from
	// RFC 9112 §3.2.2 on purpose: two places that name a host are one too many.
	if r.URL.Host != "" || r.URL.Scheme != "" || r.URL.Opaque != "" {
		return badTarget
	}
	if !plainHost(r.Host) {
		return badHost
	}
	if !fieldsFit(r.Header, maxHeader) {
		return tooManyFields
	}
	if p := plainConnection(r.Header); p != nil {
		return p
	}
	if err := checkPath(asReceived(r.URL), r.URL.Path); err != nil {
		return badPathSet[err]
	}
	for _, name := range overrides {
		delete(r.Header, name)
	}
	return nil
}

// asReceived is the path as it stood in the request. EscapedPath would mend what should
// not have been sent as it was, and only RawPath shows it.
func asReceived(u *url.URL) string {
	if u.RawPath != "" {
		return u.RawPath
	}
	return u.EscapedPath()
}

func knownMethod(m string) bool {
	switch m {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return true
	}
	return false
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

// checkPath accepts a path that decodes to the same segments for everybody (RFC 3986
// §6.2.2): letters, digits, dots and slashes are not encoded; no empty or dot segment;
// UTF-8 when decoded. The percent sign itself may not be encoded either, as the next
// program might decode twice.
func checkPath(escaped, decoded string) error {
	if escaped == "" || escaped[0] != '/' {
		return errTarget
	}
	segment, foreign := 0, false // length of the segment so far; any byte past ASCII
	dots := 0                    // how many of its bytes are dots
	for i := 1; i < len(escaped); i++ {
		c := escaped[i]
		switch {
		case c == '/':
			if segment == 0 || segment == dots && dots <= 2 {
				return errPathSegment
			}
			segment, dots = 0, 0
			continue
		case c == '.':
			dots++
		case c == '%':
			b := unhex(escaped[i+1])<<4 | unhex(escaped[i+2]) // net/url checked the digits
			if !mayBeEscaped(b) {
				return errPathEscape
			}
			foreign = foreign || b >= utf8.RuneSelf
			i += 2
		case c <= ' ', c >= 0x7f, c == '\\', c == ';', c == '"', c == '<', c == '>', c == '^', c == '`', c == '{', c == '|', c == '}', c == '?', c == '#':
			return errPathByte
		}
		segment++
	}
	if segment > 0 && segment == dots && dots <= 2 {
		return errPathSegment
	}
	if foreign && !utf8.ValidString(decoded) {
		return errPathUTF8
	}
	return nil
}

// mayBeEscaped reports whether a path may hold b in encoded form: a byte past ASCII,
// a space, or punctuation, which clients encode more often than they need to (an "@" as
// %40). That is a second spelling, of the same segment to everyone who decodes it.
func mayBeEscaped(b byte) bool {
	switch {
	case b >= utf8.RuneSelf:
		return true
	case b < ' ', b == 0x7f, b == '/', b == '\\', b == '.', b == ';', b == '%':
		return false
	case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b == '-', b == '_', b == '~':
		return false
	}
	return true
}

func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}
