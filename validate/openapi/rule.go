package openapi

import (
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// rule is a compiled schema. Where it is plain enough, quick takes a right value
// without a tree of validators; what quick does not take, the schema judges.
type rule struct {
	schema  *jsonschema.Schema
	quick   *quick
	circles *circles
	circle  bool // the schema holds itself, so the depth of a value multiplies the work
	open    bool // members that nobody has described pass
}

func (r *rule) set(s *jsonschema.Schema, c *circles) {
	r.circles = c
	r.schema, r.quick, r.circle, r.open = s, newQuick(s), c.within(s), c.open
}

// text reports whether raw, taken as the only type the schema has, is certainly right.
func (r *rule) text(raw string) bool { return r.quick != nil && r.quick.accepts(raw) }

func (r *rule) check(v any, f *failures) bool {
	if r.schema == nil {
		return true
	}
	if r.circle && !r.fits(v) {
		f.add(nil, CodeTooComplex, tooComplex)
		return false
	}
	err, found, ok := r.schema.Validate(v), []stray(nil), true
	if !r.open {
		found, ok = strays(r.schema, v, forRequests)
	}
	if !ok {
		f.add(nil, CodeTooComplex, tooComplex)
		return false
	}
	f.addSchema(err, found)
	return err == nil && len(found) == 0
}

const (
	tooComplex    = "could be meant in too many ways; nest it less"
	unknownMember = "is not a member of this object"
)

// quick is a schema of one scalar type with bounds, an enum, a pattern or a format.
type quick struct {
	kind     string
	enum     []string
	low, top int64
	min, max int
	pattern  jsonschema.Regexp
	format   *jsonschema.Format
}

// newQuick returns nil for what it does not know every keyword of.
func newQuick(s *jsonschema.Schema) *quick {
	for n := 0; s.Ref != nil && n < 16 && onlyRef(s); n++ {
		s = s.Ref
	}
	kind := kindOf(s)
	if s.Ref != nil || !bare(s) {
		return nil
	}
	q := &quick{kind: kind, low: -1 << 63, top: 1<<63 - 1, max: 1 << 30, pattern: s.Pattern, format: s.Format}
	if s.MinLength != nil {
		q.min = *s.MinLength
	}
	if s.MaxLength != nil {
		q.max = *s.MaxLength
	}
	ok := true
	if s.Minimum != nil {
		q.low, ok = s.Minimum.Num().Int64(), s.Minimum.IsInt() && s.Minimum.Num().IsInt64()
	}
	if s.Maximum != nil {
		q.top, ok = s.Maximum.Num().Int64(), ok && s.Maximum.IsInt() && s.Maximum.Num().IsInt64()
	}
	switch {
	case s.Format != nil && s.Format.Name == "int32":
		q.low, q.top, q.format = max(q.low, -1<<31), min(q.top, 1<<31-1), nil
	case s.Format != nil && s.Format.Name == "int64":
		q.format = nil
	}
	if s.Enum != nil {
		q.enum = []string{}
		for _, v := range s.Enum.Values {
			text, isText := v.(string)
			q.enum, ok = append(q.enum, text), ok && isText && q.kind == "string"
		}
	}
	if !ok || q.kind != "string" && q.kind != "integer" && q.kind != "boolean" {
		return nil
	}
	return q
}

// kindOf is the only type that s takes, as far as a quick can tell.
func kindOf(s *jsonschema.Schema) string {
	if s.Types != nil {
		if types := s.Types.ToStrings(); len(types) == 1 {
			return types[0]
		}
		return ""
	}
	if s.Enum != nil {
		return "string" // newQuick looks at the values
	}
	return ""
}

// onlyRef reports whether s is nothing but a reference.
func onlyRef(s *jsonschema.Schema) bool {
	return bare(s) && s.Types == nil && s.Enum == nil && s.Format == nil && s.Pattern == nil && s.MinLength == nil && s.MaxLength == nil && s.Minimum == nil && s.Maximum == nil
}

// bare reports whether s has no keyword about scalars but those of a quick and $ref.
func bare(s *jsonschema.Schema) bool {
	return s.Bool == nil && s.DynamicRef == nil && s.RecursiveRef == nil && s.Const == nil && s.Not == nil && s.AllOf == nil && s.AnyOf == nil && s.OneOf == nil &&
		s.If == nil && s.Then == nil && s.Else == nil && s.ExclusiveMinimum == nil && s.ExclusiveMaximum == nil && s.MultipleOf == nil &&
		s.ContentEncoding == nil && s.ContentMediaType == nil && len(s.Extensions) == 0
}

func (q *quick) accepts(raw string) bool {
	switch q.kind {
	case "boolean":
		return raw == "true" || raw == "false"
	case "integer":
		return q.integer(raw)
	}
	n := utf8.RuneCountInString(raw)
	return n >= q.min && n <= q.max && utf8.ValidString(raw) && (q.enum == nil || slices.Contains(q.enum, raw)) &&
		(q.pattern == nil || q.pattern.MatchString(raw)) && (q.format == nil || q.format.Validate(raw) == nil)
}

// integer takes the plain spellings of up to 18 digits; the schema takes the rest.
func (q *quick) integer(raw string) bool {
	digits := raw
	if raw != "" && raw[0] == '-' {
		digits = raw[1:]
	}
	if digits == "" || len(digits) > 18 || digits[0] == '0' && len(digits) > 1 {
		return false
	}
	n, err := strconv.ParseInt(raw, 10, 64)
	return err == nil && raw[0] != '+' && n >= q.low && n <= q.top && q.format == nil
}
