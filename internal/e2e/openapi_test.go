package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const usersDocument = `openapi: 3.1.1
info: {title: Users, version: '1'}
paths:
  /health: {get: {security: [], responses: {'200': {description: fine, content: {application/json: {schema: {type: object, properties: {status: {}}}}}}}}}
  /users: {get: {responses: {'200': {description: all, content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/User'}}}}}}}}
  /users/{id}:
    get:
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      responses: {'200': {description: one, content: {application/json: {schema: {$ref: '#/components/schemas/User'}}}}}
  /boom: {get: {responses: {'200': {description: never}}}}
  /events: {get: {responses: {'200': {description: events, content: {text/event-stream: {}}}}}, post: {responses: {'204': {description: sent}}}}
  /socket: {get: {responses: {'101': {description: talk}}}}
components:
  schemas: {User: {type: object, required: [id, name], properties: {id: {type: integer}, name: {type: string}, createdAt: {type: integer}}}}
`

// TestLeak puts a gate with a document in front of an Express program that answers with
// what its database has, a password's hash among it.
func TestLeak(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "users.yaml")
	if err := os.WriteFile(file, []byte(usersDocument), 0o600); err != nil {
		t.Fatal(err)
	}
	const whole = "whatever Express says"
	for mode, want := range map[string]string{
		"off":     whole,
		"report":  whole,
		"shape":   `[{"id":1,"name":"Ada","createdAt":9007199254740992}]`,
		"enforce": "",
	} {
		t.Run(mode, func(t *testing.T) {
			upstream := express(t)
			all := (&gate{t, upstream.url, nil}).get("/users", nil).want(200).body
			if !strings.Contains(all, "passwordHash") {
				t.Fatal("Express does not leak, so this proves nothing")
			}
			want := strings.Replace(want, whole, all, 1)
			audit := filepath.Join(t.TempDir(), "audit.log")
			g := serve(t, "--upstream", upstream.url, "--openapi", file, "--responses", mode, "--audit", audit)
			token := g.login("ada")
			for path, body := range map[string]string{"/users": want, "/users/1": strings.Trim(want, "[]")} {
				if want == "" {
					g.get(path, as(token)).problem(502, "answer_undeclared").field("Cache-Control", "no-store").field("Etag", "")
					continue
				}
				answer := g.get(path, as(token, "Accept-Encoding", "gzip", "Range", "bytes=0-9")).want(200).field("Content-Type", "application/json; charset=utf-8")
				if answer.body != body {
					t.Errorf("%s: %s, want %s", path, answer.body, body)
				}
				if tag := answer.header.Get("Etag"); strings.HasPrefix(tag, `"`) && mode == "shape" {
					t.Errorf("%s: the tag %s is strong, and what it is about was cut", path, tag)
				}
			}
			g.get("/health", nil).want(200)
			g.get("/boom", as(token)).problem(500, "upstream_error")
			g.get("/whoami", as(token)).problem(404, "not_found")
			g.do("POST", "/users", as(token, "Content-Type", "application/json"), "{}").problem(405, "method_not_allowed").field("Allow", "GET, HEAD")
			t.Run("events", func(t *testing.T) { events(t, g.in(t), token) })
			t.Run("WebSocket", func(t *testing.T) { webSocket(t, g.in(t), token, g.me(token)) })
			log, err := os.ReadFile(audit)
			if err != nil {
				t.Fatal(err)
			}
			if told := strings.Contains(string(log), `"sp_answer_undeclared"`); told != (mode != "off") || strings.Contains(string(log), "$2b$") {
				t.Errorf("the audit log:\n%s", log)
			}
		})
	}
}
