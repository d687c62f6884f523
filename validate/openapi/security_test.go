package openapi_test

import (
	"fmt"
	"testing"

	"github.com/sallyport-dev/sallyport/validate/openapi"
)

func TestSecurity(t *testing.T) {
	d := parse(t, `openapi: 3.2.0
info: {title: T, version: v}
servers: [{url: /v1}, {url: /v2}, {url: 'https://other.example/v1/'}]
security: [{token: []}]
components:
  securitySchemes:
    token: {type: http, scheme: BEARER}
    key: {type: apiKey, in: query, name: k}
    oauth: {$ref: '#/components/securitySchemes/real'}
    real: {type: oauth2, flows: {}}
paths:
  /a:
    get: {}
    put: {security: []}
    post: {security: [{}]}
    delete: {security: [{oauth: [a, b], key: []}, {token: [c]}]}
    patch: {security: [{'#/components/securitySchemes/real': [d]}]}
`, openapi.Config{})
	want := map[string]string{
		"GET":    "[[{token http bearer   []}]] true",
		"PUT":    "[] true",
		"POST":   "[[]] true",
		"DELETE": "[[{key apiKey  query k []} {oauth oauth2    [a b]}] [{token http bearer   [c]}]] true",
		"PATCH":  "[[{#/components/securitySchemes/real oauth2    [d]}]] true",
	}
	for _, o := range d.Operations() {
		needs, stated := o.Security()
		if got := fmt.Sprint(needs, stated); got != want[o.Method] {
			t.Errorf("%s: %s, want %s", o.Method, got, want[o.Method])
		}
		if got := fmt.Sprint(o.Paths()); got != "[/v1/a /v2/a]" {
			t.Errorf("paths are %s", got)
		}
	}
	d = parse(t, with("3.1.0", "paths: {/a: {get: {}}}"), openapi.Config{})
	if needs, stated := d.Operations()[0].Security(); needs != nil || stated {
		t.Errorf("a document that is silent says %v", needs)
	}
}

func parse(t testing.TB, doc string, cfg openapi.Config) *openapi.Document {
	t.Helper()
	d, err := openapi.Parse([]byte(doc), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
