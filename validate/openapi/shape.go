package openapi

import (
	"encoding/json" // for Number alone
	"slices"
	"strconv"
	"strings"

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

// maxShapes bounds the shapes of a document. What has none is read as if it had no type.
const maxShapes = 50_000

// shapeOf returns the shape of a schema, which is known once all schemas are compiled.
func (w *walker) shapeOf(t *schema.Schema) *shape {
	s := &shape{}
	w.later(func() { *s = *w.learn([]*schema.Schema{t}) })
	return s
}

// learn returns the shape of a value that several schemas are asked about, nil where there is none. A shape may hold
// itself, as schemas do.
func (w *walker) learn(schemas []*schema.Schema) *shape {
	if len(schemas) == 0 {
		return nil
	}
	slices.SortFunc(schemas, func(a, b *schema.Schema) int { return a.ID() - b.ID() })
	var key strings.Builder
	schemas = slices.Compact(schemas)
	for _, t := range schemas {
		key.WriteString(strconv.Itoa(t.ID()) + " ")
	}
	if s, ok := w.learned[key.String()]; ok {
		return s
	}
	if len(w.learned) == maxShapes {
		return &shape{}
	}
	s := &shape{}
	w.learned[key.String()] = s

	all := schema.Reads{Members: map[string][]*schema.Schema{}}
	for _, t := range schemas {
		s.add(t.Reads(), &all)
	}
	s.items, s.others = w.learn(all.Items), w.learn(all.Others)
	for _, name := range sortedKeys(all.Members) {
		if s.members == nil {
			s.members = map[string]*shape{}
		}
		s.members[name] = w.learn(all.Members[name])
	}
	return s
}

// add adds what one schema says, and to all what it says of items and members.
func (s *shape) add(r, all *schema.Reads) {
	s.boolean, s.number, s.text = s.boolean || r.Boolean, s.number || r.Number, s.text || r.Text
	s.null, s.list, s.object = s.null || r.Null, s.list || r.List, s.object || r.Object
	s.textual, s.numeric, s.bytes = s.textual || r.Textual, s.numeric || r.Numeric, s.bytes || r.Bytes
	s.listed = s.listed || r.Listed
	all.Items, all.Others = append(all.Items, r.Items...), append(all.Others, r.Others...)
	for name, schemas := range r.Members {
		all.Members[name] = append(all.Members[name], schemas...)
	}
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

// twofold is a value within another whose schema names no type, and asks of numbers and of strings: it has to fit as
// both.
type twofold struct{ number, text any }

// reading is what a text within another value stands for: the first of the readings, or both of a twofold.
func (s *shape) reading(text string) any { return s.within(s.readings(text)) }

func (s *shape) within(readings []any) any {
	if s != nil && s.untyped() && s.textual && s.numeric && len(readings) > 1 {
		return twofold{readings[0], readings[len(readings)-1]}
	}
	return readings[0]
}

// resolved returns a value with the numbers or the texts in place of what is twofold, and reports whether there was
// any.
func resolved(v any, text bool) (out any, some bool) {
	switch v := v.(type) {
	case twofold:
		if text {
			return v.text, true
		}
		return v.number, true
	case []any:
		list := make([]any, len(v))
		for i := range v {
			var one bool
			list[i], one = resolved(v[i], text)
			some = some || one
		}
		return list, some
	case map[string]any:
		m := make(map[string]any, len(v))
		for name := range v {
			var one bool
			m[name], one = resolved(v[name], text)
			some = some || one
		}
		return m, some
	}
	return v, false
}

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
