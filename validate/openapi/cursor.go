package openapi

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// cursor is a value of the document and where it stands.
type cursor struct {
	l       *loader
	src     *source
	pointer string
	v       any
}

func (c cursor) fail(reason string) { c.l.fail(c.src, c.pointer, reason) }

func (c cursor) failf(format string, args ...any) { c.fail(fmt.Sprintf(format, args...)) }

// id is the same for every cursor to the same value.
func (c cursor) id() string { return c.src.name + "#" + c.pointer }

func (c cursor) get(key string) (cursor, bool) {
	m, _ := c.v.(map[string]any)
	v, ok := m[key]
	return cursor{c.l, c.src, c.pointer + "/" + wire.Escape(key), v}, ok
}

// object reports whether the value is an object, and says so where it is not.
func (c cursor) object() bool {
	_, ok := c.v.(map[string]any)
	if !ok {
		c.fail("must be an object")
	}
	return ok
}

// members calls f for every member, in the order of the names.
func (c cursor) members(f func(name string, c cursor)) {
	m, _ := c.v.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(m)) {
		member, _ := c.get(name)
		f(name, member)
	}
}

// items calls f for every item of the member key, where there is one.
func (c cursor) items(key string, f func(cursor)) {
	list, ok := c.get(key)
	if !ok {
		return
	}
	if _, isList := list.v.([]any); !isList {
		list.fail("must be an array")
	}
	list.each(f)
}

// each calls f for every item.
func (c cursor) each(f func(cursor)) {
	values, _ := c.v.([]any)
	for i, v := range values {
		f(cursor{c.l, c.src, c.pointer + "/" + strconv.Itoa(i), v})
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func (c cursor) text(key string) string {
	m, ok := c.get(key)
	s, isText := m.v.(string)
	if ok && !isText {
		m.fail("must be a text")
	}
	return s
}

func (c cursor) flag(key string, otherwise bool) bool {
	m, ok := c.get(key)
	if !ok {
		return otherwise
	}
	b, isBool := m.v.(bool)
	if !isBool {
		m.fail("must be true or false")
	}
	return b
}

// deref follows $ref where there is one. ok is false when it leads nowhere, which has
// then been said.
func (c cursor) deref() (target cursor, ok bool) {
	for range 32 {
		ref, is := c.get("$ref")
		text, isText := ref.v.(string)
		if !is || !isText {
			return c, true
		}
		next, err := c.follow(text)
		if err != nil {
			ref.fail(err.Error())
			return c, false
		}
		c = next
	}
	c.fail("its $ref leads in a circle")
	return c, false
}

// follow resolves a reference to a place in a file of the folder.
func (c cursor) follow(ref string) (cursor, error) {
	file, fragment, _ := strings.Cut(ref, "#")
	src := c.src
	if file != "" {
		name, err := c.beside(file)
		if err != nil {
			return c, err
		}
		if src, err = c.l.open(name); err != nil {
			return c, err
		}
	}
	pointer, err := url.PathUnescape(fragment)
	if err != nil {
		return c, fmt.Errorf("$ref %q is not well encoded", ref)
	}
	if pointer != "" && pointer[0] != '/' {
		at, ok := src.anchor(pointer)
		if !ok {
			return c, fmt.Errorf("$ref %q: there is no such $anchor in %s", ref, src.name)
		}
		pointer = at
	}
	target := cursor{c.l, src, "", src.tree}
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if pointer == "" {
			break
		}
		next, ok := target.step(token)
		if !ok {
			return c, fmt.Errorf("$ref %q leads to nothing", ref)
		}
		target = next
	}
	return target, nil
}

// beside is the name of a file relative to the folder. Nothing is fetched, and nothing
// outside of the folder is read.
func (c cursor) beside(ref string) (string, error) {
	if u, err := url.Parse(ref); err != nil || u.Scheme != "" || u.Host != "" || strings.HasPrefix(ref, "/") {
		return "", fmt.Errorf("$ref %q: only files of the document's folder are read; nothing is fetched", ref)
	}
	file, err := url.PathUnescape(ref)
	name := path.Join(path.Dir(c.src.name), file)
	if err != nil || !fs.ValidPath(name) || strings.Contains(file, "\\") {
		return "", errors.New("its $ref leaves the document's folder")
	}
	return name, nil
}

func (c cursor) step(token string) (cursor, bool) {
	if list, ok := c.v.([]any); ok {
		i, err := strconv.Atoi(token)
		if err != nil || i < 0 || i >= len(list) || strconv.Itoa(i) != token {
			return c, false
		}
		return cursor{c.l, c.src, c.pointer + "/" + token, list[i]}, true
	}
	return c.get(strings.NewReplacer("~1", "/", "~0", "~").Replace(token))
}

// anchor finds a $anchor outside of schemas that have an $id, which have their own.
func (s *source) anchor(name string) (pointer string, ok bool) {
	if s.anchors == nil {
		s.anchors = map[string]string{}
		s.collect(s.tree, "")
	}
	pointer, ok = s.anchors[name]
	return pointer, ok
}

func (s *source) collect(v any, pointer string) {
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			s.collect(item, pointer+"/"+strconv.Itoa(i))
		}
	case map[string]any:
		if _, ok := v["$id"].(string); ok && pointer != "" {
			return
		}
		for _, key := range []string{"$anchor", "$dynamicAnchor"} {
			if a, ok := v[key].(string); ok {
				s.anchors[a] = pointer
			}
		}
		for name, member := range v {
			s.collect(member, pointer+"/"+wire.Escape(name))
		}
	}
}
