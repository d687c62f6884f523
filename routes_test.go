package sallyport_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/token"
)

// rights are those of a caller with roles and scopes.
func rights(subject string, more map[string]any) http.Header {
	c := map[string]any{"sub": subject, "scope": nil, "roles": nil}
	for name, value := range more {
		c[name] = value
	}
	return bearer(forge(goodHead, claims(c)))
}

// TestSpellings: a request is held to the most specific route that matches it, never to
// less than a wider one, and to every route that a program behind the Gate may take it
// for, as it takes no care of case, of a slash at the end or of escapes. The handler
// stands for such a program: it answers everything.
func TestSpellings(t *testing.T) {
	type row struct {
		target string
		want   [4]int // nobody, a caller without rights, support, an administrator
	}
	callers := []http.Header{nil, rights("u1", nil),
		rights("bob", map[string]any{"roles": []string{"support"}, "scope": "api"}),
		rights("root", map[string]any{"roles": []string{"admin", "support", "auditor"}, "scope": "api",
			"amr": []string{"pwd", "otp"}, "auth_time": time.Now().Unix()})}
	admin, support := []string{"admin"}, []string{"admin", "support"}
	open, refused, guarded := [4]int{200, 200, 200, 200}, [4]int{401, 403, 403, 200}, [4]int{401, 200, 200, 200}
	helped := [4]int{401, 403, 200, 200}
	for _, c := range []struct {
		name   string
		routes []sallyport.Route
		rows   []row
	}{
		{"what ServeMux would redirect is held to the wider route",
			[]sallyport.Route{{Pattern: "/admin/", Roles: admin}, {Pattern: "/admin/users/", Roles: support}}, []row{
				{"GET /admin/users", refused}, {"GET /admin/other", refused}, {"GET /admin/users/",
					helped}, {"GET /admin/users/7", helped}, {"GET /admin", refused}, {"GET /admins", guarded},
			}},
		{"and to the narrower one", []sallyport.Route{{Pattern: "/", Scopes: []string{"api"}}, {Pattern: "/reports/",
			Roles: admin}}, []row{
			{"GET /reports", refused}, {"GET /reportz", helped}, {"GET /reports/7", refused}, {"GET /", helped},
		}},
		{"of the root of a tree", []sallyport.Route{{Pattern: "/", Scopes: []string{"api"}}, {Pattern: "/reports/{$}",
			Roles: admin}}, []row{
			{"GET /reports", refused}, {"GET /reports/", refused}, {"GET /reports/7", helped},
		}},
		{"of what remains", []sallyport.Route{{Pattern: "/", Scopes: []string{"api"}},
			{Pattern: "/reports/{rest...}", Roles: admin}}, []row{
			{"POST /reports", refused}, {"POST /reports/", refused}, {"POST /reports/7", refused},
		}},
		{"of one method", []sallyport.Route{{Pattern: "/", Scopes: []string{"api"}},
			{Pattern: "POST /reports/", Roles: admin}}, []row{
			{"POST /reports", refused}, {"GET /reports", helped}, {"POST /REPORTS/7", refused}, {"GET /REPORTS/7",
				helped},
		}},
		{"roles", []sallyport.Route{{Pattern: "GET /admin", Roles: admin}}, []row{
			{"GET /admin", refused}, {"HEAD /admin", refused}, {"GET /admin/", refused}, {"GET /Admin",
				refused}, {"GET /ADMIN/", refused},
			{"POST /admin", guarded}, {"GET /admin/x", guarded}, {"GET /administrator", guarded},
		}},
		{"an owner", []sallyport.Route{{Pattern: "GET /users/{id}", Owner: "id"}}, []row{
			{"GET /users/bob", [4]int{401, 403, 200, 403}}, {"GET /users/bob/",
				[4]int{401, 403, 200, 403}}, {"GET /USERS/bob", [4]int{401, 403, 200, 403}},
			{"GET /users/Bob", refusedAll}, {"GET /users/bob/x", guarded},
		}},
		{"a second factor", []sallyport.Route{{Pattern: "DELETE /notes/{id}", SecondFactor: true}}, []row{
			{"DELETE /notes/1", [4]int{401, 401, 401, 200}}, {"DELETE /notes/1/",
				[4]int{401, 401, 401, 200}}, {"DELETE /Notes/1", [4]int{401, 401, 401, 200}},
		}},
		{"a login not long ago", []sallyport.Route{{Pattern: "DELETE /notes/{id}", MaxAuthAge: time.Hour}}, []row{
			{"DELETE /notes/1", [4]int{401, 401, 401, 200}}, {"DELETE /NOTES/1", [4]int{401, 401, 401, 200}},
		}},
		{"public routes open no other spelling of what is guarded",
			[]sallyport.Route{{Pattern: "/", Public: true}, {Pattern: "/admin/", Roles: admin},
				{Pattern: "GET /me"}}, []row{
				{"GET /x", open}, {"GET /admin/x", refused}, {"GET /Admin/x", refused}, {"GET /admin",
					refused}, {"GET /ADMIN", refused},
				{"GET /me", guarded}, {"GET /ME", guarded}, {"GET /me/", guarded}, {"GET /me/x", open},
				{"GET /mee", open},
			}},
		{"nor do the public ones of one spelling",
			[]sallyport.Route{{Pattern: "/Files/", Public: true}, {Pattern: "/files/", Roles: admin}}, []row{
				{"GET /Files/x", refused}, {"GET /files/x", refused}, {"GET /FILES/x", refused},
			}},
		{"a slash makes two routes of a list and its items",
			[]sallyport.Route{{Pattern: "GET /notes", Public: true}, {Pattern: "GET /notes/", Roles: admin}}, []row{
				{"GET /notes", open}, {"GET /notes/7", refused}, {"GET /notes/", refused}, {"GET /Notes",
					guarded}, {"GET /Notes/7", refused},
			}},
		{"but not of two spellings of the list", []sallyport.Route{{Pattern: "GET /notes", Public: true},
			{Pattern: "GET /notes/{$}", Roles: admin}}, []row{
			{"GET /notes", refused}, {"GET /notes/", refused}, {"GET /notes/7", guarded},
		}},
		{"what is more specific in every reading is not held to the wider",
			[]sallyport.Route{{Pattern: "/admin/", Roles: admin}, {Pattern: "GET /admin/help", Public: true}}, []row{
				{"GET /admin/help", open}, {"POST /admin/help", refused}, {"GET /admin/Help",
					refused}, {"GET /admin/help/", refused}, {"GET /admin/help/x", refused},
			}},
		{"a program that takes one liberty and not the other",
			[]sallyport.Route{{Pattern: "/", Public: true}, {Pattern: "/users/", Roles: admin},
				{Pattern: "/users/list/{$}", Public: true}}, []row{
				{"GET /users/list/", open}, {"GET /users/list", refused}, {"GET /Users/list",
					refused}, {"GET /Users/list/", open},
			}},
		{"escapes that nobody had to write", []sallyport.Route{{Pattern: "/tasks/{id}", Public: true},
			{Pattern: "/tasks/a:purge", Roles: admin}, {Pattern: "/tasks/é", Roles: admin}}, []row{
			{"GET /tasks/a:purge", refused}, {"GET /tasks/a%3Apurge", refused}, {"GET /tasks/A%3apurge",
				refused}, {"GET /tasks/a%3Ab", open},
			{"GET /tasks/%C3%A9", refused}, {"GET /tasks/%C3%89", refused}, {"GET /tasks/ada%40example.com", open},
		}},
		{"a router that undoes no escapes", []sallyport.Route{{Pattern: "/tasks/{id}", Roles: admin},
			{Pattern: "/tasks/@me", Public: true}}, []row{
			{"GET /tasks/@me", open}, {"GET /tasks/%40me", refused}, {"GET /tasks/1", refused},
		}},
		{"hosts", []sallyport.Route{{Pattern: "api.example/Admin/", Roles: admin},
			{Pattern: "other.example/x/", Roles: admin}}, []row{
			{"GET /Admin/x", refused}, {"GET /admin/x", refused}, {"GET /Admin", refused}, {"GET /x/y", guarded},
		}},
		{"no letters, no slashes", []sallyport.Route{{Pattern: "/{$}", Public: true}, {Pattern: "/1/{x}",
			Public: true}}, []row{
			{"GET /", open}, {"GET /1/2", open}, {"GET /1/2/", guarded}, {"GET /1/2/3", guarded},
		}},
	} {
		w := newWorld(t, anything, func(cfg *sallyport.Config) { cfg.Routes, cfg.InsecureUnlimited = c.routes, true })
		for _, r := range c.rows {
			method, target, _ := strings.Cut(r.target, " ")
			var got [4]int
			for i, fields := range callers {
				got[i] = w.send(method, target, fields, "").StatusCode
			}
			if got != r.want {
				t.Errorf("%s: %s: %v, want %v", c.name, r.target, got, r.want)
			}
		}
	}
}

var refusedAll = [4]int{401, 403, 403, 403}

// TestSpellingOfHost: a host is the same in all letters, with and without a port.
func TestSpellingOfHost(t *testing.T) {
	w := newWorld(t, anything, func(c *sallyport.Config) {
		c.Routes = []sallyport.Route{{Pattern: "api.example/admin/", Roles: []string{"admin"}}}
	})
	for host, want := range map[string]int{"api.example": 403, "API.Example": 403, "api.example:8080": 403,
		"API.EXAMPLE:1": 403, "other.example": 200} {
		r := httptest.NewRequest("GET", "/admin/x", nil)
		r.Host, r.Header = host, as("u1")
		rec := httptest.NewRecorder()
		if w.ServeHTTP(rec, r); rec.Code != want {
			t.Errorf("%s: %d, want %d", host, rec.Code, want)
		}
	}
}

// TestPatterns are those that ServeMux takes, and that would never match a request, or
// not those that are meant. The error has the right spelling.
func TestPatterns(t *testing.T) {
	for pattern, want := range map[string]string{
		"get /admin/":               `method "get": must be in upper case; write "GET /admin/"`,
		"PURGE /admin/":             `method "PURGE": is never let in; write one of GET, HEAD, POST`,
		"CONNECT /admin/":           `method "CONNECT": is never let in`,
		"API.example/admin/":        `host "API.example": must be in lower case; write "api.example/admin/"`,
		"api.example:8080/x":        `host "api.example:8080": must have no port`,
		"bücher.example/":           "must be ASCII",
		"/a%2Fb":                    "are refused",
		"/docs/*":                   `"*" is no wildcard; end the pattern in / for everything below`,
		"/users/:id":                `is no wildcard; write {id}`,
		"/users/{id}.json":          "a wildcard must be a whole segment",
		"//admin":                   `write "/admin"`,
		"GET /a/../admin":           `write "/admin"`,
		"https://api.example/admin": `a pattern has none; write "api.example/admin"`,
	} {
		_, err := sallyport.New(sallyport.Config{
			Issuers: []token.Issuer{foreignIssuer()},
			Routes:  []sallyport.Route{{Pattern: "/ok"}, {Pattern: pattern, Roles: []string{"admin"}}},
		})
		if field := fmt.Sprintf("Routes[1].Pattern %q: ", pattern); err == nil ||
			!strings.Contains(err.Error(), field) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", pattern, err, want)
		}
	}
}

// TestPatternOfAccounts: no spelling of a pattern is for an address of the accounts.
func TestPatternOfAccounts(t *testing.T) {
	for _, pattern := range []string{"/auth/login", "/auth/", "/auth/{x}", "/auth", "/%61uth/login",
		"POST api.example/auth/x/y", "/.well-known/jwks.json", "/.well-known/jwks.json/"} {
		_, err := sallyport.New(sallyport.Config{Accounts: newAccounts(t),
			Routes: []sallyport.Route{{Pattern: pattern, Public: true}}})
		if err == nil || !strings.Contains(err.Error(), "is an address of the accounts") {
			t.Errorf("%s: %v", pattern, err)
		}
	}
}

// TestBodyOfSpellings: the smallest of the routes' sizes holds.
func TestBodyOfSpellings(t *testing.T) {
	w := newWorld(t, reads, func(c *sallyport.Config) {
		c.MaxBody = 50
		c.Routes = []sallyport.Route{{Pattern: "POST /small", MaxBody: 10}, {Pattern: "POST /large", MaxBody: 100}}
	})
	for target, most := range map[string]int{"/small": 10, "/Small": 10, "/small/": 10, "/large": 100, "/Large": 50,
		"/other": 50} {
		for size, want := range map[int]int{most: 200, most + 1: 413} {
			if got := w.send("POST", target, as("u1"), strings.Repeat("x", size)).StatusCode; got != want {
				t.Errorf("%s, %d bytes: %d, want %d", target, size, got, want)
			}
		}
	}
}
