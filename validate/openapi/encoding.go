package openapi

import (
	"strings"

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// encodings are those of the members of a form. A rule for a member that the schema does not
// have would hold for nothing (OpenAPI 3.2 §4.14.1.1).
func (m *media) encodings(c spec.Object) map[string]spec.Object {
	all := map[string]spec.Object{}
	c.Map("encoding", func(name string, e spec.Object) {
		_, typed := e.Get("contentType")
		near := spec.Closest(name, sortedKeys(m.shape.members))
		if _, ok := m.shape.members[name]; !ok && m.encoded() && (typed || near != "") {
			e.Place.Failf("the schema has no member %q; name one of its properties", name)
		}
		all[name] = e
	})
	return all
}

// encoded reports whether encodings count (OpenAPI 3.2 §4.14.1).
func (m *media) encoded() bool {
	return m.name == formType || strings.HasPrefix(m.name, "multipart/") || strings.Contains(m.name, "*")
}

// sequence reports whether the media type is described by its items or its parts in order
// (OpenAPI 3.2 §4.14.2), which nothing reads here.
func sequence(c spec.Object) (found bool) {
	for _, name := range []string{"itemSchema", "prefixEncoding", "itemEncoding"} {
		_, ok := c.Get(name)
		found = found || ok
	}
	c.Map("encoding", func(_ string, e spec.Object) {
		for _, name := range []string{"encoding", "prefixEncoding", "itemEncoding"} {
			_, ok := e.Get(name)
			found = found || ok
		}
	})
	return found
}

// onlyWhole refuses items of what may be JSON, which is read as a whole.
func onlyWhole(name string, c spec.Object) {
	if item, ok := c.Get("itemSchema"); ok && (isJSONType(name) || strings.Contains(name, "*")) {
		item.Failf("is for media types that are sequences, and %s is read as a whole; describe it with schema", name)
	}
}
