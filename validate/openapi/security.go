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

// schemes reads the security schemes of the document.
func (w *walker) schemes(components spec.Cursor) {
	schemes, _ := components.Get("securitySchemes")
	schemes.Members(func(name string, s spec.Cursor) {
		if s, ok := s.Deref(); ok && s.Object() {
			w.known[name] = w.scheme(name, s)
		}
	})
}

func (w *walker) scheme(name string, c spec.Cursor) Scheme {
	s := Scheme{Name: name, Type: c.Text("type")}
	switch s.Type {
	case "apiKey":
		if s.In, s.Key = c.Text("in"), c.Text("name"); s.Key == "" || !slices.Contains([]string{"query", "header", "cookie"}, s.In) {
			c.Fail("an apiKey needs a name, and in: query, header or cookie")
		}
	case "http":
		if s.HTTP = strings.ToLower(c.Text("scheme")); s.HTTP == "" {
			c.Fail("the type http needs a scheme, such as bearer")
		}
	case "mutualTLS", "oauth2", "openIdConnect":
	default:
		c.Failf("the type %q is not one of apiKey, http, mutualTLS, oauth2, openIdConnect", s.Type)
	}
	return s
}

// security reads the requirements at c, where there are some.
func (w *walker) security(c spec.Cursor) (either []Requirement, stated bool) {
	_, stated = c.Get("security")
	c.Items("security", func(c spec.Cursor) {
		if !c.Object() {
			return
		}
		r := Requirement{}
		c.Members(func(name string, scopes spec.Cursor) { r = append(r, w.required(name, scopes)) })
		either = append(either, r)
	})
	return either, stated
}

// required is one scheme of a requirement. Since 3.2 its name may be a reference.
func (w *walker) required(name string, scopes spec.Cursor) Scheme {
	s, ok := w.known[name]
	if !ok && w.root.Version() == "3.2" && strings.ContainsAny(name, "#/.") {
		target, err := scopes.Follow(name)
		if ok = err == nil && target.Object(); ok {
			s = w.scheme(name, target)
		}
	}
	if !ok {
		scopes.Failf("there is no security scheme %q among the components", name)
	}
	list, isList := scopes.Value.([]any)
	if !isList {
		scopes.Fail("must be a list of scopes, which may be empty")
	}
	for _, one := range list {
		scope, isText := one.(string)
		if !isText || scope == "" {
			scopes.Fail("a scope must be a text")
			continue
		}
		s.Scopes = append(slices.Clip(s.Scopes), scope)
	}
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
