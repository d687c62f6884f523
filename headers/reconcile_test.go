package headers_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-dev/sallyport/headers"
)

const (
	strictCSP = "default-src 'none'; frame-ancestors 'none'"
	pageCSP   = "base-uri 'self'; object-src 'none'; frame-ancestors 'none'"
	mediaCSP  = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'; " +
		"font-src data:; frame-ancestors 'none'"
	twoYears = "max-age=63072000; includeSubDomains"
)

// fields is what a handler sets: names and values by turns, each added.
func fields(list ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(list); i += 2 {
		h.Add(list[i], list[i+1])
	}
	return h
}

// settled is what is sent of a response with the handler's fields.
func settled(s *headers.Headers, status int, secure bool, theirs http.Header) http.Header {
	h := http.Header{}
	s.Apply(h, secure)
	for name, values := range theirs {
		h[name] = values
	}
	s.Reconcile(h, status, secure)
	return h
}

// TestReconcile: for each field a handler sets, what is sent.
func TestReconcile(t *testing.T) {
	const csp, xfo, ref, corp, cc = "Content-Security-Policy", "X-Frame-Options", "Referrer-Policy",
		"Cross-Origin-Resource-Policy", "Cache-Control"
	const ct, sts = "Content-Type", "Strict-Transport-Security"
	for _, c := range []struct {
		name string
		in   http.Header
		want http.Header // of the fields named here
	}{
		{"nothing", nil, fields(csp, strictCSP, xfo, "DENY", ref, "no-referrer", corp, "same-origin", cc, "no-store", sts, twoYears)},

		{"caching", fields(cc, "public, max-age=600"), fields(cc, "public, max-age=600")},
		{"caching in two lines", fields(cc, "public", cc, "max-age=600"), fields(cc, "public", cc, "max-age=600")},
		{"no-cache", fields(cc, "no-cache"), fields(cc, "no-cache")},
		{"expires alone", fields("Expires", "Thu, 01 Dec 2050 16:00:00 GMT"), fields(cc, "private")},
		{"pragma alone", fields("Pragma", "no-cache"), fields(cc, "no-store")},

		{"weaker frames", fields(xfo, "SAMEORIGIN"), fields(xfo, "DENY")},
		{"frames of old", fields(xfo, "ALLOW-FROM https://a.example"), fields(xfo, "DENY")},
		{"frames twice", fields(xfo, "DENY", xfo, "SAMEORIGIN"), fields(xfo, "DENY")},
		{"frames misspelled", fields(xfo, "DENIED"), fields(xfo, "DENY")},
		{"frames empty", fields(xfo, ""), fields(xfo, "DENY")},
		{"weaker embedding", fields(corp, "cross-origin"), fields(corp, "same-origin")},
		{"sniffing", fields("X-Content-Type-Options", "sniff"), fields("X-Content-Type-Options", "nosniff")},
		{"weaker referrer", fields(ref, "unsafe-url"), fields(ref, "no-referrer")},

		{"weaker CSP", fields(csp, "default-src *"), fields(csp, strictCSP, csp, "default-src *")},
		{"stricter CSP", fields(csp, "sandbox"), fields(csp, strictCSP, csp, "sandbox")},
		{"same CSP", fields(csp, strictCSP), fields(csp, strictCSP)},
		{"empty CSP", fields(csp, " "), fields(csp, strictCSP)},

		{"longer HSTS", fields(sts, "max-age=99999999"), fields(sts, "max-age=99999999; includeSubDomains")},
		{"shorter HSTS", fields(sts, "max-age=5; includeSubDomains"), fields(sts, twoYears)},
		{"no HSTS", fields(sts, "max-age=0"), fields(sts, twoYears)},
		{"HSTS to preload", fields(sts, `Max-Age="63072000" ;; IncludeSubDomains; preload; x=y`), fields(sts, twoYears+"; preload")},
		{"HSTS in two lines", fields(sts, "max-age=5", sts, "max-age=99999999"), fields(sts, twoYears)},
		{"HSTS twice", fields(sts, "max-age=99999999; max-age=0"), fields(sts, twoYears)},
		{"HSTS for ever", fields(sts, "max-age=99999999999999999999"), fields(sts, twoYears)},
		{"HSTS with a sign", fields(sts, "max-age=-1"), fields(sts, twoYears)},
		{"HSTS with a list", fields(sts, "max-age=99999999, max-age=0"), fields(sts, twoYears)},
		{"HSTS without an age", fields(sts, "preload"), fields(sts, twoYears)},

		{"page", fields(ct, "text/html; charset=utf-8"), fields(csp, pageCSP, xfo, "DENY", ref, "strict-origin-when-cross-origin", cc, "no-store")},
		{"page in capitals", fields(ct, "TEXT/HTML ;charset=utf-8"), fields(csp, pageCSP)},
		{"XHTML", fields(ct, "application/xhtml+xml"), fields(csp, pageCSP)},
		{"page with its own", fields(ct, "text/html", csp, "default-src 'self'", ref, "same-origin"),
			fields(csp, pageCSP, csp, "default-src 'self'", ref, "same-origin")},
		{"page with less", fields(ct, "text/html", csp, "frame-ancestors *", ref, "no-referrer-when-downgrade", xfo, "SAMEORIGIN"),
			fields(csp, pageCSP, csp, "frame-ancestors *", ref, "strict-origin-when-cross-origin", xfo, "DENY")},
		{"page with fallbacks", fields(ct, "text/html", ref, "no-referrer, unsafe-url"), fields(ref, "strict-origin-when-cross-origin")},
		{"SVG", fields(ct, "image/svg+xml"), fields(csp, mediaCSP, ref, "no-referrer")},
		{"video", fields(ct, "video/mp4"), fields(csp, mediaCSP)},

		{"JSON", fields(ct, "application/json"), fields(csp, strictCSP)},
		{"text", fields(ct, "text/plain"), fields(csp, strictCSP)},
		{"XML, which may hold a page", fields(ct, "application/xml"), fields(csp, strictCSP)},
		{"two types", fields(ct, "text/html", ct, "application/json"), fields(csp, strictCSP)},
		{"two types in one", fields(ct, "text/html, application/json"), fields(csp, strictCSP)},
		{"two types in one, image first", fields(ct, "image/png, text/html"), fields(csp, strictCSP)},
		{"almost a page", fields(ct, "text/htmlx"), fields(csp, strictCSP)},
		{"no type", fields(ct, ""), fields(csp, strictCSP)},

		{"not ours", fields("Permissions-Policy", "camera=()"), fields("Permissions-Policy", "camera=()")},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := settled(newHeaders(t, headers.Config{}), 200, true, c.in)
			for name, want := range c.want {
				if diff := cmp.Diff(want, got[name]); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
		})
	}
}

// TestReconcile_added: a handler adds to what Apply has set, or deletes it.
func TestReconcile_added(t *testing.T) {
	s := newHeaders(t, headers.Config{})
	h := http.Header{}
	s.Apply(h, true)
	for _, name := range s.Names() {
		delete(h, name)
	}
	s.Reconcile(h, 200, true)
	for name, want := range golden {
		if diff := cmp.Diff(want, h[name]); diff != "" {
			t.Errorf("deleted %s: %s", name, diff)
		}
	}
	s.Apply(h, true)
	h.Set("Content-Type", "text/html")
	h.Add("Content-Security-Policy", "sandbox")
	h.Add("X-Frame-Options", "SAMEORIGIN")
	h.Add("Strict-Transport-Security", "max-age=99999999")
	s.Reconcile(h, 200, true)
	for name, want := range fields("Content-Security-Policy", pageCSP, "Content-Security-Policy", "sandbox",
		"X-Frame-Options", "DENY", "Strict-Transport-Security", "max-age=99999999; includeSubDomains") {
		if diff := cmp.Diff(want, h[name]); diff != "" {
			t.Errorf("added %s: %s", name, diff)
		}
	}
}

// TestReconcile_cleartext: HSTS is sent over TLS alone, whoever sets it (RFC 6797 §7.2).
func TestReconcile_cleartext(t *testing.T) {
	got := settled(newHeaders(t, headers.Config{}), 200, false, fields("Strict-Transport-Security", "max-age=99999999"))
	if v, set := got["Strict-Transport-Security"]; set {
		t.Errorf("in cleartext: %q", v)
	}
}

// TestReconcile_notModified: a 304 without Cache-Control changes nothing that a client has stored.
func TestReconcile_notModified(t *testing.T) {
	s := newHeaders(t, headers.Config{})
	if v, set := settled(s, 304, true, nil)["Cache-Control"]; set {
		t.Errorf("Cache-Control %q", v)
	}
	if got := settled(s, 304, true, fields("Cache-Control", "max-age=5")).Get("Cache-Control"); got != "max-age=5" {
		t.Errorf("Cache-Control %q", got)
	}
}

// TestReconcile_config: what the Config sets is the measure, on pages too, and what it takes off
// is the handler's.
func TestReconcile_config(t *testing.T) {
	s := newHeaders(t, headers.Config{Set: map[string]string{
		"X-Frame-Options": "SAMEORIGIN", "Content-Security-Policy": "default-src 'self'", "Referrer-Policy": "",
		"Permissions-Policy": "camera=()", "Cross-Origin-Opener-Policy": "same-origin-allow-popups", "Cache-Control": "private",
	}, CrossOrigin: true})
	for _, c := range []struct{ in, want http.Header }{
		{fields("Content-Type", "text/html"), fields("X-Frame-Options", "SAMEORIGIN", "Content-Security-Policy", "default-src 'self'",
			"Cross-Origin-Resource-Policy", "cross-origin", "Cache-Control", "private")},
		{fields("X-Frame-Options", "deny", "Cross-Origin-Resource-Policy", "same-site", "Referrer-Policy", "unsafe-url"),
			fields("X-Frame-Options", "deny", "Cross-Origin-Resource-Policy", "same-site", "Referrer-Policy", "unsafe-url")},
		{fields("Permissions-Policy", "camera=*", "Cross-Origin-Opener-Policy", "same-origin"),
			fields("Permissions-Policy", "camera=()", "Cross-Origin-Opener-Policy", "same-origin")},
		{fields("Cross-Origin-Opener-Policy", "unsafe-none"), fields("Cross-Origin-Opener-Policy", "same-origin-allow-popups")},
	} {
		got := settled(s, 200, true, c.in)
		for name, want := range c.want {
			if diff := cmp.Diff(want, got[name]); diff != "" {
				t.Errorf("%v: %s: %s", c.in, name, diff)
			}
		}
	}
	if got := settled(s, 200, true, nil)["Referrer-Policy"]; got != nil {
		t.Errorf("Referrer-Policy %q was taken off", got)
	}
}

// TestHandler: the skin settles too, whatever way the response begins.
func TestHandler(t *testing.T) {
	s := newHeaders(t, headers.Config{})
	for name, handler := range map[string]http.HandlerFunc{
		"Write": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<!doctype html><p>") },
		"a status": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(201)
		},
		"Flush": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.(http.Flusher).Flush()
		},
		"nothing": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "text/html") },
		"after a 1xx": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(103)
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(200)
		},
	} {
		server := httptest.NewServer(s.Handler(handler))
		res, err := http.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		server.Close()
		if got := res.Header["Content-Security-Policy"]; len(got) != 1 || got[0] != pageCSP {
			t.Errorf("%s: Content-Security-Policy %q", name, got)
		}
	}
}

func TestReconcileDoesNotAllocate(t *testing.T) {
	s := newHeaders(t, headers.Config{})
	h := fields("Content-Type", "text/html; charset=utf-8", "Cache-Control", "max-age=5")
	s.Apply(h, true)
	if n := testing.AllocsPerRun(100, func() { s.Apply(h, true); s.Reconcile(h, 200, true) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkReconcile(b *testing.B) {
	s := newHeaders(b, headers.Config{})
	for name, contentType := range map[string]string{"data": "application/json", "page": "text/html"} {
		b.Run("kind="+name, func(b *testing.B) {
			b.ReportAllocs()
			h := fields("Content-Type", contentType)
			for b.Loop() {
				s.Apply(h, false)
				s.Reconcile(h, 200, false)
			}
		})
	}
}
