package sallyport_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/validate/openapi"
	"github.com/sallyport-dev/sallyport/visit"
)

const notesDocument = `openapi: 3.1.1
info: {title: Notes, version: '1'}
servers: [{url: /v1}]
security: [{token: []}]
components:
  securitySchemes:
    token: {type: http, scheme: bearer}
    oauth: {type: oauth2, flows: {}}
    basic: {type: http, scheme: basic}
paths:
  /health: {get: {security: []}}
  /notes:
    get:
      parameters: [{name: limit, in: query, schema: {type: integer, maximum: 100}}]
      security: [{oauth: ['notes:read']}]
    post:
      requestBody:
        required: true
        content: {application/json: {schema: {type: object, required: [text], additionalProperties: false, properties: {text: {type: string}}}}}
      security: [{oauth: ['notes:write', 'notes:read']}, {oauth: ['notes:admin']}, {basic: []}]
  /notes/{id}:
    get: {parameters: [{name: id, in: path, required: true, schema: {type: integer}}]}
`

func parsed(t testing.TB, text string) *openapi.Document {
	t.Helper()
	d, err := openapi.Parse([]byte(text), openapi.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func scoped(scope string) http.Header {
	return bearer(forge(goodHead, claims(map[string]any{"scope": scope})))
}

// TestDocument holds requests to a document, in the order of the rooms: nobody learns
// what there is before it is known who asks.
func TestDocument(t *testing.T) {
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s", visit.From(r.Context()).Route, body)
	})
	cfg := func(c *sallyport.Config) {
		c.OpenAPI = parsed(t, notesDocument)
		c.Routes = []sallyport.Route{{Pattern: "GET /v1/notes/{id}", Roles: []string{"user"}}}
		c.InsecureUnlimited = true
	}
	text := func(h http.Header) http.Header {
		h = h.Clone()
		h.Set("Content-Type", "application/json")
		return h
	}
	for _, c := range []struct {
		method, target string
		fields         http.Header
		body           string
		status         int
		says           string // the code of the problem, or what the handler saw
		event          string
	}{
		{"GET", "/v1/health", nil, "", 200, "GET /v1/health ", ""},
		{"HEAD", "/v1/health", nil, "", 200, "", ""},
		{"GET", "/v1/health?x=1", nil, "", 422, "invalid_parameters", "input_validation_fail"},
		{"GET", "/health", nil, "", 401, "no_credentials", "sp_no_credentials"},
		{"GET", "/health", as("u1"), "", 404, "not_found", ""},
		{"GET", "/v1/health/", as("u1"), "", 404, "not_found", ""},
		{"GET", "/V1/health", as("u1"), "", 404, "not_found", ""},
		{"POST", "/v1/health", nil, "", 401, "no_credentials", "sp_no_credentials"},
		{"POST", "/v1/health", as("u1"), "", 405, "method_not_allowed", ""},
		{"GET", "/v1/none", nil, "", 401, "no_credentials", "sp_no_credentials"},
		{"GET", "/v1/notes", nil, "", 401, "no_credentials", "sp_no_credentials"},
		{"GET", "/v1/notes?limit=1000", nil, "", 401, "no_credentials", "sp_no_credentials"},
		{"GET", "/v1/notes?limit=1000", scoped("other"), "", 403, "insufficient_scope", "authz_fail"},
		{"GET", "/v1/notes?limit=1000", as("u1"), "", 422, "invalid_parameters", "input_validation_fail"},
		{"GET", "/v1/notes?limit=100", as("u1"), "", 200, "GET /v1/notes ", ""},
		{"POST", "/v1/notes", text(scoped("notes:write notes:read")), `{"text":"a"}`, 200, `POST /v1/notes {"text":"a"}`, ""},
		{"POST", "/v1/notes", text(scoped("notes:admin")), `{"text":"a"}`, 200, `POST /v1/notes {"text":"a"}`, ""},
		{"POST", "/v1/notes", text(scoped("notes:write")), `{"text":"a"}`, 403, "insufficient_scope", "authz_fail"},
		{"POST", "/v1/notes", text(scoped("")), `{"text":"a"}`, 403, "insufficient_scope", "authz_fail"},
		{"POST", "/v1/notes", http.Header{"Authorization": {"Basic YTpi"}}, `{"text":"a"}`, 401, "no_credentials", "sp_no_credentials"},
		{"POST", "/v1/notes", text(scoped("notes:admin")), `{"text":"a","role":"admin"}`, 422, "invalid_body", "input_validation_fail"},
		{"POST", "/v1/notes", text(scoped("notes:admin")), `{"text":"a"`, 400, "malformed_json", "input_validation_fail"},
		{"POST", "/v1/notes", text(scoped("notes:admin")), "", 400, "empty_body", "input_validation_fail"},
		{"POST", "/v1/notes", scoped("notes:admin"), `{"text":"a"}`, 415, "unsupported_media_type", "input_validation_fail"},
		{"GET", "/v1/notes/7", as("u1"), "", 200, "GET /v1/notes/{id} ", ""},
		{"GET", "/v1/notes/seven", as("u1"), "", 422, "invalid_parameters", "input_validation_fail"},
		{"GET", "/v1/notes/7", bearer(forge(goodHead, claims(map[string]any{"roles": nil}))), "", 403, "forbidden", "authz_fail"},
	} {
		t.Run(c.method+" "+c.target, func(t *testing.T) {
			w := newWorld(t, echo, cfg)
			res := w.send(c.method, c.target, c.fields, c.body)
			if c.status == 200 {
				if got := read(res); res.StatusCode != 200 || got != c.says && c.method != "HEAD" {
					t.Errorf("status %d, %q, want %q", res.StatusCode, got, c.says)
				}
			} else {
				wantProblem(t, res, c.status, c.says)
			}
			if got := strings.Join(w.events(), " "); got != c.event {
				t.Errorf("events %q, want %q", got, c.event)
			}
		})
	}
}

// TestDisagreements are documents and routes that do not say the same.
func TestDisagreements(t *testing.T) {
	public := func(pattern string) sallyport.Route { return sallyport.Route{Pattern: pattern, Public: true} }
	closed := func(pattern string, scopes ...string) sallyport.Route {
		return sallyport.Route{Pattern: pattern, Scopes: scopes}
	}
	op := func(security string) string {
		return strings.Replace(notesDocument, "{get: {security: []}}", "{get: {"+security+"}}", 1)
	}
	const silent = "openapi: 3.1.1\npaths: {/a: {get: {}}}"
	for _, c := range []struct {
		name, document string
		routes         []sallyport.Route
		ignore         bool
		want           string // in the error; empty: none
	}{
		{"they agree", notesDocument, []sallyport.Route{public("GET /v1/health"), closed("GET /v1/notes", "notes:read"), closed("/v1/notes/{id}")}, false, ""},
		{"public here alone", notesDocument, []sallyport.Route{public("GET /v1/notes")}, false, `Routes[0].Public "GET /v1/notes": is public, and the document asks for a token at GET /v1/notes`},
		{"public below a path", notesDocument, []sallyport.Route{public("GET /v1/")}, false, "asks for a token at"},
		{"public for one of many", notesDocument, []sallyport.Route{public("GET /v1/notes/7")}, false, "asks for a token at GET /v1/notes/{id}"},
		{"public at some host", notesDocument, []sallyport.Route{public("GET api.example/v1/notes")}, false, "asks for a token at GET /v1/notes"},
		{"public whatever the method", notesDocument, []sallyport.Route{public("/v1/notes")}, false, "asks for a token at GET /v1/notes"},
		{"public there alone", notesDocument, []sallyport.Route{closed("GET /v1/health")}, false, `is not public, and the document says that GET /v1/health is`},
		{"other scopes", notesDocument, []sallyport.Route{closed("GET /v1/notes", "notes:write")}, false, `Routes[0].Scopes "notes:write": are not the scopes that the document asks for at GET /v1/notes, which are notes:read`},
		{"one of several", notesDocument, []sallyport.Route{closed("POST /v1/notes", "notes:admin")}, false, "which are notes:write notes:read, or notes:admin"},
		{"not in the document", notesDocument, []sallyport.Route{public("GET /v1/healthz")}, false, `Routes[0].Pattern "GET /v1/healthz": is not in the OpenAPI document`},
		{"another base", notesDocument, []sallyport.Route{public("GET /health")}, false, "is not in the OpenAPI document"},
		{"another method", notesDocument, []sallyport.Route{closed("DELETE /v1/notes")}, false, "is not in the OpenAPI document"},
		{"a scheme that is not known", op("security: [{basic: []}]"), nil, false, `OpenAPI "GET /v1/health": asks for "basic", of type http basic, and this gate knows bearer tokens alone`},
		{"together with such a one", op("security: [{basic: [], token: []}]"), nil, false, `asks for "basic"`},
		{"beside such a one", op("security: [{basic: []}, {token: []}]"), nil, false, ""},
		{"a credential or none", op("security: [{token: []}, {}]"), nil, false, "asks for a credential or none"},
		{"a scope nobody can write", op(`security: [{oauth: ['a"b']}]`), nil, false, `scope "a\"b"`},
		{"nothing asked, written so", op("security: [{}]"), []sallyport.Route{public("GET /v1/health")}, false, ""},
		{"silent", silent, []sallyport.Route{public("GET /a")}, false, ""},
		{"not listened to", op("security: [{basic: []}]"), []sallyport.Route{public("GET /v1/notes")}, true, ""},
		{"matrix", "openapi: 3.1.1\npaths: {'/a{b}': {get: {parameters: [{in: path, name: b, style: matrix, required: true, schema: {}}]}}}", nil, false, `OpenAPI "GET /a{b}": has a parameter of style matrix`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := sallyport.New(sallyport.Config{
				Issuers: []token.Issuer{foreignIssuer()}, Routes: c.routes,
				OpenAPI: parsed(t, c.document), InsecureIgnoreOpenAPISecurity: c.ignore,
			})
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// TestDocumentOfAccounts: their addresses are not held to a document, and none may
// describe them as its own.
func TestDocumentOfAccounts(t *testing.T) {
	_, err := sallyport.New(sallyport.Config{Accounts: newAccounts(t), OpenAPI: parsed(t, "openapi: 3.1.1\npaths: {/auth/login: {post: {security: []}}, /auth/x: {get: {}}}")})
	for _, want := range []string{`OpenAPI "POST /auth/login": is an address of the accounts`, `OpenAPI "GET /auth/x"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	w := newWorld(t, nil, func(c *sallyport.Config) { c.Accounts, c.OpenAPI = newAccounts(t), parsed(t, notesDocument) })
	if res := w.send("GET", "/.well-known/jwks.json", nil, ""); res.StatusCode != 200 {
		t.Errorf("the accounts' keys: status %d", res.StatusCode)
	}
	wantProblem(t, w.send("POST", "/auth/login", http.Header{"Content-Type": {"application/json"}}, "{}"), 422, "invalid_body")
}

// TestDocumentAndQuota: a body that goes over a quota of bytes while it is checked is
// refused by the quota.
func TestDocumentAndQuota(t *testing.T) {
	w := newWorld(t, nil, func(c *sallyport.Config) {
		c.OpenAPI = parsed(t, notesDocument)
		c.Quotas = []sallyport.Quota{{Name: "uploads", Limit: "100 bytes per 1h"}}
	})
	fields := scoped("notes:admin")
	fields.Set("Content-Type", "application/json")
	r := httptest.NewRequest("POST", "/v1/notes", io.MultiReader(strings.NewReader(`{"text":"`+strings.Repeat("a", 200)+`"}`)))
	r.Header = fields
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	if rec.Code != 429 || !strings.Contains(rec.Body.String(), `"violated-policies":["uploads"]`) {
		t.Errorf("status %d: %s", rec.Code, rec.Body)
	}
}

// TestAnswers holds a leaking API to a document, in the three modes.
func TestAnswers(t *testing.T) {
	const doc = `openapi: 3.1.1
paths:
  /me: {get: {responses: {'200': {description: me, content: {application/json: {schema: {type: object, properties: {id: {}}}}}}}}}
  /down: {get: {responses: {}}}
`
	mux := http.NewServeMux()
	mux.HandleFunc("GET /me", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Powered-By", "leaks")
		io.WriteString(w, `{"id":1,"passwordHash":"$2b$10$x"}`)
	})
	mux.Handle("GET /down", problem.Handler(func(http.ResponseWriter, *http.Request) error { return errors.New("secret") }))
	for mode, want := range map[openapi.Mode]string{
		openapi.ResponsesReport:  `{"id":1,"passwordHash":"$2b$10$x"}`,
		openapi.ResponsesShape:   `{"id":1}`,
		openapi.ResponsesEnforce: "",
	} {
		t.Run(string(mode), func(t *testing.T) {
			document, err := openapi.Parse([]byte(doc), openapi.Config{Responses: mode})
			if err != nil {
				t.Fatal(err)
			}
			w := newWorld(t, mux, func(c *sallyport.Config) { c.OpenAPI = document })
			res := w.send("GET", "/me", as("u1"), "")
			if want == "" {
				wantProblem(t, res, 502, "answer_undeclared")
				if res.Header.Get("X-Powered-By") != "" || res.Header.Get("Ratelimit") == "" {
					t.Errorf("fields of a replaced answer: %v", res.Header)
				}
			} else if got := read(res); res.StatusCode != 200 || got != want {
				t.Errorf("status %d, %s, want %s", res.StatusCode, got, want)
			}
			if got := strings.Join(w.events(), " "); got != "sp_answer_undeclared" {
				t.Errorf("events %q", got)
			}
			if line := w.audit.String(); !strings.Contains(line, `"reason":"undeclared_members in a 200: /passwordHash unknown_member"`) || strings.Contains(line, "$2b$") {
				t.Errorf("audit: %s", line)
			}
			if got := fmt.Sprint(document.Answers()); got != "[{GET /me undeclared_members 1}]" {
				t.Errorf("counted %s", got)
			}
			wantProblem(t, w.send("GET", "/down", as("u1"), ""), 500, "internal_error")
		})
	}
}

// TestDocumentAndRoutes: an operation is a route to a quota by route.
func TestDocumentAndRoutes(t *testing.T) {
	w := newWorld(t, nil, func(c *sallyport.Config) {
		c.OpenAPI = parsed(t, notesDocument)
		c.Quotas = []sallyport.Quota{{Name: "each", Limit: "1 per 1h", By: []string{"route"}}}
	})
	for i, want := range []int{404, 404, 429, 429} { // behind the gate there is nothing
		path := []string{"/v1/notes", "/v1/notes/7", "/v1/notes", "/v1/notes/8"}[i]
		if res := w.send("GET", path, as("u1"), ""); res.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, res.StatusCode, want)
		}
	}
}
