package sallyport

import (
	"errors"
	"net/http"
	"strings"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/cors"
	"github.com/sallyport-dev/sallyport/problem"
)

// crossOrigin is the answer to a WebSocket of a page that may not open one.
var crossOrigin = problem.New(http.StatusForbidden, "cross_origin",
	"A page of this origin has no right to open a WebSocket here.")

var errOrigin = errors.New("a WebSocket from an origin that is neither the Gate's own nor listed")

// foreignUpgrade refuses the handshake of a WebSocket that a page of another origin begins, unless
// the origin is listed. A browser asks nobody before it sends one, sends cookies along, and lets
// the page read what comes back (RFC 6455 §10.2). A client that is no browser sends no Origin.
func (g *Gate) foreignUpgrade(r *http.Request) *problem.Problem {
	lines := r.Header["Origin"]
	if len(r.Header["Upgrade"]) == 0 || len(lines) == 0 {
		return nil
	}
	if len(lines) == 1 && (g.cors.Allows(lines[0]) || sameOrigin(lines[0], r)) {
		return nil
	}
	return crossOrigin.Because(errOrigin)
}

// sameOrigin reports whether a page's origin is that of the request. A proxy in front may have
// ended TLS, so that the scheme is not compared, as in http.CrossOriginProtection; or replaced
// Host, so that a browser's own word counts, which no page can write (Fetch Metadata §2.3).
func sameOrigin(origin string, r *http.Request) bool {
	if site := r.Header["Sec-Fetch-Site"]; len(site) == 1 && site[0] == "same-origin" {
		return true
	}
	host, secure := strings.CutPrefix(origin, "https://")
	port := ":443"
	if !secure {
		var plain bool
		if host, plain = strings.CutPrefix(origin, "http://"); !plain {
			return false
		}
		port = ":80"
	}
	return strings.EqualFold(strings.TrimSuffix(host, port), strings.TrimSuffix(r.Host, port))
}

// preflight answers a preflight, and has the log say why it grants nothing: the page's own script
// is not told.
func (g *Gate) preflight(a *answer) (answered bool) {
	answered, err := g.cors.Preflight(a, a.request)
	if refused, ok := errors.AsType[*cors.Refused](err); ok {
		a.visit.Event, a.visit.Reason = audit.InputFail, refused.Error()
		if refused.Origin {
			a.visit.Event = audit.CrossOrigin
		}
	}
	return answered
}
