package cors_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport/cors"
)

const app = "https://app.example.com"

func newPolicy(t testing.TB, cfg cors.Config) *cors.Policy {
	t.Helper()
	p, err := cors.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// ask sends one request through the policy to a handler that answers 200.
func ask(p *cors.Policy, method string, h http.Header) *http.Response {
	r := httptest.NewRequest(method, "/", nil)
	r.Header = h
	w := httptest.NewRecorder()
	p.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "data") })).ServeHTTP(w, r)
	return w.Result()
}

func preflight(origin, method string, headers ...string) http.Header {
	h := http.Header{"Origin": {origin}, "Access-Control-Request-Method": {method}}
	if len(headers) > 0 {
		h["Access-Control-Request-Headers"] = headers
	}
	return h
}

// granted lists the fields of an answer that let a script do something.
func granted(res *http.Response) []string {
	var out []string
	for name := range res.Header {
		if strings.HasPrefix(name, "Access-Control-") {
			out = append(out, name+": "+res.Header.Get(name))
		}
	}
	return out
}

// evil are origins that are not https://app.example.com nor below example.com (C01).
var evil = []string{
	"", "null", "https://evil.example", "https://app.example.com.evil.example", "https://evilapp.example.com.",
	"https://appXexample.com", "https://app.example.com:8443", "https://app.example.com:443", "https://APP.example.com",
	"HTTPS://app.example.com", "http://app.example.com", "https://app.example.com.", "https://app.example.com/",
	"https://app.example.com?x", "https://app.example.com#x", " https://app.example.com", "https://app.example.com ",
	"https://user@app.example.com", "https://app.example.com@evil.example", "https://app.example.com, https://evil.example",
	"https://evil.example https://app.example.com", "https://app.example.com\\.evil.example", "https://app.example.com%60.evil.example",
	"https://app.example.com`.evil.example", "https://app.example.com_.evil.example", "https://app.example.com!.evil.example",
	"https://app_example.com", "https://localhost.evil.example", "https://evil-app.example.com.evil.example",
	"https://example.com.evil.example", "https://notexample.com", "https://evil.example/.example.com", "https://evil.example#.example.com",
	"https://evil.example\x00.example.com", "https://.example.com", "https://a..example.com", "https://-a.example.com",
	"https://a_b.example.com", "https://ä.example.com", "https://%61.example.com", "https://a.example.com:0443",
	"https://a.example.com:99999", "https://a.example.com:", "https:/a.example.com", "https:a.example.com", "file://", "chrome-extension://abc",
	"https://[::1].example.com", "https://1.2.3.4", "*", "https://*", "https://*.example.com", strings.Repeat("https://a.example.com", 1000),
	"https://" + strings.Repeat("a", 64) + ".example.com",
}

func TestEvilOriginsGetNothing(t *testing.T) {
	for _, p := range []*cors.Policy{
		newPolicy(t, cors.Config{Origins: []string{app}, Credentials: true}),
		newPolicy(t, cors.Config{Origins: []string{app, "https://*.example.com"}, Credentials: true}),
		newPolicy(t, cors.Config{}),
	} {
		for _, origin := range evil {
			for _, h := range []http.Header{{"Origin": {origin}}, preflight(origin, "DELETE", "authorization")} {
				method := "GET"
				if len(h) > 1 {
					method = "OPTIONS"
				}
				if got := granted(ask(p, method, h)); got != nil {
					t.Errorf("%s %q got %v", method, origin, got)
				}
			}
		}
	}
}

func TestPatterns(t *testing.T) {
	p := newPolicy(t, cors.Config{Origins: []string{"https://*.example.com", "http://*.localhost:3000", "https://*.example.org:8443"}})
	for origin, want := range map[string]bool{
		"https://a.example.com": true, "https://a.b.example.com": true, "https://xn--nxasmq6b.example.com": true,
		"https://example.com": false, "http://a.example.com": false, "https://a.example.com:8443": false,
		"http://a.localhost:3000": true, "http://localhost:3000": false,
		"https://a.example.org:8443": true, "https://a.example.org": false,
	} {
		if got := p.Allows(origin); got != want {
			t.Errorf("Allows(%q) = %v", origin, got)
		}
	}
}

// TestPitfalls goes through the known ways of getting CORS wrong.
func TestPitfalls(t *testing.T) {
	reference := newPolicy(t, cors.Config{Origins: []string{app}})
	refused := func(t *testing.T, field string, cfg cors.Config) {
		t.Helper()
		_, err := cors.New(cfg)
		got, ok := errors.AsType[*cors.ConfigError](err)
		if !ok || got.Field != field {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
	t.Run("01 null is never an origin", func(t *testing.T) {
		refused(t, "Origins", cors.Config{Origins: []string{"null"}})
		if got := granted(ask(newPolicy(t, cors.Config{Origins: []string{app}, Credentials: true}), "GET", http.Header{"Origin": {"null"}})); got != nil {
			t.Error(got)
		}
	})
	t.Run("02 insecure origins", func(t *testing.T) {
		for _, o := range []string{"http://app.example.com", "http://*.example.com", "http://10.0.0.1", "http://localhost.example.com"} {
			refused(t, "Origins", cors.Config{Origins: []string{o}})
			newPolicy(t, cors.Config{Origins: []string{o}, DangerouslyTolerateInsecureOrigins: true})
		}
		newPolicy(t, cors.Config{Origins: []string{"http://localhost:5173", "http://127.0.0.1:5173", "http://[::1]:5173"}})
	})
	t.Run("03 subdomains of public suffixes", func(t *testing.T) {
		for _, o := range []string{"https://*.com", "https://*.co.uk", "https://*.com.au", "https://*.github.io", "https://*.vercel.app"} {
			refused(t, "Origins", cors.Config{Origins: []string{o}})
			newPolicy(t, cors.Config{Origins: []string{o}, DangerouslyTolerateSubdomainsOfPublicSuffixes: true})
		}
	})
	t.Run("04 star with credentials", func(t *testing.T) {
		refused(t, "Origins", cors.Config{Origins: []string{"*"}, Credentials: true})
		res := ask(newPolicy(t, cors.Config{Origins: []string{"*"}}), "GET", http.Header{"Origin": {"https://any.example"}})
		if res.Header.Get("Access-Control-Allow-Origin") != "*" || res.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Error(granted(res))
		}
	})
	t.Run("05 no regular expressions", func(t *testing.T) {
		for _, o := range []string{"https://.*", "https://app*", "https://*", "h*", "https://app.*.com", "*.example.com", "https://**.example.com", "https://(a|b).com", "/example/", "https://a.*.example.com", "https://*.*.example.com", "https://*.10.0.0.1"} {
			refused(t, "Origins", cors.Config{Origins: []string{o}})
		}
	})
	t.Run("06 star in headers leaves Authorization out", func(t *testing.T) {
		p := newPolicy(t, cors.Config{Origins: []string{app}, Headers: []string{"*"}})
		if got := granted(ask(p, "OPTIONS", preflight(app, "GET", "authorization"))); got != nil {
			t.Error(got)
		}
		if got := granted(ask(p, "OPTIONS", preflight(app, "GET", "x-any"))); got == nil {
			t.Error("x-any is refused")
		}
		p = newPolicy(t, cors.Config{Origins: []string{app}, Headers: []string{"*", "Authorization"}})
		if got := granted(ask(p, "OPTIONS", preflight(app, "GET", "authorization,x-any"))); got == nil {
			t.Error("a named Authorization is refused")
		}
	})
	t.Run("07 star is literal with credentials", func(t *testing.T) {
		refused(t, "Headers", cors.Config{Origins: []string{app}, Headers: []string{"*"}, Credentials: true})
		refused(t, "ExposedHeaders", cors.Config{Origins: []string{app}, ExposedHeaders: []string{"*"}, Credentials: true})
		refused(t, "Methods", cors.Config{Origins: []string{app}, Methods: []string{"*"}})
	})
	t.Run("08 forbidden methods and headers", func(t *testing.T) {
		for _, m := range []string{"CONNECT", "TRACE", "TRACK", "", "A B"} {
			refused(t, "Methods", cors.Config{Origins: []string{app}, Methods: []string{m}})
		}
		for _, h := range []string{"Cookie", "Host", "Sec-Fetch-Site", "Proxy-Authorization", "Access-Control-Request-Method", "", "A B"} {
			refused(t, "Headers", cors.Config{Origins: []string{app}, Headers: []string{h}})
		}
		refused(t, "ExposedHeaders", cors.Config{Origins: []string{app}, ExposedHeaders: []string{"Set-Cookie"}})
	})
	t.Run("09 methods are compared exactly", func(t *testing.T) {
		refused(t, "Methods", cors.Config{Origins: []string{app}, Methods: []string{"patch"}})
		for m, want := range map[string]bool{"PATCH": true, "patch": false, "DELETE": true, "GET": true, "PURGE": false, "": false} {
			if got := granted(ask(reference, "OPTIONS", preflight(app, m))) != nil; got != want {
				t.Errorf("%q: %v", m, got)
			}
		}
	})
	t.Run("10 max-age has bounds", func(t *testing.T) {
		refused(t, "MaxAge", cors.Config{Origins: []string{app}, MaxAge: 3 * time.Hour})
		for age, want := range map[time.Duration]string{0: "600", -1: "0", time.Hour: "3600"} {
			p := newPolicy(t, cors.Config{Origins: []string{app}, MaxAge: age})
			if got := ask(p, "OPTIONS", preflight(app, "GET")).Header.Get("Access-Control-Max-Age"); got != want {
				t.Errorf("%v: %q", age, got)
			}
		}
	})
	t.Run("11 Vary on every answer", func(t *testing.T) {
		for _, h := range []http.Header{{}, {"Origin": {app}}, {"Origin": {"https://evil.example"}}} {
			if got := ask(reference, "GET", h).Header.Values("Vary"); len(got) != 1 || got[0] != "Origin" {
				t.Errorf("%v: Vary %q", h, got)
			}
		}
		for _, h := range []http.Header{preflight(app, "GET"), preflight("https://evil.example", "GET")} {
			if got := ask(reference, "OPTIONS", h).Header.Values("Vary"); len(got) != 1 || got[0] != "Origin, Access-Control-Request-Method, Access-Control-Request-Headers" {
				t.Errorf("%v: Vary %q", h, got)
			}
		}
		w := httptest.NewRecorder()
		w.Header().Set("Vary", "Accept")
		reference.Apply(w.Header(), httptest.NewRequest("GET", "/", nil))
		if got := w.Header().Values("Vary"); len(got) != 2 {
			t.Errorf("the Vary of others: %q", got)
		}
	})
	t.Run("12 only a preflight is a preflight", func(t *testing.T) {
		for name, h := range map[string]http.Header{
			"plain OPTIONS": {}, "no method": {"Origin": {app}}, "no origin": {"Access-Control-Request-Method": {"GET"}},
		} {
			if res := ask(reference, "OPTIONS", h); res.StatusCode != 200 {
				t.Errorf("%s is answered %d, not by the handler", name, res.StatusCode)
			}
		}
		if res := ask(reference, "GET", preflight(app, "GET")); res.StatusCode != 200 {
			t.Errorf("a GET is answered %d", res.StatusCode)
		}
	})
	t.Run("13 before authentication", func(t *testing.T) {
		guarded := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) })
		r := httptest.NewRequest("OPTIONS", "/", nil)
		r.Header = preflight(app, "GET", "authorization")
		w := httptest.NewRecorder()
		reference.Handler(guarded).ServeHTTP(w, r)
		if w.Code != 204 || w.Header().Get("Access-Control-Allow-Origin") != app {
			t.Errorf("%d %v", w.Code, w.Header())
		}
	})
	t.Run("14 two layers", func(t *testing.T) {
		// A second layer sets, never adds: the fields stay single.
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Origin", app)
		reference.Handler(reference.Handler(http.NotFoundHandler())).ServeHTTP(w, r)
		for name, values := range w.Header() {
			if len(values) != 1 {
				t.Errorf("%s: %q", name, values)
			}
		}
	})
	t.Run("15 a preflight has no body", func(t *testing.T) {
		res := ask(reference, "OPTIONS", preflight(app, "GET"))
		if res.StatusCode != 204 || res.ContentLength > 0 || res.Header.Get("Content-Type") != "" {
			t.Errorf("%d %v", res.StatusCode, res.Header)
		}
	})
	t.Run("16 the list of headers is bounded", func(t *testing.T) {
		for list, want := range map[string]bool{
			"authorization": true, "authorization,content-type": true, "authorization, content-type": true, "content-type": true,
			"x-evil": false, "authorization,x-evil": false, "authorization;content-type": false, "authorization content-type": false,
			"authorization\x00": false, "\u212aeep-alive": false, ",,x-evil": false,
			// Old browsers, and proxies on the way, write the list in other ways that RFC 9110 allows.
			"": true, ",": true, "authorization,,content-type": true, "Authorization, Content-Type": true,
			"authorization,\t content-type ": true, strings.Repeat("authorization,", 1<<16): false,
		} {
			if got := granted(ask(reference, "OPTIONS", preflight(app, "GET", list))) != nil; got != want {
				t.Errorf("%.40q: %v", list, got)
			}
		}
		if got := granted(ask(reference, "OPTIONS", preflight(app, "GET", "authorization", "content-type"))); got != nil {
			t.Errorf("two lines: %v", got)
		}
	})
	t.Run("17 errors carry the fields", func(t *testing.T) {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Origin", app)
		reference.Handler(http.NotFoundHandler()).ServeHTTP(w, r)
		if w.Code != 404 || w.Header().Get("Access-Control-Allow-Origin") != app || !strings.Contains(w.Header().Get("Access-Control-Expose-Headers"), "RateLimit") {
			t.Errorf("%d %v", w.Code, w.Header())
		}
	})
	t.Run("18 the config is copied", func(t *testing.T) {
		cfg := cors.Config{Origins: []string{app}, Methods: []string{"PUT"}, Headers: []string{"X-A"}}
		p := newPolicy(t, cfg)
		cfg.Origins[0], cfg.Methods[0], cfg.Headers[0] = "https://evil.example", "DELETE", "X-B"
		if p.Allows("https://evil.example") || granted(ask(p, "OPTIONS", preflight(app, "DELETE"))) != nil || granted(ask(p, "OPTIONS", preflight(app, "PUT", "x-a"))) == nil {
			t.Error("a later change of the config changed the policy")
		}
	})
	t.Run("19 nothing invites a cache to keep a preflight", func(t *testing.T) {
		if got := ask(reference, "OPTIONS", preflight(app, "GET")).Header.Get("Cache-Control"); strings.Contains(got, "public") {
			t.Error(got)
		}
	})
	t.Run("20 CORS is not access control", func(t *testing.T) { // the guide's row 14
		res := ask(reference, "POST", http.Header{"Origin": {"https://evil.example"}})
		if res.StatusCode != 200 || granted(res) != nil {
			t.Errorf("%d %v: the request itself is not CORS's to refuse", res.StatusCode, granted(res))
		}
	})
}

func TestNothingIsReflected(t *testing.T) {
	p := newPolicy(t, cors.Config{Origins: []string{app}, Methods: []string{"PUT"}, Headers: []string{"X-A"}})
	res := ask(p, "OPTIONS", preflight(app, "PUT", "x-a"))
	want := map[string]string{
		"Access-Control-Allow-Origin": app, "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT",
		"Access-Control-Allow-Headers": "X-A", "Access-Control-Max-Age": "600",
	}
	if len(granted(res)) != len(want) {
		t.Error(granted(res))
	}
	for name, value := range want {
		if got := res.Header.Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
}

func TestTwoOriginLines(t *testing.T) {
	p := newPolicy(t, cors.Config{Origins: []string{app}})
	if got := granted(ask(p, "GET", http.Header{"Origin": {app, "https://evil.example"}})); got != nil {
		t.Error(got)
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	_, err := cors.New(cors.Config{Origins: []string{"null", "*", "x"}, Methods: []string{"get"}, Headers: []string{"Cookie"}, MaxAge: 24 * time.Hour, Credentials: true})
	if err == nil || strings.Count(err.Error(), "\n") < 5 {
		t.Errorf("not all told: %v", err)
	}
}

func TestRefusingDoesNotAllocate(t *testing.T) {
	p := newPolicy(t, cors.Config{Origins: []string{app, "https://*.example.com"}})
	for _, origin := range []string{app, "https://evil.example", "https://a..example.com", strings.Repeat("x", 1<<20)} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Origin", origin)
		h := http.Header{}
		if n := testing.AllocsPerRun(100, func() { clear(h); p.Apply(h, r) }); n != 0 {
			t.Errorf("%.40q: %v allocations", origin, n)
		}
	}
}

// FuzzAllows checks that what is allowed is really the listed origin or below the
// listed domain.
func FuzzAllows(f *testing.F) {
	for _, o := range evil {
		f.Add(o)
	}
	f.Add(app)
	f.Add("https://a.b.example.com")
	p := newPolicy(f, cors.Config{Origins: []string{"https://other.example", "https://*.example.com"}})
	f.Fuzz(func(t *testing.T, origin string) {
		if !p.Allows(origin) || origin == "https://other.example" {
			return
		}
		host, ok := strings.CutPrefix(origin, "https://")
		if !ok || !strings.HasSuffix(host, ".example.com") || strings.ContainsAny(host, "/\\@:?#%[]*_ \t\r\n\x00,") || strings.ToLower(host) != host || strings.Contains(host, "..") {
			t.Errorf("%q is allowed", origin)
		}
	})
}

func BenchmarkApply(b *testing.B) {
	p := newPolicy(b, cors.Config{Origins: []string{app, "https://*.example.com"}})
	for name, origin := range map[string]string{"none": "", "allowed": app, "pattern": "https://a.example.com", "evil": "https://evil.example"} {
		b.Run("origin="+name, func(b *testing.B) {
			r := httptest.NewRequest("GET", "/", nil)
			if origin != "" {
				r.Header.Set("Origin", origin)
			}
			h := http.Header{}
			b.ReportAllocs()
			for b.Loop() {
				clear(h)
				p.Apply(h, r)
			}
		})
	}
}

func ExamplePolicy_Handler() {
	p, err := cors.New(cors.Config{Origins: []string{"https://app.example.com"}})
	if err != nil {
		panic(err)
	}
	api := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) })
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Origin", "https://app.example.com")
	w := httptest.NewRecorder()
	p.Handler(api).ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("Access-Control-Allow-Origin"))
	// Output: 401 https://app.example.com
}

// Authentication in front of CORS refuses the preflight, which never carries a token:
// no script can call this API.
func ExamplePolicy_Handler_incorrect() {
	p, err := cors.New(cors.Config{Origins: []string{"https://app.example.com"}})
	if err != nil {
		panic(err)
	}
	authenticate := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "" {
				w.WriteHeader(401)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	r := httptest.NewRequest("OPTIONS", "/", nil)
	r.Header.Set("Origin", "https://app.example.com")
	r.Header.Set("Access-Control-Request-Method", "GET")
	w := httptest.NewRecorder()
	authenticate(p.Handler(http.NotFoundHandler())).ServeHTTP(w, r)
	fmt.Println(w.Code)
	// Output: 401
}
