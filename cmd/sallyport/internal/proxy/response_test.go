package proxy_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/proxy"
	"github.com/sallyport-dev/sallyport/cors"
)

// gateFields are what a Gate has set when it hands over.
var gateFields = http.Header{
	"X-Content-Type-Options":      {"nosniff"},
	"Content-Security-Policy":     {"default-src 'none'"},
	"Cache-Control":               {"no-store"},
	"Access-Control-Allow-Origin": {"https://app.example"},
	"Vary":                        {"Origin"},
	"X-Request-Id":                {"req-1"},
}

// behindGate starts a server with a real Gate before a proxy to u.
func behindGate(t *testing.T, u *upstream, change func(*sallyport.Config, *proxy.Config)) *httptest.Server {
	t.Helper()
	cfg := sallyport.Config{
		Routes: []sallyport.Route{{Pattern: "/", Public: true}},
		CORS:   cors.Config{Origins: []string{"https://app.example"}},
	}
	p := proxy.Config{Upstream: "http://" + u.Addr().String()}
	if change != nil {
		change(&cfg, &p)
	}
	g, err := sallyport.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p.OwnedHeaders = g.OwnedHeaders()
	s := httptest.NewServer(g.Handler(newProxy(t, p)))
	t.Cleanup(s.Close)
	return s
}

// TestResponseFields: what a client gets of an upstream's fields, through the Gate and the proxy
// together.
func TestResponseFields(t *testing.T) {
	const noisy = "Server: nginx/1.0\r\nX-Powered-By: PHP/5\r\nX-AspNet-Version: 4\r\nX-AspNetMvc-Version: 5\r\n" +
		"X-Runtime: 0.1\r\nX-Generator: g\r\nX-Debug-Token: 7b\r\nX-Debug-Token-Link: https://a.example/_profiler/7b\r\n" +
		"Via: 1.1 inner\r\nAlt-Svc: h3=\":443\"\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: true\r\n" +
		"X-Content-Type-Options: sniff\r\nX-Content-Type-Options: sniff\r\nContent-Security-Policy: default-src *\r\n" +
		"Strict-Transport-Security: max-age=0\r\nX-Sallyport-Subject: x\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n" +
		"Set-Cookie: a=b\r\nSet-Cookie: __Host-sp_session=x\r\nSet-Cookie: __host-sp_session=x\r\n" +
		"Set-Cookie: =__Host-sp_session=x\r\nSet-Cookie: c=d\r\nX-Frame-Options: SAMEORIGIN\r\nReferrer-Policy: unsafe-url\r\n" +
		"Vary: Accept-Encoding, origin\r\nContent-Encoding: br\r\nX-Own: 1\r\nX-Own: 2\r\n" +
		"Date: Mon, 02 Jan 2006 15:04:05 GMT\r\nContent-Type: a/b\r\n"
	want := http.Header{
		"X-Content-Type-Options":        {"nosniff"},
		"Content-Security-Policy":       {"default-src 'none'; frame-ancestors 'none'", "default-src *"},
		"X-Frame-Options":               {"DENY"},
		"Referrer-Policy":               {"no-referrer"},
		"Cross-Origin-Resource-Policy":  {"same-origin"},
		"Access-Control-Allow-Origin":   {"https://app.example"},
		"Access-Control-Expose-Headers": nil, // whatever it is
		"Ratelimit":                     nil,
		"Ratelimit-Policy":              nil,
		"Vary":                          {"Origin, Accept-Encoding"},
		"Set-Cookie":                    {"a=b", "c=d"},
		"Content-Encoding":              {"br"},
		"X-Own":                         {"1", "2"},
		"Date":                          {"Mon, 02 Jan 2006 15:04:05 GMT"},
		"Content-Type":                  {"a/b"},
		"Content-Length":                {"2"},
	}
	early := "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nServer: nginx\r\n\r\n"
	final := "HTTP/1.1 200 OK\r\n" + noisy + "Content-Length: 2\r\n\r\nok"
	for _, c := range []struct {
		name, answer, cache string
	}{
		{"plain", final, "no-store"},
		{"after hints", early + "HTTP/1.1 102 Processing\r\nServer: x\r\n\r\n" + final, "no-store"},
		{"own caching", strings.Replace(final, "Server:", "Cache-Control: public, max-age=5\r\nServer:", 1), "public, max-age=5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, err := http.NewRequest("GET", behindGate(t, rawUpstream(t, c.answer), nil).URL+"/a", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Origin", "https://app.example")
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if body, _ := io.ReadAll(res.Body); string(body) != "ok" {
				t.Errorf("body is %q", body)
			}
			want["Cache-Control"] = []string{c.cache}
			for name, values := range want {
				if values != nil && !slices.Equal(res.Header[name], values) {
					t.Errorf("%s is %q, want %q", name, res.Header[name], values)
				}
			}
			for name := range res.Header {
				if _, known := want[name]; !known {
					t.Errorf("%s: %q got through", name, res.Header[name])
				}
			}
		})
	}
}

// TestResponseFields_upgrade: the security fields of a 101 are the Gate's alone.
func TestResponseFields_upgrade(t *testing.T) {
	u := rawUpstream(t, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Strict-Transport-Security: max-age=0\r\nContent-Security-Policy: default-src *\r\nX-Frame-Options: SAMEORIGIN\r\n\r\n")
	head, _ := send(t, behindGate(t, u, nil).Listener.Addr().String(),
		"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n")
	if !strings.HasPrefix(head, "101 ") || strings.Contains(head, "max-age=0") || strings.Contains(head, "default-src *") ||
		strings.Contains(head, "SAMEORIGIN") {
		t.Errorf("got %s", head)
	}
}

// TestErrorBodies: bodies of a 5xx stay here, unless the route lets those for programs pass.
func TestErrorBodies(t *testing.T) {
	const body = `{"error":"secret"}`
	routes := []sallyport.Route{
		{Pattern: "/", Public: true},
		{Pattern: "/open/", Public: true, InsecureErrorBodies: true},
		{Pattern: "/Open/shut", Public: true},
	}
	for _, c := range []struct {
		path, status, contentType string
		passes                    bool
	}{
		{"/a", "500 X", "application/json", false},
		{"/open/a", "500 X", "application/json", true},
		{"/open/a", "503 X", "application/problem+json; charset=utf-8", true},
		{"/open/a", "500 X", "text/xml", true},
		{"/open/a", "500 X", "application/soap+xml", true},
		{"/open/a", "500 X", "text/html", false},
		{"/open/a", "500 X", "application/xhtml+xml", false},
		{"/open/a", "500 X", "image/svg+xml", false},
		{"/open/a", "500 X", "text/plain", false},
		{"/open/a", "500 X", "application/json, text/html", false},
		{"/open/a", "500 X", "", false},
		{"/open/shut", "500 X", "application/json", false}, // another program may read the path as the other route's
		{"/a", "400 X", "application/json", true},
	} {
		u := rawUpstream(t, "HTTP/1.1 "+c.status+"\r\nContent-Type: "+c.contentType+"\r\nRetry-After: 7\r\nX-Powered-By: x\r\n"+
			"Content-Length: 18\r\n\r\n"+body)
		s := behindGate(t, u, func(cfg *sallyport.Config, _ *proxy.Config) { cfg.Routes = routes })
		head, got := send(t, s.Listener.Addr().String(), "GET "+c.path+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		if (got == body) != c.passes || !strings.HasPrefix(head, c.status[:3]) || !strings.Contains(head, "Retry-After: 7") ||
			strings.Contains(head, "Powered") || !c.passes && !strings.Contains(got, `"code":"upstream_error"`) {
			t.Errorf("%s, %s of %s: %s%s", c.path, c.status, c.contentType, head, got)
		}
	}
}

// TestLimitsOfBoth: what the upstream says of its quotas stands beside what the Gate says
// of its own, unless it would spoil the list.
func TestLimitsOfBoth(t *testing.T) {
	const own, policy = `"default";r=9;t=60`, `"default";q=10;w=60`
	for _, c := range []struct{ fields, limit, policy string }{
		{"", own, policy},
		{"RateLimit: \"day\";r=5\r\nRateLimit-Policy: \"day\";q=9;w=86400;pk=:cHNzdA==:\r\n", own + `, "day";r=5`, policy + `, "day";q=9;w=86400;pk=:cHNzdA==:`},
		{"RateLimit: \"a\";r=5, \"b\";r=6\r\nRateLimit: \"c\";r=7\r\n", own + `, "a";r=5, "b";r=6, "c";r=7`, policy},
		{"RateLimit: limit=100, remaining=50\r\n", own, policy},
		{"RateLimit: \"a\";r=\"\r\nRateLimit-Policy: \"a\\\"\r\n", own, policy},
		{"RateLimit: \r\nRateLimit-Policy: ,\r\n", own, policy},
		{"RateLimit: \"a\";r=-1\r\nRateLimit-Policy: \"\xff\";q=1\r\n", own, policy},
	} {
		u := rawUpstream(t, "HTTP/1.1 200 OK\r\n"+c.fields+"Content-Length: 2\r\n\r\nok")
		g := &gate{next: newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String()}), header: http.Header{"Ratelimit": {own}, "Ratelimit-Policy": {policy}}}
		res, err := http.Get(front(t, g).URL + "/a")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if limit, p := res.Header["Ratelimit"], res.Header["Ratelimit-Policy"]; !slices.Equal(limit, []string{c.limit}) || !slices.Equal(p, []string{c.policy}) {
			t.Errorf("%q: %q and %q, want %s and %s", c.fields, limit, p, c.limit, c.policy)
		}
	}
}

// The informational answers themselves, seen on the wire.
func TestInformational(t *testing.T) {
	u := rawUpstream(t, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nServer: nginx\r\nSet-Cookie: a=b\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-A: b\r\n\r\nHTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
	s := front(t, &gate{next: newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String()}), header: gateFields})
	for _, c := range []struct{ version, want string }{
		{"1.1", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n"},
		{"1.0", "HTTP/1.0 204 No Content\r\n"},
	} {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, "GET /a HTTP/"+c.version+"\r\nHost: a\r\nConnection: close\r\n\r\n")
		if got, _ := io.ReadAll(conn); !strings.HasPrefix(string(got), c.want) {
			t.Errorf("HTTP/%s: got\n%s\nwant the start\n%s", c.version, got, c.want)
		}
	}
}

func TestExpectContinue(t *testing.T) {
	for _, c := range []struct{ name, answer, want string }{
		{"accepted", okAnswer, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"},
		{"refused", "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "HTTP/1.1 417 Expectation Failed\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				up, err := l.Accept()
				if err != nil {
					return
				}
				defer up.Close()
				br := bufio.NewReader(up)
				for line := ""; line != "\r\n"; line, _ = br.ReadString('\n') {
				}
				if c.name == "accepted" {
					io.WriteString(up, "HTTP/1.1 100 Continue\r\n\r\n")
					io.ReadFull(br, make([]byte, 2))
				}
				io.WriteString(up, c.answer)
			}()
			s := front(t, &gate{next: newProxy(t, proxy.Config{Upstream: "http://" + l.Addr().String()})})
			conn, err := net.Dial("tcp", s.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			io.WriteString(conn, "PUT /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n")
			br := bufio.NewReader(conn)
			first, _ := br.ReadString('\n')
			if strings.Contains(first, "100 Continue") {
				io.WriteString(conn, "ok") // not before we were asked to
			}
			rest, _ := io.ReadAll(br)
			if got := first + string(rest); !strings.HasPrefix(got, c.want) {
				t.Errorf("got\n%s\nwant the start\n%s", got, c.want)
			}
		})
	}
}

func TestTrailers(t *testing.T) {
	for _, announced := range []string{"Trailer: X-Sum, X-Content-Type-Options, X-Powered-By\r\n", ""} {
		u := rawUpstream(t, "HTTP/1.1 200 OK\r\n"+announced+"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\nX-Content-Type-Options: sniff\r\nX-Powered-By: x\r\nSet-Cookie: __Host-sp_a=b\r\n\r\n")
		res, err := http.Get(front(t, &gate{next: newProxy(t, proxy.Config{Upstream: "http://" + u.Addr().String()}), header: gateFields}).URL + "/a")
		if err != nil {
			t.Fatal(err)
		}
		io.ReadAll(res.Body)
		res.Body.Close()
		if len(res.Trailer) != 1 || res.Trailer.Get("X-Sum") != "1" {
			t.Errorf("announced %q: trailer %q", announced, res.Trailer)
		}
	}
}
