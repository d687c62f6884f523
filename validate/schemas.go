package validate

import (
	"errors"
	"maps"
	"reflect"

	"github.com/go-json-experiment/json"
)

// Dialect is the JSON Schema that is written here.
const Dialect = "https://json-schema.org/draft/2020-12/schema"

// Schema is a JSON Schema. It marshals to the same bytes every time.
type Schema map[string]any

// MarshalJSON writes the keywords in the order of their names.
func (s Schema) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any(s), json.Deterministic(true))
}

// SchemaOf returns the JSON Schema (draft 2020-12) of what [Decode] reads into T. What
// the two differ in is in the package documentation. The error joins every mistake in T's
// tags.
func SchemaOf[T any]() (Schema, error) {
	all := NewSchemas("#/$defs/")
	root, err := all.Read(reflect.TypeFor[T]())
	if err != nil {
		return nil, err
	}
	root["$schema"] = Dialect
	if defs := all.Definitions(); len(defs) > 0 {
		root["$defs"] = defs
	}
	return root, nil
}

// Schemas writes the schemas of many types, and those of named structs once, for a
// document that holds them all. It is not safe for concurrent use.
type Schemas struct {
	prefix      string
	names       map[*object]string
	definitions map[string]Schema
	errs        []error
}

// NewSchemas returns an empty Schemas. The document has the definitions at prefix, such
// as "#/components/schemas/".
func NewSchemas(prefix string) *Schemas {
	return &Schemas{prefix: prefix, names: map[*object]string{}, definitions: map[string]Schema{}}
}

// Definitions are the schemas of the named structs so far.
func (all *Schemas) Definitions() map[string]Schema { return maps.Clone(all.definitions) }

// Reserve keeps a name for a definition of the document's own.
func (all *Schemas) Reserve(name string, s Schema) { all.definitions[name] = s }

// Read returns the schema of a body that is read into t.
func (all *Schemas) Read(t reflect.Type) (Schema, error) {
	s, err := compiled(t)
	if err != nil {
		return nil, err
	}
	return all.finish(all.schema(s, t.String()))
}

// Written returns the schema of a t that is written as JSON. A member that is left out
// when it is empty must be optional in the tag, or the schema would promise it.
func (all *Schemas) Written(t reflect.Type) (Schema, error) {
	s, err := compiled(t)
	if err != nil {
		return nil, err
	}
	promised(s, t.String(), map[*object]bool{}, &all.errs)
	return all.finish(all.schema(s, t.String()))
}

// Param is one parameter of a route.
type Param struct {
	// In is path or query.
	In, Name string
	Required bool
	Schema   Schema
}

// Request returns the parameters and the schema of the body that [Request] reads into t;
// the latter is nil where t has no Body.
func (all *Schemas) Request(t reflect.Type) (list []Param, body Schema, err error) {
	req, err := compiledRequest(t)
	if err != nil {
		return nil, nil, err
	}
	list = append(all.params("path", req.path), all.params("query", req.query)...)
	if req.body != nil {
		body = all.schema(req.body.root, t.String())
	}
	body, err = all.finish(body)
	return list, body, err
}

func (all *Schemas) params(in string, p *part) (list []Param) {
	if p == nil {
		return nil
	}
	for _, m := range p.root.object.members {
		value := *m.shape
		value.pointer = false // there is no null in a parameter
		list = append(list, Param{in, m.name, !m.optional, all.schema(&value, p.root.typ.String()+" "+m.name)})
	}
	return list
}

func (all *Schemas) finish(s Schema) (Schema, error) {
	err := errors.Join(all.errs...)
	all.errs = nil
	if err != nil {
		return nil, err
	}
	return s, nil
}

func promised(s *shape, where string, seen map[*object]bool, errs *[]error) {
	if s.elem != nil {
		promised(s.elem, where, seen, errs)
	}
	if s.object == nil || seen[s.object] {
		return
	}
	seen[s.object] = true
	for _, m := range s.object.members {
		if m.omitted && !m.optional {
			*errs = append(*errs, &ConfigError{s.typ.String() + " " + m.name, "omitempty", "is left out when it is empty, and has to be optional then"})
		}
		promised(m.shape, where, seen, errs)
	}
}
