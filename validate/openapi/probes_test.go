package openapi

import (
	"io"
	"net/http/httptest"
	"slices"
	"strings"
)

// probe is a request of which the documents in testdata/strict say something. A refused one
// must stay refused, however a document is misspelt.
type probe struct{ line, header, body string }

const (
	tenant  = "X-Tenant: a\n"
	asJSON  = tenant + "Content-Type: application/json"
	asForm  = "Content-Type: application/x-www-form-urlencoded"
	role    = "--b\r\nContent-Disposition: form-data; name=\"role\"\r\n\r\nadmin\r\n"
	asParts = "Content-Type: multipart/form-data; boundary=b"
)

func photo(kind, more string) string {
	return "--b\r\nContent-Disposition: form-data; name=\"photo\"; filename=a\r\n" +
		"Content-Type: " + kind + "\r\n\r\n1\r\n" + more + "--b--\r\n"
}

var (
	acceptedProbes = []probe{
		{"GET /v1/notes?limit=5", tenant, ""},
		{"POST /v1/notes", asJSON, `{"text":"a","secret":"s","labels":{"l":"abc"},"owner":{"kind":"user","name":"ada"}}`},
		{"POST /v1/notes", asJSON, `{"text":"a","owner":{"kind":"team","size":9}}`},
		{"DELETE /v1/notes/5", "X-Reason: old", ""},
		{"POST /v1/login", asForm, "user=ada&roles=a|b"},
		{"PUT /v2/pictures", asParts, photo("image/png", "")},
	}
	refusedProbes = []probe{
		{"GET /notes?limit=5", tenant, ""},
		{"GET /v1/notes", tenant, ""},
		{"GET /v1/notes?limit=101", tenant, ""},
		{"GET /v1/notes?limit=a", tenant, ""},
		{"GET /v1/notes?limit=5&role=admin", tenant, ""},
		{"GET /v1/notes?limit=5&limit=6", tenant, ""},
		{"GET /v1/notes?limit=5", "", ""},
		{"GET /v1/notes?limit=5", "X-Tenant: abcde", ""},
		{"GET /v1/notes?limit=5", asJSON, "{}"},
		{"PUT /v1/notes", asJSON, `{"text":"a"}`},
		{"POST /v1/notes", "Content-Type: application/json", `{"text":"a"}`},
		{"POST /v1/notes", tenant, ""},
		{"POST /v1/notes", tenant + "Content-Type: application/xml", "<a/>"},
		{"POST /v1/notes", tenant + "Content-Type: application/octet-stream", "a"},
		{"POST /v1/notes", asJSON, `{}`},
		{"POST /v1/notes", asJSON, `[]`},
		{"POST /v1/notes", asJSON, `{"text":""}`},
		{"POST /v1/notes", asJSON, `{"text":7}`},
		{"POST /v1/notes", asJSON, `{"text":"a","role":"admin"}`},
		{"POST /v1/notes", asJSON, `{"text":"a","id":7}`},
		{"POST /v1/notes", asJSON, `{"text":"a","labels":{"l":"abcd"}}`},
		{"POST /v1/notes", asJSON, `{"text":"a","labels":{"l":7}}`},
		{"POST /v1/notes", asJSON, `{"text":"a","owner":{"kind":"user","name":"ada","role":1}}`},
		{"POST /v1/notes", asJSON, `{"text":"a","owner":{"kind":"user","name":"adalo"}}`},
		{"POST /v1/notes", asJSON, `{"text":"a","owner":{"kind":"user","size":3}}`},
		{"POST /v1/notes", asJSON, `{"text":"a","owner":{"kind":"team","size":10}}`},
		{"POST /v1/notes", asJSON, `{"text":"a","owner":{"kind":"team","name":"ada"}}`},
		{"POST /v1/notes", asJSON, `{"text":"a","owner":{"kind":"root","name":"ada"}}`},
		{"POST /v1/notes", asJSON, `{"text":"a","owner":{"name":"ada"}}`},
		{"DELETE /v1/notes/a", "X-Reason: old", ""},
		{"DELETE /v1/notes/5", "", ""},
		{"DELETE /v1/notes/5", "X-Reason: abcdef", ""},
		{"DELETE /v2/notes/5", "X-Reason: old", ""},
		{"DELETE /notes/5", "X-Reason: old", ""},
		{"POST /v1/login", "", ""},
		{"POST /v1/login", asForm, "user=adalovelace"},
		{"POST /v1/login", asForm, "roles=a"},
		{"POST /v1/login", asForm, "user=ada&role=admin"},
		{"POST /v1/login", asForm, "user=ada&roles=a|b|abcd"},
		{"POST /v1/login", asForm, "user=ada&roles=a&roles=b"},
		{"POST /v1/login", "Content-Type: application/json", `{"user":"ada"}`},
		{"PUT /v2/pictures", asParts, photo("text/html", "")},
		{"PUT /v2/pictures", asParts, photo("image/png", role)},
		{"PUT /v2/pictures", "", ""},
		{"PUT /v2/pictures", asParts, "--b--\r\n"},
		{"PUT /v1/pictures", asParts, photo("image/png", "")},
	}
	// searches are of the document in 3.2 alone.
	acceptedSearches = []probe{{"QUERY /v1/search?q=a", "", ""}}
	refusedSearches  = []probe{
		{"QUERY /v1/search", "", ""},
		{"QUERY /v1/search?q=abcdef", "", ""},
		{"QUERY /v1/search?q=a&role=1", "", ""},
	}

	// answerProbes are answers that must not get out as they are.
	answerProbes = []struct {
		line   string
		status int
		media  string
		body   string
	}{
		{"GET /v1/notes", 200, "application/json", `[{"text":"a","secret":"s"}]`},
		{"GET /v1/notes", 200, "application/json", `[{"text":"a","hash":"h"}]`},
		{"GET /v1/notes", 200, "application/json", `[{"text":"a","owner":{"kind":"team","size":1,"hash":"h"}}]`},
		{"GET /v1/notes", 200, "application/json", `{"hash":"h"}`},
		{"GET /v1/notes", 200, "text/html", `hash`},
		{"GET /v1/notes", 500, "application/problem+json", `{"title":"a","stack":"s"}`},
		{"GET /v1/notes", 500, "application/json", `{"stack":"s"}`},
		{"POST /v1/notes", 200, "application/json", `{"text":"a"}`},
		{"POST /v1/notes", 201, "application/json", `{"text":"a","hash":"h"}`},
		{"DELETE /v1/notes/5", 200, "application/json", `{"hash":"h"}`},
	}
)

// accepts reports whether the document lets a request in.
func (p probe) accepted(d *Document) bool {
	method, target, _ := strings.Cut(p.line, " ")
	path, query, _ := strings.Cut(target, "?")
	r := httptest.NewRequest("GET", "/", nil)
	r.Method, r.URL.Path, r.URL.RawQuery = method, path, query
	for line := range strings.Lines(p.header) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		r.Header.Add(name, value)
	}
	if p.body != "" {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(p.body)), int64(len(p.body))
	}
	op, values, err := d.Match(method, "api.example", path)
	return err == nil && op.Check(r, values) == nil
}

// verdicts is everything that is asked of a document: what it lets in, and what it lets out.
func verdicts(d *Document, version string) (in []bool, out []bool) {
	all := slices.Concat(refusedProbes, acceptedProbes)
	if version == "3.2" {
		all = slices.Concat(all, refusedSearches, acceptedSearches)
	}
	for _, p := range all {
		in = append(in, p.accepted(d))
	}
	for _, a := range answerProbes {
		method, path, _ := strings.Cut(a.line, " ")
		op, _, err := d.Match(method, "api.example", path)
		out = append(out, err == nil && op.CheckAnswer(a.status, a.media, []byte(a.body)).Code == "")
	}
	return in, out
}
