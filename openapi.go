package sallyport

import (
	"bytes"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate"
)

// API gathers the routes that [Handle] adds, and is the handler of their OpenAPI 3.1
// document. The document says what the Go types say, so the two cannot part. It says
// nothing of who may call: that is in [Config.Routes].
//
//	api := &sallyport.API{Mux: mux, Title: "Notes", Version: "1.0.0"}
//	sallyport.Handle(api, "GET /notes/{id}", find)
//	mux.Handle("GET /openapi.json", api)
type API struct {
	// Mux gets the routes. It is needed.
	Mux *http.ServeMux
	// Title and Version are the document's info.
	Title, Version string

	mu         sync.Mutex
	schemas    *validate.Schemas
	operations []*operation
	document   []byte // nil after a new route
}

func (api *API) add(pattern string, in, out reflect.Type) error {
	api.mu.Lock()
	defer api.mu.Unlock()
	if api.Mux == nil {
		return &ConfigError{Field: "API.Mux", Value: "nil", Reason: "must be set before the first Handle"}
	}
	op, err := newOperation(api.known(), pattern, in, out)
	if err != nil {
		return err
	}
	api.operations, api.document = append(api.operations, op), nil
	return nil
}

// known makes the schemas on first use, so that an API needs no constructor.
func (api *API) known() *validate.Schemas {
	if api.schemas == nil {
		api.schemas = validate.NewSchemas("#/components/schemas/")
		api.schemas.Reserve("Problem", problemSchema)
	}
	return api.schemas
}

// ServeHTTP answers with the document.
func (api *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	document, err := api.current()
	if err != nil {
		problem.Write(w, r, problem.From(err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(document)))
	w.Write(document)
}

// OpenAPI returns the document. It is the same bytes for the same routes.
func (api *API) OpenAPI() ([]byte, error) {
	document, err := api.current()
	return bytes.Clone(document), err
}

// current returns the document that is kept for the next request.
func (api *API) current() ([]byte, error) {
	api.mu.Lock()
	defer api.mu.Unlock()
	if api.document != nil {
		return api.document, nil
	}
	paths := object{}
	for _, op := range api.operations {
		item, ok := paths[op.path].(object)
		if !ok {
			item = object{}
			paths[op.path] = item
		}
		item[strings.ToLower(op.method)] = op.object()
	}
	components := object{"responses": object{"Problem": problemResponse}, "schemas": api.known().Definitions()}
	var err error
	api.document, err = json.Marshal(object{
		"openapi": "3.1.1", "info": object{"title": api.Title, "version": api.Version}, "paths": paths, "components": components,
	}, json.Deterministic(true))
	return api.document, err
}

type object map[string]any

func (op *operation) object() object {
	answer := object{"204": object{"description": "Done."}}
	if op.answer != nil {
		answer = object{"200": object{"description": "Done.", "content": content(op.answer)}}
	}
	answer["default"] = object{"$ref": "#/components/responses/Problem"}
	out := object{"responses": answer}
	var params []object
	for _, p := range op.params {
		params = append(params, object{"in": p.In, "name": p.Name, "required": p.Required, "schema": p.Schema})
	}
	if params != nil {
		out["parameters"] = params
	}
	if op.body != nil {
		out["requestBody"] = object{"required": true, "content": content(op.body)}
	}
	return out
}

func content(s validate.Schema) object {
	return object{"application/json": object{"schema": s}}
}

var (
	problemResponse = object{"description": "A problem as RFC 9457 has it.", "content": object{problem.ContentType: object{"schema": object{"$ref": "#/components/schemas/Problem"}}}}

	anyText       = object{"type": "string"}
	problemSchema = validate.Schema{
		"type":     "object",
		"required": []string{"type", "title", "status"},
		"properties": object{
			"type": anyText, "title": anyText, "status": object{"type": "integer", "minimum": 400, "maximum": 599},
			"detail": anyText, "instance": anyText, "code": anyText,
			"errors": object{"type": "array", "maxItems": validate.MaxErrors, "items": object{
				"type": "object", "required": []string{"pointer", "code", "detail"},
				"properties": object{"in": anyText, "parameter": anyText, "pointer": anyText, "code": anyText, "detail": anyText},
			}},
			"violated-policies": object{"type": "array", "items": anyText},
		},
	}
)
