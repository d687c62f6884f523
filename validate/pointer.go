package validate

import (
	"strconv"
	"strings"

	"github.com/sallyport-dev/sallyport/problem"
)

// step is one reference token of a pointer: a member of T, which knows how it is
// written, an item, or a member whose name the client chose.
type step struct {
	pointer string
	name    string
	index   int
	item    bool
	foreign bool
}

func (w *walk) push(s step) { w.path = append(w.path, s) }
func (w *walk) pop()        { w.path = w.path[:len(w.path)-1] }

// fail notes a failure at the current place.
func (w *walk) fail(f failure) {
	if len(w.fields) == MaxErrors {
		w.more = true
		return
	}
	pointer, whole := w.pointer()
	detail := f.detail
	if !whole {
		detail = "in a member whose name is not shown: " + detail
	}
	if w.fields == nil {
		w.fields = make([]problem.Field, 0, 4)
	}
	w.fields = append(w.fields, problem.Field{Pointer: pointer, Code: f.code, Detail: detail})
}

// RFC 6901 §3.
var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// pointer writes the current place. It stops before a name that is not shown, and is
// then not whole.
func (w *walk) pointer() (p string, whole bool) {
	if len(w.path) == 1 && !w.path[0].item && !w.path[0].foreign {
		return w.path[0].pointer, true
	}
	var few [128]byte
	b := few[:0]
	for _, s := range w.path {
		switch {
		case s.item:
			b = strconv.AppendInt(append(b, '/'), int64(s.index), 10)
		case s.foreign && !isShown(s.name):
			return string(b), false
		case s.foreign:
			b = append(append(b, '/'), pointerEscapes.Replace(s.name)...)
		default:
			b = append(b, s.pointer...)
		}
	}
	return string(b), true
}

// isShown bounds what a client can make us say: a name of 1 to 64 printable ASCII
// characters, none of which means something in HTML or needs escaping in JSON.
func isShown(name string) bool {
	for i := range len(name) {
		if c := name[i]; c < ' ' || c > '~' || strings.IndexByte("\"'<>&\\`", c) >= 0 {
			return false
		}
	}
	return name != "" && len(name) <= 64
}
