package sallyport

import (
	"errors"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/sallyport-dev/sallyport/problem"
)

// hopByHop are the fields that a client may name in Connection: they are about the
// connection, and an intermediary removes them anyway (RFC 9110 §7.6.1). Close and
// Keep-Alive are options rather than fields. RFC 2616 §13.5.1 had the Proxy- fields and
// Trailer, and RFC 7540 §3.2.1 HTTP2-Settings.
func hopByHop(name string) bool {
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Close", "Keep-Alive", "Upgrade", "Te", "Transfer-Encoding", "Trailer", "Trailers", "Connection",
		"Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Http2-Settings":
		return true
	}
	return false
}

var badConnection = badRequest.Because(errors.New("the Connection field names a field of the request"))

// plainConnection refuses a Connection field by which a client would have the next
// intermediary remove a field that was checked here (RFC 9110 §7.6.1 has it removed, and
// forbids clients to name such fields). HTTP/2 has no Connection field (RFC 9113 §8.2.2).
func plainConnection(h http.Header) *problem.Problem {
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			if name = strings.Trim(name, " \t"); name != "" && !hopByHop(name) {
				return badConnection
			}
		}
	}
	return nil
}
