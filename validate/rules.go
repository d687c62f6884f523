package validate

import (
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// The codes of the fields in a 422. The list is closed.
const (
	CodeRequired      = "required"       // a member is missing
	CodeUnknownMember = "unknown_member" // a member nobody knows

	CodeUnknownParameter = "unknown_parameter" // a query parameter nobody knows
	CodeDuplicate        = "duplicate"         // a parameter twice that is no list
	CodeMalformed        = "malformed"         // a value of the path that another reader takes for another path

	CodeWrongType = "wrong_type"       // another JSON type, or a number the Go type cannot hold
	CodeNull      = "null_not_allowed" // null
	CodeTooShort  = "too_short"        // a text or bytes under min
	CodeTooLong   = "too_long"         // a text or bytes over max
	CodeTooFew    = "too_few"          // items or members under min
	CodeTooMany   = "too_many"         // items or members over max
	CodeTooSmall  = "too_small"        // a number under min
	CodeTooLarge  = "too_large"        // a number over max
	CodeNotInEnum = "not_in_enum"
	CodePattern   = "pattern"
	CodeNotEmail  = "not_email"
	CodeNotURL    = "not_url"
	CodeNotUUID   = "not_uuid"
	CodeNotTime   = "not_time"
	CodeNotDate   = "not_date"
	CodeNotBase64 = "not_base64"
	CodeNotUnique = "not_unique"
	CodeNotUTF8   = "not_utf8"  // only from Value and in a path
	CodeTooDeep   = "too_deep"  // only from Value, for a Go value that holds itself
	CodeBadValue  = "bad_value" // refused by the type's own UnmarshalText or UnmarshalJSON
)

// failure is one thing to say about a value. Both texts are made at New.
type failure struct{ code, detail string }

var (
	missing       = failure{CodeRequired, "must be present"}
	unknownMember = failure{CodeUnknownMember, "is not a member of this object"}
	isNull        = failure{CodeNull, "must not be null; leave an optional member out"}
	notTime       = failure{CodeNotTime, "must be a time such as 2026-01-31T09:30:00Z"}
	notBase64     = failure{CodeNotBase64, "must be base64 of RFC 4648 section 4, with padding"}
	notUnique     = failure{CodeNotUnique, "must not have the same item twice"}
	notUTF8       = failure{CodeNotUTF8, "must be UTF-8"}
	nestedTooDeep = failure{CodeTooDeep, "is nested too deep"}
	badValue      = failure{CodeBadValue, "is not a value that can stand here"}
)

const unbounded = -1

type check[V any] struct {
	ok func(V) bool
	failure
}

// rules is what a tag compiles to.
type rules struct {
	min, max    int // size; max may be unbounded
	short, long failure
	texts       []check[string]
	ints        []check[int64]
	uints       []check[uint64]
	floats      []check[float64]
	unique      bool
}

func each[V any](w *walk, checks []check[V], v V) {
	for i := range checks {
		if !checks[i].ok(v) {
			w.fail(checks[i].failure)
		}
	}
}

// text checks a string. After too_long nothing else is looked at: the size is the
// bound on the work of the other rules.
func (w *walk) text(r *rules, s string) {
	if r.overlong(len(s)) || !w.size(r, utf8.RuneCountInString(s)) {
		if r.overlong(len(s)) {
			w.fail(r.long)
		}
		return
	}
	each(w, r.texts, s)
}

// overlong tells from the bytes alone that a text has more than max code points.
func (r *rules) overlong(bytes int) bool {
	return r.max != unbounded && bytes > utf8.UTFMax*r.max
}

// size reports false when n is over max.
func (w *walk) size(r *rules, n int) bool {
	if n < r.min {
		w.fail(r.short)
	}
	if r.max != unbounded && n > r.max {
		w.fail(r.long)
		return false
	}
	return true
}

// unique is called with at most max items.
func (w *walk) unique(v reflect.Value) {
	seen := make(map[any]struct{}, v.Len())
	for i := range v.Len() {
		seen[v.Index(i).Interface()] = struct{}{}
	}
	if len(seen) < v.Len() {
		w.fail(notUnique)
	}
}

// inspect checks a Go value that was not decoded here.
func (w *walk) inspect(s *shape, v reflect.Value) {
	if s.pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	if len(w.path) > maxDepth {
		w.fail(nestedTooDeep)
		return
	}
	switch s.kind {
	case kindString:
		w.inspectText(s, v.String())
	case kindSecret:
		w.inspectText(s, revealed(v))
	case kindInt:
		each(w, s.rules.ints, v.Int())
	case kindUint:
		each(w, s.rules.uints, v.Uint())
	case kindFloat:
		each(w, s.rules.floats, v.Float())
	case kindBytes:
		w.size(&s.rules, v.Len())
	case kindSlice:
		w.inspectSlice(s, v)
	case kindMap:
		w.inspectMap(s, v)
	case kindObject:
		for i := range s.object.members {
			m := &s.object.members[i]
			if f := v.FieldByIndex(m.field); !m.optional || !m.shape.isZero(f) {
				w.push(step{pointer: m.pointer})
				w.inspect(m.shape, f)
				w.pop()
			}
		}
	}
}

// isZero takes a secret for what it holds: an empty one may still not be the zero value.
func (s *shape) isZero(v reflect.Value) bool {
	return v.IsZero() || s.kind == kindSecret && !s.pointer && revealed(v) == ""
}

func (w *walk) inspectText(s *shape, text string) {
	if !utf8.ValidString(text) {
		w.fail(notUTF8)
		return
	}
	w.text(&s.rules, text)
}

func (w *walk) inspectSlice(s *shape, v reflect.Value) {
	if !w.size(&s.rules, v.Len()) {
		return
	}
	for i := range v.Len() {
		w.push(step{index: i, item: true})
		w.inspect(s.elem, v.Index(i))
		w.pop()
	}
	if s.rules.unique {
		w.unique(v)
	}
}

func (w *walk) inspectMap(s *shape, v reflect.Value) {
	if !w.size(&s.rules, v.Len()) {
		return
	}
	for _, key := range sortedKeys(v) {
		w.push(step{name: key.String(), foreign: true})
		w.inspectText(s.keys, key.String())
		w.inspect(s.elem, v.MapIndex(key))
		w.pop()
	}
}

func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}
