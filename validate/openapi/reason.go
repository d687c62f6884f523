package openapi

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/sallyport-dev/sallyport/validate"
)

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
			return validate.CodeUnknownMember, unknownMember
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
