package sallyport

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
)

// caching is what a Cache-Control says of caches that several clients share.
type caching struct {
	noStore, private bool
	shared           bool // allows storing it though the request had a credential (RFC 9111 §3.5)
	stale            bool // never fresh: each use asks the handler again
}

func parseCaching(lines []string) (c caching) {
	for _, line := range lines {
		for directive := range strings.SplitSeq(line, ",") {
			name, arg, _ := strings.Cut(strings.Trim(directive, " \t"), "=")
			switch strings.ToLower(strings.TrimRight(name, " \t")) {
			case "no-store":
				c.noStore = true
			case "private":
				c.private = true
			case "public", "must-revalidate":
				c.shared = true
			case "s-maxage":
				c.shared, c.stale = true, c.stale || zero(arg)
			case "max-age":
				c.stale = c.stale || zero(arg)
			case "no-cache":
				c.stale = true
			}
		}
		if strings.Contains(line, `"`) { // private="set-cookie" is for one field, and may hold commas
			c.noStore, c.private = false, false
		}
	}
	return c
}

func zero(seconds string) bool { return strings.Trim(seconds, `" `) == "0" }

// guardCaching has a cache tell apart the callers of a guarded route, whose response may be
// stored. The handler cannot: it sees none of the fields that the Gate reads credentials from.
// With Vary, a stored response is not used for a request that has another credential, or none
// (RFC 9111 §4.1). To a cache, a cookie is no credential; what §3.5 says of them holds for it
// by "private".
func (a *answer) guardCaching(h http.Header) {
	lines := h["Cache-Control"]
	if a.routes.own == nil || a.routes.public() {
		return
	}
	c := parseCaching(lines)
	if c.noStore {
		return
	}
	addVary(h, "Authorization")
	if a.gate.accounts != nil {
		addVary(h, "Cookie")
	}
	if a.cookie && !c.private && !c.shared {
		h["Cache-Control"] = append(slices.Clone(lines), "private")
	}
	if c.shared && !c.private && !c.stale && !a.routes.own.sharedCaching.Swap(true) {
		a.gate.errors.LogAttrs(context.Background(), slog.LevelWarn,
			"the handler lets shared caches store responses of a route that needs a credential: a cache that "+
				"does not keep to Vary hands them to anybody; answer Cache-Control: private, or make the route public",
			slog.String("request", a.visit.ID), slog.String("route", a.visit.Route))
	}
}

// addVary adds a name to Vary, unless it is there.
func addVary(h http.Header, name string) {
	lines := h["Vary"]
	for _, line := range lines {
		for have := range strings.SplitSeq(line, ",") {
			if have = strings.Trim(have, " \t"); have == "*" || strings.EqualFold(have, name) {
				return
			}
		}
	}
	if len(lines) == 0 {
		h["Vary"] = []string{name}
		return
	}
	h["Vary"] = []string{strings.Join(lines, ", ") + ", " + name}
}
