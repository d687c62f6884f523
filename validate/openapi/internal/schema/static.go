package schema

import "slices"

// Structural reports whether s asks for anything about the members of an object or the
// items of an array, which what is not read cannot be held to. It errs on that side.
func (s *Schema) Structural() bool {
	return s.some((*Schema).asked, func(t *Schema) bool {
		named := t.types & (1<<Array | 1<<Object)
		return named != 0 || t.properties != nil || t.patterns != nil || t.unnamed != nil || t.additional != nil || t.names != nil ||
			t.unevaluated != nil || t.unevaluatedItems != nil || t.items != nil || t.prefix != nil || t.contains != nil ||
			t.unique || t.minItems >= 0 || t.maxItems >= 0 || t.minProperties >= 0 || t.maxProperties >= 0 ||
			t.dependentRequired != nil || t.dependentSchemas != nil || t.discriminator != nil
	})
}

// Asks reports whether s asks for more than a string of bytes: what is not read cannot be
// held to that.
func (s *Schema) Asks() bool {
	return s.Structural() || s.some((*Schema).asked, func(t *Schema) bool {
		onlyText := t.types == 0 || t.types&^(typesKnown|1<<Null) == 1<<String
		return !onlyText || t.always == takesNone || t.enum != nil || t.constant != nil || t.pattern != nil || t.unmatched || t.format != nil ||
			t.minLength > 0 || t.maxLength >= 0 || t.minimum != nil || t.maximum != nil || t.above != nil || t.below != nil ||
			t.multiple != nil || t.not != nil || t.cond != nil
	})
}

// some reports whether f holds for s or a schema that s leads to by next.
func (s *Schema) some(next func(*Schema) []*Schema, f func(*Schema) bool) bool {
	seen := map[*Schema]bool{}
	var look func(*Schema) bool
	look = func(t *Schema) bool {
		if t == nil || seen[t] {
			return false
		}
		seen[t] = true
		return f(t) || slices.ContainsFunc(next(t), look)
	}
	return look(s)
}

// asked are the schemas that s may ask about the same value.
func (s *Schema) asked() []*Schema { return append(s.parts(), s.not, s.cond) }

// parts are those of them that a value which fits s may have to fit.
func (s *Schema) parts() []*Schema {
	all := []*Schema{s.ref, s.then, s.otherwise}
	if s.dynamic != nil {
		all = append(all, s.dynamic.schema)
	}
	all = append(append(append(all, s.allOf...), s.anyOf...), s.oneOf...)
	for _, d := range s.dependentSchemas {
		all = append(all, d.schema)
	}
	if d := s.discriminator; d != nil {
		all = append(append(all, d.fallback), d.others...)
		for _, name := range d.names {
			all = append(all, d.choices[name])
		}
	}
	return all
}

// Reads says how a text, such as a query parameter, has to be read to be a value that s may
// fit. Schemas that s may ask about the same value are included.
type Reads struct {
	// The types that s names, or that the values of its enum or const have.
	Boolean, Number, Text, Null, List, Object bool
	// Textual and Numeric say that, without naming a type, s asks for something of strings,
	// or of numbers.
	Textual, Numeric bool
	// Bytes says that a string is not text, as far as is known.
	Bytes bool
	// Listed says that an enum or const names the values.
	Listed bool

	// Items, Members and Others are the schemas of items, of members by their names, and of
	// other members.
	Items, Others []*Schema
	Members       map[string][]*Schema
}

// Reads looks at the schema once, when the document is loaded.
func (s *Schema) Reads() *Reads {
	r := &Reads{Members: map[string][]*Schema{}}
	s.some((*Schema).parts, func(t *Schema) bool {
		r.add(t)
		return false
	})
	return r
}

func (r *Reads) add(t *Schema) {
	for kind, has := range map[Kind]*bool{Bool: &r.Boolean, String: &r.Text, Array: &r.List, Object: &r.Object, Null: &r.Null} {
		*has = *has || t.types.has(kind)
	}
	r.Number = r.Number || t.types&(integerType|1<<Number) != 0
	r.Null = r.Null || t.orNull
	r.like(t)
	if t.types == 0 {
		numberFormat := t.formatName != "" && formats[t.formatName] != nil && formats[t.formatName].number != nil
		r.Textual = r.Textual || t.minLength >= 0 || t.maxLength >= 0 || t.pattern != nil || t.unmatched || t.formatName != "" && !numberFormat
		r.Numeric = r.Numeric || t.minimum != nil || t.maximum != nil || t.above != nil || t.below != nil || t.multiple != nil || numberFormat
	}
	r.Listed = r.Listed || t.enum != nil || t.constant != nil
	r.Bytes = r.Bytes || t.formatName == "binary" || t.encoded

	if t.items != nil {
		r.Items = append(r.Items, t.items)
	}
	r.Items = append(r.Items, t.prefix...)
	for name, p := range t.properties {
		if p.schema != nil {
			r.Members[name] = append(r.Members[name], p.schema)
		}
	}
	if t.additional != nil && t.additional.always != takesNone {
		r.Others = append(r.Others, t.additional)
	}
}

// like learns the types from the values that are allowed, where no type is named.
func (r *Reads) like(t *Schema) {
	if t.types != 0 {
		return
	}
	var values []*Value
	if t.constant != nil {
		values = append(values, t.constant)
	}
	if t.enum != nil {
		r.Text = r.Text || len(t.enum.texts) > 0
		values = append(values, t.enum.values...)
	}
	for _, v := range values {
		switch v.Kind() {
		case Bool:
			r.Boolean = true
		case Number:
			r.Number = true
		case String:
			r.Text = true
		case Null:
			r.Null = true
		}
	}
}
