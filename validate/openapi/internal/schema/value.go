package schema

import (
	"encoding/json" // for Number alone
	"maps"
	"slices"
)

// Kind is the kind of a JSON value.
type Kind uint8

// The kinds.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// Value is a parsed JSON value. Its parts are nodes in one slice: the root is the first,
// and the children of a node follow each other by next.
type Value struct {
	nodes  []node
	source string // the JSON text, empty for a value that was built
	bytes  int    // of names and texts
	stamp  int32  // of the last count of evaluated children
	cuts   int    // how many nodes are cut
}

type node struct {
	name  string // of a member
	text  string // of a string; of a number or boolean as it is spelled
	first int32  // child, 0 for none
	next  int32  // sibling, 0 for none
	count int32  // of children
	up    int32  // the parent
	start int32  // the range of the value in the source; a member's begins with its name
	value int32  // where a member's value begins
	end   int32
	stamp int32 // see Value.stamp
	kind  Kind
	flags flag
}

// flag is what a walk notes of a node.
type flag uint8

const (
	described flag = 1 << iota // a schema that holds speaks of the member
	speaks                     // a schema that holds says which members the object has
	barred                     // readOnly in a request, writeOnly in a response
	cut                        // taken out
	cutBelow                   // something below is taken out
	near                       // the name differs from one of properties in case alone
	exact                      // the name is one of properties
)

// notes are the flags that belong to one walk.
const notes = described | speaks | barred | near | exact

// Kind returns the kind of the whole value.
func (v *Value) Kind() Kind { return v.nodes[0].kind }

// add appends a node below up, behind last, and returns its number.
func (v *Value) add(up, last int32, n node) int32 {
	at := int32(len(v.nodes))
	n.up = up
	v.nodes = append(v.nodes, n)
	v.bytes += len(n.name) + len(n.text)
	switch {
	case at == 0:
		return at
	case last == 0:
		v.nodes[up].first = at
	default:
		v.nodes[last].next = at
	}
	v.nodes[up].count++
	return at
}

// From builds a Value of nil, bool, string, json.Number, []any and map[string]any, as the
// readers of parameters and forms make them. Members come in the order of their names.
func From(x any) *Value {
	v := &Value{}
	v.build(0, 0, "", x)
	return v
}

func (v *Value) build(up, last int32, name string, x any) int32 {
	switch x := x.(type) {
	case bool:
		text := "false"
		if x {
			text = "true"
		}
		return v.add(up, last, node{name: name, kind: Bool, text: text})
	case json.Number:
		return v.add(up, last, node{name: name, kind: Number, text: string(x)})
	case string:
		return v.add(up, last, node{name: name, kind: String, text: x})
	case []any:
		at := v.add(up, last, node{name: name, kind: Array})
		child := int32(0)
		for _, item := range x {
			child = v.build(at, child, "", item)
		}
		return at
	case map[string]any:
		at := v.add(up, last, node{name: name, kind: Object})
		child := int32(0)
		for _, member := range slices.Sorted(maps.Keys(x)) {
			child = v.build(at, child, member, x[member])
		}
		return at
	}
	return v.add(up, last, node{name: name, kind: Null})
}

// Any returns v as nil, bool, string, json.Number, []any and map[string]any.
func (v *Value) Any() any { return v.any(0) }

func (v *Value) any(at int32) any {
	n := &v.nodes[at]
	switch n.kind {
	case Bool:
		return n.text == "true"
	case Number:
		return json.Number(n.text)
	case String:
		return n.text
	case Array:
		list := make([]any, 0, n.count)
		for c := n.first; c != 0; c = v.nodes[c].next {
			list = append(list, v.any(c))
		}
		return list
	case Object:
		m := make(map[string]any, n.count)
		for c := n.first; c != 0; c = v.nodes[c].next {
			m[v.nodes[c].name] = v.any(c)
		}
		return m
	}
	return nil
}

// forget clears what earlier walks have noted.
func (v *Value) forget() {
	for i := range v.nodes {
		v.nodes[i].flags &^= notes
	}
}

// vanishing reports whether a double has a number of v as zero that is none.
func (v *Value) vanishing() bool {
	for i := range v.nodes {
		if n := &v.nodes[i]; n.kind == Number && n.flags&cut == 0 && vanishes(n.text) {
			return true
		}
	}
	return false
}

// rounded returns v with zeros for such numbers.
func (v *Value) rounded() *Value {
	out := *v
	out.nodes = slices.Clone(v.nodes)
	for i := range out.nodes {
		if n := &out.nodes[i]; n.kind == Number && vanishes(n.text) {
			n.text = "0"
		}
	}
	return &out
}
