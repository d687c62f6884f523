package sallyport_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/cors"
	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

const searchable = `openapi: 3.2.0
paths:
  /notes:
    query:
      requestBody:
        required: true
        content: {application/json: {schema: {type: object, properties: {text: {type: string}}, required: [text]}}}
    get: {}
    additionalOperations: {COPY: {}}
`

// TestMethods: those that a route or the document declares are known, and no others.
func TestMethods(t *testing.T) {
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s", r.Method, body)
	})
	d, err := openapi.Parse([]byte(searchable), openapi.Config{})
	if err != nil {
		t.Fatal(err)
	}
	declared := func(c *sallyport.Config) {
		c.Routes = []sallyport.Route{{Pattern: "QUERY /notes", Public: true},
			{Pattern: "PROPFIND /dav/", Roles: []string{"admin"}}}
	}
	described := func(c *sallyport.Config) { c.OpenAPI = d }
	fields := as("u1")
	fields.Set("Content-Type", "application/json")
	for _, c := range []struct {
		name         string
		change       func(*sallyport.Config)
		method, path string
		body         string
		status       int
		want         string // the body, or Allow
	}{
		{"nobody declares it", nil, "QUERY", "/notes", "", 405, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"},
		{"by a route", declared, "QUERY", "/notes", "x", 200, "QUERY x"},
		{"its rule holds", declared, "PROPFIND", "/dav/x", "", 403, ""},
		{"elsewhere", declared, "QUERY", "/dav/x", "", 200, "QUERY "},
		{"another", declared, "REPORT", "/dav/x", "", 405, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, PROPFIND, QUERY"},
		{"by the document", described, "QUERY", "/notes", `{"text":"a"}`, 200, `QUERY {"text":"a"}`},
		{"held to it", described, "QUERY", "/notes", `{}`, 422, ""},
		{"without its body", described, "QUERY", "/notes", ``, 400, ""},
		{"additional", described, "COPY", "/notes", "", 200, "COPY "},
		{"not of the path", described, "POST", "/notes", "", 405, "COPY, GET, HEAD, QUERY"},
		{"lower case", declared, "query", "/notes", "", 405, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, PROPFIND, QUERY"},
		{"TRACE", described, "TRACE", "/notes", "", 405, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, COPY, QUERY"},
		{"CONNECT", declared, "CONNECT", "/notes", "", 405, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, PROPFIND, QUERY"},
	} {
		w := newWorld(t, next, c.change)
		res := w.send(c.method, c.path, fields, c.body)
		said := read(res)
		if c.status == 405 {
			said = res.Header.Get("Allow")
		}
		if res.StatusCode != c.status || c.want != "" && said != c.want {
			t.Errorf("%s: %d %s, want %d %s", c.name, res.StatusCode, said, c.status, c.want)
		}
	}
}

// TestDestination: a COPY and a MOVE are held to the rules of both places.
func TestDestination(t *testing.T) {
	dav := func(c *sallyport.Config) {
		c.InsecureUnlimited = true
		c.Routes = []sallyport.Route{{Pattern: "/dav/"}, {Pattern: "MOVE /dav/known"},
			{Pattern: "COPY /dav/open/", Public: true},
			{Pattern: "/dav/admin/", Roles: []string{"admin"}}, {Pattern: "/dav/forms/", AllowEncodedSlash: true},
			{Pattern: "/dav/u/{id}/", Owner: "id"}}
	}
	w := newWorld(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), dav)
	for _, c := range []struct {
		method, path, to string
		status           int
	}{
		{"MOVE", "/dav/a", "", 200},
		{"MOVE", "/dav/a", "/dav/b", 200},
		{"MOVE", "/dav/a", "https://api.example/dav/caf%C3%A9%7E", 200},
		{"MOVE", "/dav/a", "/dav/admin/b", 403},
		{"MOVE", "/dav/a", "https://api.example/dav/admin/b?x", 403},
		{"MOVE", "/dav/a", "http://other.example:81/dav/%61dmin/b", 403},
		{"MOVE", "/dav/a", "/dav/ADMIN/b", 403},
		{"MOVE", "/dav/u/u1/a", "/dav/u/u1/b", 200},
		{"MOVE", "/dav/u/u1/a", "/dav/u/u2/b", 403},
		{"COPY", "/dav/admin/a", "/dav/b", 403},
		{"GET", "/dav/a", "/dav/admin/b", 200}, // nothing reads it
		{"MOVE", "/dav/forms/a", "/dav/forms/b%2Fc", 200},
		{"MOVE", "/dav/forms/a", "/dav%2Fadmin/b", 403},
		{"MOVE", "/dav/a", "/dav/b%2Fc", 400},
		{"MOVE", "/dav/a", "/dav/x/../admin/b", 400},
		{"MOVE", "/dav/a", "/dav/x/%2e%2e/admin/b", 400},
		{"MOVE", "/dav/a", "//dav/admin/b", 400},
		{"MOVE", "/dav/a", "dav/admin/b", 400},
		{"MOVE", "/dav/a", "file:///dav/admin/b", 400},
		{"MOVE", "/dav/a", "http:/dav/admin/b", 400},
		{"MOVE", "/dav/a", "https://u@api.example/dav/b", 400},
		{"MOVE", "/dav/a", "https://api.example", 400},
		{"MOVE", "/dav/a", "/dav/b#/../admin", 400},
	} {
		fields := as("u1")
		if c.to != "" {
			fields.Set("Destination", c.to)
		}
		if res := w.send(c.method, c.path, fields, ""); res.StatusCode != c.status {
			t.Errorf("%s %s to %s: %d, want %d", c.method, c.path, c.to, res.StatusCode, c.status)
		}
	}
	two := as("u1")
	two["Destination"] = []string{"/dav/b", "/dav/admin/b"}
	wantProblem(t, w.send("MOVE", "/dav/a", two, ""), 400, "bad_destination")
	anybody := http.Header{"Destination": {"/dav/open/b"}}
	if res := w.send("COPY", "/dav/open/a", anybody, ""); res.StatusCode != 200 {
		t.Errorf("public: %d", res.StatusCode)
	}
	anybody.Set("Destination", "/dav/b")
	wantProblem(t, w.send("COPY", "/dav/open/a", anybody, ""), 401, "no_credentials")
}

// TestMethodsOfScripts: a declared method is allowed to scripts of listed origins after a
// preflight, unless the Config lists methods.
func TestMethodsOfScripts(t *testing.T) {
	report := []sallyport.Route{{Pattern: "REPORT /notes", Public: true}}
	for _, c := range []struct {
		name   string
		change func(*sallyport.Config)
		method string
		want   bool
	}{
		{"declared", func(c *sallyport.Config) { c.Routes = report }, "REPORT", true},
		{"beside the default", func(c *sallyport.Config) { c.Routes = report }, "DELETE", true},
		{"nobody declares it", nil, "REPORT", false},
		{"not listed", func(c *sallyport.Config) { c.Routes, c.CORS.Methods = report, []string{"PUT"} }, "REPORT", false},
	} {
		w := newWorld(t, anything, c.change)
		res := w.send("OPTIONS", "/notes", http.Header{"Access-Control-Request-Method": {c.method}}, "")
		got := res.Header.Get("Access-Control-Allow-Methods")
		if res.StatusCode != 204 || strings.Contains(got, c.method) != c.want {
			t.Errorf("%s: %d %q", c.name, res.StatusCode, got)
		}
	}
}

// TestQueryOfOtherSites: QUERY is safe, and held to a page of this site where it brings a cookie,
// as it has a body.
func TestQueryOfOtherSites(t *testing.T) {
	accounts := newAccounts(t)
	w := newWorld(t, anything, func(c *sallyport.Config) {
		c.Accounts, c.Routes = accounts, []sallyport.Route{{Pattern: "QUERY /notes"}}
	})
	access, _ := w.signUp("ada")
	cookie := "__Host-sp_at=" + access
	for _, c := range []struct {
		fields http.Header
		want   int
	}{
		{http.Header{"Cookie": {cookie}, "Sec-Fetch-Site": {"same-origin"}}, 200},
		{http.Header{"Cookie": {cookie}, "Sec-Fetch-Site": {"cross-site"}}, 403},
		{http.Header{"Cookie": {cookie}, "Origin": {"https://evil.example"}}, 403},
		{bearer(access), 200},
	} {
		if got := w.send("QUERY", "/notes", c.fields, "{}").StatusCode; got != c.want {
			t.Errorf("%v: %d, want %d", c.fields["Sec-Fetch-Site"], got, c.want)
		}
	}
}

// TestMethodsRefused: what no request may have is an error of the document.
func TestMethodsRefused(t *testing.T) {
	for method, want := range map[string]string{"COPY": "", "copy": "write COPY", "PURGE": "is not registered",
		"PRI": "is not registered", "CONNECT": "never lets in"} {
		d, err := openapi.Parse([]byte(strings.Replace(searchable, "COPY", method, 1)), openapi.Config{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = sallyport.New(sallyport.Config{Issuers: []token.Issuer{foreignIssuer()}, OpenAPI: d,
			CORS: cors.Config{Origins: []string{appOrigin}}})
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", method, err, want)
		}
	}
}
