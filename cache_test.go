package sallyport_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport"
)

// TestHandlerFields: what a Go handler says of security and caching is settled as an upstream's
// is.
func TestHandlerFields(t *testing.T) {
	mux := http.NewServeMux()
	set := func(pattern, body string, status int, fields ...string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(fields); i += 2 {
				w.Header().Set(fields[i], fields[i+1])
			}
			if status != 0 {
				w.WriteHeader(status)
			}
			io.WriteString(w, body)
		})
	}
	set("GET /page", "<!doctype html><p>hello", 0)
	set("GET /named", "<p>", 201, "Content-Type", "text/html", "X-Frame-Options", "SAMEORIGIN")
	set("GET /text", "hello", 0)
	set("GET /cached", "{}", 0, "Content-Type", "application/json", "Cache-Control", "max-age=60", "Vary", "Accept")
	set("GET /silent", "", 0, "Content-Security-Policy", "sandbox")
	mux.HandleFunc("GET /crash", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=60")
		w.Header().Set("Content-Type", "text/html")
		panic("x")
	})
	w := newWorld(t, mux, func(cfg *sallyport.Config) { cfg.Routes = []sallyport.Route{{Pattern: "/", Public: true}} })

	const strict = "default-src 'none'; frame-ancestors 'none'"
	const page = "base-uri 'self'; object-src 'none'; frame-ancestors 'none'"
	for _, c := range []struct{ path, csp, cache, vary string }{
		{"/page", page, "no-store", "Origin"},
		{"/named", page, "no-store", "Origin"},
		{"/text", strict, "no-store", "Origin"},
		{"/cached", strict, "max-age=60", "Accept, Origin"},
		{"/silent", strict + "|sandbox", "no-store", "Origin"},
		{"/crash", strict, "no-store", "Origin"},
		{"/missing", strict, "no-store", "Origin"},
	} {
		h := w.send("GET", c.path, nil, "").Header
		if got := strings.Join(h["Content-Security-Policy"], "|"); got != c.csp {
			t.Errorf("%s: Content-Security-Policy %q, want %q", c.path, got, c.csp)
		}
		if got := strings.Join(h["Cache-Control"], "|"); got != c.cache {
			t.Errorf("%s: Cache-Control %q, want %q", c.path, got, c.cache)
		}
		if got := h.Get("X-Frame-Options"); got != "DENY" {
			t.Errorf("%s: X-Frame-Options %q", c.path, got)
		}
		if !strings.Contains(strings.Join(h["Vary"], ", "), c.vary) {
			t.Errorf("%s: Vary %q", c.path, h["Vary"])
		}
	}
}

// TestGuardedCaching: a response that may be stored, of a route that needs a credential, is not
// used for somebody else's.
func TestGuardedCaching(t *testing.T) {
	for _, c := range []struct {
		cache  string
		public bool
		vary   []string
		warned bool
	}{
		{"", false, []string{"Origin"}, false},
		{"no-store", false, []string{"Origin"}, false},
		{"max-age=60", false, []string{"Origin, Authorization"}, false},
		{"private, max-age=60", false, []string{"Origin, Authorization"}, false},
		{"public, max-age=60", false, []string{"Origin, Authorization"}, true},
		{"public, max-age=0", false, []string{"Origin, Authorization"}, false},
		{"max-age=5, S-MaxAge = 60", false, []string{"Origin, Authorization"}, true},
		{`max-age=60, no-cache="a, no-store"`, false, []string{"Origin, Authorization"}, false},
		{"no-cache", false, []string{"Origin, Authorization"}, false},
		{"public, max-age=60", true, []string{"Origin"}, false},
	} {
		handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if c.cache != "" {
				w.Header().Set("Cache-Control", c.cache)
			}
			io.WriteString(w, "hello")
		})
		w := newWorld(t, handler, func(cfg *sallyport.Config) {
			cfg.Routes = []sallyport.Route{{Pattern: "GET /x", Public: c.public}}
		})
		for range 2 {
			h := w.send("GET", "/x", bearer(forge(goodHead, claims(nil))), "").Header
			if !slices.Equal(h["Vary"], c.vary) {
				t.Errorf("%q: Vary %q, want %q", c.cache, h["Vary"], c.vary)
			}
			if got := h.Get("Cache-Control"); c.cache != "" && got != c.cache {
				t.Errorf("%q became %q", c.cache, got)
			}
		}
		if got := strings.Count(w.errors.String(), "shared caches"); got != map[bool]int{true: 1}[c.warned] {
			t.Errorf("%q: %d warnings: %s", c.cache, got, w.errors)
		}
	}
}

// TestGuardedCaching_cookie: to a cache, a cookie is no credential.
func TestGuardedCaching_cookie(t *testing.T) {
	accounts := newAccounts(t)
	for _, c := range []struct {
		cache, cookie, token string
	}{
		{"max-age=60", "max-age=60|private", "max-age=60"},
		{"no-cache", "no-cache|private", "no-cache"},
		{"private, max-age=60", "private, max-age=60", "private, max-age=60"},
		{"public, max-age=60", "public, max-age=60", "public, max-age=60"},
		{`private="set-cookie", max-age=60`, `private="set-cookie", max-age=60|private`, `private="set-cookie", max-age=60`},
		{"no-store", "no-store", "no-store"},
	} {
		handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Cache-Control", c.cache) })
		w := newWorld(t, handler, func(cfg *sallyport.Config) { cfg.Accounts = accounts })
		if c.cache == "max-age=60" {
			w.signUp("ada")
		}
		access, _ := w.logIn("ada")
		for _, by := range []struct {
			want   string
			fields http.Header
		}{
			{c.cookie, http.Header{"Cookie": {"__Host-sp_at=" + access}, "Sec-Fetch-Site": {"same-origin"}}},
			{c.token, bearer(access)},
		} {
			res := w.send("GET", "/notes", by.fields, "")
			if got := strings.Join(res.Header["Cache-Control"], "|"); got != by.want || res.StatusCode != 200 {
				t.Errorf("%q: %d, Cache-Control %q, want %q", c.cache, res.StatusCode, got, by.want)
			}
			vary := strings.Join(res.Header["Vary"], "|")
			if want := map[bool]string{true: "Origin", false: "Origin, Authorization, Cookie"}[c.cache == "no-store"]; vary != want {
				t.Errorf("%q: Vary %q, want %q", c.cache, vary, want)
			}
		}
	}
}
