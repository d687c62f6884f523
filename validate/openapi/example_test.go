package openapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/openapi"
)

const notes = `
openapi: 3.1.0
info: {title: Notes, version: "1"}
servers: [{url: https://notes.example/v1}]
paths:
  /notes/{id}:
    put:
      parameters:
        - {name: id, in: path, required: true, schema: {type: integer}}
        - {name: draft, in: query, schema: {type: boolean}}
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [text]
              unevaluatedProperties: false
              properties:
                id: {type: integer, readOnly: true}
                text: {type: string, minLength: 1}
`

func Example() {
	document, err := openapi.Parse([]byte(notes), openapi.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	h := document.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "stored") }))
	for _, request := range []struct{ method, target, body string }{
		{"PUT", "/v1/notes/1?draft=true", `{"text": "fine"}`},
		{"PUT", "/v1/notes/one?draft=yes&admin=1", `{"id": 7, "tags": []}`},
		{"DELETE", "/v1/notes/1", ""},
		{"GET", "/v1/admin", ""},
	} {
		r := httptest.NewRequest(request.method, request.target, strings.NewReader(request.body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Println(w.Code, strings.NewReplacer(`{"in"`, "\n  {\"in\"", `{"pointer"`, "\n  {\"pointer\"").Replace(strings.TrimSpace(w.Body.String())))
	}
	// Output:
	// 200 stored
	// 422 {"type":"about:blank","title":"Unprocessable Entity","status":422,"detail":"Parameters and body are not what the document asks for here. errors says where.","code":"invalid_request","errors":[
	//   {"in":"path","parameter":"id","pointer":"","code":"wrong_type","detail":"must be an integer"},
	//   {"in":"query","parameter":"draft","pointer":"","code":"wrong_type","detail":"must be a boolean"},
	//   {"in":"query","parameter":"admin","pointer":"","code":"unknown_parameter","detail":"is not a parameter of this operation"},
	//   {"pointer":"/id","code":"read_only","detail":"is set by the server; leave it out"},
	//   {"pointer":"/tags","code":"unknown_member","detail":"is not a member of this object"},
	//   {"pointer":"/text","code":"required","detail":"must be present"}]}
	// 405 {"type":"about:blank","title":"Method Not Allowed","status":405,"detail":"The method is not allowed here; the Allow field lists those that are.","code":"method_not_allowed"}
	// 404 {"type":"about:blank","title":"Not Found","status":404,"detail":"There is nothing at this address.","code":"not_found"}
}

// Every problem of a document is told at once.
func ExampleParse() {
	_, err := openapi.Parse([]byte(`
openapi: 3.1.0
info: {title: Notes, version: "1"}
paths:
  /notes/{id}:
    get:
      parameters:
        - {name: id, in: path, schema: {type: integer}}
        - {name: tag, in: query, schema: {maxLenght: 9}}
        - {$ref: "#/components/parameters/page"}
`), openapi.Config{})
	fmt.Println(err)
	// Output:
	// openapi: document:8:11: #/paths/~1notes~1{id}/get/parameters/0: a parameter of the path must have required: true
	// openapi: document:9:43: #/paths/~1notes~1{id}/get/parameters/1/schema/maxLenght: maxLenght is not a keyword of draft 2020-12; did you mean maxLength?; extensions begin with x-
	// openapi: document:10:12: #/paths/~1notes~1{id}/get/parameters/2/$ref: $ref "#/components/parameters/page" leads to nothing
}
