package spec

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Object is an object of the document as its kind's table has it: every other member but
// an extension is a problem that has been noted, and so is a member of another type.
type Object struct {
	// Place is where it stands, before references are followed.
	Place Cursor
	// At is where it is described.
	At Cursor

	kind    Kind
	members map[string]Cursor // of a merged object, nil otherwise
}

// Open reads the object at c as one of kind k, following its $ref. ok is false where there
// is no such object, which has then been noted.
//
// OpenAPI has references in some places only, and tools follow them in all, so documents
// have them in others too. They are followed here wherever an object has a kind, so that
// none is read without what it refers to.
func (c Cursor) Open(k Kind) (o Object, ok bool) {
	key := opening{k, c.src, c.pointer}
	if before, known := c.l.opened[key]; known {
		return before.object, before.ok
	}
	if o, ok = c.resolve(k, nil); ok {
		o.Place = c
		o.close()
	}
	c.l.opened[key] = opened{o, ok}
	return o, ok
}

// opening is one reading of a place, opened what came of it.
type (
	opening struct {
		kind    Kind
		src     *source
		pointer string
	}
	opened struct {
		object Object
		ok     bool
	}
)

// resolve follows $ref, from one of the places in been.
func (c Cursor) resolve(k Kind, been []string) (Object, bool) {
	if !c.Object() {
		return Object{}, false
	}
	ref, is := c.Get("$ref")
	if !is {
		return Object{At: c, kind: k}, true
	}
	switch {
	case slices.Contains(been, c.ID()):
		c.Fail("its $ref leads in a circle")
		return Object{}, false
	case len(been) == maxChain:
		c.Failf("is behind more than %d references; refer to what they lead to", maxChain)
		return Object{}, false
	}
	next, ok := ref.target()
	if !ok {
		return Object{}, false
	}
	target, ok := next.resolve(k, append(been, c.ID()))
	if !ok {
		return Object{}, false
	}
	if tables[k].merges {
		return c.merge(target), true
	}
	c.siblings(target)
	return target, true
}

// target is where the $ref at c leads.
func (c Cursor) target() (Cursor, bool) {
	text, isText := c.Value.(string)
	if !isText {
		c.Fail("must be a text")
		return c, false
	}
	next, err := c.Follow(text)
	if err != nil {
		c.Fail(err.Error())
	}
	return next, err == nil
}

// merge adds the members beside a $ref to those of its target. What becomes of a member
// that both have is undefined (OpenAPI 3.2 §4.8), so it is a problem if it decides anything.
func (c Cursor) merge(target Object) Object {
	o := Object{At: c, kind: target.kind, members: map[string]Cursor{}}
	target.each(func(name string, m Cursor) { o.members[name] = m })
	c.Members(func(name string, m Cursor) {
		before, twice := o.members[name]
		switch {
		case name == "$ref":
			return
		case twice && !isExtension(name) && tables[o.kind].members[name].decides():
			m.Failf("is here and at %s, where its $ref leads, and which one holds is undefined; keep one of them", before.ID())
		}
		o.members[name] = m
	})
	return o
}

// siblings refuses members beside a $ref. Where the target has the same, or they document,
// it makes no difference that they do not count (OpenAPI 3.2 §4.21: summary and description
// alone do, and in 3.0 not even they).
func (c Cursor) siblings(target Object) {
	t := tables[target.kind]
	c.Members(func(name string, m Cursor) {
		known, ok := t.members[name]
		switch {
		case name == "$ref", name == "summary", name == "description", isExtension(name):
		case !ok && t.named == "":
			m.unknown(name, target.kind)
		case ok && !known.decides(), target.same(name, m):
		default:
			m.Failf("is beside a $ref and does not count; write it at %s, or have no $ref here", target.At.ID())
		}
	})
}

// same reports whether the object has a plain value as m has it.
func (o Object) same(name string, m Cursor) bool {
	own, ok := o.Get(name)
	switch own.Value.(type) {
	case map[string]any, []any:
		return false
	}
	return ok && reflect.DeepEqual(own.Value, m.Value)
}

// close notes every member that the kind does not have, and every value of another type.
func (o Object) close() {
	t := tables[o.kind]
	o.each(func(name string, m Cursor) {
		known, ok := t.members[name]
		switch {
		case isExtension(name), t.named != "":
		case !ok, !known.known(m.Version()):
			m.unknown(name, o.kind)
		default:
			m.have(known)
		}
	})
}

func isExtension(name string) bool { return strings.HasPrefix(name, "x-") }

// each calls f for every member, in the order of the names.
func (o Object) each(f func(name string, m Cursor)) {
	if o.members == nil {
		o.At.Members(f)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(o.members)) {
		f(name, o.members[name])
	}
}

// Fail notes a problem of the object.
func (o Object) Fail(reason string) { o.At.Fail(reason) }

// Failf is Fail with a format.
func (o Object) Failf(format string, args ...any) { o.At.Failf(format, args...) }

// Get returns the member name, and reports whether there is one.
func (o Object) Get(name string) (Cursor, bool) {
	if o.members == nil {
		return o.At.Get(name)
	}
	m, ok := o.members[name]
	return m, ok
}

// Text returns the string in a member, "" without one.
func (o Object) Text(name string) string { m, ok := o.Get(name); return m.text(ok) }

// Texts returns the strings in a member that is an array of them.
func (o Object) Texts(name string) (all []string) {
	m, _ := o.Get(name)
	m.Each(func(item Cursor) { all = append(all, item.text(true)) })
	return all
}

// Flag returns the boolean in a member, or otherwise without one.
func (o Object) Flag(name string, otherwise bool) bool {
	m, ok := o.Get(name)
	return m.flag(ok, otherwise)
}

// Child opens the object in a member, and reports whether there is one.
func (o Object) Child(name string) (Object, bool) {
	m, ok := o.Get(name)
	if !ok {
		return Object{}, false
	}
	return m.Open(tables[o.kind].members[name].kind)
}

// Children opens the objects in a member that is an array of them.
func (o Object) Children(name string) (all []Object) {
	m, _ := o.Get(name)
	m.Each(func(item Cursor) {
		if child, ok := item.Open(tables[o.kind].members[name].kind); ok {
			all = append(all, child)
		}
	})
	return all
}

// Map opens the objects in a member that has them by names, in the order of the names.
func (o Object) Map(name string, f func(name string, child Object)) {
	m, _ := o.Get(name)
	m.Members(func(key string, item Cursor) {
		if child, ok := item.Open(tables[o.kind].members[name].kind); ok {
			f(key, child)
		}
	})
}

// Named opens the members of an object whose author names them, such as paths. Extensions
// are left out.
func (o Object) Named(f func(name string, child Object)) {
	o.each(func(name string, m Cursor) {
		if isExtension(name) {
			return
		}
		if child, ok := m.Open(tables[o.kind].named); ok {
			f(name, child)
		}
	})
}
