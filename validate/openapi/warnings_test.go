package openapi_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// TestWarnings: what the document asks for and what is not held is said, with its place, and only of what is checked.
func TestWarnings(t *testing.T) {
	doc := with("3.0.3", `paths:
  /a: {post: {responses: {'200': {description: d, content: {application/json: {schema: {$ref: '#/components/schemas/Out'}}}}}, requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/In'}}}}}}
components:
  schemas:
    In:
      type: object
      properties:
        a: {type: string, pattern: '^(.)\1$'}
        b: {$ref: '#/components/schemas/Name', maxLength: 3}
        c: {type: string, pattern: '('}
        d: {type: string, pattern: '/^[a-z]+$/i'}
        e: {type: string, pattern: '^(?=.*[A-Z]).+$'}
    Name: {type: string}
    Out: {type: object, properties: {a: {type: string, pattern: '(a)\1'}, b: {type: string, pattern: '(a)\1'}}}
    Unused: {type: string, pattern: '(b)\1'}
`)
	in := []string{
		"document:10:27 backreference", "document:11:48 OpenAPI 3.0 ignores maxLength", "document:12:27 a ( without its )",
		"document:13:27 write the expression without slashes",
	}
	for mode, want := range map[openapi.Mode][]string{
		openapi.ResponsesOff:   in,
		openapi.ResponsesShape: append(slices.Clone(in), "document:16:56 backreference", "document:16:93 backreference"),
	} {
		compare(t, errors.Join(parse(t, doc, openapi.Config{Responses: mode}).Warnings()...), want)
	}

	// StrictPatterns refuses what is checked.
	_, err := openapi.Parse([]byte(doc), openapi.Config{StrictPatterns: true})
	compare(t, err, []string{"document:10:27 backreference", "document:12:27 a ( without its )", "document:13:27 write the expression without slashes"})
	if _, err := openapi.Parse([]byte(strings.NewReplacer(`^(.)\1$`, "^.$", "'('", "'a'", "/^[a-z]+$/i", "a").Replace(doc)),
		openapi.Config{StrictPatterns: true}); err != nil {
		t.Errorf("a pattern that nothing here checks is refused: %v", err)
	}
}

// TestPatterns_bounds: a document's patterns are bounded together, and many of them load in a moment.
func TestPatterns_bounds(t *testing.T) {
	var parameters []string
	for i := range 20 {
		parameters = append(parameters, fmt.Sprintf("{name: a%d, in: query, schema: {type: string, pattern: '^.{0,%d}$'}}", i, 60_000+i))
	}
	d := parse(t, with("3.1.0", "paths: {/a: {get: {parameters: ["+strings.Join(parameters, ", ")+"]}}}"), openapi.Config{})
	if n := len(d.Warnings()); n != 12 || !strings.Contains(d.Warnings()[0].Error(), "too large together") {
		t.Errorf("%d warnings: %v", n, d.Warnings())
	}
}
