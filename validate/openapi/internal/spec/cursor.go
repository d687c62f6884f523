package spec

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

// Cursor is a value of the document and where it stands.
type Cursor struct {
	// Value is the value: nil, bool, json.Number, string, []any or map[string]any. It must
	// not be changed.
	Value any

	l       *Loader
	src     *source
	pointer string
}

// IsZero reports whether c is no place at all.
func (c Cursor) IsZero() bool { return c.l == nil }

// Version is the version of OpenAPI of the document, such as "3.1".
func (c Cursor) Version() string { return c.l.Version }

// File is the name of the file that the place is in.
func (c Cursor) File() string { return c.src.name }

// Pointer is the JSON Pointer of the place in its file.
func (c Cursor) Pointer() string { return c.pointer }

// Root is the whole file that the place is in.
func (c Cursor) Root() Cursor { return Cursor{c.src.tree, c.l, c.src, ""} }

// Path lists the places that c is in, from the whole file to c itself.
func (c Cursor) Path() []Cursor {
	at := c.Root()
	all := []Cursor{at}
	for token := range strings.SplitSeq(strings.TrimPrefix(c.pointer, "/"), "/") {
		next, ok := at.step(token)
		if !ok {
			break
		}
		at = next
		all = append(all, at)
	}
	return all
}

// Below is a place below c by its JSON Pointer, for problems that name one. Its value is
// not looked up.
func (c Cursor) Below(pointer string) Cursor { return Cursor{nil, c.l, c.src, c.pointer + pointer} }

// Raw is the text of the file that the place is in. It must not be changed.
func (c Cursor) Raw() []byte { return c.src.raw }

// Fail notes a problem at this place.
func (c Cursor) Fail(reason string) { c.l.fail(c.src, c.pointer, reason) }

// Failf is Fail with a format.
func (c Cursor) Failf(format string, args ...any) { c.Fail(fmt.Sprintf(format, args...)) }

// Warnf notes something at this place that the document asks for and that is not done, with a format.
func (c Cursor) Warnf(format string, args ...any) {
	c.l.note(&c.l.warnings, c.src, c.pointer, fmt.Sprintf(format, args...))
}

// ID is the same for every Cursor to the same value.
func (c Cursor) ID() string { return c.src.name + "#" + c.pointer }

// Get returns the member key, and reports whether there is one.
func (c Cursor) Get(key string) (Cursor, bool) {
	m, _ := c.Value.(map[string]any)
	v, ok := m[key]
	return Cursor{v, c.l, c.src, c.pointer + "/" + wire.Escape(key)}, ok
}

// Object reports whether the value is an object, and says so where it is not.
func (c Cursor) Object() bool {
	_, ok := c.Value.(map[string]any)
	if !ok {
		c.Fail("must be an object")
	}
	return ok
}

// Members calls f for every member, in the order of the names.
func (c Cursor) Members(f func(name string, c Cursor)) {
	m, _ := c.Value.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(m)) {
		member, _ := c.Get(name)
		f(name, member)
	}
}

// Items calls f for every item of the member key, where there is one.
func (c Cursor) Items(key string, f func(Cursor)) {
	if list, ok := c.Get(key); ok && list.array() {
		list.Each(f)
	}
}

// Each calls f for every item.
func (c Cursor) Each(f func(Cursor)) {
	values, _ := c.Value.([]any)
	for i, v := range values {
		f(Cursor{v, c.l, c.src, c.pointer + "/" + strconv.Itoa(i)})
	}
}

// Text returns the string in the member key, "" without one. A value of another type is a
// problem.
func (c Cursor) Text(key string) string {
	m, ok := c.Get(key)
	return m.text(ok)
}

// Flag returns the boolean in the member key, or otherwise without one. A value of another
// type is a problem.
func (c Cursor) Flag(key string, otherwise bool) bool {
	m, ok := c.Get(key)
	return m.flag(ok, otherwise)
}

// Follow resolves a reference to a place in a file of the folder.
func (c Cursor) Follow(ref string) (Cursor, error) {
	file, fragment, _ := strings.Cut(ref, "#")
	src := c.src
	switch {
	case file != "" && file == c.l.Self:
		src = c.l.files[c.l.entry]
	case file != "":
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
		at, ok := src.anchors[pointer]
		if !ok {
			return c, fmt.Errorf("$ref %q: there is no such $anchor in %s", ref, src.name)
		}
		pointer = at
	}
	target := Cursor{src.tree, c.l, src, ""}
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
func (c Cursor) beside(ref string) (string, error) {
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

func (c Cursor) step(token string) (Cursor, bool) {
	if list, ok := c.Value.([]any); ok {
		i, err := strconv.Atoi(token)
		if err != nil || i < 0 || i >= len(list) || strconv.Itoa(i) != token {
			return c, false
		}
		return Cursor{list[i], c.l, c.src, c.pointer + "/" + token}, true
	}
	return c.Get(strings.NewReplacer("~1", "/", "~0", "~").Replace(token))
}
