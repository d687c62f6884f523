package proxy

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-dev/sallyport/problem"
)

// Error is one mistake in a [Config].
type Error struct {
	// Field is the field of Config.
	Field string
	// Value is what it holds, without a password.
	Value string
	// Reason is the rule, and the remedy.
	Reason string
}

// Error names the field, its value, the rule and the remedy.
func (e *Error) Error() string {
	return "proxy: " + e.Field + " " + strconv.Quote(e.Value) + ": " + e.Reason
}

// target is where requests go.
type target struct {
	scheme, host string // of the URLs that the transport gets
	base         string // path prefix without a trailing slash; "" is the root
	socket       string // path of a Unix socket, "" for TCP
	h2c          bool   // HTTP/2 over cleartext, without asking
	name         string // Host that the upstream gets; "" for host
	asked        string // Host that the client asked for, see public
}

const schemes = "write it as http://host:port"

func parseTarget(raw string) (target, error) {
	if socket, ok := strings.CutPrefix(raw, "unix:"); ok {
		return parseSocket(raw, socket)
	}
	u, err := url.Parse(raw)
	if err != nil {
		// The text may hold a password, so it is not repeated.
		return target{}, &Error{"Upstream", "", "not a URL; " + schemes}
	}
	refuse := func(reason string) (target, error) {
		return target{}, &Error{"Upstream", u.Redacted(), reason}
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "h2c":
		return refuse("the scheme must be http, https, h2c or unix; " + schemes)
	case u.Hostname() == "" || u.Opaque != "":
		return refuse("a host is missing; " + schemes)
	case u.Host == "unix:":
		return refuse("a Unix socket has a scheme of its own; write it as unix:" + u.Path)
	case u.User != nil:
		return refuse("user names and passwords do not belong in the address; remove what stands before the @")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(raw, "#"):
		return refuse("a query or a fragment cannot be part of it; end it at the path")
	}
	base := strings.TrimSuffix(u.EscapedPath(), "/")
	if !plainBase(base) {
		return refuse(badBase)
	}
	t := target{scheme: u.Scheme, host: u.Host, base: base}
	if u.Scheme == "h2c" {
		t.scheme, t.h2c = "http", true
	}
	return t, nil
}

// maxSocket is the longest path of a Unix socket that every system takes.
const maxSocket = 103

// parseSocket reads PATH or PATH:/base, as it stands after "unix:".
func parseSocket(raw, path string) (target, error) {
	if rest, ok := strings.CutPrefix(path, "//"); ok { // an empty host
		path = rest
	}
	path, base, _ := strings.Cut(path, ":")
	base = strings.TrimSuffix(base, "/")
	switch {
	case !strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/") || len(path) > maxSocket:
		return target{}, &Error{"Upstream", raw, "a socket must be an absolute path of at most " + strconv.Itoa(maxSocket) +
			" bytes; write it as unix:/run/app.sock, or unix:/run/app.sock:/base"}
	case base != "" && base[0] != '/' || !plainBase(base):
		return target{}, &Error{"Upstream", raw, badBase}
	}
	return target{scheme: "http", host: "localhost", base: base, socket: path}, nil
}

const badBase = "the base path may have letters, digits and -._~ in non-empty segments only, and no dot segments"

// plainBase accepts a path that is the same encoded and decoded.
func plainBase(base string) bool {
	if base == "" {
		return true
	}
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
	for segment := range strings.SplitSeq(base[1:], "/") {
		if segment == "" || segment == "." || segment == ".." || strings.Trim(segment, plain) != "" {
			return false
		}
	}
	return true
}

// checkHost accepts the Host that an upstream gets: a name or an address, with a port or without.
func checkHost(host string) error {
	if host == "" || plainHost(host) {
		return nil
	}
	return &Error{"Host", host, "must be a host name or an address, with a port or without; write it as api.example.com"}
}

// plainHost reports whether a Host has no character that two programs read differently.
func plainHost(host string) bool {
	for i := range len(host) {
		switch c := host[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._:[]", c) >= 0:
		default:
			return false
		}
	}
	return host != "" && len(host) <= 255
}

func checkTimeout(d time.Duration) (time.Duration, error) {
	switch {
	case d == 0:
		return DefaultTimeout, nil
	case d < 0 || d > MaxTimeout:
		return 0, &Error{"Timeout", d.String(), "must be between 0, which means " + DefaultTimeout.String() + ", and " + MaxTimeout.String()}
	}
	return d, nil
}

func ownedFields(names []string) (map[string]bool, error) {
	owned := make(map[string]bool, len(names))
	var errs []error
	for _, name := range names {
		if name == "" || !plainName(name) {
			errs = append(errs, &Error{"OwnedHeaders", name, "not a field name; use letters, digits and dashes"})
			continue
		}
		owned[http.CanonicalHeaderKey(name)] = true
	}
	return owned, errors.Join(errs...)
}

const maxParameters = 10_000 // as net/url has it, which reads no more

var (
	ambiguous  = problem.New(http.StatusBadRequest, "bad_request", "The request's address can be read in more than one way. Send it in the plain form.")
	errPath    = errors.New("proxy: the path cannot be forwarded byte for byte")
	errQuery   = errors.New("proxy: the query has a byte that must be encoded")
	errTooMany = errors.New("proxy: the query has too many parameters")
)

// plainTarget refuses a target that would not reach the upstream as it came in, so
// that what was authorised is what is served (RFC 9112 §3.2.1 is the only form that
// remains). What a query means is for who reads it; here, nobody does.
func plainTarget(r *http.Request) error {
	path, query, _ := strings.Cut(r.RequestURI, "?")
	if path == "" || path[0] != '/' || path != r.URL.EscapedPath() || query != r.URL.RawQuery {
		return errPath
	}
	if strings.Count(query, "&") >= maxParameters {
		return errTooMany
	}
	for i := range len(query) {
		if c := query[i]; c <= ' ' || c >= 0x7f || c == '#' {
			return errQuery
		}
	}
	return nil
}
