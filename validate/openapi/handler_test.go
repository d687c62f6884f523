package openapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// TestHandler: what is refused never reaches the handler behind, and what is served
// reaches it whole.
func TestHandler(t *testing.T) {
	var got string
	h := shop(t, openapi.Config{}).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.Method + " " + r.URL.String() + " " + string(body)
	}))
	srv := httptest.NewServer(h)
	defer srv.Close()
	for _, c := range []struct {
		method, target, kind, body string
		status                     int
		header, value              string
	}{
		{"GET", "/v1/items?limit=1", "", "", 200, "", ""},
		{"POST", "/v1/items", "application/json", `{"name":"ada","price":1}`, 200, "", ""},
		{"GET", "/v1/items?limit=0", "", "", 422, "Content-Type", "application/problem+json"},
		{"GET", "/admin", "", "", 404, "Content-Type", "application/problem+json"},
		{"DELETE", "/v1/items", "", "", 405, "Allow", "GET, HEAD, POST"},
		{"POST", "/v1/items", "text/html", "<p>", 415, "Accept", "application/json, application/vnd.shop+json"},
		{"POST", "/v1/items", "application/json", "{", 400, "Content-Type", "application/problem+json"},
		{"POST", "/v1/items", "application/json", `"` + strings.Repeat("a", 1<<20) + `"`, 413, "Content-Type", "application/problem+json"},
	} {
		got = ""
		r, err := http.NewRequest(c.method, srv.URL+c.target, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if c.kind != "" {
			r.Header.Set("Content-Type", c.kind)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		want := ""
		if c.status == 200 {
			want = c.method + " " + c.target + " " + c.body
		}
		if res.StatusCode != c.status || got != want || c.header != "" && res.Header.Get(c.header) != c.value {
			t.Errorf("%s %s: %d %v, the handler got %.100q", c.method, c.target, res.StatusCode, res.Header, got)
		}
	}
}

func match(t *testing.T, d *openapi.Document, host, path string, want bool) {
	t.Helper()
	if _, _, err := d.Match("GET", host, path); (err == nil) != want {
		t.Errorf("%s%s: %v, want %t", host, path, err, want)
	}
}

// TestSpellings: a path that a lax reader takes for another one of the document is neither.
func TestSpellings(t *testing.T) {
	d := parse(t, with("3.1.0", `paths:
  /users/admin: {get: {operationId: admin}}
  /users/Mixed/all: {get: {operationId: mixed}}
  /users/{id}: {get: {operationId: one, parameters: [{name: id, in: path, required: true, schema: {}}]}}
  /users/{id}/all: {get: {operationId: all, parameters: [{name: id, in: path, required: true, schema: {}}]}}
  /files/{name}.json: {get: {operationId: file, parameters: [{name: name, in: path, required: true, schema: {}}]}}
  /files/index.json: {get: {operationId: index}}`), openapi.Config{})
	for path, want := range map[string]string{
		"/users/admin":          "admin",
		"/users/Admin":          "",
		"/users/ADMIN":          "",
		"/users/%61dmin":        "",
		"/users/%41dmin":        "",
		"/users/admin%00":       "one",
		"/users/administrator":  "one",
		"/users/mixed":          "one", // there is nothing else that it could be
		"/users/mixed/all":      "",
		"/users/Mixed/all":      "mixed",
		"/users/admin/all":      "all",
		"/users/Admin/all":      "all",
		"/users/M\u0130xed/all": "",
		"/files/a.json":         "file",
		"/files/INDEX.JSON":     "",
		"/files/%69ndex.json":   "",
	} {
		op, _, err := d.Match("GET", "", path)
		if got := map[bool]string{true: ""}[err != nil]; err == nil && op.ID != want || err != nil && want != got {
			t.Errorf("%s: %v, want %q", path, op, want)
		}
	}
}

func TestBasesAndHosts(t *testing.T) {
	d := shop(t, openapi.Config{Bases: []string{"", "/api"}})
	match(t, d, "x.example", "/items", true)
	match(t, d, "x.example", "/api/items", true)
	match(t, d, "x.example", "/v1/items", false)
	d = shop(t, openapi.Config{MatchHost: true})
	match(t, d, "api.example", "/v1/items", true)
	match(t, d, "SHOP.example", "/v1/items", true)
	match(t, d, "other.example", "/v1/items", false)
	match(t, d, "", "/v1/items", false)
	d, err := openapi.Parse([]byte(with("3.1.0", `servers: [{url: /a/}, {url: 'https://h.example:8443/b'}]
paths:
  /x: {get: {}}
  /y: {servers: [{url: c}], get: {}, put: {servers: [{url: '/d/../e'}]}}`)), openapi.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"/a/x": true, "/b/x": true, "/c/y": true, "/a/y": false, "/x": false, "/c/x": false, "": false, "x": false, "/a": false, "/a/x/": false} {
		match(t, d, "", path, want)
	}
	if _, _, err := d.Match("PUT", "", "/e/y"); err != nil {
		t.Error(err)
	}
}

func TestPolicies(t *testing.T) {
	d := shop(t, openapi.Config{InsecureIgnoreUnknownQuery: true, InsecureUncheckedBodies: true})
	for _, c := range []requestCase{
		{"unknown query", "GET /v1/items?debug=1", "", "", ""},
		{"twice is still refused", "GET /v1/items?limit=1&limit=2", "", "", "query:limit duplicate"},
		{"XML", "POST /v1/form", "Content-Type: application/xml", "<a/>", ""},
	} {
		if got := verdict(t, decide(d, c.request())); got != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

// TestOld: the schemas of 3.0 are a dialect of their own.
func TestOld(t *testing.T) {
	d, err := openapi.Parse([]byte(`{"openapi":"3.0.3","info":{},"paths":{"/a":{"post":{"responses":{},"requestBody":{"content":{"application/json":{"schema":{
		"type":"object","required":["id","n"],"additionalProperties":false,"properties":{
			"id":{"type":"string","readOnly":true},"n":{"type":"integer","minimum":0,"exclusiveMinimum":true,"maximum":9,"exclusiveMaximum":false},
			"t":{"type":"string","nullable":true,"maxLength":2},"r":{"$ref":"#/components/schemas/S","nullable":true},"b":{"type":"string","format":"byte"}}}}}}}}},
		"components":{"schemas":{"S":{"type":"string"}}}}`), openapi.Config{})
	if err != nil {
		t.Fatal(err)
	}
	op, _, err := d.Match("POST", "", "/a")
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{
		`{"n":1,"t":null,"b":"AAEC"}`:   "",
		`{"n":9}`:                       "",
		`{"n":0}`:                       "/n too_small",
		`{"n":10}`:                      "/n too_large",
		`{"n":1,"id":"a"}`:              "/id read_only",
		`{"n":1,"t":"abc"}`:             "/t too_long",
		`{"n":1,"r":null}`:              "/r null_not_allowed",
		`{"n":1,"x":1}`:                 "/x unknown_member",
		`{}`:                            "/n required",
		`{"n":null}`:                    "/n null_not_allowed",
		`{"n":1.0,"b":"AAEC\n"}`:        "/b not_base64",
		`{"n":9007199254740993.000001}`: "/n wrong_type",
	} {
		if got := verdict(t, op.CheckBody("application/json", []byte(body))); got != want {
			t.Errorf("%s: got %s, want %s", body, got, want)
		}
	}
}
