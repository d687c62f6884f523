package openapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-playground/validator/v10"

	"github.com/sallyport-dev/sallyport/bench/internal/cpu"
	"github.com/sallyport-dev/sallyport/validate"
)

// measured has the guide's body of a user, and a query with three parameters.
const measured = `openapi: 3.1.0
info: {title: Measured, version: '1'}
paths:
  /users:
    post:
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/User'}}}}
      responses: {'200': {description: fine}}
  /notes:
    get:
      parameters:
        - {name: q, in: query, required: true, schema: {type: string, minLength: 2, maxLength: 20}}
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 100}}
        - {name: sort, in: query, schema: {type: string, enum: [asc, desc]}}
      responses: {'200': {description: fine}}
components:
  schemas:
    User:
      type: object
      required: [username, email, password]
      additionalProperties: false
      properties:
        username: {type: string, minLength: 3, maxLength: 20}
        email: {type: string, format: email}
        password: {type: string, minLength: 8, maxLength: 128}
`

const userBody = `{"username":"ada_lovelace","email":"ada@lovelace.example","password":"analytical engine"}`

type user struct {
	Username string `json:"username" validate:"min=3,max=20"`
	Email    string `json:"email" validate:"email"`
	Password string `json:"password" validate:"min=8,max=128"`
}

type playgroundUser struct {
	Username string `json:"username" validate:"required,min=3,max=20"`
	Email    string `json:"email" validate:"required,email"`
	Password string `json:"password" validate:"required,min=8,max=128"`
}

var playground = validator.New(validator.WithRequiredStructEnabled())

// readers read a user out of a request into a Go type.
var readers = map[string]judge{
	"validate.Body": func(r *http.Request) error {
		_, err := validate.Body[user](r)
		return err
	},
	"json and validator": func(r *http.Request) error {
		var u playgroundUser
		d := json.NewDecoder(r.Body)
		d.DisallowUnknownFields()
		if err := d.Decode(&u); err != nil {
			return err
		}
		return playground.Struct(&u)
	},
}

func BenchmarkBody(b *testing.B) {
	all := map[string]judge{}
	for name, j := range readers {
		all[name] = j
	}
	for _, j := range judges {
		all[j.name] = mustLoad(b, j.load, measured)
	}
	for _, name := range []string{"validate.Body", "json and validator", "sallyport", "kin-openapi", "libopenapi-validator"} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest("POST", "/users", nil)
			r.Header.Set("Content-Type", "application/json")
			r.ContentLength = int64(len(userBody))
			measure(b, func() error {
				r.Body = io.NopCloser(strings.NewReader(userBody))
				return all[name](r)
			})
		})
	}
}

func BenchmarkQuery(b *testing.B) {
	for _, j := range judges {
		b.Run(j.name, func(b *testing.B) {
			decide := mustLoad(b, j.load, measured)
			r := httptest.NewRequest("GET", "/notes?q=engine&limit=10&sort=asc", nil)
			measure(b, func() error { return decide(r) })
		})
	}
}

// measure wants the request to be accepted, each time.
func measure(b *testing.B, f func() error) {
	cpu.Measure(b, func() {
		if err := f(); err != nil {
			b.Fatal(err)
		}
	})
}
