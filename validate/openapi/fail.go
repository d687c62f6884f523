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
	"github.com/sallyport-dev/sallyport/validate/openapi/internal/schema"
)

// The codes of a 422's fields, beside those of package validate.
const (
	CodeDuplicate        = "duplicate"         // a parameter, or a part of a form, twice
	CodeUnknownParameter = "unknown_parameter" // a query parameter the document does not have
	CodeMalformed        = "malformed"         // not of the parameter's style, or not JSON where it holds JSON

	CodeReadOnly    = schema.CodeReadOnly
	CodeWriteOnly   = schema.CodeWriteOnly
	CodeNotMultiple = schema.CodeNotMultiple
	CodeNotAllowed  = schema.CodeNotAllowed
	CodeNoMatch     = schema.CodeNoMatch
	CodeAmbiguous   = schema.CodeAmbiguous
	CodeFormat      = schema.CodeFormat
	CodeTooComplex  = schema.CodeTooComplex
	CodeBadName     = schema.CodeBadName
)

// failures are the fields of one answer.
type failures struct {
	fields        []problem.Field
	more          bool
	most          int
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

// addAll notes the failures of a value.
func (f *failures) addAll(list []schema.Failure, more bool) {
	for _, one := range list {
		if one.Known {
			f.addKnown(one.Path, one.Code, one.Detail)
			continue
		}
		f.add(one.Path, one.Code, one.Detail)
	}
	f.more = f.more || more
}

// addKnown notes a place that the document names, whatever the name looks like.
func (f *failures) addKnown(at []string, code, detail string) {
	name := at[len(at)-1]
	if _, ok := f.shown[name]; ok || wire.IsShown(name) {
		f.add(at, code, detail)
		return
	}
	f.add(at[:len(at)-1], code, "the member "+name+" "+detail)
}

// pointer stops before a name that neither the document has nor may be shown.
func (f *failures) pointer(at []string) (p string, whole bool) {
	var b strings.Builder
	for _, name := range slices.Concat(f.base, at) {
		if _, known := f.shown[name]; !known && !wire.IsShown(name) {
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
