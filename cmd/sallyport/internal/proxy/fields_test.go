package proxy_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/proxy"
)

// hostile are header lines by which a client tries to be somebody else. Each holds
// "evil" where it would do harm.
var hostile = []string{
	"X-Sallyport-Subject: evil",
	"x-sallyport-subject: evil",
	"X-SALLYPORT-SUBJECT: evil",
	"X_Sallyport_Subject: evil",
	"X-Sallyport_Subject: evil",
	"X.Sallyport.Subject: evil",
	"X-Sallyport.Subject: evil",
	"X~Sallyport~Subject: evil",
	"X!Sallyport#Subject: evil",
	"X-Sallyport-Subject: a\r\nX-Sallyport-Subject: evil",
	"X-Sallyport-Subject: evil\r\nConnection: X-Sallyport-Subject",
	"Connection: X-Sallyport-Subject, X-Sallyport-Issuer, X-Sallyport-Roles, X-Sallyport-Scopes, X-Sallyport-Request-Id",
	"Connection: x-sallyport-subject, x-forwarded-for, authorization, via",
	"Connection: close, X-Forwarded-For\r\nX-Forwarded-For: evil",
	"X-Sallyport-Issuer: evil",
	"X-Sallyport-Roles: evil",
	"X-Sallyport-Scopes: evil",
	"X-Sallyport-Request-Id: evil",
	"X-Sallyport-Anything: evil",
	"X-Sallyport-: evil", "X-Sallyport: evil",
	"X-Request-Id: evil",
	"X-User-Id: evil", "X-User: evil", "X-Username: evil", "X-Userinfo: evil", "X-User-Roles: evil",
	"X_User_Id: evil", "x_forwarded_user: evil",
	"X-Forwarded-User: evil", "X-Forwarded-Email: evil", "X-Forwarded-Groups: evil", "X-Forwarded-Preferred-Username: evil",
	"X-Remote-User: evil", "Remote-User: evil", "REMOTE_USER: evil", "Remote-Groups: evil", "X-Authenticated-User: evil",
	"X-Authenticated-Userid: evil", "X-Consumer-Username: evil", "X-Consumer-Id: evil", "X-Credential-Identifier: evil",
	"X-Client-Cert: evil", "X-Ssl-Client-Cert: evil", "X-SSL-Client-Verify: evil", "Ssl-Client-Cert: evil", "Client-Cert: evil",
	"X-Original-URL: /evil", "X-Rewrite-URL: /evil", "X-Original-Method: evil", "X-Original-Host: evil",
	"X-HTTP-Method-Override: evil", "X-HTTP-Method: evil", "X-Method-Override: evil",
	"X-Forwarded-Prefix: /evil", "X-Forwarded-Uri: /evil", "X-Forwarded-Method: evil", "X-Forwarded-Path: /evil",
	"X-Forwarded-For: evil", "X-Forwarded-Host: evil", "X-Forwarded-Proto: evil", "X-Forwarded-Port: evil", "X-Forwarded-Server: evil",
	"X-Forwarded: for=evil", "X-Forwarded-By: evil", "Forwarded: for=evil", "X-Real-IP: evil", "X-Real_IP: evil",
	"True-Client-IP: evil", "CF-Connecting-IP: evil", "X-Client-IP: evil", "X-Cluster-Client-IP: evil", "Fastly-Client-Ip: evil",
	"Cf-Access-Authenticated-User-Email: evil", "X-Amzn-Oidc-Identity: evil", "X-Goog-Authenticated-User-Email: evil",
	"X-MS-Client-Principal-Name: evil", "X-Appengine-User-Email: evil", "X-Auth-Request-Email: evil", "Tailscale-User-Login: evil",
	"X-Envoy-Original-Path: /evil", "X-Middleware-Subrequest: evil", "Proxy: http://evil", "HTTP2-Settings: evil",
	"Authorization: Bearer evil", "Proxy-Authorization: Basic evil", "Proxy-Connection: evil", "Keep-Alive: evil",
	"Cookie: __Host-sp_session=evil", "Cookie: a=b; __Host-sp_session=evil", "Cookie: __host-SP_session=evil", "Cookie: =__Host-sp_session=evil",
	"Upgrade: evil\r\nConnection: Upgrade", "Upgrade: h2c\r\nHTTP2-Settings: evil\r\nConnection: Upgrade, HTTP2-Settings",
	"Upgrade: websocket, evil\r\nConnection: Upgrade",
	"TE: evil", "Trailer: evil",
}

// identity is what the upstream must see, whatever the client sent.
var identity = map[string]string{
	"x-sallyport-subject":    "alice",
	"x-sallyport-issuer":     "https://issuer.example",
	"x-sallyport-roles":      "admin staff",
	"x-sallyport-scopes":     "read write",
	"x-sallyport-request-id": "req-1",
	"x-request-id":           "given-1",
	"x-forwarded-for":        "203.0.113.7",
	"x-forwarded-proto":      "https",
	"x-forwarded-host":       "api.example",
}

// cgi is a field name as a CGI program sees it (RFC 3875 §4.1.18).
func cgi(name string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			return c
		case 'A' <= c && c <= 'Z':
			return c + 'a' - 'A'
		}
		return '-'
	}, name)
}

// checkIdentity fails unless the upstream saw our identity and no other.
func checkIdentity(t *testing.T, request string) {
	t.Helper()
	got := fields(request)
	for name, want := range identity {
		if !slices.Equal(got[name], []string{want}) {
			t.Errorf("%s: upstream got %q, want one %q", name, got[name], want)
		}
	}
	for name := range got {
		plain := cgi(name)
		if strings.HasPrefix(plain, "x-sallyport") && identity[name] == "" {
			t.Errorf("upstream got the field %q", name)
		}
		if name != plain {
			t.Errorf("upstream got the field %q, which reads as %q", name, plain)
		}
	}
}

func TestHostileFields(t *testing.T) {
	u := rawUpstream(t, okAnswer)
	s := front(t, &gate{next: newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String()}), caller: alice})
	addr := s.Listener.Addr().String()
	for _, lines := range hostile {
		send(t, addr, "GET /a HTTP/1.1\r\nHost: api.example\r\n"+lines+"\r\nAccept: x/y\r\n\r\n")
		got := u.last(t)
		checkIdentity(t, got)
		if strings.Contains(got, "evil") {
			t.Errorf("%q reached the upstream:\n%s", lines, got)
		}
		if fields(got)["accept-encoding"] != nil {
			t.Errorf("%q: an encoding nobody asked for", lines)
		}
		if fields(got)["accept"] == nil {
			t.Errorf("%q: an honest field was lost", lines)
		}
	}
	if u.count() != len(hostile) {
		t.Errorf("%d requests reached the upstream, want %d", u.count(), len(hostile))
	}
}

func FuzzFields(f *testing.F) {
	for _, lines := range hostile {
		f.Add(lines)
	}
	u := rawUpstream(f, okAnswer)
	p := newProxy(f, proxy.Config{Upstream: "http://" + u.Addr().String()})
	f.Fuzz(func(t *testing.T, lines string) {
		r := httptest.NewRequest("GET", "/a", nil)
		r.RequestURI, r.Host = "/a", "api.example"
		for line := range strings.SplitSeq(lines, "\r\n") {
			name, value, _ := strings.Cut(line, ":")
			value = strings.TrimSpace(value)
			if !fieldName(name) || !fieldValue(value) || strings.EqualFold(name, "Host") || strings.EqualFold(name, "Via") {
				return
			}
			r.Header[name] = append(r.Header[name], value) // as spelled: no canonical form helps us
		}
		before := u.count()
		(&gate{next: p, caller: alice}).ServeHTTP(httptest.NewRecorder(), r)
		if u.count() == before {
			return
		}
		checkIdentity(t, u.last(t))
	})
}

func fieldName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!#$%&'*+^`|~") == ""
}

func fieldValue(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f }) < 0
}
