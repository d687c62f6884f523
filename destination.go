package sallyport

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/sallyport-dev/sallyport/internal/route"
	"github.com/sallyport-dev/sallyport/problem"
)

var badDestination = problem.New(http.StatusBadRequest, "bad_destination",
	"Send one Destination: an http or https URL, or a path, plainly written.").
	Because(errors.New("the Destination field can be read in more than one way"))

// destination adds to the routes and to ask what holds for the place that a COPY or MOVE writes
// to (RFC 4918 §10.3): a program that knows these methods goes by a field for it, so that the
// path alone would not say what is asked for.
func (g *Gate) destination(a *answer, ask *asked) *problem.Problem {
	r := a.request
	lines := r.Header["Destination"]
	if len(lines) == 0 || r.Method != "COPY" && r.Method != "MOVE" {
		return nil
	}
	u, err := url.Parse(lines[0])
	if err != nil || len(lines) > 1 || u.Opaque != "" || u.User != nil || strings.Contains(lines[0], "#") {
		return badDestination
	}
	absolute := (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
	if !absolute && (u.Scheme != "" || u.Host != "") {
		return badDestination
	}
	clean, forms, fault := route.Scan(asReceived(u), a.routes.own.forms)
	if fault.Rule != route.None {
		return badDestination
	}
	paths := []string{clean}
	if forms != 0 {
		others, fault := route.Readings(clean)
		if fault.Rule != route.None {
			return badDestination
		}
		paths = append(paths, others...)
		ask.split = ask.split || forms&route.EncodedSlash != 0
	}
	for _, path := range paths {
		if g.routes.ofAccounts(decoded(path)) != nil {
			return badDestination
		}
		if p := g.readAs(r, path, &a.routes, ask); p != nil {
			return p
		}
	}
	return nil
}
