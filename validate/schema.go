package validate

import (
	"maps"
	"strconv"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// schema writes s. where is for mistakes.
func (all *Schemas) schema(s *shape, where string) Schema {
	out := all.bare(s, where)
	if s.pointer {
		return Schema{"anyOf": []Schema{out, {"type": "null"}}}
	}
	return out
}

func (all *Schemas) bare(s *shape, where string) Schema {
	switch s.kind {
	case kindString:
		return all.text(s, where)
	case kindSecret:
		out := all.text(s, where)
		out["writeOnly"] = true
		return out
	case kindBool:
		return Schema{"type": "boolean"}
	case kindInt, kindUint, kindFloat:
		return numberSchema(s)
	case kindTime:
		return formatSchema("time").with(Schema{"type": "string"})
	case kindBytes:
		return bytesSchema(&s.rules)
	case kindText:
		return Schema{"type": "string"}
	case kindSlice:
		out := sized(Schema{"type": "array", "items": all.schema(s.elem, where)}, &s.rules, "Items")
		if s.rules.unique {
			out["uniqueItems"] = true
		}
		return out
	case kindMap:
		out := sized(Schema{"type": "object", "additionalProperties": all.schema(s.elem, where)}, &s.rules, "Properties")
		if names := all.text(s.keys, where); len(names) > 1 {
			delete(names, "type")
			out["propertyNames"] = names
		}
		return out
	case kindObject:
		return all.object(s, where)
	}
	return Schema{} // any JSON, or a type that reads for itself
}

// object refers to the definition of a named struct, which a type that holds itself
// needs, and writes any other in place.
func (all *Schemas) object(s *shape, where string) Schema {
	if s.typ.Name() == "" {
		return all.members(s.object, where)
	}
	name, ok := all.names[s.object]
	if !ok {
		name = all.free(s.typ.Name())
		all.names[s.object], all.definitions[name] = name, nil
		all.definitions[name] = all.members(s.object, s.typ.String())
	}
	return Schema{"$ref": all.prefix + name}
}

// free makes a name of the letters that OpenAPI allows, and that no other type has.
func (all *Schemas) free(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < 0x80 && (wire.IsLower(byte(r)|0x20) || wire.IsDigit(byte(r))) {
			return r
		}
		return '_'
	}, name)
	for i, first := 2, name; ; i++ {
		if _, taken := all.definitions[name]; !taken {
			return name
		}
		name = first + strconv.Itoa(i)
	}
}

func (all *Schemas) members(o *object, where string) Schema {
	properties, required := map[string]Schema{}, []string{}
	for _, m := range o.members {
		properties[m.name] = all.schema(m.shape, where+" "+m.name)
		if !m.optional {
			required = append(required, m.name)
		}
	}
	out := Schema{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

func sized(out Schema, r *rules, of string) Schema {
	if r.min > 0 {
		out["min"+of] = r.min
	}
	if r.max != unbounded {
		out["max"+of] = r.max
	}
	return out
}

// with adds the keywords of more, beside the others where they can stand there.
func (s Schema) with(more Schema) Schema {
	for k := range more {
		if _, taken := s[k]; taken {
			list, _ := s["allOf"].([]Schema)
			s["allOf"] = append(list, more)
			return s
		}
	}
	maps.Copy(s, more)
	return s
}
