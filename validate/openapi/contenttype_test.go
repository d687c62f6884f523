package openapi_test

import (
	"testing"

	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// contentTypeCases are sent with the body {"limit":999}, which is too large as JSON. want is empty where the body passes
// as something that it cannot be taken for JSON for.
var contentTypeCases = []struct{ path, contentType, want string }{
	{"/json", "application/json", "/limit too_large"},
	{"/json", "application/json; charset=utf-8", "/limit too_large"},
	{"/json", `APPLICATION/JSON ; Charset="UTF8"`, "/limit too_large"},
	{"/json", "application/json;", "/limit too_large"},
	{"/json", "application/json; version=1", "/limit too_large"},
	{"/json", "application/json;odata.metadata=minimal;IEEE754Compatible=true", "/limit too_large"},
	{"/json", `application/ld+json; profile="https://www.w3.org/ns/activitystreams"`, "/limit too_large"},
	{"/json", "application/json; charset=utf-16", "unsupported_media_type"},
	{"/json", "application/json; charset=utf-8; charset=utf-8", "unsupported_media_type"},
	{"/json", `application/json; a="; charset=utf-16"`, "unsupported_media_type"},
	{"/json", `application/json; a="\"; charset=utf-16; b=\""`, "unsupported_media_type"},
	{"/json", "application/json; charset*=utf-16", "unsupported_media_type"},
	{"/json", "application/json; charset*0=utf-16", "unsupported_media_type"},
	{"/json", "application/json; charset =utf-8", "unsupported_media_type"},
	{"/json", "application/json; a=charset=utf-16", "unsupported_media_type"},
	{"/json", "application/json; utf-8", "unsupported_media_type"},
	{"/json", "application/json; boundary=a", "unsupported_media_type"},
	{"/json", "application/json, text/plain", "unsupported_media_type"},
	{"/json", "application/json; a=b, text/plain", "unsupported_media_type"},

	// Laravel takes a body for JSON if /json or +json is anywhere in the field.
	{"/json", "application/octet-stream", ""},
	{"/json", "application/octet-stream; x=/json", "unsupported_media_type"},
	{"/json", "application/octet-stream; X=A/JSON", "unsupported_media_type"},
	{"/json", "application/octet-stream;application/json", "unsupported_media_type"},
	{"/json", `application/octet-stream; a="x+json"`, "unsupported_media_type"},
	{"/json", "application/octet-stream; a=multipart/form-data", "unsupported_media_type"},
	{"/json", "text/plain", ""},
	{"/json", "text/plain; format=flowed; delsp=yes", ""},
	{"/json", `text/plain; a="x/json"`, "unsupported_media_type"},
	{"/json", "text/plain; a=x+json", "unsupported_media_type"},
	{"/json", "application/x-www-form-urlencoded; a=b", "unsupported_media_type"},

	// Rails has more names for JSON, and Rack for forms.
	{"/ranges", "application/cbor", ""},
	{"/ranges", "text/csv; header=present", ""},
	{"/ranges", "application/jsonrequest", "unsupported_media_type"},
	{"/ranges", "application/x-json", "unsupported_media_type"},
	{"/ranges", "application/json5", "unsupported_media_type"},
	{"/ranges", "text/x-json", "unsupported_media_type"},
	{"/ranges", "multipart/related; type=a", "unsupported_media_type"},
	{"/ranges", "application/x-url-encoded", "unsupported_media_type"},
	{"/bytes", "multipart/related; type=a", ""},

	// ASP.NET Core describes application/*+json.
	{"/suffix", "application/vnd.a+json", "/limit too_large"},
	{"/suffix", "application/cbor", ""},
	{"/suffix", "text/vnd.a+json", "unsupported_media_type"},
	{"/suffix", "application/json", " wrong_type"},
	{"/bytes", "application/json5", ""},
}

func TestContentTypes(t *testing.T) {
	d := parse(t, with("3.1.0", `
components: {schemas: {Limit: {type: object, properties: {limit: {type: integer, maximum: 9}}}}}
paths:
  /json: {post: {requestBody: {content: {
    application/json: &json {schema: {$ref: "#/components/schemas/Limit"}}, application/ld+json: *json, application/x-www-form-urlencoded: *json,
    text/plain: {schema: {type: string}}, application/octet-stream: {}}}}}
  /ranges: {post: {requestBody: {content: {application/json: *json, "*/*": {schema: {type: string, format: binary}}}}}}
  /suffix: {post: {requestBody: {content: {"application/*": {schema: {type: string, format: binary}}, "application/*+json": *json}}}}
  /bytes: {post: {requestBody: {content: {"*/*": {schema: {type: string, format: binary}}}}}}`), openapi.Config{})
	for _, c := range contentTypeCases {
		r := requestCase{line: "POST " + c.path, header: "Content-Type: " + c.contentType, body: `{"limit":999}`}
		if got := verdict(t, decide(d, r.request())); got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.path, c.contentType, got, c.want)
		}
	}
}
