package openapi

import (
	"net/url"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/schema"
)

const draft = "https://json-schema.org/draft/2020-12/schema"

// dialect refuses what would have schemas, or references, read in another way than here.
func (w *walker) dialect() {
	if w.l.Version == "3.0" { // has one dialect, and no word about it
		return
	}
	dialect, stated := w.root.Get("jsonSchemaDialect")
	if text := w.root.Text("jsonSchemaDialect"); stated && !schema.IsDialect(text) {
		dialect.Failf("the dialect %q is not known; write the schemas in %s, which OpenAPI has without it", text, draft)
	}
	// The document's own $schema is for editors, and may name any schema of OpenAPI.
	own, _ := w.root.Get("$schema")
	if text := w.root.Text("$schema"); strings.Contains(text, "json-schema.org/draft") && !schema.IsDialect(text) {
		own.Failf("the dialect %q is not known; write the schemas in %s, and remove it", text, draft)
	}
}

// self reads the document's own address, to which its references are relative (OpenAPI 3.2
// §4.1.2.2.1). The folder stands for the one of that address: another path in it would have
// the references lead elsewhere.
func (w *walker) self() {
	c, ok := w.root.Get("$self")
	text := w.root.Text("$self")
	u, err := url.Parse(text)
	switch {
	case !ok:
	case err != nil || text == "" || strings.Contains(text, "#"):
		c.Failf("$self %q must be a URI without a fragment", text)
	case u.Scheme == "" && strings.Contains(text, "/"):
		c.Failf("$self %q would have references lead to another folder; write a whole URI, or the file's name", text)
	}
	w.l.Self = text
}
