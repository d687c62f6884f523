package validate

import (
	"strconv"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
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
		detail = wire.Unshown + detail
	}
	if w.fields == nil {
		w.fields = make([]problem.Field, 0, 4)
	}
	w.fields = append(w.fields, problem.Field{In: w.source, Parameter: w.parameter, Pointer: pointer, Code: f.code, Detail: detail})
}

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
		case s.foreign && !wire.IsShown(s.name):
			return string(b), false
		case s.foreign:
			b = append(append(b, '/'), wire.Escape(s.name)...)
		default:
			b = append(b, s.pointer...)
		}
	}
	return string(b), true
}
