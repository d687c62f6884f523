package problem

import (
	"net/http"
	"strconv"
	"strings"
)

// The problems every room shares. They are values: Because, With and RetryAfter
// return copies.
var (
	// Internal is the answer to every error nobody foresaw. It says nothing.
	Internal = New(http.StatusInternalServerError, "internal_error", "Something went wrong here. Quote the instance when you report it.")
	// NotFound is the answer for a path, or an object, that is not there or not shown.
	NotFound = New(http.StatusNotFound, "not_found", "There is nothing at this address.")
	// Forbidden is the answer to a caller who is known and may not.
	Forbidden = New(http.StatusForbidden, "forbidden", "You may not do this.")
	// Unavailable is the answer while something the request needs is down or full.
	Unavailable = New(http.StatusServiceUnavailable, "unavailable", "The service cannot answer now. Try again later.")
)

// TooLarge is the answer to a body over limit bytes.
func TooLarge(limit int64) *Problem {
	return New(http.StatusRequestEntityTooLarge, "body_too_large", "The body may have at most "+strconv.FormatInt(limit, 10)+" bytes.")
}

// MethodNotAllowed is the answer to a method the resource does not have; allow lists
// those it has (RFC 9110 §15.5.6).
func MethodNotAllowed(allow ...string) *Problem {
	return New(http.StatusMethodNotAllowed, "method_not_allowed", "The method is not allowed here; the Allow field lists those that are.").
		With("Allow", strings.Join(allow, ", "))
}

// UnsupportedMediaType is the answer to a body of a type nobody here reads; accept
// is the type that is (RFC 9110 §15.5.16).
func UnsupportedMediaType(accept string) *Problem {
	return New(http.StatusUnsupportedMediaType, "unsupported_media_type", "Send the body as "+accept+".").With("Accept", accept)
}
