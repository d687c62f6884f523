package openapi

import (
	"encoding/json" // for Number alone

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/schema"
)

// shape is what a schema says about how a text has to be read: as a number, a list, an
// object. Whether the result is right, the schema says.
type shape struct {
	boolean, number, text, null, list, object bool
	textual, numeric                          bool // what it asks where it names no type
	bytes                                     bool // in a part: not text, as far as is known
	listed                                    bool // an enum or const says which values there are

	items   *shape
	members map[string]*shape
	others  *shape // of members without a name, where the schema speaks of them
}

// shapeOf returns the shape of a schema, which is known once all schemas are compiled.
func (w *walker) shapeOf(t *schema.Schema) *shape {
	s := &shape{}
	w.later(func() { s.learn(0, t) })
	return s
}

// maxShape is how deep a shape goes: an object, its members, and the items of those.
const maxShape = 2

func (s *shape) learn(depth int, schemas ...*schema.Schema) {
	for _, t := range schemas {
		r := t.Reads()
		s.boolean, s.number, s.text = s.boolean || r.Boolean, s.number || r.Number, s.text || r.Text
		s.null, s.list, s.object = s.null || r.Null, s.list || r.List, s.object || r.Object
		s.textual, s.numeric, s.bytes = s.textual || r.Textual, s.numeric || r.Numeric, s.bytes || r.Bytes
		s.listed = s.listed || r.Listed
		if depth == maxShape {
			continue
		}
		s.items = deeper(s.items, depth, r.Items)
		s.others = deeper(s.others, depth, r.Others)
		for name, schemas := range r.Members {
			if s.members == nil {
				s.members = map[string]*shape{}
			}
			s.members[name] = deeper(s.members[name], depth, schemas)
		}
	}
}

func deeper(s *shape, depth int, schemas []*schema.Schema) *shape {
	if len(schemas) == 0 {
		return s
	}
	if s == nil {
		s = &shape{}
	}
	s.learn(depth+1, schemas...)
	return s
}

// untyped reports whether the schema names no type.
func (s *shape) untyped() bool {
	return s == nil || !s.boolean && !s.number && !s.text && !s.null && !s.list && !s.object
}

// isOpenText reports whether a text may have any characters, as far as is known here.
func (s *shape) isOpenText() bool { return s == nil || (s.text || s.untyped()) && !s.listed }

// readings are the values that a text may stand for, the most particular one first. A
// text that has none of the types is itself, for the schema to refuse. Where no type is
// named, what is asked of strings is asked of the text, which is what stands on the wire.
func (s *shape) readings(text string) []any {
	untyped := s.untyped()
	textual := untyped && s != nil && s.textual
	numeric := untyped && s != nil && s.numeric
	var all []any
	if (untyped && !textual && !numeric || !untyped && s.boolean) && (text == "true" || text == "false") {
		all = append(all, text == "true")
	}
	if (untyped && (numeric || !textual) || !untyped && s.number) && schema.IsNumber(text) {
		all = append(all, json.Number(text))
	}
	if !untyped && s.null && text == "" {
		all = append(all, nil)
	}
	if untyped && (textual || !numeric) || !untyped && s.text || len(all) == 0 {
		all = append(all, text)
	}
	return all
}

// judge holds a text to a rule. One of the readings has to fit; all of them where the
// schema names no type, and so says nothing about which one is meant. Where it fails, the
// failures of the first are told.
func (s *shape) judge(r *rule, readings []any, f *failures) bool {
	if s.untyped() {
		for _, v := range readings {
			if !r.check(v, f) {
				return false
			}
		}
		return true
	}
	for _, v := range readings[1:] {
		scratch := failures{most: 1}
		if r.check(v, &scratch) {
			return true
		}
	}
	return r.check(readings[0], f)
}

// reading is the first of the readings.
func (s *shape) reading(text string) any { return s.readings(text)[0] }

// member is the shape of a member by its name, nil where nothing is said.
func (s *shape) member(name string) *shape {
	if s == nil {
		return nil
	}
	if m, ok := s.members[name]; ok {
		return m
	}
	return s.others
}

// array reads every part as an item.
func (s *shape) array(parts []string) any {
	list := make([]any, len(parts))
	for i, part := range parts {
		if s == nil {
			list[i] = part
			continue
		}
		list[i] = s.items.reading(part)
	}
	return list
}
