package openapi

import (
	"cmp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/sallyport-dev/sallyport/validate"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// said is one failure before it is put into words for the client.
type said struct {
	at           []string
	code, detail string
	known        bool // the place is named by the document
	leftOver     bool // no schema that holds speaks of it
}

// addSchema notes what the schema says of a value, and the members it does not speak of,
// in the order of the places.
func (f *failures) addSchema(err error, strays []stray) {
	var leaves []*jsonschema.ValidationError
	if invalid, ok := err.(*jsonschema.ValidationError); ok {
		gather(&leaves, invalid)
	}
	var all []said
	for _, s := range strays {
		all = append(all, s.said())
	}
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
	switch e.ErrorKind.(type) {
	case *kind.Type:
		return len(e.InstanceLocation) == depth
	case *kind.FalseSchema: // see probed
		return strings.HasSuffix(e.SchemaURL, "/else")
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
		return each(k.Properties, validate.CodeUnknownMember, unknownMember, false)
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
