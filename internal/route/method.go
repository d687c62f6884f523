package route

import "slices"

// Usual are the methods that requests may have without being declared.
var Usual = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// registered are the other methods of the IANA registry (RFC 9110 §16.1.1) that an API may
// declare. CONNECT asks for a tunnel (§9.3.6), TRACE returns what a client must not see
// (§9.3.8), and PRI belongs to HTTP/2 (RFC 9113 §3.4).
var registered = []string{
	"ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "COPY", "LABEL", "LINK", "LOCK", "MERGE", "MKACTIVITY",
	"MKCALENDAR", "MKCOL", "MKREDIRECTREF", "MKWORKSPACE", "MOVE", "ORDERPATCH", "PROPFIND", "PROPPATCH", "QUERY",
	"REBIND", "REPORT", "SEARCH", "UNBIND", "UNCHECKOUT", "UNLINK", "UNLOCK", "UPDATE", "UPDATEREDIRECTREF",
	"VERSION-CONTROL",
}

// IsMethod reports whether m is a method that can be declared. Methods are compared exactly.
func IsMethod(m string) bool { return IsUsual(m) || slices.Contains(registered, m) }

// IsUsual reports whether m is one of [Usual].
func IsUsual(m string) bool {
	switch m {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return true
	}
	return false
}
