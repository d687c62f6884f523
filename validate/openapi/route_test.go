package openapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// described writes a document whose paths have the operations that are listed, such as
// "/a/{id} get post". Each is named as its path and method are.
func described(operations ...string) string {
	var b strings.Builder
	b.WriteString("openapi: 3.1.0\npaths:\n")
	for _, line := range operations {
		f := strings.Fields(line)
		path := strings.ReplaceAll(f[0], "%20", " ")
		fmt.Fprintf(&b, "  '%s':\n", path)
		var names []string
		for rest := path; strings.Contains(rest, "{"); {
			_, rest, _ = strings.Cut(rest, "{")
			var name string
			name, rest, _ = strings.Cut(rest, "}")
			names = append(names, "{name: "+name+", in: path, required: true, schema: {}}")
		}
		if names != nil {
			fmt.Fprintf(&b, "    parameters: [%s]\n", strings.Join(names, ", "))
		}
		for _, method := range f[1:] {
			fmt.Fprintf(&b, "    %s: {operationId: '%s %s'}\n", method, method, path)
		}
	}
	return b.String()
}

// TestMatch: which operation a request is for, in all spellings of its path.
func TestMatch(t *testing.T) {
	for _, c := range []struct {
		document string // operations, with commas between them
		requests string // each with what it finds: an operation, or a status
	}{
		{"/users/{id} post, /users/{id}:purge post", `
			POST /users/5 → post /users/{id}
			POST /users/5:purge → post /users/{id}:purge
			POST /users/5%3Apurge → 404
			POST /users/5:PURGE → 404
			POST /users/5%3aPurge → 404
			POST /users/5%3Apurges → post /users/{id}
			GET /users/5 → 405`},
		{"/{id} get, /@{id} get", `
			GET /bob → get /{id}
			GET /@bob → get /@{id}
			GET /%40bob → 404
			GET /bob%40x → get /{id}`},
		{"/users/admin/keys get, /users/{id}/{tab} get", `
			GET /users/admin/keys → get /users/admin/keys
			GET /users/admin/Keys → 404
			GET /users/Admin/Keys → 404
			GET /users/Admin/keys → 404
			GET /users/admin/%6beys → 404
			GET /users/admin/tab → get /users/{id}/{tab}
			GET /users/Admin/tab → get /users/{id}/{tab}`},
		{"/a/{x}/c/d get, /a/b/{y}/{z} get, /a/b/c/D get", `
			GET /a/b/c/D → get /a/b/c/D
			GET /A/b/c/D → 404
			GET /a/b/c/d → 404
			GET /a/x/c/d → get /a/{x}/c/d
			GET /a/x/C/d → 404
			GET /a/b/x/y → get /a/b/{y}/{z}
			GET /a/B/x/y → 404`},
		{"/f/{name}.json get, /f/{name} get, /f/index.JSON get", `
			GET /f/a.json → get /f/{name}.json
			GET /f/a.Json → 404
			GET /f/a.jso → get /f/{name}
			GET /f/index.JSON → get /f/index.JSON
			GET /f/index.json → 404
			GET /f/a%2Ejson → 404`},
		// Literals are compared without their escapes, and have to be escaped to be sent.
		{"/café get, /a%20b get, /(x) get, /x/{id} get", `
			GET /caf%C3%A9 → get /café
			GET /CAF%C3%89 → 404
			GET /a%20b → get /a b
			GET /(x) → get /(x)
			GET /%28x%29 → get /(x)
			GET /x/caf%C3%A9 → get /x/{id}`},
		{"/caf%C3%A9 get, /{id} get", `
			GET /caf%C3%A9 → get /caf%C3%A9
			GET /caf%c3%a9 → get /caf%C3%A9
			GET /CAF%C3%A9 → 404
			GET /cafe → get /{id}`},
		// A slash at the end is part of a path.
		{"/admin get, /{id}/ get", `
			GET /admin → get /admin
			GET /admin/ → 404
			GET /x/ → get /{id}/
			GET /x → 404`},
		{"/notes get, /notes/ post, /Notes get, /notes/{id} get", `
			GET /notes → get /notes
			GET /Notes → get /Notes
			POST /notes/ → post /notes/
			POST /notes → 405
			GET /NOTES → 404
			GET /notes/1 → get /notes/{id}`},
		// Where neither is more specific, the first literal decides, and then the order of names.
		{"/users/{id}/keys get, /users/me/{tab} get", `
			GET /users/me/keys → get /users/me/{tab}
			GET /users/Me/keys → 404
			GET /users/me/Keys → 404
			GET /users/me/x → get /users/me/{tab}
			GET /users/you/keys → get /users/{id}/keys`},
		{"/{id}-x get, /x-{id} get", `
			GET /x-x → get /x-{id}
			GET /y-x → get /{id}-x
			GET /x-y → get /x-{id}
			GET /X-x → 404`},
		// A path that two programs cut in two ways is for none.
		{"/{a}-{b} get", `
			GET /x-y → get /{a}-{b}
			GET /x%2Dy → get /{a}-{b}
			GET /x%2Dy-z → 404`},
		{"/a get", `
			HEAD /a → get /a
			POST /a → 405
			GET a → 404
			GET //a → 404
			GET  → 404`},
	} {
		d := parse(t, described(strings.Split(c.document, ", ")...), openapi.Config{})
		for line := range strings.Lines(strings.TrimSpace(c.requests)) {
			request, want, _ := strings.Cut(strings.TrimSpace(line), " → ")
			method, path, _ := strings.Cut(request, " ")
			if got := matched(d, method, "", strings.TrimSpace(path)); got != want {
				t.Errorf("%s: %s is for %s, want %s", c.document, request, got, want)
			}
		}
	}
}

// matched is the id of the operation that a request is for, or the status of the answer.
func matched(d *openapi.Document, method, host, path string) string {
	op, _, err := d.Match(method, host, path)
	if err != nil {
		return fmt.Sprint(problem.From(err).Status)
	}
	return op.ID
}

// TestHosts: hosts are those of an operation, and not of its path.
func TestHosts(t *testing.T) {
	at := func(hosts ...string) string {
		for i, h := range hosts {
			hosts[i] = "{url: '" + h + "'}"
		}
		return "servers: [" + strings.Join(hosts, ", ") + "]"
	}
	const public, internal = "https://public.example", "https://internal.example"
	id := ", parameters: [{name: id, in: path, required: true, schema: {}}]"
	for _, c := range []struct {
		name, document string
		bases          []string
		requests       string
	}{
		{"of each operation", "paths: {/a: {get: {operationId: get, " + at(public) +
			"}, delete: {operationId: delete, " + at(internal) + "}}}", nil, `
			GET public.example/a → get
			DELETE internal.example/a → delete
			DELETE public.example/a → 405
			GET internal.example/a → 405
			GET PUBLIC.example:8443/a → get
			GET other.example/a → 404`},
		{"narrower than the document's", at(public, internal) +
			"\npaths: {/a: {get: {operationId: get}, delete: {operationId: delete, " + at(internal) + "}}}", nil, `
			GET public.example/a → get
			GET internal.example/a → get
			DELETE internal.example/a → delete
			DELETE public.example/a → 405`},
		{"of one path, told apart", "paths: {'/a/{id}': {get: {operationId: one, " + at(public) + id +
			"}}, '/a/{name}': {get: {operationId: other, " + at(internal) + strings.Replace(id, "id", "name", 1) +
			"}}}", nil, `
			GET public.example/a/1 → one
			GET internal.example/a/1 → other
			GET x.example/a/1 → 404`},
		{"with bases of the configuration", at("https://api.example/v1") +
			"\npaths: {/a: {get: {operationId: get}, put: {operationId: put, " + at(internal) +
			"}}}", []string{"/v1", ""}, `
			GET api.example/v1/a → get
			GET api.example/a → get
			GET evil.example/v1/a → 404
			PUT internal.example/v1/a → put
			PUT api.example/v1/a → 405`},
		{"with a port", at("https://h.example:8443/b") + "\npaths: {/a: {get: {operationId: get}}}", nil, `
			GET h.example:8443/b/a → get
			GET h.example/b/a → 404`},
		{"where the document is", at("/v1", "https://api.example/v2") + "\npaths: {/a: {get: {operationId: get}}}",
			nil, `
			GET any.example/v1/a → get
			GET any.example/v2/a → 404
			GET api.example/v2/a → get`},
		{"of a path for any host beside one",
			"paths: {/users/me: {get: {operationId: me}}, '/users/{id}': {get: {operationId: one, " + at(public) +
				id + "}}}", nil, `
			GET public.example/users/me → me
			GET public.example/users/1 → one
			GET public.example/users/Me → 404
			GET x.example/users/1 → 404`},
		{"methods for any host beside those of one",
			"paths: {/a: {get: {operationId: get, " + at(public) + "}, delete: {operationId: delete}}}", nil, `
			DELETE public.example/a → delete
			GET public.example/a → get
			GET x.example/a → 405`},
	} {
		d := parse(t, "openapi: 3.1.0\n"+c.document, openapi.Config{MatchHost: true, Bases: c.bases})
		for line := range strings.Lines(strings.TrimSpace(c.requests)) {
			request, want, _ := strings.Cut(strings.TrimSpace(line), " → ")
			method, target, _ := strings.Cut(request, " ")
			host, path, _ := strings.Cut(target, "/")
			if got := matched(d, method, host, "/"+path); got != want {
				t.Errorf("%s: %s is for %s, want %s", c.name, request, got, want)
			}
		}
	}
}

// TestAllow: a 405 names the methods of that path, at that host.
func TestAllow(t *testing.T) {
	d := parse(t, "openapi: 3.1.0\npaths: {/a: {get: {servers: [{url: 'https://a.example'}]}, put: {}}}",
		openapi.Config{MatchHost: true})
	for host, want := range map[string]string{"a.example": "GET, HEAD, PUT", "b.example": "PUT"} {
		_, _, err := d.Match("POST", host, "/a")
		if got := problem.From(err).Header.Get("Allow"); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
}

// TestOverlaps: two templates of which neither is more specific have the same security.
func TestOverlaps(t *testing.T) {
	const a, b, none = "{security: [{oauth: [a]}]}", "{security: [{oauth: [b]}]}", "{security: []}"
	for _, c := range []struct {
		name  string
		paths []string // path, method, security
		want  string   // a part of the error; empty: none
	}{
		{"a literal in each", []string{"/users/{id}/keys get " + a, "/users/me/{tab} get " + b},
			`some paths are for "/users/me/{tab}" too, neither is more specific, and GET has other security there`},
		{"of mixed segments", []string{"/{id}-x get " + a, "/x-{id} get " + none}, `some paths are for "/x-{id}" too`},
		{"in another case", []string{"/users get " + a, "/Users get " + none},
			`is the same path as "/Users" to programs that take no care of case or of a slash at the end, and GET has other`},
		{"with a slash", []string{"/users get " + a, "/users/ get " + none}, `is the same path as "/users"`},
		{"for HEAD alone", []string{"/users get " + a, "/users/ head " + none}, "HEAD has other security"},
		{"for HEAD, the other way round", []string{"/users head " + a, "/users/ get " + none},
			"HEAD has other security"},
		{"of mixed segments in another case", []string{"/{id}-X/a get " + a, "/x-{id}/a get " + none},
			"some paths are for"},
		{"both the same", []string{"/users/{id}/keys get " + a, "/users/me/{tab} get " + a}, ""},
		{"both the same, written otherwise", []string{"/users get {security: [{oauth: [a, b]}, {key: []}]}",
			"/users/ get {security: [{key: []}, {oauth: [b, a]}]}"}, ""},
		{"nothing, written otherwise", []string{"/users get {security: [{}]}", "/users/ get " + none}, ""},
		{"of other methods", []string{"/users/{id}/keys get " + a, "/users/me/{tab} post " + b}, ""},
		{"where the paths of both are described", []string{"/users/{id}/keys get " + a, "/users/me/{tab} get " + b,
			"/users/me/keys get " + b}, ""},
		{"where one is more specific", []string{"/users/{id} get " + a, "/users/me get " + b, "/users/{id}:x get " +
			none}, ""},
		{"and in a slash too", []string{"/users/{id} get " + a, "/users/me/ get " + b}, ""},
		{"of other lengths", []string{"/users/{id} get " + a, "/users/me/{tab} get " + b}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var doc strings.Builder
			doc.WriteString("openapi: 3.1.0\ncomponents: {securitySchemes: " +
				"{oauth: {type: oauth2, flows: {}}, key: {type: http, scheme: bearer}}}\npaths:\n")
			for _, line := range c.paths {
				f := strings.SplitN(line, " ", 3)
				fmt.Fprintf(&doc, "  '%s':\n    %s: %s\n", f[0], f[1], f[2])
				if _, rest, ok := strings.Cut(f[0], "{"); ok {
					name, _, _ := strings.Cut(rest, "}")
					fmt.Fprintf(&doc, "    parameters: [{name: %s, in: path, required: true, schema: {}}]\n", name)
				}
			}
			_, err := openapi.Parse([]byte(doc.String()), openapi.Config{})
			if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// TestManyTemplates: a document of many paths that all meet is compiled in bounded time.
func TestManyTemplates(t *testing.T) {
	var paths []string
	for i := range 400 {
		paths = append(paths, fmt.Sprintf("/{a}/x%d/{b} get", i), fmt.Sprintf("/y%d/{a}/{b} get", i))
	}
	d := parse(t, described(paths...), openapi.Config{})
	if got := matched(d, http.MethodGet, "", "/y7/x9/z"); got != "get /y7/{a}/{b}" {
		t.Error(got)
	}
}
