package proxy_test

import (
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/proxy"
	"github.com/sallyport-dev/sallyport/visit"
)

var quiet = log.New(io.Discard, "", 0)

func TestForwardedRequest(t *testing.T) {
	u := rawUpstream(t, okAnswer)
	s := front(t, &gate{next: newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String() + "/base/"}), caller: alice})
	send(t, s.Listener.Addr().String(), "POST /a%20b/%C3%A9/@x,y?q=1&q=2&b[]=%2F&c HTTP/1.1\r\nHost: api.example\r\nUser-Agent: me\r\n"+
		"Content-Type: application/json\r\nConnection: Content-Type\r\nAccept-Encoding: br\r\nCookie: a=b; __Host-sp_x=y; c=d\r\nVia: 1.1 edge\r\nTE: trailers\r\nContent-Length: 2\r\n\r\n{}")
	const want = "POST /base/a%20b/%C3%A9/@x,y?q=1&q=2&b[]=%2F&c HTTP/1.1\r\n"
	got := u.last(t)
	if !strings.HasPrefix(got, want) {
		t.Errorf("request line of %q, want %q", got, want)
	}
	if !strings.HasSuffix(got, "\r\n\r\n{}") {
		t.Errorf("body changed: %q", got)
	}
	wantFields := map[string][]string{
		"host":            {u.Addr().String()},
		"user-agent":      {"me"},
		"content-type":    {"application/json"}, // though named in Connection
		"accept-encoding": {"br"},
		"cookie":          {"a=b; c=d"},
		"via":             {"1.1 edge", "1.1 sallyport"},
		"content-length":  {"2"},
		"te":              {"trailers"},

		"x-forwarded-prefix": {"/"},
	}
	for name, value := range identity {
		wantFields[name] = []string{value}
	}
	if f := fields(got); !maps.EqualFunc(f, wantFields, slices.Equal) {
		t.Errorf("fields:\n got %q\nwant %q", f, wantFields)
	}
}

func TestTargets(t *testing.T) {
	u := rawUpstream(t, okAnswer)
	s := front(t, &gate{next: newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String()})})
	for _, c := range []struct {
		target string
		ok     bool
	}{
		{"/", true},
		{"/a/b", true},
		{"/a//b/../c/./d", true}, // the Gate refuses it; here it is not changed
		{"/a%2Fb%2e%2E", true},
		{"/a;b=c", true},
		{"/a?", true},
		{"/a?b=c?d/e", true},
		{"/a?x=%C3%A9&y=+", true},
		{`/a"b`, false},
		{"/a<b>", false},
		{"/\xc3\xa9", false},
		{"/a#b", false},
		{"/a?b#c", false},
		{"/a?b=1;c=2", true}, // what a query means is for who reads it
		{"/a?b=%zz", true},
		{"/a?b=100%", true},
		{"/a?x=|[]{}^`<>\"'\\", true},
		{"/a?b=\xc3\xa9", false},
		{"/a?b=\x7f", false},
		{"http://api.example/a", false},
		{"/a?" + strings.Repeat("&", 9_999), true},
		{"/a?" + strings.Repeat("&", 10_000), false},
	} {
		before := u.count()
		head, _ := send(t, s.Listener.Addr().String(), "GET "+c.target+" HTTP/1.1\r\nHost: api.example\r\n\r\n")
		switch {
		case c.ok && !strings.HasPrefix(u.last(t), "GET "+c.target+" HTTP/1.1\r\n"):
			t.Errorf("%.40q reached the upstream as %.60q", c.target, u.last(t))
		case !c.ok && u.count() != before:
			t.Errorf("%.40q reached the upstream as %.60q", c.target, u.last(t))
		case !c.ok && !strings.HasPrefix(head, "400 "):
			t.Errorf("%.40q: %s", c.target, head)
		}
	}
}

func TestIdentityValues(t *testing.T) {
	u := rawUpstream(t, okAnswer)
	p := newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String()})
	for _, c := range []struct {
		caller visit.Principal
		name   string
		want   []string
	}{
		{visit.Principal{}, "x-sallyport-subject", nil},
		{visit.Principal{Roles: []string{"admin"}}, "x-sallyport-roles", nil}, // nobody has no roles
		{visit.Principal{Subject: "a b"}, "x-sallyport-subject", []string{"a%20b"}},
		{visit.Principal{Subject: "a\r\nX-Evil: 1"}, "x-sallyport-subject", []string{"a%0D%0AX-Evil:%201"}},
		{visit.Principal{Subject: "a,b"}, "x-sallyport-subject", []string{"a%2Cb"}},
		{visit.Principal{Subject: "100%"}, "x-sallyport-subject", []string{"100%25"}},
		{visit.Principal{Subject: "zoë\x00\x7f"}, "x-sallyport-subject", []string{"zo%C3%AB%00%7F"}},
		{visit.Principal{Subject: "auth0|1@x"}, "x-sallyport-subject", []string{"auth0|1@x"}},
		{visit.Principal{Subject: "a", Roles: []string{"user admin", "", "b"}}, "x-sallyport-roles", []string{"user%20admin b"}},
		{visit.Principal{Subject: "a", Scopes: []string{"r,admin"}}, "x-sallyport-scopes", []string{"r%2Cadmin"}},
		{visit.Principal{Subject: "a"}, "x-sallyport-roles", nil},
		{visit.Principal{Subject: "a"}, "x-sallyport-issuer", nil},
	} {
		r := httptest.NewRequest("GET", "/a", nil)
		(&gate{next: p, caller: c.caller}).ServeHTTP(httptest.NewRecorder(), r)
		if got := fields(u.last(t))[c.name]; !slices.Equal(got, c.want) {
			t.Errorf("%+v: %s is %q, want %q", c.caller, c.name, got, c.want)
		}
	}
}

func TestAddresses(t *testing.T) {
	u := rawUpstream(t, okAnswer)
	p := newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String()})
	for _, c := range []struct {
		addr   netip.Addr
		secure bool
		xff    []string
		proto  string
	}{
		{netip.Addr{}, false, nil, "http"},
		{netip.MustParseAddr("::ffff:192.0.2.1"), true, []string{"192.0.2.1"}, "https"},
		{netip.MustParseAddr("fe80::1%eth0"), false, []string{"fe80::1"}, "http"},
	} {
		r := httptest.NewRequest("GET", "/a", nil)
		v := &visit.Visit{ID: "x", Client: c.addr, Secure: c.secure}
		p.ServeHTTP(httptest.NewRecorder(), r.WithContext(visit.With(r.Context(), v)))
		got := fields(u.last(t))
		if !slices.Equal(got["x-forwarded-for"], c.xff) || !slices.Equal(got["x-forwarded-proto"], []string{c.proto}) {
			t.Errorf("%v: got %q and %q", c, got["x-forwarded-for"], got["x-forwarded-proto"])
		}
	}
}

// TestAuthorizationForwardedWhenAsked: a token and its DPoP proof are handed on together, or not
// at all.
func TestAuthorizationForwardedWhenAsked(t *testing.T) {
	for _, forward := range []bool{true, false} {
		u := rawUpstream(t, okAnswer)
		p := newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String(), InsecureForwardAuthorization: forward})
		r := httptest.NewRequest("GET", "/a", nil)
		r.Header.Set("Authorization", "DPoP t")
		r.Header.Set("DPoP", "p")
		(&gate{next: p}).ServeHTTP(httptest.NewRecorder(), r)
		for name, want := range map[string]string{"authorization": "DPoP t", "dpop": "p"} {
			if got := fields(u.last(t))[name]; forward != slices.Equal(got, []string{want}) || !forward && got != nil {
				t.Errorf("forwarding is %t, and %s is %q", forward, name, got)
			}
		}
	}
}

// A client's trailer fields come after the checks; a program that merges them into
// the header must not see them.
func TestRequestTrailersStayHere(t *testing.T) {
	u := rawUpstream(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	s := front(t, &gate{next: newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String()}), caller: alice})
	send(t, s.Listener.Addr().String(), "POST /a HTTP/1.1\r\nHost: api.example\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sallyport-Subject\r\n\r\n0\r\nX-Sallyport-Subject: evil\r\n\r\n")
	got := u.last(t)
	checkIdentity(t, got)
	if fields(got)["trailer"] != nil || strings.Contains(got, "evil") || !strings.HasSuffix(got, "\r\n0\r\n\r\n") {
		t.Errorf("the trailer reached the upstream:\n%s", got)
	}
}

func TestWithoutGate(t *testing.T) {
	u := rawUpstream(t, okAnswer)
	p := newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String()})
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest("GET", "/a", nil))
	if w.Code != http.StatusInternalServerError || u.count() != 0 {
		t.Errorf("status %d, %d requests forwarded", w.Code, u.count())
	}
}
