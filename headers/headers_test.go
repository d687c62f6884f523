package headers_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-dev/sallyport/headers"
	"github.com/sallyport-dev/sallyport/internal/suite"
)

var golden = http.Header{
	"X-Content-Type-Options":       {"nosniff"},
	"Content-Security-Policy":      {"default-src 'none'; frame-ancestors 'none'"},
	"X-Frame-Options":              {"DENY"},
	"Referrer-Policy":              {"no-referrer"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Cache-Control":                {"no-store"},
}

func newHeaders(t testing.TB, cfg headers.Config) *headers.Headers {
	t.Helper()
	h, err := headers.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// The guide's row 10: its X-XSS-Protection is not sent, its X-Frame-Options is.
func TestErrata10(t *testing.T) {
	got := http.Header{}
	newHeaders(t, headers.Config{}).Apply(got, false)
	if diff := cmp.Diff(golden, got); diff != "" {
		t.Error(diff)
	}
}

// The guide's row 11: HSTS is sent over TLS, and only there.
func TestErrata11(t *testing.T) {
	serve := func(state *tls.ConnectionState) http.Header {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/", nil)
		r.TLS = state
		newHeaders(t, headers.Config{}).Handler(http.NotFoundHandler()).ServeHTTP(w, r)
		return w.Result().Header
	}
	if got := serve(nil).Get("Strict-Transport-Security"); got != "" {
		t.Errorf("in cleartext: %q", got)
	}
	if got := serve(&tls.ConnectionState{}).Get("Strict-Transport-Security"); got != "max-age=63072000; includeSubDomains" {
		t.Errorf("over TLS: %q", got)
	}
}

func TestConfig(t *testing.T) {
	h := http.Header{}
	newHeaders(t, headers.Config{
		CrossOrigin: true, HSTSMaxAge: 365 * 24 * time.Hour,
		Set: map[string]string{"cache-control": "private", "X-FRAME-OPTIONS": "", "Permissions-Policy": "geolocation=()"},
	}).Apply(h, true)
	for name, want := range map[string]string{
		"Cache-Control": "private", "X-Frame-Options": "", "Permissions-Policy": "geolocation=()",
		"Cross-Origin-Resource-Policy": "cross-origin", "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestConfigThatCannotBeMeant(t *testing.T) {
	for name, cfg := range map[string]headers.Config{
		"not a name":        {Set: map[string]string{"X Y": "1"}},
		"empty name":        {Set: map[string]string{"": "1"}},
		"line feed":         {Set: map[string]string{"X-Y": "1\r\nSet-Cookie: a=b"}},
		"outer space":       {Set: map[string]string{"X-Y": " 1"}},
		"not ASCII":         {Set: map[string]string{"X-Y": "é"}},
		"two spellings":     {Set: map[string]string{"X-Y": "1", "x-y": "2"}},
		"CORS":              {Set: map[string]string{"Access-Control-Allow-Origin": "*"}},
		"HSTS by hand":      {Set: map[string]string{"Strict-Transport-Security": "max-age=0"}},
		"content type":      {Set: map[string]string{"Content-Type": "text/html"}},
		"short HSTS":        {HSTSMaxAge: time.Hour},
		"negative HSTS":     {HSTSMaxAge: -time.Hour, InsecureShortHSTS: true},
		"several, all told": {HSTSMaxAge: time.Hour, Set: map[string]string{"X Y": "1", "Vary": "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := headers.New(cfg); err == nil {
				t.Error("accepted")
			} else if name == "several, all told" && strings.Count(err.Error(), "\n") != 2 {
				t.Errorf("not all told: %v", err)
			}
		})
	}
	newHeaders(t, headers.Config{HSTSMaxAge: time.Hour, InsecureShortHSTS: true})
}

// TestOWASP goes through the lists of the OWASP Secure Headers Project: each header is
// sent, or there is a reason why an API does not.
func TestOWASP(t *testing.T) {
	reasons := map[string]string{
		"Strict-Transport-Security":         "sent over TLS",
		"X-Permitted-Cross-Domain-Policies": "Flash and PDF plug-ins that read it are gone; nosniff and CSP hold without it",
		"Clear-Site-Data":                   "right on logout only",
		"X-DNS-Prefetch-Control":            "speaks about links in documents",
		"Cross-Origin-Embedder-Policy":      "speaks about documents",
		"Cross-Origin-Opener-Policy":        "speaks about documents",
		"Permissions-Policy":                "speaks about documents",
	}
	sent := http.Header{}
	newHeaders(t, headers.Config{}).Apply(sent, false)
	dir := suite.Dir(t, "oshp/ci")
	var add struct {
		Headers []struct {
			Name  string `json:"name"`
			Value string `json:"value"`
		} `json:"headers"`
	}
	read(t, filepath.Join(dir, "headers_add.json"), &add)
	if len(add.Headers) < 8 {
		t.Fatalf("only %d headers in the list", len(add.Headers))
	}
	for _, h := range add.Headers {
		if _, ok := sent[http.CanonicalHeaderKey(h.Name)]; !ok && reasons[h.Name] == "" {
			t.Errorf("%s: %s is neither sent nor accounted for", h.Name, h.Value)
		}
	}
	var remove struct {
		Headers []string `json:"headers"`
	}
	read(t, filepath.Join(dir, "headers_remove.json"), &remove)
	if len(remove.Headers) < 8 {
		t.Fatalf("only %d headers in the list", len(remove.Headers))
	}
	for _, name := range remove.Headers {
		if _, ok := sent[http.CanonicalHeaderKey(name)]; ok {
			t.Errorf("%s is sent", name)
		}
	}
}

func read(t *testing.T, file string, v any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}

func TestSharedValuesStayWhole(t *testing.T) {
	s := newHeaders(t, headers.Config{})
	h := http.Header{}
	s.Apply(h, true)
	h.Add("Cache-Control", "x")
	h.Add("Strict-Transport-Security", "x")
	again := http.Header{}
	s.Apply(again, true)
	for _, name := range s.Names() {
		if len(again[name]) != 1 || again[name][0] == "x" {
			t.Errorf("%s became %v", name, again[name])
		}
	}
	if !slices.Contains(s.Names(), "Strict-Transport-Security") || len(s.Names()) != len(golden)+1 {
		t.Error(s.Names())
	}
}

func TestApplyDoesNotAllocate(t *testing.T) {
	s := newHeaders(t, headers.Config{})
	h := http.Header{}
	if n := testing.AllocsPerRun(100, func() { s.Apply(h, true) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkApply(b *testing.B) {
	more := map[string]string{}
	for i := range 6 {
		more[fmt.Sprintf("X-More-%d", i)] = "value"
	}
	for _, c := range []struct {
		name string
		cfg  headers.Config
	}{{"six", headers.Config{}}, {"twelve", headers.Config{Set: more}}} {
		b.Run("headers="+c.name, func(b *testing.B) {
			s := newHeaders(b, c.cfg)
			b.ReportAllocs()
			for b.Loop() {
				s.Apply(http.Header{}, false)
			}
		})
	}
}

func ExampleHeaders_Handler() {
	h, err := headers.New(headers.Config{})
	if err != nil {
		panic(err)
	}
	w := httptest.NewRecorder()
	h.Handler(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	fmt.Println(w.Header().Get("Content-Security-Policy"))
	// Output: default-src 'none'; frame-ancestors 'none'
}
