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
	scheme, host string
	base         string // path prefix without a trailing slash; "" is the root
}

func parseTarget(raw string) (target, error) {
	u, err := url.Parse(raw)
	if err != nil {
		// The text may hold a password, so it is not repeated.
		return target{}, &Error{"Upstream", "", "not a URL; write it as http://host:port"}
	}
	refuse := func(reason string) (target, error) {
		return target{}, &Error{"Upstream", u.Redacted(), reason}
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return refuse("the scheme must be http or https; write it as http://host:port")
	case u.Hostname() == "" || u.Opaque != "":
		return refuse("a host is missing; write it as http://host:port")
	case u.User != nil:
		return refuse("user names and passwords do not belong in the address; remove what stands before the @")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(raw, "#"):
		return refuse("a query or a fragment cannot be part of it; end it at the path")
	}
	base := strings.TrimSuffix(u.EscapedPath(), "/")
	if !plainBase(base) {
		return refuse("the base path may have letters, digits and -._~ in non-empty segments only, and no dot segments")
	}
	return target{scheme: u.Scheme, host: u.Host, base: base}, nil
}

// plainBase accepts a path that is the same encoded and decoded.
func plainBase(base string) bool {
	if base == "" {
		return true
	}
	for segment := range strings.SplitSeq(base[1:], "/") {
		if segment == "" || segment == "." || segment == ".." || strings.Trim(segment, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~") != "" {
			return false
		}
	}
	return true
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
