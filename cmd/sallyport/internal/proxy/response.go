package proxy

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/audit"
	"github.com/sallyport-dev/sallyport/problem"
)

var (
	errStatus  = errors.New("proxy: the upstream's status is not one a client can be sent")
	errSwitch  = errors.New("proxy: the upstream switched protocols unasked")
	errFailure = errors.New("proxy: the upstream failed")
	errPage    = errors.New("proxy: the upstream refused with a page")
)

// modify is called with the head of the upstream's answer.
func (x *exchange) modify(res *http.Response) error {
	x.body.patience.stop(true)
	switch {
	case res.StatusCode == http.StatusSwitchingProtocols:
		if !x.upgrade {
			return errSwitch
		}
	case res.StatusCode < 200 || res.StatusCode > 599:
		return errStatus
	case res.StatusCode >= 500:
		if !x.visit.ErrorBodies || !forPrograms(res.Header) {
			return upstreamFailure(res)
		}
		x.visit.NoteEvent(audit.UpstreamFail, errFailure.Error())
	case res.StatusCode >= 400 && !x.p.errorPages && isPage(res.Header):
		return upstreamPage(res)
	}
	x.clean(res.Header)
	x.clean(res.Trailer)
	x.p.withoutOwned(res.Trailer)
	x.p.target.public(res.Header, x.in.Host)
	if res.StatusCode != http.StatusSwitchingProtocols {
		res.Body = x.watch(res)
		return nil
	}
	x.p.withoutOwned(res.Header)
	if up, ok := res.Body.(io.ReadWriteCloser); ok {
		x.attempts.switched()
		res.Body = switchedUpstream{up, x.p.crashes}
	}
	return nil
}

// upstreamFailure keeps the status of a 5xx, and when to come back. The body may be a
// stack trace.
func upstreamFailure(res *http.Response) error {
	p := problem.New(res.StatusCode, "upstream_error", "The service behind this address failed. Quote the instance when you report it.")
	if after := res.Header.Get("Retry-After"); after != "" {
		p = p.With("Retry-After", after)
	}
	return p.Because(errFailure)
}

// forPrograms reports whether a body is JSON or XML. SOAP has its faults come with a 500 (SOAP
// 1.1 §6.2), and clients of many JSON APIs read a code there. Text and pages of HTML are what
// frameworks make of a crash.
func forPrograms(h http.Header) bool {
	if len(h["Content-Type"]) != 1 {
		return false
	}
	name, _, _ := strings.Cut(h["Content-Type"][0], ";")
	name = strings.ToLower(strings.TrimSpace(name))
	if strings.ContainsAny(name, ", \t") || isPage(h) || strings.HasPrefix(name, "image/") {
		return false
	}
	_, format, _ := strings.Cut(name, "/")
	if plus := strings.LastIndexByte(format, '+'); plus >= 0 {
		format = format[plus+1:]
	}
	return format == "json" || format == "xml"
}

// isPage reports whether a body is a page for people. In answer to a bad request that
// is a framework's own error page, which may show a stack trace: Express does, unless
// it is told that it is in production.
func isPage(h http.Header) bool {
	media, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	switch strings.ToLower(strings.TrimSpace(media)) {
	case "text/html", "application/xhtml+xml":
		return true
	}
	return false
}

// upstreamPage keeps the status of a 4xx, and the fields by which a client can mend its
// request.
func upstreamPage(res *http.Response) error {
	p := problem.New(res.StatusCode, "upstream_refused", "The service behind this address refused the request.")
	for _, name := range []string{"Allow", "Accept", "Content-Range", "Retry-After", "Www-Authenticate"} {
		if value := res.Header.Get(name); value != "" {
			p = p.With(name, value)
		}
	}
	return p.Because(errPage)
}

// clean removes from the upstream's fields what stays here.
func (x *exchange) clean(h http.Header) {
	for name, values := range h {
		if limitField(name) && !limitItems.MatchString(strings.Join(values, ",")) {
			delete(h, name) // beside the Gate's items it would spoil the list
			continue
		}
		if hidden(name) || x.gateHas(name) {
			delete(h, name)
		}
	}
	if cookies, ok := h["Set-Cookie"]; ok {
		h["Set-Cookie"] = slices.DeleteFunc(cookies, ownCookie)
	}
}

// withoutOwned removes what the Gate settles where its writer does not see it.
func (p *Proxy) withoutOwned(h http.Header) {
	for name := range p.owned {
		delete(h, name)
	}
}

// limitField reports whether a field is a list of quotas, to which the Gate and the
// upstream add their own each.
func limitField(name string) bool { return name == "Ratelimit" || name == "Ratelimit-Policy" }

// limitItems is a list of Strings with parameters (RFC 9651 §3.1), of the kinds that
// draft-ietf-httpapi-ratelimit-headers has.
var limitItems = func() *regexp.Regexp {
	const text = `"[ !#-\[\]-~]*"`
	const item = text + `(;[a-z][a-z0-9_.*-]*=([0-9]{1,15}|` + text + `|:[A-Za-z0-9+/]*=*:))*`
	return regexp.MustCompile(`^\s*` + item + `(\s*,\s*` + item + `)*\s*$`)
}()

// gateHas reports whether the Gate has set a field that is not to be joined or left
// to the upstream.
func (x *exchange) gateHas(name string) bool {
	switch name {
	case "Vary", "Set-Cookie", "Ratelimit", "Ratelimit-Policy":
		return false
	case "Connection": // only that of a 101 is still there, and ReverseProxy looks for it
		return false
	}
	_, ok := x.w.Header()[name]
	return ok && !x.p.owns(name)
}

// merge puts the upstream's fields, cleaned by now, beside the Gate's.
func merge(gate, upstream http.Header) {
	for name, values := range upstream {
		switch name {
		case "Vary":
			gate[name] = join(gate[name], values)
		case "Set-Cookie":
			gate[name] = append(gate[name], values...)
		case "Ratelimit", "Ratelimit-Policy":
			gate[name] = []string{strings.Join(slices.Concat(gate[name], values), ", ")}
		default:
			gate[name] = values
		}
	}
}

// join makes one Vary field out of several, each name once.
func join(lists ...[]string) []string {
	var names []string
	for _, lines := range lists {
		for _, line := range lines {
			for name := range strings.SplitSeq(line, ",") {
				name = strings.TrimSpace(name)
				same := func(other string) bool { return strings.EqualFold(name, other) }
				if name != "" && !slices.ContainsFunc(names, same) {
					names = append(names, name)
				}
			}
		}
	}
	return []string{strings.Join(names, ", ")}
}

// trailers sends the upstream's trailer fields, which ReverseProxy has left in the
// header map after the body.
func (x *exchange) trailers() {
	if !x.wrote || len(x.h) == 0 {
		return
	}
	h := x.w.Header()
	for key, values := range x.h {
		name := strings.TrimPrefix(key, http.TrailerPrefix)
		if _, set := h[name]; set || hidden(name) || x.p.owns(name) || name == "Set-Cookie" {
			continue
		}
		h[key] = values
	}
}

// hint sends an informational answer on. A 100 is not sent: the server says it by
// itself when the upstream's wish makes the proxy read the body. Of the others, 103
// with links is of use to a client (RFC 8297), over HTTP/1.1 alone: over HTTP/2 net/http may
// still be reading the header map when WriteHeader has returned.
//
// The transport calls it, through ReverseProxy, in the goroutine that reads from the
// upstream. ReverseProxy's lock keeps the exchange's own goroutine waiting meanwhile.
func (x *exchange) hint(status int) {
	defer x.p.crashes.Recover("an informational response")
	each(x.h, "Link", x.p.target.targets)
	links := x.h["Link"]
	if status != http.StatusEarlyHints || len(links) == 0 || !x.in.ProtoAtLeast(1, 1) || x.in.ProtoMajor > 1 {
		return
	}
	h := x.w.Header()
	kept := maps.Clone(h)
	clear(h)
	h["Link"] = links
	x.w.WriteHeader(status)
	clear(h)
	maps.Copy(h, kept)
}
