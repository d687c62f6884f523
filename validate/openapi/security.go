package openapi

import (
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// Scheme is a security scheme as one requirement asks for it.
type Scheme struct {
	// Name is what the document calls it.
	Name string
	// Type is apiKey, http, mutualTLS, oauth2 or openIdConnect.
	Type string
	// HTTP is the authentication scheme of type http in lower case, such as "bearer".
	HTTP string
	// In and Key are the place, query, header or cookie, and the name of an apiKey.
	In, Key string
	// Scopes are needed, all of them: scopes of oauth2 and openIdConnect, and since 3.1
	// what the document lists for any other type.
	Scopes []string
}

// Requirement is schemes that are needed together. Without any, nothing is needed.
type Requirement []Scheme

// Security returns what the document asks of a caller: any one of the requirements. It
// asks for nothing where the list is empty, and says nothing where stated is false.
// Nothing of it is checked here.
func (o *Operation) Security() (either []Requirement, stated bool) {
	return slices.Clone(o.security), o.stated
}

// scheme reads a security scheme of the document.
func (w *walker) scheme(name string, c spec.Object) Scheme {
	s := Scheme{Name: name, Type: c.Text("type")}
	switch s.Type {
	case "apiKey":
		s.In, s.Key = c.Text("in"), c.Text("name")
		if s.Key == "" || !slices.Contains([]string{"query", "header", "cookie"}, s.In) {
			c.Fail("an apiKey needs a name, and in: query, header or cookie")
		}
	case "http":
		if s.HTTP = strings.ToLower(c.Text("scheme")); s.HTTP == "" {
			c.Fail("the type http needs a scheme, such as bearer")
		}
	case "oauth2", "openIdConnect":
	case "mutualTLS":
		if w.l.Version == "3.0" {
			c.Fail("the type mutualTLS is of OpenAPI 3.1 on, and this document is of 3.0")
		}
	default:
		c.Failf("the type %q is not one of apiKey, http, mutualTLS, oauth2, openIdConnect", s.Type)
		return s
	}
	for _, kind := range sortedKeys(schemeMembers) {
		for _, name := range schemeMembers[kind] {
			if m, ok := c.Get(name); ok && kind != s.Type {
				m.Failf("%s is for the type %s, and this is %s; have one of them right", name, kind, s.Type)
			}
		}
	}
	return s
}

// schemeMembers are the members that count for one type alone (OpenAPI 3.2 §4.27).
var schemeMembers = map[string][]string{
	"apiKey":        {"name", "in"},
	"http":          {"scheme", "bearerFormat"},
	"oauth2":        {"flows", "oauth2MetadataUrl"},
	"openIdConnect": {"openIdConnectUrl"},
}

// security reads the requirements at c, where there are some. Their form has been seen to.
func (w *walker) security(c spec.Object) (either []Requirement, stated bool) {
	list, stated := c.Get("security")
	list.Each(func(one spec.Cursor) {
		r := Requirement{}
		one.Members(func(name string, scopes spec.Cursor) { r = append(r, w.required(name, scopes)) })
		either = append(either, r)
	})
	return either, stated
}

// required is one scheme of a requirement. Since 3.2 its name may be a reference.
func (w *walker) required(name string, scopes spec.Cursor) Scheme {
	s, ok := w.known[name]
	if !ok && w.l.Version == "3.2" && strings.ContainsAny(name, "#/.") {
		if target, err := scopes.Follow(name); err == nil {
			var at spec.Object
			if at, ok = target.Open(spec.SecurityScheme); ok {
				s = w.scheme(name, at)
			}
		}
	}
	if !ok {
		scopes.Failf("there is no security scheme %q among the components", name)
	}
	scopes.Each(func(one spec.Cursor) {
		scope, _ := one.Value.(string)
		s.Scopes = append(slices.Clip(s.Scopes), scope)
	})
	return s
}

// queryKeys are the query parameters that hold API keys.
func (o *Operation) queryKeys() (names []string) {
	for _, r := range o.security {
		for _, s := range r {
			if s.In == "query" {
				names = append(names, s.Key)
			}
		}
	}
	return names
}
