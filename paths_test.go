package sallyport_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/visit"
)

// echo answers with what it was asked for, as it was written.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Method, " ", r.RequestURI) })

// raw sends bytes to a Gate on a real connection, and returns all that comes back.
func raw(t *testing.T, url, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, request)
	conn.(*net.TCPConn).CloseWrite()
	answer, _ := io.ReadAll(bufio.NewReader(conn))
	return string(answer)
}

// guarded is a Gate of which only /public/ is public.
func guarded(t *testing.T, next http.Handler) string {
	w := newWorld(t, next, func(c *sallyport.Config) {
		c.InsecureUnlimited = true
		c.Routes = []sallyport.Route{{Pattern: "/public/", Public: true}, {Pattern: "GET /admin/", Roles: []string{"admin"}}}
	})
	s := httptest.NewServer(w)
	t.Cleanup(s.Close)
	return s.URL
}

// TestPaths: each spelling is either the plain one or refused. Nothing that starts as
// public ends elsewhere.
func TestPaths(t *testing.T) {
	url := guarded(t, echo)
	for target, want := range map[string]int{
		"/public/a":                     200,
		"/public/a%20b":                 200,
		"/public/%C3%A9":                200,
		"/public/a?b=../c":              200,
		"/public/...":                   200,
		"/public/~a:@!$&'()*+,=":        200,
		"/private":                      401,
		"/Public/a":                     401,
		"/public":                       401,
		"/public/../admin":              400,
		"/public/./a":                   400,
		"/public/..":                    400,
		"/public/.":                     400,
		"/public/%2e%2e/admin":          400,
		"/public/%2E%2E/admin":          400,
		"/public/.%2e/admin":            400,
		"/public/..%2fadmin":            400,
		"/public/..%5cadmin":            400,
		`/public/..\admin`:              400,
		"/public/..;/admin":             400,
		"/public/a;b=c/../admin":        400,
		"/public;/admin":                400,
		"/public//admin":                400,
		"//public/a":                    400,
		"/public/%00":                   400,
		"/public/a%0d%0aX:b":            400,
		"/public/%252e%252e/admin":      400,
		"/public/ada%40example.com":     200,
		"/public/%c0%ae%c0%ae/admin":    400,
		"/public/%ff":                   400,
		"/public/%7f":                   400,
		"http://other.example/public/a": 400,
		"/public/a%":                    400,
		"/public/a%zz":                  400,
		"*":                             400,
		"/public/\xc3\xa9":              400,
		"/public/a?b=\xc3\xa9":          400,
		"/public/a?b=c#d":               400,
		"/public/a?q=100%&f[x]=a|b;c":   200,
		"/public/" + strings.Repeat("a/", 700) + "a": 200,
		"/public/" + strings.Repeat("a", 9<<10):      414,
	} {
		answer := raw(t, url, "GET "+target+" HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n\r\n")
		var status int
		fmt.Sscanf(answer, "HTTP/1.1 %d", &status)
		if status != want {
			t.Errorf("%.60q: %d, want %d", target, status, want)
		}
		if status == 200 && !strings.HasSuffix(answer, "GET "+target) {
			t.Errorf("%.60q arrived as something else: %.200s", target, answer)
		}
	}
}

// TestOneSpelling: escapes that are not needed, and bytes that should have been escaped,
// reach the handler in the one form that was matched, in every place where it may look.
func TestOneSpelling(t *testing.T) {
	all := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.RequestURI, " ", r.URL.RequestURI(), " ", r.URL.Path)
	})
	url := guarded(t, all)
	for target, want := range map[string]string{
		"/public/%7Eada?x=%7E":   "/public/~ada?x=%7E /public/~ada?x=%7E /public/~ada",
		"/%70ublic/v1%2E0":       "/public/v1.0 /public/v1.0 /public/v1.0",
		"/public/%41%2D%5F?":     "/public/A-_? /public/A-_? /public/A-_",
		"/public/a|b":            "/public/a%7Cb /public/a%7Cb /public/a|b",
		"/public/<script>":       "/public/%3Cscript%3E /public/%3Cscript%3E /public/<script>",
		"/public/%40%2Aé%":       "400",
		"/public/a%20b%7e%C3%A9": "/public/a%20b~%C3%A9 /public/a%20b~%C3%A9 /public/a b~é",
		"/%61dmin/":              "401",
		"/admin%2e/x":            "401",
	} {
		answer := raw(t, url, "GET "+target+" HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n\r\n")
		if !strings.HasSuffix(answer, "\n"+want) && !strings.HasPrefix(answer, "HTTP/1.1 "+want+" ") {
			t.Errorf("%s: %s, want %s", target, answer, want)
		}
	}
}

// TestAmbiguousPath: a refusal names the rule, the piece and the place, and no more of what
// was sent; the log has the path as received.
func TestAmbiguousPath(t *testing.T) {
	w := newWorld(t, echo, nil)
	for target, want := range map[string]string{
		"/projects/group%2Fproject": `an encoded slash: "%2F" at offset 15. Send it without, or have the API's operator`,
		"/map;v=zq-canary":          `a semicolon: ";" at offset 4.`,
		"/%7Ea//b":                  `an empty segment: "//" at offset 5.`,
		"/100%25":                   `an encoded percent sign: "%25" at offset 4.`,
		"/zq-canary/%2e%2E/x":       `a dot segment: "%2e%2E" at offset 11. Resolve it before sending.`,
		"/a/..;zq-canary/b":         `a dot segment: ".." at offset 3.`,
		`/a\b`:                      `a backslash: "\\" at offset 2.`,
		"/a%00zq-canary":            `a control character: "%00" at offset 2.`,
		"/a%c0%ae":                  `an escape that is not UTF-8: "%c0" at offset 2. Percent-encode text as UTF-8.`,
		"/a\xff":                    `a byte that must be encoded: 0xFF at offset 2. Percent-encode it as UTF-8.`,
	} {
		w.audit.Reset()
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path, r.URL.RawPath, r.RequestURI, r.Host = unescaped(target), target, target, "api.example"
		r.Header.Set("Origin", appOrigin)
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, r)
		p := wantProblem(t, rec.Result(), 400, "ambiguous_path")
		if !strings.HasPrefix(p.Detail, "The path has "+want) || strings.Contains(p.Detail, "canary") {
			t.Errorf("%s: %s", target, p.Detail)
		}
		said := w.audit.String()
		if !strings.Contains(said, `"reason":"the path has a`) || strings.Count(said, "\n") != 1 ||
			strings.Contains(target, "//") != strings.Contains(said, `"path":"/%7Ea//b"`) {
			t.Errorf("%s: %s", target, said)
		}
	}
	for query, want := range map[string]string{"\xc3\xa9": "0xC3 at offset 2", "#": `"#" at offset 2`, " ": "0x20 at offset 2"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.RawQuery, r.Host = "x="+query, "api.example"
		r.Header.Set("Origin", appOrigin)
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, r)
		if p := wantProblem(t, rec.Result(), 400, "bad_query"); !strings.Contains(p.Detail, want) {
			t.Errorf("%q: %s", query, p.Detail)
		}
	}
}

func unescaped(path string) string {
	if text, err := url.PathUnescape(path); err == nil {
		return text
	}
	return path
}

// TestFraming: what two servers could cut in two ways is refused, or is the last thing
// on its connection.
func TestFraming(t *testing.T) {
	url := guarded(t, echo)
	const smuggled = "GET /public/smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
	for name, request := range map[string]string{
		"CL and TE":             "POST /public/a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"TE and CL":             "POST /public/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + smuggled,
		"two CL":                "POST /public/a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n" + smuggled,
		"CL with a sign":        "POST /public/a HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n" + smuggled,
		"unknown TE":            "POST /public/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n" + smuggled,
		"two Hosts":             "GET /public/a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + smuggled,
		"no Host":               "GET /public/a HTTP/1.1\r\n\r\n" + smuggled,
		"Host with a path":      "GET /public/a HTTP/1.1\r\nHost: a/b\r\nConnection: close\r\n\r\n",
		"Host with a user":      "GET /public/a HTTP/1.1\r\nHost: a@b\r\nConnection: close\r\n\r\n",
		"space before colon":    "GET /public/a HTTP/1.1\r\nHost: a\r\nContent-Length : 0\r\n\r\n" + smuggled,
		"CL and TE, a bad path": "POST /public//a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"bare CR":               "GET /public/a HTTP/1.1\r\nHost: a\r\nX: b\rY: c\r\n\r\n" + smuggled,
	} {
		answer := raw(t, url, request)
		if strings.Contains(answer, "smuggled") {
			t.Errorf("%s: the second request was answered: %s", name, answer)
		}
		if strings.HasPrefix(answer, "HTTP/1.1 200") && !strings.Contains(answer, "Connection: close") {
			t.Errorf("%s: %s", name, answer)
		}
		if strings.HasPrefix(name, "Host with") && !strings.HasPrefix(answer, "HTTP/1.1 400") {
			t.Errorf("%s: %s", name, answer)
		}
	}
}

// TestOverrides: no field replaces the method or path that was authorised.
func TestOverrides(t *testing.T) {
	seen := http.Header{}
	w := newWorld(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.Header }), func(c *sallyport.Config) {
		c.Routes = []sallyport.Route{{Pattern: "/public/", Public: true}}
	})
	fields := http.Header{"X-Http-Method-Override": {"DELETE"}, "X-Original-Url": {"/admin"}, "X-Rewrite-Url": {"/admin"}, "X-Fine": {"1"}}
	w.send("GET", "/public/a", fields, "")
	if seen.Get("X-Fine") != "1" || seen.Get("X-Http-Method-Override")+seen.Get("X-Original-Url")+seen.Get("X-Rewrite-Url") != "" {
		t.Errorf("%v", seen)
	}
}

// TestRequestID: the id of a request is ours, whatever the client says. What it says is kept
// beside it if it is plain, and dropped otherwise.
func TestRequestID(t *testing.T) {
	var seen visit.Visit
	w := newWorld(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		v := visit.From(r.Context())
		seen = visit.Visit{ID: v.ID, ClientRequest: v.ClientRequest}
	}), func(c *sallyport.Config) { c.Routes = []sallyport.Route{{Pattern: "/public", Public: true}} })
	ours := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	for _, c := range []struct {
		name string
		ids  []string
		kept string
	}{
		{"plain", []string{"abc-123"}, "abc-123"},
		{"of the form of ours", []string{"01a20b0f-0d2b-7f25-9b99-4087f5629364"}, "01a20b0f-0d2b-7f25-9b99-4087f5629364"},
		{"of the most length", []string{strings.Repeat("a", 64)}, strings.Repeat("a", 64)},
		{"none", nil, ""},
		{"empty", []string{""}, ""},
		{"a space", []string{"a b"}, ""},
		{"the end of a string", []string{`a"}`}, ""},
		{"a URN", []string{"urn:sallyport:request:a"}, ""},
		{"too long", []string{strings.Repeat("a", 65)}, ""},
		{"two", []string{"a", "b"}, ""},
	} {
		w.audit.Reset()
		fields := http.Header{"X-Request-Id": c.ids}
		p := wantProblem(t, w.send("GET", "/", fields, ""), 401, "no_credentials")
		id, ok := strings.CutPrefix(p.Instance, "urn:sallyport:request:")
		if !ok || !ours.MatchString(id) || slices.Contains(c.ids, id) {
			t.Errorf("%s: the instance is %s", c.name, p.Instance)
		}
		log := w.audit.String()
		if !strings.Contains(log, `"request":"`+id+`"`) {
			t.Errorf("%s: the log lacks %s: %s", c.name, id, log)
		}
		if has := strings.Contains(log, `"client_request":"`+c.kept+`"`); has != (c.kept != "") || strings.Contains(log, "client_request") != has {
			t.Errorf("%s: %s", c.name, log)
		}
		w.send("GET", "/public", fields, "")
		if seen.ClientRequest != c.kept || !ours.MatchString(seen.ID) {
			t.Errorf("%s: the handler sees %+v", c.name, &seen)
		}
	}
}
