package openapi

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// The codes of a 422's fields, beside those of package validate.
const (
	CodeDuplicate        = "duplicate"         // a parameter, or a part of a form, twice
	CodeUnknownParameter = "unknown_parameter" // a query parameter the document does not have
	CodeMalformed        = "malformed"         // not of the parameter's style, or not JSON where it holds JSON
	CodeReadOnly         = "read_only"         // a member only the server sets
	CodeWriteOnly        = "write_only"        // a member that only clients send
	CodeNotMultiple      = "not_multiple"      // a number that is no multiple
	CodeNotAllowed       = "not_allowed"       // a value that the document excludes
	CodeNoMatch          = "no_match"          // none of the shapes of anyOf or oneOf
	CodeAmbiguous        = "ambiguous"         // more than one of the shapes of oneOf
	CodeFormat           = "format"            // not of the format
	CodeTooComplex       = "too_complex"       // more work than one value may cause, as choices hold choices
	CodeBadName          = "bad_name"          // a member whose name is not of the asked form
)

// failures are the fields of one answer.
type failures struct {
	fields        []problem.Field
	more          bool
	most          int
	all           bool                // show every name: for the developer
	shown         map[string]struct{} // the document's own names
	in, parameter string
	base          []string // where the value stands
}

func (f *failures) add(at []string, code, detail string) {
	if len(f.fields) == cmp.Or(f.most, validate.MaxErrors) {
		f.more = true
		return
	}
	pointer, whole := f.pointer(at)
	if !whole {
		detail = wire.Unshown + detail
	}
	field := problem.Field{In: f.in, Parameter: f.parameter, Pointer: pointer, Code: code, Detail: detail}
	if !slices.Contains(f.fields, field) {
		f.fields = append(f.fields, field)
	}
}

// pointer stops before a name that neither the document has nor may be shown.
func (f *failures) pointer(at []string) (p string, whole bool) {
	var b strings.Builder
	for _, name := range slices.Concat(f.base, at) {
		if _, known := f.shown[name]; !known && !f.all && !wire.IsShown(name) {
			return b.String(), false
		}
		b.WriteString("/" + wire.Escape(name))
	}
	return b.String(), true
}

// problem is the answer to all failures at once, or nil.
func (f *failures) problem() *problem.Problem {
	if len(f.fields) == 0 {
		return nil
	}
	code, what := "invalid_body", "The body is not what the document asks for here."
	for _, field := range f.fields {
		switch {
		case field.In != "" && code == "invalid_body":
			code, what = "invalid_parameters", "A parameter is not what the document asks for here."
		case field.In == "" && code == "invalid_parameters":
			code, what = "invalid_request", "Parameters and body are not what the document asks for here."
		}
	}
	said := " errors says where."
	if f.more {
		said = " errors lists the first " + strconv.Itoa(validate.MaxErrors) + " failures."
	}
	p := problem.New(http.StatusUnprocessableEntity, code, what+said)
	p.Errors = f.fields
	return p
}
