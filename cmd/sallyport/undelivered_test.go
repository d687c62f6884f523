package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// TestUndelivered: a header parameter that is checked and never handed on is named at start.
func TestUndelivered(t *testing.T) {
	dir := t.TempDir()
	const document = `openapi: 3.1.1
paths:
  /a:
    get:
      parameters: [{$ref: "#/components/parameters/user"}, {$ref: "#/components/parameters/mode"}]
      responses: {"200": {description: ok}}
    post:
      parameters:
        - {$ref: "#/components/parameters/user"}
        - {in: header, name: tenant_id, required: true, schema: {type: string}}
        - {in: header, name: X-Roles, schema: {type: string}}
        - {in: header, name: X-Request-Id, required: true, schema: {type: string}}
        - {in: query, name: X-User-Id, required: true, schema: {type: string}}
      responses: {"200": {description: ok}}
components:
  parameters:
    user: {in: header, name: X-User-Id, required: true, schema: {type: string}}
    mode: {in: header, name: X-Mode, required: true, schema: {type: string}}
`
	if err := os.WriteFile(filepath.Join(dir, "api.yaml"), []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := openapi.Load(dir, "api.yaml", openapi.Config{})
	if err != nil {
		t.Fatal(err)
	}
	got := undelivered(d)
	if len(got) != 2 || !strings.Contains(got[0], `"X-User-Id" of GET /a, POST /a`) ||
		!strings.Contains(strings.ToLower(got[1]), `"tenant_id" of post /a`) {
		t.Errorf("%q", got)
	}
}
