package validate

import (
	"encoding"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport-dev/sallyport/secret"

	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

type kind uint8

const (
	kindString kind = iota
	kindSecret
	kindBool
	kindInt
	kindUint
	kindFloat
	kindTime
	kindBytes
	kindSlice
	kindMap
	kindObject
	kindRaw    // jsontext.Value
	kindText   // has UnmarshalText
	kindCustom // has UnmarshalJSON
)

// shape is a Go type at one place, with the rules of that place.
type shape struct {
	kind    kind
	json    jsontext.Kind // what the JSON must be; 0 for anything
	pointer bool          // the Go type is a pointer to typ, and null is allowed
	typ     reflect.Type
	bits    int
	wrong   failure // when the JSON is something else
	rules   rules
	said    map[string]string // the rules as the tag has them, for the schema
	keys    *shape            // of a map
	elem    *shape            // of a slice or map
	object  *object           // of a struct
}

// object is a struct type. It is shared by all shapes of the type, so a type may hold
// itself.
type object struct {
	members []member
	index   map[string]int
}

type member struct {
	name     string
	pointer  string // "/name", escaped
	field    []int
	optional bool
	omitted  bool // it is not written when it is empty
	shape    *shape
}

// maxNesting is for slices of slices without a struct in between: more is a type that
// holds itself.
const maxNesting = 8

// compiler gathers every mistake in one type.
type compiler struct {
	objects map[reflect.Type]*object
	errs    []error
}

func compile(t reflect.Type) (*shape, error) {
	c := &compiler{objects: map[reflect.Type]*object{}}
	s := c.shape(t, nil, t.String(), 0)
	if s.pointer {
		c.refuse(t.String(), t.String(), "must not be a pointer: the body null would make it nil; use "+t.Elem().String())
	}
	return s, errors.Join(c.errs...)
}

func (c *compiler) refuse(where, value, reason string) {
	c.errs = append(c.errs, &ConfigError{where, value, reason})
}

func (c *compiler) shape(t reflect.Type, list []clause, where string, nesting int) *shape {
	s := &shape{typ: t}
	if t.Kind() == reflect.Pointer {
		s.pointer, s.typ = true, t.Elem()
	}
	if nesting > maxNesting {
		c.refuse(where, t.String(), "is nested too deep, or holds itself without a struct in between")
		return s
	}
	if !s.classify() {
		c.refuse(where, t.String(), "is not a type this package reads; its documentation lists those it does")
		return s
	}
	switch s.kind {
	case kindObject:
		s.object = c.object(s.typ, where)
	case kindText, kindCustom:
		c.custom(s.typ, where)
	case kindMap:
		s.keys = c.shape(s.typ.Key(), c.group(list, "keys", where), where+" keys", nesting+1)
		if s.typ.Key().Kind() != reflect.String || s.keys.kind != kindString {
			c.refuse(where, t.String(), "must have keys that are strings")
		}
		fallthrough
	case kindSlice:
		s.elem = c.shape(s.typ.Elem(), c.group(list, "each", where), where+" items", nesting+1)
	}
	c.apply(s, list, where)
	return s
}

// group returns the rules in each(…) or keys(…).
func (c *compiler) group(list []clause, name, where string) []clause {
	i := slices.IndexFunc(list, func(cl clause) bool { return cl.name == name && cl.form == '(' })
	if i < 0 {
		return nil
	}
	inner, reason := clauses(list[i].arg)
	if reason == "" && len(inner) == 0 {
		reason = "needs rules in the parentheses"
	}
	if reason != "" {
		c.refuse(where, list[i].String(), reason)
	}
	return inner
}

var (
	timeType   = reflect.TypeFor[time.Time]()
	secretType = reflect.TypeFor[secret.String]()
	rawType    = reflect.TypeFor[jsontext.Value]()
	byteType   = reflect.TypeFor[byte]()
)

// classify sets kind, json, bits and wrong from typ, and reports whether typ can be
// read at all.
func (s *shape) classify() bool {
	s.rules.max = unbounded
	wrong := func(k kind, j jsontext.Kind, detail string) bool {
		s.kind, s.json, s.wrong = k, j, failure{CodeWrongType, detail}
		return true
	}
	switch t := s.typ; {
	case t == timeType:
		return wrong(kindTime, '"', notTime.detail)
	case t == secretType:
		return wrong(kindSecret, '"', "must be a string")
	case t == rawType:
		return wrong(kindRaw, 0, "")
	case t == reflect.TypeFor[time.Duration]():
		return false
	case implements[json.UnmarshalerFrom](t), implements[json.Unmarshaler](t):
		return wrong(kindCustom, 0, "")
	case implements[encoding.TextUnmarshaler](t):
		return wrong(kindText, '"', "must be a string")
	case t.Kind() == reflect.Slice && t.Elem() == byteType:
		return wrong(kindBytes, '"', "must be a string in base64")
	}
	switch k := s.typ.Kind(); k {
	case reflect.String:
		return wrong(kindString, '"', "must be a string")
	case reflect.Bool:
		return wrong(kindBool, 't', "must be true or false")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		s.bits = s.typ.Bits()
		return wrong(kindInt, '0', "must be a whole number "+strconv.FormatInt(-1<<(s.bits-1), 10)+" to "+strconv.FormatInt(1<<(s.bits-1)-1, 10)+", without fraction or exponent")
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		s.bits = s.typ.Bits()
		return wrong(kindUint, '0', "must be a whole number 0 to "+strconv.FormatUint(1<<s.bits-1, 10)+", without fraction or exponent")
	case reflect.Float32, reflect.Float64:
		s.bits = s.typ.Bits()
		return wrong(kindFloat, '0', "must be a number that "+strconv.Itoa(s.bits)+" bits of floating point can hold")
	case reflect.Slice:
		return wrong(kindSlice, '[', "must be an array")
	case reflect.Map:
		return wrong(kindMap, '{', "must be an object")
	case reflect.Struct:
		return wrong(kindObject, '{', "must be an object")
	}
	return false
}

func implements[I any](t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[I]())
}

func (c *compiler) object(t reflect.Type, where string) *object {
	if o, ok := c.objects[t]; ok {
		return o
	}
	o := &object{index: map[string]int{}}
	c.objects[t] = o
	if t.Name() != "" {
		where = t.String()
	}
	c.members(o, t, where, nil)
	if t.NumField() > 0 && len(o.members) == 0 {
		c.refuse(where, t.String(), "has no exported field to fill")
	}
	return o
}

func (c *compiler) members(o *object, t reflect.Type, where string, path []int) {
	for f := range t.Fields() {
		place := where + "." + f.Name
		tag, tagged := f.Tag.Lookup("json")
		name, embedded, reason := nameOf(f)
		switch {
		case reason != "":
			c.refuse(place, tag, reason)
		case tag == "-" || !f.IsExported() && !f.Anonymous:
			if tag != "-" && tagged || tagOf(f) != "" {
				c.refuse(place, string(f.Tag), "the field is never filled: export it, or remove its tags")
			}
		case embedded:
			if tagOf(f) != "" {
				c.refuse(place, tagOf(f), "an embedded struct has no rules of its own; put them on its fields")
			}
			c.members(o, f.Type, place, append(slices.Clone(path), f.Index...))
		default:
			c.member(o, f, name, place, append(slices.Clone(path), f.Index...))
		}
	}
}

func (c *compiler) member(o *object, f reflect.StructField, name, place string, field []int) {
	if _, twice := o.index[name]; twice {
		c.refuse(place, name, "is the JSON name of two fields")
		return
	}
	list, reason := clauses(tagOf(f))
	if reason != "" {
		c.refuse(place, tagOf(f), reason)
		return
	}
	m := member{name: name, pointer: "/" + wire.Escape(name), field: field, omitted: strings.Contains(f.Tag.Get("json"), ",omit")}
	required := false
	list = slices.DeleteFunc(list, func(cl clause) bool {
		m.optional = m.optional || cl.name == "optional" && cl.form == 0
		required = required || cl.name == "required" && cl.form == 0
		return cl.form == 0 && (cl.name == "optional" || cl.name == "required")
	})
	if m.optional && required {
		c.refuse(place, tagOf(f), "cannot be both optional and required")
	}
	m.shape = c.shape(f.Type, list, place, 0)
	o.index[name] = len(o.members)
	o.members = append(o.members, m)
}

// nameOf returns the JSON name of a field, or that its own fields take its place.
// Tags that would change how json reads the field are refused, so that both read
// alike.
func nameOf(f reflect.StructField) (name string, embedded bool, reason string) {
	tag := f.Tag.Get("json")
	if tag == "-" {
		return "", false, ""
	}
	name, options, _ := strings.Cut(tag, ",")
	for option := range strings.SplitSeq(options, ",") {
		if option != "" && option != "omitempty" && option != "omitzero" {
			return "", false, "the json option " + strconv.Quote(option) + " is not supported"
		}
	}
	switch {
	case strings.ContainsAny(name, "\\'\"`") || strings.HasSuffix(tag, ","):
		return "", false, "the json name must be plain, without quotes and backslashes"
	case f.Anonymous && name == "":
		var s shape
		s.typ = f.Type
		if !f.IsExported() || !s.classify() || s.kind != kindObject {
			return "", false, "only an exported struct can be embedded without a json name"
		}
		return "", true, ""
	case f.Anonymous && !f.IsExported():
		return "", false, "the field is never filled: export it"
	case name == "":
		name = f.Name
	}
	return name, false, ""
}
