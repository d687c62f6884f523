package proxy_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/proxy"
)

// answerWith sends a GET for api.example to a proxy whose upstream answers with fields, in which UP is
// its address and PORT its port.
func answerWith(
	t *testing.T, c proxy.Config, base, status, fields string,
) (w *httptest.ResponseRecorder, real *strings.Replacer) {
	t.Helper()
	u := rawUpstream(t, "")
	host := u.Addr().String()
	real = strings.NewReplacer("UP", host, "PORT", host[strings.LastIndexByte(host, ':')+1:])
	u.answer = "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\nConnection: close\r\n" + real.Replace(fields) + "\r\n\r\n"
	c.Upstream = "http://" + host + base
	w = httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/a", nil)
	r.Host = "api.example"
	(&gate{next: newProxy(t, c)}).ServeHTTP(w, r)
	return w, real
}

func TestLocation(t *testing.T) {
	for _, c := range []struct{ base, location, want string }{
		{"", "http://UP/a?b=c#d", "/a?b=c#d"},
		{"", "//UP/a", "/a"},
		{"", "http://UP", "/"},
		{"", "http://UP?a=b", "/?a=b"},
		{"", "http://UP//evil.example/", "/evil.example/"},
		{"", `http://UP/\evil.example/`, "/%5Cevil.example/"},
		{"", "https://UP/items/", "/items/"}, // uvicorn, which believes X-Forwarded-Proto
		{"", "HTTPS://UP/items/", "/items/"},
		{"", "http://localhost:PORT/a", "/a"},
		{"", "http://[::1]:PORT/a", "/a"},
		{"", "http://internal.example/a", "/a"}, // the Host that the upstream gets
		{"", "https://internal.example/a", "/a"},
		{"", "http://internal.example:80/a", "/a"},
		{"", "https://internal.example:443/a", "/a"},
		{"", "http://internal.example:8080/a", "http://internal.example:8080/a"},
		{"", "http://localhost:1/a", "http://localhost:1/a"},
		{"", "ftp://UP/a", "ftp://UP/a"},
		{"", "https://other.example/a", "https://other.example/a"},
		{"", "https://UP.other.example/a", "https://UP.other.example/a"},
		{"", "https://other.example/?next=http://UP/a", "https://other.example/?next=http://UP/a"},
		{"", "/a", "/a"},
		{"", "next", "next"},
		{"", "//other.example/a", "//other.example/a"},
		{"/base", "http://UP/base/a", "/a"},
		{"/base", "http://UP/base", "/"},
		{"/base", "/base/a%2Fb", "/a%2Fb"},
		{"/base", "/base//evil.example", "/evil.example"},
		{"/base", "/based", "/based"},
		{"/base", "/other", "/other"},
		{"/base", "?a", "?a"},
		{"/base", "http://UP/other", "/other"},
		{"/base", "https://api.example/base/a?b", "https://api.example/a?b"}, // by X-Forwarded-Host
		{"/base", "//api.example/base", "//api.example/"},
		{"/base", "https://api.example/a", "https://api.example/a"},
		{"/base", "https://other.example/base/a", "https://other.example/base/a"},
		{"", "https://api.example/a", "https://api.example/a"},
	} {
		w, real := answerWith(t, proxy.Config{Host: "internal.example"}, c.base, "302 Found", "Location: "+c.location)
		if got := w.Header()["Location"]; !slices.Equal(got, []string{real.Replace(c.want)}) {
			t.Errorf("base %q: %q became %q, want %q", c.base, c.location, got, c.want)
		}
		if w.Code != http.StatusFound {
			t.Errorf("the redirect was not passed on: %d", w.Code)
		}
	}
}

// TestPublic: whatever an answer says of the upstream's address is about the address here.
func TestPublic(t *testing.T) {
	for _, c := range []struct{ base, field, value, want string }{
		{"", "Content-Location", "https://UP/a", "/a"},
		{"", "Refresh", "5; url=http://UP/a", "5; url=/a"},
		{"", "Refresh", `0;URL="http://UP/a"`, "0; url=/a"},
		{"", "Refresh", "0, url = http://UP/a", "0; url=/a"},
		{"", "Refresh", "5", "5"},
		{"", "Refresh", "5; url=https://other.example/", "5; url=https://other.example/"},
		{"/base", "Refresh", "5; url=/base/a", "5; url=/a"},
		{"", "Link", `<http://UP/items?page=2>; rel="next", <https://UP/items?page=9>; rel=last`,
			`</items?page=2>; rel="next", </items?page=9>; rel=last`},
		{"", "Link", `<https://other.example/>; rel=help`, `<https://other.example/>; rel=help`},
		{"", "Link", `</a>; title="a <http://UP/b> \"<http://UP/c>"`, `</a>; title="a <http://UP/b> \"<http://UP/c>"`},
		{"", "Link", "<http://UP/a", "<http://UP/a"},
		{"/base", "Link", "</base/a.css>; rel=preload", "</a.css>; rel=preload"},
		{"/base", "Service-Worker-Allowed", "/base/", "/"},
		{"/base", "Sourcemap", "/base/a.js.map", "/a.js.map"},
		{"", "Set-Cookie", "a=b; Path=/x; HttpOnly", "a=b; Path=/x; HttpOnly"},
		{"/base", "Set-Cookie", "a=b; Path=/base; HttpOnly", "a=b; Path=/; HttpOnly"},
		{"/base", "Set-Cookie", "a=b; path=/base/x", "a=b; path=/x"},
		{"/base", "Set-Cookie", "a=b;Path=/base/", "a=b;Path=/"},
		{"/base", "Set-Cookie", "a=b; Path=/based", "a=b; Path=/based"},
		{"/base", "Set-Cookie", "a=/base; Path=/", "a=/base; Path=/"},
		{"/base", "Set-Cookie", "Path=/base", "Path=/base"},
		{"", "Set-Cookie", "a=b; Domain=127.0.0.1; Secure", "a=b; Secure"},
		{"", "Set-Cookie", "a=b; domain=.INTERNAL.example", "a=b"},
		{"", "Set-Cookie", "a=b; Domain=example; Secure", "a=b; Domain=example; Secure"}, // holds for api.example too
		{"", "Set-Cookie", "a=b; Domain=api.example", "a=b; Domain=api.example"},
		{"", "Set-Cookie", "a=b; Domain=other.example", "a=b; Domain=other.example"},
	} {
		w, real := answerWith(t, proxy.Config{Host: "x.internal.example"}, c.base, "200 OK", c.field+": "+c.value)
		if got := w.Header()[c.field]; !slices.Equal(got, []string{real.Replace(c.want)}) {
			t.Errorf("base %q: %s %q became %q, want %q", c.base, c.field, c.value, got, c.want)
		}
	}
}

// TestPublic_hints: so does a 103.
func TestPublic_hints(t *testing.T) {
	u := rawUpstream(t, "")
	const hint = "HTTP/1.1 103 Early Hints\r\nLink: <http://UP/a.css>; rel=preload\r\n\r\n"
	u.answer = strings.ReplaceAll(hint+okAnswer, "UP", u.Addr().String())
	s := front(t, &gate{next: newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String()})})
	head, _ := send(t, s.Listener.Addr().String(), "GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
	if !strings.HasPrefix(head, "103 ") || !strings.Contains(head, "Link: </a.css>; rel=preload\r\n") {
		t.Error(head)
	}
}

// TestHost: which Host the upstream gets.
func TestHost(t *testing.T) {
	for _, c := range []struct {
		config proxy.Config
		host   string
		want   string // UP is the upstream's address
	}{
		{proxy.Config{}, "api.example", "UP"},
		{proxy.Config{Host: "app.internal:8000"}, "api.example", "app.internal:8000"},
		{proxy.Config{KeepHost: true}, "api.example:8443", "api.example:8443"},
		{proxy.Config{KeepHost: true, Host: "app.internal"}, "", "app.internal"},
		{proxy.Config{KeepHost: true}, "evil.example/@x", "UP"},
		{proxy.Config{KeepHost: true}, "a,b", "UP"},
	} {
		u := rawUpstream(t, okAnswer)
		c.config.Upstream = "http://" + u.Addr().String()
		r := httptest.NewRequest("GET", "/a", nil)
		r.Host = c.host
		(&gate{next: newProxy(t, c.config)}).ServeHTTP(httptest.NewRecorder(), r)
		want := strings.Replace(c.want, "UP", u.Addr().String(), 1)
		if got := fields(u.last(t))["host"]; !slices.Equal(got, []string{want}) {
			t.Errorf("%+v, Host %q: the upstream got %q", c.config, c.host, got)
		}
	}
}
