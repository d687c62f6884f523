package headers

import (
	"net/http"
	"slices"
	"strings"
)

// The kinds of response that a Content-Security-Policy is different for.
const (
	data  = iota // JSON and whatever is not named below
	page         // HTML
	media        // images, sound and video, which a browser shows in a document of its own
	kinds
)

// byKind has the defaults that pages and media would not work with.
//
// A page keeps its scripts, styles and images: which are its own only the page knows. With
// no-referrer, a browser sends "Origin: null" along with the page's forms (Fetch, "append a
// request Origin header"), and frameworks that compare it refuse them.
//
// Opened by themselves, an SVG loses its styles by default-src, and sound and video do not
// load. Scripts in an SVG do not run.
var byKind = map[string][kinds]string{
	"Content-Security-Policy": {
		page: "base-uri 'self'; object-src 'none'; frame-ancestors 'none'",
		media: "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'; " +
			"font-src data:; frame-ancestors 'none'",
	},
	"Referrer-Policy": {page: "strict-origin-when-cross-origin", media: "no-referrer"},
}

// kindOf returns the kind of a response with this Content-Type. One that programs may read in
// two ways has the strictest kind.
func kindOf(contentType []string) int {
	if len(contentType) != 1 {
		return data
	}
	name, _, _ := strings.Cut(contentType[0], ";")
	name = strings.TrimSpace(name)
	if strings.EqualFold(name, "text/html") || strings.EqualFold(name, "application/xhtml+xml") {
		return page
	}
	main, sub, _ := strings.Cut(name, "/")
	if strings.ContainsAny(sub, ", \t/") {
		return data
	}
	if strings.EqualFold(main, "image") || strings.EqualFold(main, "video") || strings.EqualFold(main, "audio") {
		return media
	}
	return data
}

// Reconcile settles the fields that [Headers.Apply] has set with those that a handler has set,
// added or deleted since. Call it when the response begins; status is the response's.
//
//   - Of two values whose strictness can be compared, the stricter one is sent. So are a longer
//     max-age, includeSubDomains and preload of Strict-Transport-Security, over TLS.
//   - Content-Security-Policy of both sides is sent, and a browser enforces both.
//   - Cache-Control is the handler's, if there is one. With Expires alone it becomes private,
//     and a 304 without either leaves alone what the client has stored (RFC 9111 §4.3.4).
//   - Other fields have the value of the [Config].
//
// HTML is sent with a policy that lets it work, and so are images, sound and video, unless
// [Config.Set] names the field.
func (s *Headers) Reconcile(h http.Header, status int, secure bool) {
	kind := kindOf(h["Content-Type"])
	for i := range s.plain {
		f := &s.plain[i]
		theirs, untouched := h[f.name], false
		if len(theirs) == 1 && &theirs[0] == &f.value[data][0] {
			untouched = true
		}
		switch {
		case f.name == cacheControl:
			reconcileCaching(h, status, untouched || len(theirs) == 0, f.value[data])
		case untouched && kind == data:
		case untouched || len(theirs) == 0:
			h[f.name] = f.value[kind]
		default:
			h[f.name] = f.settle(f, f.value[kind], withoutOurs(theirs, f.value[data][0]))
		}
	}
	s.reconcileHSTS(h, secure)
}

// withoutOurs is theirs without the value of Apply that a handler has added to.
func withoutOurs(theirs []string, ours string) []string {
	if len(theirs) > 1 && theirs[0] == ours {
		return theirs[1:]
	}
	return theirs
}

const cacheControl = "Cache-Control"

var private = one("private")

// reconcileCaching keeps ours only where the handler says nothing of caching.
func reconcileCaching(h http.Header, status int, silent bool, ours []string) {
	switch {
	case !silent:
	case status == http.StatusNotModified:
		delete(h, cacheControl)
	case len(h["Expires"]) > 0:
		h[cacheControl] = private
	default:
		h[cacheControl] = ours
	}
}

// settling returns how two values of a field are settled.
func settling(name string) func(f *field, ours, theirs []string) []string {
	switch {
	case name == "Content-Security-Policy":
		return both
	case orders[name] != nil:
		return stricter
	}
	return func(_ *field, ours, _ []string) []string { return ours }
}

// both sends two policies in two lines (CSP 3 §8.1: a response must pass all of them).
func both(_ *field, ours, theirs []string) []string {
	all := slices.Clone(ours)
	for _, value := range theirs {
		if strings.TrimSpace(value) != "" && !slices.Contains(all, value) {
			all = append(all, value)
		}
	}
	return all
}

// orders has the values of a field from the strictest on. A value that is not in the list is
// never sent for one of ours.
var orders = map[string][]string{
	"X-Content-Type-Options":       {"nosniff"},
	"X-Frame-Options":              {"deny", "sameorigin"},
	"Cross-Origin-Resource-Policy": {"same-origin", "same-site", "cross-origin"},
	"Cross-Origin-Opener-Policy":   {"same-origin", "same-origin-allow-popups", "unsafe-none"},
	"Cross-Origin-Embedder-Policy": {"require-corp", "credentialless", "unsafe-none"},
	"Origin-Agent-Cluster":         {"?1", "?0"},
	"Referrer-Policy": {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin", "origin",
		"origin-when-cross-origin", "no-referrer-when-downgrade", "unsafe-url"},
}

// stricter returns theirs only if every value in it is stricter than ours: browsers differ in
// which of several they take.
func stricter(f *field, ours, theirs []string) []string {
	order := orders[f.name]
	limit := rank(order, ours[0])
	for _, line := range theirs {
		for value := range strings.SplitSeq(line, ",") {
			if r := rank(order, value); r < 0 || r >= limit {
				return ours
			}
		}
	}
	return theirs
}

// rank returns the place of a value in an order, or -1.
func rank(order []string, value string) int {
	value, _, _ = strings.Cut(value, ";") // parameters say where to report
	value = strings.Trim(value, " \t")
	return slices.IndexFunc(order, func(known string) bool { return strings.EqualFold(known, value) })
}
