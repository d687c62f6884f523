package openapi

import (
	"encoding/json" // for Number alone
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// shape is what a schema says about how a text has to be read: as a number, a list, an
// object. Whether the result is right, the schema says.
type shape struct {
	boolean, number, text, null, list, object bool
	bytes                                     bool // in a part: not text, as far as is known

	items   *shape
	members map[string]*shape
	others  *shape // of members without a name, where the schema speaks of them
}

// shapeOf reads the schema at c as far as it can be told without a value.
func shapeOf(c spec.Cursor) *shape {
	s := &shape{}
	s.merge(c, 0, seen{})
	return s
}

// maxShape is how deep a shape goes: an object, its members, and the items of those.
const maxShape = 2

func (s *shape) merge(c spec.Cursor, depth int, been seen) {
	m, ok := c.Value.(map[string]any)
	if !ok || been.before(c) {
		return
	}
	if ref, ok := m["$ref"].(string); ok && !isAbsolute(ref) {
		if target, err := c.Follow(ref); err == nil {
			s.merge(target, depth, been)
		}
	}
	s.types(m)
	for _, keyword := range []string{"allOf", "anyOf", "oneOf"} {
		list, _ := c.Get(keyword)
		list.Each(func(item spec.Cursor) { s.merge(item, depth, been) })
	}
	if depth == maxShape {
		return
	}
	if items, ok := c.Get("items"); ok {
		s.items = deeper(s.items, items, depth)
	}
	if others, ok := c.Get("additionalProperties"); ok && others.Value != false {
		s.others = deeper(s.others, others, depth)
	}
	properties, _ := c.Get("properties")
	properties.Members(func(name string, member spec.Cursor) {
		if s.members == nil {
			s.members = map[string]*shape{}
		}
		s.members[name] = deeper(s.members[name], member, depth)
	})
}

func deeper(s *shape, c spec.Cursor, depth int) *shape {
	if s == nil {
		s = &shape{}
	}
	s.merge(c, depth+1, seen{})
	return s
}

func (s *shape) types(m map[string]any) {
	names, _ := m["type"].([]any)
	if one, ok := m["type"]; ok && names == nil {
		names = []any{one}
	}
	for _, name := range names {
		switch name {
		case "boolean":
			s.boolean = true
		case "integer", "number":
			s.number = true
		case "string":
			s.text = true
		case "null":
			s.null = true
		case "array":
			s.list = true
		case "object":
			s.object = true
		}
	}
	if m["format"] == "binary" || m["contentMediaType"] != nil || m["contentEncoding"] != nil {
		s.bytes = true
	}
	if m["nullable"] == true {
		s.null = true
	}
	if values, ok := m["enum"].([]any); ok && len(names) == 0 {
		s.like(values)
	}
	if v, ok := m["const"]; ok && len(names) == 0 {
		s.like([]any{v})
	}
}

// like learns the types from the values that are allowed.
func (s *shape) like(values []any) {
	for _, v := range values {
		switch v.(type) {
		case bool:
			s.boolean = true
		case json.Number:
			s.number = true
		case string:
			s.text = true
		case nil:
			s.null = true
		}
	}
}

// readings are the values that a text may stand for, the most particular one first. A
// text that has none of the types is itself, for the schema to refuse.
func (s *shape) readings(text string) []any {
	untyped := s == nil || !s.boolean && !s.number && !s.text && !s.null && !s.list && !s.object
	var all []any
	if (untyped || s.boolean) && (text == "true" || text == "false") {
		all = append(all, text == "true")
	}
	if (untyped || s.number) && isNumber(text) {
		all = append(all, json.Number(text))
	}
	if !untyped && s.null && text == "" {
		all = append(all, nil)
	}
	if untyped || s.text || len(all) == 0 {
		all = append(all, text)
	}
	return all
}

// reading is the first of the readings.
func (s *shape) reading(text string) any { return s.readings(text)[0] }

// isNumber keeps to JSON's spelling and to its bounds, so that "007", "+7", "0x7" and
// "1e999" are texts.
func isNumber(text string) bool {
	if text == "" || len(text) > maxNumber || strings.IndexByte("-0123456789", text[0]) < 0 {
		return false
	}
	v := jsontext.Value(text)
	return v.IsValid() && v.Kind() == '0' && badNumber(text) == "" && strings.IndexByte("0123456789", text[len(text)-1]) >= 0
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
