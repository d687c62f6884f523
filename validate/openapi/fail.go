package openapi

import (
	"cmp"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

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
	CodeNotMultiple      = "not_multiple"      // a number that is no multiple
	CodeNotAllowed       = "not_allowed"       // a value that the document excludes
	CodeNoMatch          = "no_match"          // none of the shapes of anyOf or oneOf
	CodeAmbiguous        = "ambiguous"         // more than one of the shapes of oneOf
	CodeFormat           = "format"            // not of the format
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

// said is one failure before it is put into words for the client.
type said struct {
	at           []string
	code, detail string
	known        bool // the place is named by the document
	leftOver     bool // by unevaluatedProperties: no schema that holds speaks of it
}

// addSchema notes what the schema says of a value, in the order of the places.
func (f *failures) addSchema(err error) {
	invalid, ok := err.(*jsonschema.ValidationError)
	if !ok {
		return
	}
	var leaves []*jsonschema.ValidationError
	gather(&leaves, invalid)
	var all []said
	for _, leaf := range leaves {
		all = explain(all, leaf)
	}
	slices.SortStableFunc(all, func(a, b said) int {
		return cmp.Or(slices.CompareFunc(a.at, b.at, byNumber), cmp.Compare(a.code, b.code))
	})
	wrong := wrongObjects(all)
	for _, s := range all {
		if s.leftOver && f.misled(s, wrong) {
			continue
		}
		if s.known {
			f.addKnown(s.at, s.code, s.detail)
			continue
		}
		f.add(s.at, s.code, s.detail)
	}
}

// byNumber has item 2 come before item 10.
func byNumber(a, b string) int {
	if a != "" && b != "" && wire.IsDigit(a[0]) && wire.IsDigit(b[0]) {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	}
	return cmp.Compare(a, b)
}

// wrongObjects are the places at or below which something else fails than a member that
// is left over.
func wrongObjects(all []said) map[string]bool {
	if !slices.ContainsFunc(all, func(s said) bool { return s.leftOver }) {
		return nil
	}
	wrong := map[string]bool{}
	for _, s := range all {
		for n := range len(s.at) + 1 {
			if s.leftOver {
				break
			}
			wrong[strings.Join(s.at[:n], "\x00")] = true
		}
	}
	return wrong
}

// misled reports whether a member that the document knows is left over only because the
// schema that speaks of it fails for another reason.
func (f *failures) misled(s said, wrong map[string]bool) bool {
	_, ours := f.shown[s.at[len(s.at)-1]]
	return ours && wrong[strings.Join(s.at[:len(s.at)-1], "\x00")]
}

// gather keeps the failures that say something: those of the one choice that was meant,
// and of everything that had to hold.
func gather(to *[]*jsonschema.ValidationError, e *jsonschema.ValidationError) {
	switch k := e.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf:
		if one, ok := k.(*kind.OneOf); ok && one.Subschemas != nil {
			break
		}
		if meant := meantChoice(e); meant != nil {
			gather(to, meant)
			return
		}
	case *kind.Contains, *kind.MinContains, *kind.PropertyNames, *kind.ContentSchema:
	default:
		if len(e.Causes) > 0 {
			for _, cause := range e.Causes {
				gather(to, cause)
			}
			return
		}
	}
	*to = append(*to, e)
}

// meantChoice is the only one of the choices whose type is the value's.
func meantChoice(e *jsonschema.ValidationError) (meant *jsonschema.ValidationError) {
	for _, choice := range e.Causes {
		if otherType(choice, len(e.InstanceLocation)) {
			continue
		}
		if meant != nil {
			return nil
		}
		meant = choice
	}
	return meant
}

func otherType(e *jsonschema.ValidationError, depth int) bool {
	if _, ok := e.ErrorKind.(*kind.Type); ok {
		return len(e.InstanceLocation) == depth
	}
	if len(e.Causes) == 1 {
		return otherType(e.Causes[0], depth)
	}
	return false
}

// explain appends what e says, once for every member it is about.
func explain(to []said, e *jsonschema.ValidationError) []said {
	at := e.InstanceLocation
	each := func(names []string, code, detail string, known bool) []said {
		for _, name := range names {
			to = append(to, said{at: append(slices.Clone(at), name), code: code, detail: detail, known: known})
		}
		return to
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		return each(k.Missing, validate.CodeRequired, "must be present", true)
	case *kind.DependentRequired:
		return each(k.Missing, validate.CodeRequired, "must be present beside what is there", true)
	case *kind.AdditionalProperties:
		return each(k.Properties, validate.CodeUnknownMember, "is not a member of this object", false)
	case *kind.PropertyNames:
		return append(to, badName(k.Property))
	}
	code, detail := reason(e)
	_, never := e.ErrorKind.(*kind.FalseSchema)
	return append(to, said{at: at, code: code, detail: detail, leftOver: never && len(at) > 0 && strings.HasSuffix(e.SchemaURL, "/unevaluatedProperties")})
}

// badName stands for the whole value: the compiler does not say reliably in which object
// the name is.
func badName(name string) said {
	detail := "has a member whose name is not of the form asked for"
	if wire.IsShown(name) {
		detail = "has a member, " + name + ", whose name is not of the form asked for"
	}
	return said{code: CodeBadName, detail: detail}
}

// addKnown notes a place that the document names, whatever the name looks like.
func (f *failures) addKnown(at []string, code, detail string) {
	name := at[len(at)-1]
	if _, ok := f.shown[name]; ok || f.all || wire.IsShown(name) {
		f.add(at, code, detail)
		return
	}
	f.add(at[:len(at)-1], code, "the member "+name+" "+detail)
}

// reason says what was asked, from the schema alone: the value is never in it.
func reason(e *jsonschema.ValidationError) (code, detail string) {
	switch k := e.ErrorKind.(type) {
	case *kind.Type:
		if k.Got == "null" {
			return validate.CodeNull, "must not be null; it must be " + orList(k.Want)
		}
		return validate.CodeWrongType, "must be " + orList(k.Want)
	case *kind.Enum:
		return validate.CodeNotInEnum, "must be one of: " + values(k.Want)
	case *kind.Const:
		return validate.CodeNotInEnum, "must be " + values([]any{k.Want})
	case *kind.MinLength:
		return validate.CodeTooShort, "must have at least " + count(k.Want, "character")
	case *kind.MaxLength:
		return validate.CodeTooLong, "must have at most " + count(k.Want, "character")
	case *kind.MinItems:
		return validate.CodeTooFew, "must have at least " + count(k.Want, "item")
	case *kind.MaxItems:
		return validate.CodeTooMany, "must have at most " + count(k.Want, "item")
	case *kind.MinProperties:
		return validate.CodeTooFew, "must have at least " + count(k.Want, "member")
	case *kind.MaxProperties:
		return validate.CodeTooMany, "must have at most " + count(k.Want, "member")
	case *kind.Minimum:
		return validate.CodeTooSmall, "must be at least " + decimal(k.Want)
	case *kind.Maximum:
		return validate.CodeTooLarge, "must be at most " + decimal(k.Want)
	case *kind.ExclusiveMinimum:
		return validate.CodeTooSmall, "must be more than " + decimal(k.Want)
	case *kind.ExclusiveMaximum:
		return validate.CodeTooLarge, "must be less than " + decimal(k.Want)
	case *kind.MultipleOf:
		return CodeNotMultiple, "must be a multiple of " + decimal(k.Want)
	case *kind.Pattern:
		return validate.CodePattern, "must match " + k.Want
	case *kind.Format:
		return formatReason(k.Want)
	}
	return rareReason(e)
}

func rareReason(e *jsonschema.ValidationError) (code, detail string) {
	switch k := e.ErrorKind.(type) {
	case *kind.UniqueItems:
		return validate.CodeNotUnique, "must not have the same item twice"
	case *kind.Contains:
		return validate.CodeTooFew, "must have an item of the kind asked here"
	case *kind.MinContains:
		return validate.CodeTooFew, "must have at least " + count(k.Want, "item") + " of the kind asked here"
	case *kind.MaxContains:
		return validate.CodeTooMany, "must have at most " + count(k.Want, "item") + " of the kind asked here"
	case *kind.AnyOf:
		return CodeNoMatch, "must have one of the shapes that the document allows here"
	case *kind.OneOf:
		if k.Subschemas != nil {
			return CodeAmbiguous, "must have one shape that the document allows here, and has several"
		}
		return CodeNoMatch, "must have one of the shapes that the document allows here"
	case *kind.FalseSchema:
		if strings.HasSuffix(e.SchemaURL, "/unevaluatedProperties") || strings.HasSuffix(e.SchemaURL, "/additionalProperties") {
			return validate.CodeUnknownMember, "is not a member of this object"
		}
		if strings.HasSuffix(e.SchemaURL, "/unevaluatedItems") || strings.HasSuffix(e.SchemaURL, "/items") {
			return validate.CodeTooMany, "is an item more than may be here"
		}
	}
	return CodeNotAllowed, "is not allowed here"
}

func formatReason(name string) (code, detail string) {
	for i := range formats {
		if formats[i].name == name {
			return formats[i].code, formats[i].detail
		}
	}
	return CodeFormat, "must be of the format " + name
}

func count(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return strconv.Itoa(n) + " " + unit + "s"
}

func orList(types []string) string {
	named := make([]string, len(types))
	for i, t := range types {
		switch t {
		case "null":
			named[i] = t
		case "integer", "array", "object":
			named[i] = "an " + t
		default:
			named[i] = "a " + t
		}
	}
	return strings.Join(named, " or ")
}

// values writes what the document lists, cut where that is long.
func values(list []any) string {
	var b strings.Builder
	for i, v := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		text, isText := v.(string)
		if !isText {
			data, _ := json.Marshal(v, json.Deterministic(true))
			text = string(data)
		}
		if b.Len()+len(text) > 512 {
			return b.String() + "…"
		}
		b.WriteString(text)
	}
	return b.String()
}

func decimal(r *big.Rat) string {
	if r.IsInt() {
		return r.RatString()
	}
	if places, exact := r.FloatPrec(); exact {
		return r.FloatString(places)
	}
	return r.RatString()
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
