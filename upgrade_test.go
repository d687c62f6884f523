package sallyport_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/cors"
)

// TestForeignUpgrade: which pages may open a WebSocket, on a public route too.
func TestForeignUpgrade(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "in") })
	for _, c := range []struct {
		name    string
		origins []string
		fields  http.Header
		in      bool
	}{
		{"no browser", nil, http.Header{"Origin": {}}, true},
		{"own page", nil, http.Header{"Origin": {"https://api.example"}}, true},
		{"own page in cleartext", nil, http.Header{"Origin": {"http://api.example"}}, true},
		{"own page with a port", nil, http.Header{"Origin": {"https://api.example:443"}}, true},
		{"own page by the browser's word", nil, http.Header{"Origin": {"https://public.example"}, "Sec-Fetch-Site": {"same-origin"}}, true},
		{"listed", []string{appOrigin}, http.Header{"Origin": {appOrigin}}, true},
		{"listed by a pattern", []string{"https://*.example.com"}, http.Header{"Origin": {"https://a.example.com"}}, true},
		{"anybody", []string{"*"}, http.Header{"Origin": {"https://evil.example"}}, true},

		{"not listed", nil, http.Header{"Origin": {"https://evil.example"}}, false},
		{"another listed", []string{appOrigin}, http.Header{"Origin": {"https://evil.example"}}, false},
		{"null", []string{appOrigin}, http.Header{"Origin": {"null"}}, false},
		{"empty", nil, http.Header{"Origin": {""}}, false},
		{"a host without a scheme", nil, http.Header{"Origin": {"api.example"}}, false},
		{"another port", nil, http.Header{"Origin": {"https://api.example:8443"}}, false},
		{"the other scheme's port", nil, http.Header{"Origin": {"https://api.example:80"}}, false},
		{"a longer host", nil, http.Header{"Origin": {"https://api.example.evil.example"}}, false},
		{"of the same site alone", nil, http.Header{"Origin": {"https://a.api.example"}, "Sec-Fetch-Site": {"same-site"}}, false},
		{"two origins", []string{appOrigin}, http.Header{"Origin": {appOrigin, "https://evil.example"}}, false},
		{"the browser's word twice", nil, http.Header{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"same-origin", "cross-site"}}, false},
	} {
		w := newWorld(t, handler, func(cfg *sallyport.Config) {
			cfg.Routes = []sallyport.Route{{Pattern: "/", Public: true}}
			cfg.CORS = cors.Config{Origins: c.origins}
		})
		c.fields.Set("Upgrade", "websocket")
		c.fields.Set("Connection", "Upgrade")
		r := w.request("GET", "/ws", c.fields)
		if body := read(r); (r.StatusCode == 200) != c.in || strings.Contains(body, `"cross_origin"`) == c.in {
			t.Errorf("%s: %d %s", c.name, r.StatusCode, body)
		}
		if logged := strings.Contains(w.audit.String(), "malicious_cors"); logged == c.in {
			t.Errorf("%s: the log says %s", c.name, w.audit)
		}
		c.fields.Del("Upgrade")
		if r := w.request("GET", "/ws", c.fields); r.StatusCode != 200 {
			t.Errorf("%s: a request is %d", c.name, r.StatusCode)
		}
	}
}

// TestPreflightLog: a refused preflight is an event that says why, a granted one is none.
func TestPreflightLog(t *testing.T) {
	for _, c := range []struct{ origin, method, fields, event, reason string }{
		{appOrigin, "PUT", "idempotency-key,sentry-trace", "", ""},
		{appOrigin, "PUT", "x-tenant", "input_validation_fail", `the request field \"x-tenant\" is not allowed`},
		{appOrigin, "PURGE", "", "input_validation_fail", `the method \"PURGE\" is not allowed`},
		{"https://evil.example", "GET", "authorization", "malicious_cors", `the origin \"https://evil.example\" is not listed`},
	} {
		w := newWorld(t, api(), routes)
		res := w.request("OPTIONS", "/notes", http.Header{"Origin": {c.origin},
			"Access-Control-Request-Method": {c.method}, "Access-Control-Request-Headers": {c.fields}})
		if res.StatusCode != 204 || strings.Join(w.events(), ",") != c.event || !strings.Contains(w.audit.String(), c.reason) {
			t.Errorf("%s %s: %d, log %s", c.origin, c.method, res.StatusCode, w.audit)
		}
	}
}
