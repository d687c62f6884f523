package proxy

import (
	"cmp"
	"net/http"
	"net/http/httputil"
	"strings"

	"github.com/sallyport-dev/sallyport/visit"
)

// ownCookies is the prefix of the cookies that are credentials for the Gate.
const ownCookies = "__Host-sp_"

// rewrite makes the upstream's request out of the client's. ReverseProxy has removed
// the hop-by-hop fields and those named in Connection by now, so none of the fields
// set here can be named away.
func (x *exchange) rewrite(pr *httputil.ProxyRequest) {
	in, out := pr.In, pr.Out
	x.aim(out)
	restore(out.Header, in.Header)
	for name := range out.Header {
		if refused(name) {
			delete(out.Header, name)
		}
	}
	if !x.p.authorization {
		delete(out.Header, "Authorization")
		delete(out.Header, "Dpop") // the proof belongs to the token (RFC 9449 §7.1)
	}
	withoutOwnCookies(out.Header)
	x.upgrade = mayUpgrade(out) && !x.p.target.h2c
	if !x.upgrade {
		delete(out.Header, "Connection")
		delete(out.Header, "Upgrade")
	}
	if !in.ProtoAtLeast(1, 1) {
		delete(out.Header, "Expect") // RFC 9110 §10.1.1
	}
	// A program that merges trailer fields into the header would see them past every
	// check made here.
	out.Trailer = nil
	x.identify(out.Header)
	if out.Body != nil {
		x.body.source, x.body.crashes = out.Body, x.p.crashes
		x.impatient()
		out.Body, out.GetBody = &x.body, x.body.again
	}
	repeatable(out)
}

// aim points out at the upstream: same path under the base, same query.
func (x *exchange) aim(out *http.Request) {
	t := x.p.target
	out.Host = t.name // "" for the one in the URL
	if x.p.keepHost && plainHost(x.in.Host) {
		out.Host = x.in.Host
	}
	out.URL.Scheme, out.URL.Host, out.URL.User = t.scheme, t.host, nil
	out.URL.RawPath = t.base + x.in.URL.EscapedPath()
	out.URL.Path = t.base + x.in.URL.Path
	out.URL.RawQuery = x.in.URL.RawQuery
	out.URL.Fragment, out.URL.RawFragment = "", ""
}

func restore(out, in http.Header) {
	for _, name := range endToEnd {
		if values, ok := in[name]; ok {
			out[name] = values
		}
	}
}

// identify says who is calling, and how.
func (x *exchange) identify(h http.Header) {
	v := x.visit
	set := func(name, value string) {
		if value != "" {
			h[name] = []string{value}
		}
	}
	if caller := v.Principal; !caller.IsZero() {
		set(ours+"Subject", encode(caller.Subject))
		set(ours+"Issuer", encode(caller.Issuer))
		set(ours+"Roles", encodeList(caller.Roles))
		set(ours+"Scopes", encodeList(caller.Scopes))
	}
	id := encode(v.ID)
	set(ours+"Request-Id", id)
	set("X-Request-Id", cmp.Or(v.ClientRequest, id)) // what the client and its logs know it by
	if v.Client.IsValid() {
		set("X-Forwarded-For", v.Client.Unmap().WithZone("").String())
	}
	set("X-Forwarded-Host", encode(x.in.Host))
	set("X-Forwarded-Proto", scheme(v))
	if x.p.target.base != "" {
		set("X-Forwarded-Prefix", "/") // where clients see what the upstream has below the base
	}
	if len(h["Via"]) > 0 { // else none, see docs/decisions/0043-via.md
		h.Add("Via", via(x.in))
	}
}

func scheme(v *visit.Visit) string {
	if v.Secure {
		return "https"
	}
	return "http"
}

func via(r *http.Request) string {
	switch {
	case r.ProtoMajor == 2:
		return "2 sallyport"
	case r.ProtoAtLeast(1, 1):
		return "1.1 sallyport"
	}
	return "1.0 sallyport"
}

// mayUpgrade accepts the handshake of RFC 6455 §4.1 and no other protocol: through
// h2c, say, a client could send the upstream further requests nobody checks.
func mayUpgrade(out *http.Request) bool {
	upgrade := out.Header["Upgrade"]
	return len(upgrade) == 1 && strings.EqualFold(upgrade[0], "websocket") && out.Method == http.MethodGet && out.ContentLength == 0
}

// withoutOwnCookies takes the Gate's cookies off; they are credentials, as
// Authorization is.
func withoutOwnCookies(h http.Header) {
	lines := h["Cookie"]
	if !containsOwn(lines) {
		return
	}
	var kept []string
	for _, line := range lines {
		for pair := range strings.SplitSeq(line, ";") {
			if pair = strings.TrimSpace(pair); pair != "" && !ownCookie(pair) {
				kept = append(kept, pair)
			}
		}
	}
	delete(h, "Cookie")
	if len(kept) > 0 {
		h["Cookie"] = []string{strings.Join(kept, "; ")}
	}
}

func containsOwn(lines []string) bool {
	for _, line := range lines {
		for pair := range strings.SplitSeq(line, ";") {
			if ownCookie(pair) {
				return true
			}
		}
	}
	return false
}

// ownCookie reports whether a name=value pair is one of ours. A pair without a name,
// "=__Host-sp_id=…", comes back from a browser as one of ours too.
func ownCookie(pair string) bool {
	pair = strings.TrimLeft(pair, " \t=")
	return len(pair) >= len(ownCookies) && strings.EqualFold(pair[:len(ownCookies)], ownCookies)
}
