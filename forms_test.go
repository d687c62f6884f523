package sallyport_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// allowing is a route that allows every form.
func allowing(r sallyport.Route) sallyport.Route {
	r.AllowEncodedSlash, r.AllowSemicolon, r.AllowEmptySegment, r.AllowEncodedPercent = true, true, true, true
	return r
}

// formRoutes are the routes of TestForms.
var formRoutes = []sallyport.Route{
	allowing(sallyport.Route{Pattern: "/files/", Public: true}),
	allowing(sallyport.Route{Pattern: "/open/{key}", Public: true}),
	{Pattern: "/open/{key}/{part}", Public: true},
	allowing(sallyport.Route{Pattern: "/alone/{key}", Public: true}),
	{Pattern: "/slash/", Public: true, AllowEncodedSlash: true},
	{Pattern: "/semicolon/", Public: true, AllowSemicolon: true},
	{Pattern: "/empty/", Public: true, AllowEmptySegment: true},
	{Pattern: "/percent/", Public: true, AllowEncodedPercent: true},
	{Pattern: "/files/admin/", Roles: []string{"admin"}},
	{Pattern: "/admin/", Roles: []string{"admin"}},
	{Pattern: "/mix/{id}/edit", Roles: []string{"admin"}},
	allowing(sallyport.Route{Pattern: "/mix/", Public: true}),
	allowing(sallyport.Route{Pattern: "/users/{id}/", Owner: "id"}),
	allowing(sallyport.Route{Pattern: "/{$}", Public: true}),
	{Pattern: "/lit/secret%2Fplan", Roles: []string{"admin"}, AllowEncodedSlash: true},
	{Pattern: "/lit/", Public: true, AllowEncodedSlash: true},
}

// TestForms: what a route allows is let in, reaches the handler as received, and opens
// nothing that another route guards, however the program behind reads the path.
func TestForms(t *testing.T) {
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RequestURI) })
	w := newWorld(t, next, func(c *sallyport.Config) { c.Routes, c.InsecureUnlimited = formRoutes, true })
	admin := rights("boss", map[string]any{"roles": []string{"admin"}})
	for target, want := range map[string]string{ // of nobody, of u1, of an administrator
		"/files/a%2Fb":             "200 200 200",
		"/files/a%2fb;v=1//100%25": "200 200 200",
		"/files/@scope%2Fname":     "200 200 200",
		"/files//a":                "200 200 200",
		"/files/a//":               "200 200 200",
		"/files/;x/a":              "200 200 200",
		"/files/%25":               "200 200 200",
		"/open/a%2Fb":              "200 200 200",
		"/open/a;b":                "200 200 200",
		"/open/a%252Fb":            "200 200 200",
		// Nobody declared what a program finds that decodes first.
		"/alone/a%2Fb":    "401 200 200",
		"/alone/a%252Fb":  "401 200 200",
		"/alone/100%25":   "200 200 200",
		"/alone/a;v=1":    "200 200 200",
		"/open/a%2Fb%2Fc": "401 200 200",
		// Each form by itself.
		"/slash/a%2Fb":       "200 200 200",
		"/slash/a;b":         "400 400 400",
		"/slash/a//b":        "400 400 400",
		"/slash/a%25b":       "400 400 400",
		"/semicolon/a;b%3Bc": "200 200 200",
		"/semicolon/a%2Fb":   "400 400 400",
		"/empty/a//b///c":    "200 200 200",
		"/empty/a;b":         "400 400 400",
		"/percent/a%25b":     "200 200 200",
		"/percent/a%2Fb":     "400 400 400",
		"/other/a%2Fb":       "400 400 400",
		"/files":             "401 200 200",
		// What is guarded stays so.
		"/files/admin%2Fx":       "401 403 200",
		"/files%2Fadmin/x":       "400 400 400", // of no route that allows it
		"/files/;/admin/x":       "401 403 200",
		"/files/;x=1/admin/":     "401 403 200",
		"/files/admin;x/y":       "401 403 200",
		"/files//admin/x":        "401 403 200",
		"/files/%2Fadmin/x":      "401 403 200",
		"/files/%2561dmin/x":     "401 403 200",
		"/files/%2541dmin%252Fx": "401 403 200",
		"/files/ADMIN;/x":        "401 403 200",
		"/files/admin%3Bx/y":     "401 403 200",
		"/files/admin%253Bx/y":   "401 403 200",
		"/files/a;%2Fadmin":      "200 200 200",
		"/files/;%2Fadmin%2F":    "401 403 200",
		"//admin/x":              "400 400 400",
		"//":                     "400 400 400",
		"/;/admin/x":             "400 400 400",
		"/mix/1/edit":            "401 403 200",
		"/mix//edit":             "401 403 200",
		"/mix/1%2Fedit":          "401 403 200",
		"/mix/1/edit;x":          "401 403 200",
		"/mix/1%252Fedit":        "401 403 200",
		"/mix/1/edit2":           "200 200 200",
		"/lit/secret%2Fplan":     "401 403 200",
		"/lit/secret%2fplan":     "401 403 200",
		"/lit/other%2Fplan":      "200 200 200",
		"/users/u1/a%2Fb":        "401 200 403",
		"/users/u1;x/a":          "401 403 403", // it is not their name as it is written
		"/users/u1%2Fb/a":        "401 403 403",
		"/users/boss%252F../a":   "400 400 400",
		"/users/u%2531/a":        "401 403 403",
		// Nothing allows these.
		"/files/..;/admin/x":         "400 400 400",
		"/files/a%2F..%2F..%2Fadmin": "400 400 400",
		"/files/%252e%252e/admin":    "400 400 400",
		"/files/..%253B/admin":       "400 400 400",
		"/files/.;/x":                "400 400 400",
		"/files/a%255Cb":             "400 400 400",
		"/files/a%2500":              "400 400 400",
		"/files/a%5Cb":               "400 400 400",
		"/files/%25c0%25ae":          "400 400 400",
	} {
		var got []string
		for i, fields := range []http.Header{{}, rights("u1", nil), admin} {
			res := w.send("GET", target, fields, "")
			if got = append(got, fmt.Sprint(res.StatusCode)); res.StatusCode == 200 {
				if said := read(res); said != target {
					t.Errorf("%d: %s arrived as %s", i, target, said)
				}
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", target, got, want)
		}
	}
}

// TestFormsOfAccounts: no spelling of an address of the accounts reaches the handler.
func TestFormsOfAccounts(t *testing.T) {
	accounts := newAccounts(t)
	w := newWorld(t, echo, func(c *sallyport.Config) {
		c.Accounts = accounts
		c.Routes = []sallyport.Route{allowing(sallyport.Route{Pattern: "/", Public: true})}
	})
	for _, target := range []string{"/auth%2Fme", "/auth;x/me", "//auth/me", "/auth%252Fme", "/%2Fauth/me", "/;x/auth/me",
		"/auth/sessions/a%2Fb", "/auth/sessions/a;b", "/auth//me", "/;/.well-known/jwks.json", "/auth/%25"} {
		p := wantProblem(t, w.send("GET", target, nil, ""), 400, "ambiguous_path")
		if p.Detail == "" {
			t.Errorf("%s: %+v", target, p)
		}
	}
	if got := w.send("GET", "/a%2Fb;c//d%25", nil, "").StatusCode; got != 200 {
		t.Errorf("beside them: %d", got)
	}
}

// TestFormsPreflight: a preflight for such a path is answered as any other is.
func TestFormsPreflight(t *testing.T) {
	w := newWorld(t, echo, func(c *sallyport.Config) { c.Routes = formRoutes })
	fields := http.Header{"Access-Control-Request-Method": {"GET"}}
	res := w.send("OPTIONS", "/files/a%2Fb", fields, "")
	if res.StatusCode != 204 || res.Header.Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
}

// TestFormsOfLimits: a spelling is no way around a limit, neither of the route that matches
// as it is written, nor of those that it may be read as.
func TestFormsOfLimits(t *testing.T) {
	const once = "1 per 1h"
	byRoute := []sallyport.Quota{{Name: "each", Limit: "2 per 1h", By: []string{"principal", "route"}}}
	files := allowing(sallyport.Route{Pattern: "/files/{key}"})
	all := allowing(sallyport.Route{Pattern: "/"})
	for _, c := range []struct {
		name    string
		routes  []sallyport.Route
		quotas  []sallyport.Quota
		targets string
		want    string
	}{
		{"another route's limit", []sallyport.Route{all, {Pattern: "/reports", Limit: once}}, nil,
			"/reports;1 /reports;2 /reports%3B /reports", "200 429 429 429"},
		{"its own limit", []sallyport.Route{allowing(sallyport.Route{Pattern: "/files/{key}", Limit: once})}, nil,
			"/files/a%2Fb /files/c%252Fd", "200 429"},
		{"a limit that holds in several readings",
			[]sallyport.Route{allowing(sallyport.Route{Pattern: "/f/", Limit: "2 per 1h"})}, nil, "/f/a;b%2Fc//d%25 /f/a /f/a", "200 200 429"},
		{"a quota by route, of the own one", []sallyport.Route{files}, byRoute,
			"/files/a /files/a%2Fb /files/c;d", "200 200 429"},
		{"a quota by route, of another one", []sallyport.Route{all, {Pattern: "/reports"}}, byRoute,
			"/reports;1 /reports;2 /reports", "200 200 429"},
		{"a quota by route, by merged slashes", []sallyport.Route{all, {Pattern: "/a/b"}}, byRoute,
			"/a//b //a/b /a/b", "200 200 429"},
	} {
		w := newWorld(t, anything, func(cfg *sallyport.Config) { cfg.Routes, cfg.Quotas = c.routes, c.quotas })
		var got []string
		for target := range strings.FieldsSeq(c.targets) {
			got = append(got, fmt.Sprint(w.send("GET", target, as("u1"), "").StatusCode))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %s: %v, want %s", c.name, c.targets, got, c.want)
		}
	}
}

const projects = `openapi: 3.1.1
paths:
  /projects/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string, pattern: '^[a-z/%]+$'}}]
    get: {}
  /projects/{id}/issues:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get: {security: [{oauth: [issues]}], parameters: [{name: page, in: query, required: true, schema: {type: integer}}]}
  /map/{at}:
    parameters: [{name: at, in: path, required: true, style: matrix, schema: {type: integer}}]
    get: {}
components: {securitySchemes: {oauth: {type: oauth2, flows: {}}}}
`

// TestFormsOfDocument: values are decoded once, and what may be read as another operation is
// held to that one too.
func TestFormsOfDocument(t *testing.T) {
	d, err := openapi.Parse([]byte(projects), openapi.Config{})
	if err != nil {
		t.Fatal(err)
	}
	routes := []sallyport.Route{{Pattern: "/projects/{id}", AllowEncodedSlash: true, AllowEncodedPercent: true},
		{Pattern: "/map/{at}", AllowSemicolon: true}}
	w := newWorld(t, anything, func(c *sallyport.Config) { c.OpenAPI, c.Routes = d, routes })
	reader := rights("u1", map[string]any{"scope": "issues"})
	for _, c := range []struct {
		target string
		fields http.Header
		want   int
	}{
		{"/projects/a%2Fb", as("u1"), 200},
		{"/projects/a%2Fb%2Fc", as("u1"), 200},
		{"/projects/a%25b", as("u1"), 200},
		{"/projects/a%2541", as("u1"), 422}, // decoded twice it would fit
		{"/projects/A%2Fb", as("u1"), 422},
		{"/projects/a%2Fissues", as("u1"), 403},
		{"/projects/a%252Fissues", as("u1"), 403},
		{"/projects/a%2Fissues", reader, 422},        // no page
		{"/projects/a%2Fissues?page=1", reader, 422}, // no parameter of the other one
		{"/projects/a%2Fb/issues", reader, 400},
		{"/map/;at=5", as("u1"), 200},
		{"/map/;at=x", as("u1"), 422},
		{"/map/;at=5;at=6", as("u1"), 422},
	} {
		if got := w.send("GET", c.target, c.fields, ""); got.StatusCode != c.want {
			t.Errorf("%s: %d %s, want %d", c.target, got.StatusCode, read(got), c.want)
		}
	}
	_, err = sallyport.New(sallyport.Config{Issuers: []token.Issuer{foreignIssuer()}, OpenAPI: d})
	if err == nil || !strings.Contains(err.Error(), "declare a route for it with AllowSemicolon") {
		t.Errorf("without the route: %v", err)
	}
}

// TestFormsInPatterns: a pattern may hold what its route allows.
func TestFormsInPatterns(t *testing.T) {
	for _, c := range []struct {
		route sallyport.Route
		want  string
	}{
		{sallyport.Route{Pattern: "/a%2Fb", AllowEncodedSlash: true}, ""},
		{sallyport.Route{Pattern: "/a;b", AllowSemicolon: true}, ""},
		{sallyport.Route{Pattern: "/100%25", AllowEncodedPercent: true}, ""},
		{sallyport.Route{Pattern: "/a%2Fb"}, "must hold no slash, semicolon or percent sign"},
		{sallyport.Route{Pattern: "/a;b", AllowEncodedSlash: true}, "allow it for this route"},
		{sallyport.Route{Pattern: "/a//b", AllowEmptySegment: true}, "an empty or a dot segment"},
		{allowing(sallyport.Route{Pattern: "/a%5Cb"}), "no backslash"},
		{allowing(sallyport.Route{Pattern: "/%2e%2e"}), "dot segment"},
	} {
		_, err := sallyport.New(sallyport.Config{Issuers: []token.Issuer{foreignIssuer()},
			Routes: []sallyport.Route{c.route}})
		if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.route.Pattern, err, c.want)
		}
	}
}

// TestFormsCost bounds what a path with many forms makes of one request.
func TestFormsCost(t *testing.T) {
	w := newWorld(t, anything, func(c *sallyport.Config) {
		c.Routes, c.InsecureUnlimited = []sallyport.Route{allowing(sallyport.Route{Pattern: "/", Public: true})}, true
	})
	for _, piece := range []string{"/", ";", "%2F", "%25", "%3B", "/;", "%252F", ";%2F/", "/a;b%25253B%2F/",
		"%2525252525"} {
		target := "/" + strings.Repeat(piece, 8000/len(piece))
		r := httptest.NewRequest("GET", target, nil)
		r.Host = "api.example"
		rec := httptest.NewRecorder()
		if w.ServeHTTP(rec, r); rec.Code != 200 && rec.Code != 400 {
			t.Errorf("%q: %d", piece, rec.Code)
		}
	}
}
