package sallyport_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
)

// TestConnection: a client cannot have a field that was checked here removed by the proxy
// behind the Gate, and the Connection fields of honest clients pass.
func TestConnection(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "mode=", r.Header.Get("X-Mode"))
	}))
	defer up.Close()
	target, _ := url.Parse(up.URL)
	s := listen(t, newWorld(t, httputil.NewSingleHostReverseProxy(target), open), false)
	for _, c := range []struct {
		lines string
		want  int
	}{
		{"", 200},
		{"Connection: close", 200},
		{"Connection: keep-alive", 200},
		{"Connection: Keep-Alive", 200},
		{"Connection: keep-alive, Upgrade", 200}, // a browser that offers more than it gets
		{"Connection: Keep-Alive, TE\r\nTE: trailers", 200},
		{"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk", 200}, // curl --http2, Java's HttpClient
		{"Connection: TE, close", 200},
		{"Connection: Proxy-Connection, Keep-Alive\r\nProxy-Connection: keep-alive", 200},
		{"Connection:", 200},
		{"Connection: ,close,", 200},
		{"Connection: keep-alive\r\nConnection: close", 200},
		{"Connection: X-Mode", 400},
		{"Connection: x-mode", 400},
		{"Connection: close, X-Mode", 400},
		{"Connection: close,\tX-Mode", 400},
		{"Connection: close\r\nConnection: X-Mode", 400},
		{"Connection: X_Mode", 400},
		{"Connection: close;X-Mode", 400},
		{"Connection: close X-Mode", 400},
		{"Connection: Content-Length", 400},
		{"Connection: Host", 400},
		{"Connection: Authorization", 400},
		{"Connection: Cookie", 400},
		{"Connection: If-Match, Range", 400},
		{"Connection: X-Forwarded-For", 400},
		{"Connection: \xff", 400},
	} {
		if c.lines != "" {
			c.lines += "\r\n"
		}
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "GET /a HTTP/1.1\r\nHost: api.example\r\nX-Mode: safe\r\n%s\r\n", c.lines)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		said, _ := io.ReadAll(res.Body)
		conn.Close()
		if res.StatusCode != c.want || c.want == 200 && string(said) != "mode=safe" {
			t.Errorf("%q: %d %s, want %d", c.lines, res.StatusCode, said, c.want)
		}
	}
}
