package schema

import (
	"github.com/sallyport-dev/sallyport/validate/openapi/internal/pattern"
	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// Direction is the way that values go.
type Direction struct {
	mark         string // the keyword of members that do not go this way
	code, detail string // what is said of one that does
}

// The directions.
var (
	Requests  = Direction{"readOnly", CodeReadOnly, "is set by the server; leave it out"}
	Responses = Direction{"writeOnly", CodeWriteOnly, "is for requests alone"}
)

// Schema is a compiled schema. It is immutable once [Compiler.Finish] has returned, and
// safe for concurrent use.
type Schema struct {
	always verdict // of a boolean schema
	types  types
	barred bool // by the direction's keyword
	set    *settings
	home   *resource

	constant *Value
	enum     *enum

	minLength, maxLength int // -1 for none
	pattern              *pattern.Pattern
	unmatched            bool // has a pattern that cannot be matched here
	format               *format
	formatName           string
	encoded              bool // has contentEncoding or contentMediaType

	minimum, maximum, above, below, multiple *bound

	minItems, maxItems       int
	minContains, maxContains int
	unique                   bool
	prefix                   []*Schema
	items, contains          *Schema
	unevaluatedItems         *Schema

	minProperties, maxProperties int
	properties                   map[string]*property
	folded                       map[string]struct{} // the names of properties, where case matters
	required                     []string
	patterns                     []patternProperty
	unnamed                      []*Schema // of patternProperties whose pattern cannot be matched here
	additional                   *Schema
	names                        *Schema
	unevaluated                  *Schema
	dependentRequired            []dependency
	dependentSchemas             []dependency

	ref             *Schema
	dynamic         *dynamicRef
	allOf           []*Schema
	anyOf, oneOf    []*Schema
	not             *Schema
	cond            *Schema
	then, otherwise *Schema
	discriminator   *discriminator

	id     int // among those of the compiler
	at     spec.Cursor
	orNull bool                // nullable beside a choice, in OpenAPI 3.0
	spared map[string]struct{} // members that are barred, and so not required: see barNames
}

// ID returns a number that no other schema of the compiler has.
func (s *Schema) ID() int { return s.id }

// verdict is what a boolean schema says.
type verdict uint8

const (
	asks verdict = iota // it is no boolean
	takesAll
	takesNone
)

// types is a set of kinds. Every number is of integer or number as its value is.
type types uint8

const (
	integerType types = 1 << 6
	typesKnown  types = 1 << 7 // set where type is given, so that no set is empty
)

func (t types) has(k Kind) bool { return t&(1<<k) != 0 }

// property is what properties and required say of one name.
type property struct {
	schema   *Schema // nil where the name is required alone
	required bool
}

type patternProperty struct {
	pattern *pattern.Pattern
	schema  *Schema
}

// dependency is what the presence of a member asks for.
type dependency struct {
	name     string
	required []string
	schema   *Schema
}

// dynamicRef is a $dynamicRef: the schema that it means by itself, and the anchor by which
// an outer resource may replace it (JSON Schema 2020-12 §8.2.3.2).
type dynamicRef struct {
	schema *Schema
	anchor string // empty where the target is no $dynamicAnchor
}

// discriminator decides which of several schemas is meant.
type discriminator struct {
	property string
	choices  map[string]*Schema
	names    []string
	fallback *Schema   // defaultMapping
	others   []*Schema // for what is no object
}

// enum is a list of values.
type enum struct {
	texts  map[string]struct{} // the strings
	values []*Value            // the others
	list   []any
}

// resource is a schema with an $id, or a whole file. Anchors are names within it.
type resource struct {
	base    string
	root    spec.Cursor
	anchors map[string]spec.Cursor
	dynamic map[string]*Schema
}

// settings hold for all schemas of a compiler.
type settings struct {
	direction   Direction
	open        bool // members that no schema describes pass
	unevaluated bool // some schema has unevaluatedItems or unevaluatedProperties
	dynamic     bool // some schema has $dynamicRef
	barred      bool // some schema has the direction's keyword
	folds       bool // members whose names differ from a described one in case alone do not pass
	ambiguous   bool // names of properties differ in case alone
}
