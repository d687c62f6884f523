package cors_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/cors"
)

// TestDefaults: what scripts of a listed origin send and read without a word in the Config.
func TestDefaults(t *testing.T) {
	p := newPolicy(t, cors.Config{Origins: []string{app}})
	for library, names := range map[string]string{
		"axios":         "accept,authorization,content-type,x-requested-with,x-xsrf-token",
		"Sentry":        "baggage,sentry-trace",
		"OpenTelemetry": "baggage,traceparent,tracestate",
		"Datadog":       "tracestate,traceparent,x-datadog-origin,x-datadog-parent-id,x-datadog-sampling-priority,x-datadog-trace-id",
		"Stripe's way":  "idempotency-key",
		"conditions":    "if-match,if-modified-since,if-none-match,if-range,if-unmodified-since",
		"ranges":        "range",
		"event source":  "cache-control,last-event-id",
		"DPoP":          "authorization,dpop",
		"Django":        "x-csrftoken",
		"Rails":         "x-csrf-token,x-requested-with",
		"Apollo":        "apollo-require-preflight,apollographql-client-name,apollographql-client-version,content-type",
		"gRPC-Web":      "content-type,grpc-timeout,x-grpc-web,x-user-agent",
		"Connect":       "connect-protocol-version,connect-timeout-ms,content-type",
		"MCP":           "authorization,content-type,last-event-id,mcp-protocol-version,mcp-session-id",
		"tus":           "content-type,tus-resumable,upload-length,upload-metadata,upload-offset",
		"SignalR":       "x-requested-with,x-signalr-user-agent",
		"Zipkin":        "x-b3-sampled,x-b3-spanid,x-b3-traceid",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "QUERY"} {
			if got := granted(ask(p, "OPTIONS", preflight(app, method, names))); got == nil {
				t.Errorf("%s of %s is refused: %s", method, library, names)
			}
		}
	}
	exposed := ", " + strings.ToLower(ask(p, "GET", http.Header{"Origin": {app}}).Header.Get("Access-Control-Expose-Headers")) + ","
	for _, name := range strings.Fields(`X-Total-Count Link Content-Disposition ETag Location Retry-After RateLimit
		RateLimit-Policy X-Request-Id DPoP-Nonce Content-Range WWW-Authenticate Allow Accept-Ranges Mcp-Session-Id
		Tus-Resumable Upload-Offset Grpc-Status X-RateLimit-Remaining Deprecation Sunset`) {
		if !strings.Contains(exposed, ", "+strings.ToLower(name)+",") {
			t.Errorf("%s is not exposed", name)
		}
	}
	for _, name := range []string{"x-forwarded-for", "x-http-method-override", "x-sallyport-subject", "cookie", "x-user"} {
		if got := granted(ask(p, "OPTIONS", preflight(app, "GET", name))); got != nil {
			t.Errorf("%s is allowed", name)
		}
	}
}

// TestDefaults_valid: the lists are such as a Config may have, with credentials too, and copies.
func TestDefaults_valid(t *testing.T) {
	newPolicy(t, cors.Config{Origins: []string{app}, Credentials: true, Methods: cors.DefaultMethods(),
		Headers: cors.DefaultHeaders(), ExposedHeaders: cors.DefaultExposedHeaders()})
	cors.DefaultHeaders()[0] = "X"
	for _, list := range [][]string{cors.DefaultHeaders(), cors.DefaultExposedHeaders()} {
		seen := map[string]bool{}
		for _, name := range list {
			if lower := strings.ToLower(name); seen[lower] || lower == "x" {
				t.Errorf("%s is there twice, or was changed", name)
			} else {
				seen[lower] = true
			}
		}
	}
}

// TestRefused: why a preflight is refused, for a log that an attacker writes to.
func TestRefused(t *testing.T) {
	p := newPolicy(t, cors.Config{Origins: []string{app}})
	for _, c := range []struct {
		header http.Header
		origin bool
		reason string
	}{
		{preflight("https://evil.example", "GET"), true, `the origin "https://evil.example" is not listed`},
		{preflight("null", "GET"), true, `the origin "null" is not listed`},
		{preflight("https://evil\n{\"level\":\"INFO\"}\x1b[2J", "GET"), true, `the origin "https://evil\n{\"level\":\"INFO\"}\x1b[2J" is not listed`},
		{preflight(strings.Repeat("x", 1<<16), "GET"), true, `the origin "` + strings.Repeat("x", 80) + `"… is not listed`},
		{preflight(app, "patch"), false, `the method "patch" is not allowed to scripts`},
		{preflight(app, "PUT", "authorization,x-tenant,x-other"), false, `the request field "x-tenant" is not allowed to scripts`},
		{preflight(app, "PUT", "authorization", "x-tenant"), false, "a field of the preflight comes twice"},
	} {
		r := httptest.NewRequest("OPTIONS", "/", nil)
		r.Header = c.header
		answered, err := p.Preflight(httptest.NewRecorder(), r)
		refused, ok := errors.AsType[*cors.Refused](err)
		if !answered || !ok || refused.Origin != c.origin || refused.Reason != c.reason {
			t.Errorf("%.80v: %t %v, want %s", c.header, answered, err, c.reason)
		}
	}
	r := httptest.NewRequest("OPTIONS", "/", nil)
	r.Header = preflight(app, "PUT", "authorization")
	if answered, err := p.Preflight(httptest.NewRecorder(), r); !answered || err != nil {
		t.Errorf("%t %v", answered, err)
	}
}

// TestApplicationOrigins: pages of applications and extensions, listed exactly.
func TestApplicationOrigins(t *testing.T) {
	for _, origin := range []string{"capacitor://localhost", "ionic://localhost", "tauri://localhost",
		"chrome-extension://ghbmnnjooekpmoecnnnilnnbdlolhkhi", "moz-extension://3c5b9d2e-0d4b-4d6c-9c3c-1a2b3c4d5e6f"} {
		p := newPolicy(t, cors.Config{Origins: []string{origin}, Credentials: true})
		if got := ask(p, "GET", http.Header{"Origin": {origin}}).Header.Get("Access-Control-Allow-Origin"); got != origin {
			t.Errorf("%s: %q", origin, got)
		}
		for _, other := range []string{"https" + origin[strings.Index(origin, ":"):], origin + ".evil.example", origin + "/", strings.ToUpper(origin)} {
			if p.Allows(other) {
				t.Errorf("%s allows %s", origin, other)
			}
		}
	}
	for _, origin := range []string{"file://", "file://localhost", "capacitor://", "capacitor://*.localhost", "Capacitor://localhost",
		"1app://localhost", "app://a/b", "app://a?b", "app://u@a", "wss://a.example", "app:a", "data://a", "javascript://a"} {
		if _, err := cors.New(cors.Config{Origins: []string{origin}}); err == nil {
			t.Errorf("%s is accepted", origin)
		}
	}
}

// TestDefaults_documented: the documentation lists them all.
func TestDefaults_documented(t *testing.T) {
	text, err := os.ReadFile("../docs/upstreams.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Concat(cors.DefaultMethods(), cors.DefaultHeaders(), cors.DefaultExposedHeaders()) {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("docs/upstreams.md does not name %s", name)
		}
	}
}
