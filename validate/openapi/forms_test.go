package openapi_test

import (
	"io"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/internal/samples"
	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// formRequest is a form as a request.
func formRequest(path string, f samples.Form) requestCase {
	return requestCase{line: "POST " + path, header: "Content-Type: " + f.ContentType, body: f.Body}
}

// TestForms_honest: what clients send passes as it is, whichever reader stands behind.
func TestForms_honest(t *testing.T) {
	d := parse(t, samples.FormDocument, openapi.Config{})
	for _, f := range samples.HonestForms() {
		for _, path := range []string{"/form", "/free"} {
			r := formRequest(path, f).request()
			if err := decide(d, r); err != nil {
				t.Errorf("%s of %s: %s", path, f.Name, answer(err))
				continue
			}
			if left, _ := io.ReadAll(r.Body); string(left) != f.Body {
				t.Errorf("%s of %s: the next reader gets %q", path, f.Name, left)
			}
		}
	}
}

// hostileFields are the hostile forms that are well formed, with the failure of their second member where other members
// pass. Where none pass it may be another.
var hostileFields = map[string]string{
	"list of a name":                   "/count[] bad_name",
	"member of a name":                 "/count[$gt] bad_name",
	"name in brackets":                 "/[count] bad_name",
	"dotted name":                      "/count.x bad_name",
	"name in upper case":               "/COUNT bad_name",
	"file for a text":                  "/kind media_type",
	"file for a number":                "/count media_type",
	"bytes for a text":                 "/kind media_type",
	"JSON for a text":                  "/note media_type",
	"another charset":                  "/note media_type",
	"charset that reads other letters": "/note media_type",
	"binary without a filename":        "/file media_type",
	"byte order mark":                  "/note media_type",
}

// TestForms_hostile: what readers read as two forms is refused, with the number of the part and nothing of the body.
func TestForms_hostile(t *testing.T) {
	d := parse(t, samples.FormDocument, openapi.Config{})
	for _, f := range samples.HostileForms() {
		want := hostileFields[f.Name]
		if want == "" {
			want = "malformed_multipart"
		}
		for _, path := range []string{"/form", "/free"} {
			err := decide(d, formRequest(path, f).request())
			if got := verdict(t, err); got != want {
				t.Errorf("%s of %s: got %q, want %q", path, f.Name, got, want)
				continue
			}
			said := answer(err)
			for _, secret := range []string{"role", "admin", samples.FormBoundary} {
				if strings.Contains(said, secret) {
					t.Errorf("%s of %s: the answer quotes the request: %s", path, f.Name, said)
				}
			}
		}
	}
}

// TestForms_noFile: a browser's field in which no file was chosen is a member that is absent.
func TestForms_noFile(t *testing.T) {
	const required = `paths: {/a: {post: {requestBody: {content: {multipart/form-data: {schema: {type: object, required: [file],
  properties: {file: {type: string, contentMediaType: image/png}}}, encoding: {file: {contentType: image/png}}}}}}}}`
	d := parse(t, with("3.1.0", required), openapi.Config{})
	for filename, want := range map[string]string{"": "/file required", "a.png": ""} {
		content, kind := "", "application/octet-stream"
		if filename != "" {
			kind = "image/png"
		}
		f := samples.FormOf(filename, samples.FormField(`name="file"; filename="`+filename+`"`, content, "Content-Type: "+kind))
		if got := verdict(t, decide(d, formRequest("/a", f).request())); got != want {
			t.Errorf("filename %q: got %q, want %q", filename, got, want)
		}
	}
}
