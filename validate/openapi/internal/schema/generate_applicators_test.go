package schema

func (g *generator) array(s map[string]any, depth int) {
	if g.one(5) {
		s["minItems"] = g.size(3)
	}
	if g.one(5) {
		s["maxItems"] = g.size(5)
	}
	if g.one(4) {
		s["uniqueItems"] = !g.one(6)
	}
	if g.one(3) {
		s["prefixItems"] = g.schemas(depth, false)
	}
	if g.one(2) {
		s["items"] = g.below(depth)
	}
	if g.one(4) {
		s["contains"] = g.below(depth)
		if g.one(2) {
			s["minContains"] = g.size(2)
		}
		if g.one(2) {
			s["maxContains"] = g.size(3)
		}
	}
	if g.one(5) {
		s["unevaluatedItems"] = g.closing(depth)
	}
}

// closing makes a schema for what no other keyword speaks of, which is often false.
func (g *generator) closing(depth int) any {
	if g.one(2) {
		return false
	}
	return g.below(depth)
}

// schemas makes a list of schemas, one at least.
func (g *generator) schemas(depth int, inPlace bool) (list []any) {
	for range 1 + g.IntN(3) {
		list = append(list, g.schema(depth-1, inPlace))
	}
	return list
}

func (g *generator) object(s map[string]any, depth int) {
	if !g.one(4) {
		properties := map[string]any{}
		for _, name := range g.names(4) {
			properties[name.(string)] = g.below(depth)
		}
		s["properties"] = properties
	}
	if g.one(3) {
		s["required"] = g.list(2)
	}
	if g.one(5) {
		s["patternProperties"] = map[string]any{pick(g, patterns): g.below(depth)}
	}
	if g.one(4) {
		s["additionalProperties"] = g.closing(depth)
	}
	if g.one(5) {
		s["unevaluatedProperties"] = g.closing(depth)
	}
	if g.one(8) {
		s["propertyNames"] = g.below(depth)
	}
	if g.one(8) {
		s["minProperties"] = g.size(3)
	}
	if g.one(8) {
		s["maxProperties"] = g.size(5)
	}
	if g.one(6) {
		s["dependentRequired"] = map[string]any{pick(g, nameList): g.list(2)}
	}
	if g.one(6) {
		s["dependentSchemas"] = map[string]any{pick(g, nameList): g.schema(depth-1, true)}
	}
}

// list is names, which may be none.
func (g *generator) list(n int) any {
	if names := g.names(n); names != nil {
		return names
	}
	return []any{}
}

// applicator adds keywords that ask other schemas about the same value.
func (g *generator) applicator(s map[string]any, depth int) {
	switch g.IntN(7) {
	case 0, 1:
		s["allOf"] = g.schemas(depth, true)
	case 2:
		s["anyOf"] = g.schemas(depth, true)
	case 3:
		s["oneOf"] = g.schemas(depth, true)
	case 4:
		s["not"] = g.schema(depth-1, true)
	default:
		s["if"] = g.schema(depth-1, true)
		if !g.one(4) {
			s["then"] = g.schema(depth-1, true)
		}
		if !g.one(3) {
			s["else"] = g.schema(depth-1, true)
		}
	}
	if g.one(4) {
		g.applicator(s, depth-1)
	}
}
