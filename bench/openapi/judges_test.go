// Package openapi_test holds the gate's reading of OpenAPI to those of two other
// libraries, and measures them side by side.
package openapi_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/pb33f/libopenapi"
	"github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"

	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// judge says nil for a request that the document allows.
type judge func(r *http.Request) error

// judges make a judge of a document each. The others are told to be as strict as they can
// be told to.
var judges = []struct {
	name string
	load func(document []byte) (judge, error)
}{{"sallyport", ours}, {"kin-openapi", kin}, {"libopenapi-validator", lib}}

func ours(document []byte) (judge, error) {
	d, err := openapi.Parse(document, openapi.Config{})
	if err != nil {
		return nil, err
	}
	return func(r *http.Request) error {
		op, values, err := d.Match(r.Method, r.Host, r.URL.EscapedPath())
		if err != nil {
			return err
		}
		return op.Check(r, values)
	}, nil
}

func kin(document []byte) (judge, error) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(document)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(loader.Context, openapi3.DisableExamplesValidation()); err != nil {
		return nil, err
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, err
	}
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true, RejectWhenRequestBodyNotSpecified: true}
	return func(r *http.Request) error {
		route, params, err := router.FindRoute(r)
		if err != nil {
			return err
		}
		return openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: options})
	}, nil
}

func lib(document []byte) (judge, error) {
	doc, err := libopenapi.NewDocument(document)
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(doc, config.WithFormatAssertions(), config.WithoutSecurityValidation(), config.WithContentAssertions(), config.WithContentParameterValidation(),
		config.WithStandardBodyDecoders(), config.WithURLEncodedBodyValidation(), config.WithRejectUnsupportedBodyContent(), config.WithRejectUndeclaredRequestBody(),
		config.WithStrictMode(), config.WithStrictRejectReadOnly())
	if len(errs) > 0 {
		return nil, errs[0]
	}
	return func(r *http.Request) error {
		if ok, errs := v.ValidateHttpRequest(r); !ok {
			return fmt.Errorf("%d failures: %w", len(errs), errs[0])
		}
		return nil
	}, nil
}

// guarded is a judge whose panic is a verdict.
func guarded(j judge) judge {
	return func(r *http.Request) (err error) {
		defer func() {
			if v := recover(); v != nil {
				err = errPanic
			}
		}()
		return j(r)
	}
}

var errPanic = fmt.Errorf("panic")

func mustLoad(t testing.TB, load func([]byte) (judge, error), document string) judge {
	t.Helper()
	j, err := load([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return guarded(j)
}

// TestMain tells kin-openapi of the formats that it knows and leaves out.
func TestMain(m *testing.M) {
	openapi3.DefineStringFormatValidator("email", openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringForEmail))
	openapi3.DefineStringFormatValidator("uuid", openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringForUUIDOfRFC4122))
	openapi3.DefineStringFormatValidator("ipv4", openapi3.NewIPValidator(true))
	openapi3.DefineStringFormatValidator("ipv6", openapi3.NewIPValidator(false))
	m.Run()
}
