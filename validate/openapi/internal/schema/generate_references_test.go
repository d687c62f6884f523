package schema

import "fmt"

// resource is the definition that is the resource of the schema that is being made.
func (g *generator) resource() int {
	if g.at >= 0 && g.own[g.at] {
		return g.at
	}
	return -1
}

// reference returns a $ref to a definition, or false where there is none to be had. In place
// of a value, only later definitions are, so that references come to an end.
func (g *generator) reference(inPlace bool) (string, bool) {
	first := 0
	switch own := g.anchor[g.resource()]; {
	case inPlace:
		first = g.at + 1
	case len(own) > 0 && g.one(4):
		return "#" + pick(g, own), true
	case g.one(4):
		return g.rootReference(), true
	}
	if first >= len(g.defs) {
		return "", false
	}
	i := first + g.IntN(len(g.defs)-first)
	switch {
	case g.own[i] && g.one(2):
		return fmt.Sprintf("r%d", i), true
	case g.own[i]:
		return fmt.Sprintf("%sr%d", base, i), true
	case g.resource() >= 0:
		return fmt.Sprintf("%sroot#/$defs/d%d", base, i), true
	}
	return fmt.Sprintf("#/$defs/d%d", i), true
}

func (g *generator) rootReference() string {
	if g.resource() >= 0 {
		return pick(g, []string{base + "root", "root"})
	}
	return "#"
}

// dynamicReference returns a $dynamicRef, or false where no resource has an anchor.
func (g *generator) dynamicReference() (string, bool) {
	if own := g.anchor[g.resource()]; len(own) > 0 && !g.one(4) {
		return "#" + pick(g, own), true
	}
	for i, names := range g.defs {
		if len(g.anchor[i]) > 0 && names["$id"] != nil {
			return fmt.Sprintf("%sr%d#%s", base, i, pick(g, g.anchor[i])), true
		}
	}
	return "", false
}

// follow returns the schema that a reference means where nothing is dynamic about it.
func (g *generator) follow(ref string) any {
	for i := range g.defs {
		for _, name := range []string{"#/$defs/d%d", "r%d", base + "r%d", base + "root#/$defs/d%d"} {
			if ref == fmt.Sprintf(name, i) {
				return g.defs[i]
			}
		}
	}
	return g.root
}
