package validate

import (
	"encoding"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

var (
	unknownParameter = failure{CodeUnknownParameter, "is not a parameter of this route"}
	duplicate        = failure{CodeDuplicate, "must stand once"}
	otherPath        = failure{CodeMalformed, "must hold no slash, backslash, NUL or dot segment"}
)

// Query reads the query of r into T, a struct whose members are the parameters. The
// error is a *problem.Problem. It panics when T's tags are wrong.
func Query[T any](r *http.Request) (T, error) {
	return readParams[T]("query", r)
}

// Path reads the path of r into T, a struct whose members are the wildcards of the
// pattern that [http.ServeMux] matched. A value that would lead to another path when it is
// joined to one is refused: a dot segment, a backslash, NUL, and a slash, but for those within
// a {name...}. The error is a *problem.Problem. It panics when T's tags are wrong.
func Path[T any](r *http.Request) (T, error) {
	return readParams[T]("path", r)
}

func readParams[T any](in string, r *http.Request) (T, error) {
	root, err := compiledParams(in, reflect.TypeFor[T]())
	if err != nil {
		panic(err)
	}
	v := new(T)
	w := walks.Get().(*walk)
	p := w.params(in, root.object, r, reflect.ValueOf(v).Elem())
	if p == nil {
		p = w.problem(&badParams)
	}
	w.release()
	if p != nil {
		var zero T
		return zero, p
	}
	return *v, nil
}

type paramType struct {
	in  string
	typ reflect.Type
}

// paramShapes is what shapes is, for parameters.
var paramShapes sync.Map // paramType → *shape

func compiledParams(in string, t reflect.Type) (*shape, error) {
	if s, ok := paramShapes.Load(paramType{in, t}); ok {
		return s.(*shape), nil
	}
	s, err := compileParams(in, t)
	if err == nil {
		paramShapes.Store(paramType{in, t}, s)
	}
	return s, err
}

func compileParams(in string, t reflect.Type) (*shape, error) {
	s, err := compiled(t)
	switch {
	case err != nil:
		return nil, err
	case s.kind != kindObject:
		return nil, &ConfigError{t.String(), in, "must be a struct, with a member for each parameter"}
	}
	var errs []error
	for _, m := range s.object.members {
		item := m.shape
		if in == "query" && item.kind == kindSlice && !item.pointer {
			item = item.elem
		}
		if !item.isText() {
			errs = append(errs, &ConfigError{t.String() + " " + m.name, m.shape.typ.String(), "is not a type that the text of a " + in + " parameter can have"})
		}
	}
	return s, errors.Join(errs...)
}

// isText reports whether a value of s is written as one text outside of JSON.
func (s *shape) isText() bool {
	return slices.Contains([]kind{kindString, kindSecret, kindBool, kindInt, kindUint, kindFloat, kindTime, kindText}, s.kind)
}

// params reads all parameters of one kind. Failures are noted; the problem is for a
// query that cannot be taken apart.
func (w *walk) params(in string, o *object, r *http.Request, v reflect.Value) *problem.Problem {
	w.source = in
	defer func() { w.source, w.parameter = "", "" }()
	if in == "path" {
		for i := range o.members {
			m := &o.members[i]
			// A wildcard is empty only where the pattern says {name...}.
			text := r.PathValue(m.name)
			if elsewhere(text, isRest(r.Pattern, m.name)) {
				w.parameter = m.name
				w.fail(otherPath)
				continue
			}
			w.param(m, v, []pair{{value: text}}[:min(len(text), 1)])
		}
		return nil
	}
	var few [16]pair
	pairs, p := appendPairs(few[:0], r.URL.RawQuery)
	if p != nil {
		return p
	}
	for i := range o.members {
		m := &o.members[i]
		var own [16]pair
		w.param(m, v, named(own[:0], pairs, m.name))
	}
	w.parameter = ""
	for _, p := range pairs {
		if _, known := o.index[p.name]; !known {
			w.unknownParameter(p.name)
		}
	}
	return nil
}

// isRest reports whether name is the wildcard {name...} of a ServeMux's pattern, which stands
// for the rest of the path.
func isRest(pattern, name string) bool { return strings.HasSuffix(pattern, "{"+name+"...}") }

// elsewhere reports whether a wildcard's value names another place to whoever joins it to a
// path: ServeMux decodes a segment after it has cut the path, so that %2e%2e%2f gets as far
// as here. The rest of a path holds slashes, but does not begin with one.
func elsewhere(text string, rest bool) bool {
	if strings.ContainsAny(text, "\\\x00") || !rest && strings.Contains(text, "/") || strings.HasPrefix(text, "/") {
		return true
	}
	for segment := range strings.SplitSeq(text, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// unknownParameter names a parameter of the client's, where its name may be shown.
func (w *walk) unknownParameter(name string) {
	f := unknownParameter
	if !wire.IsShown(name) {
		name, f.detail = "", wire.Unshown+f.detail
	}
	w.parameter = name
	w.fail(f)
}

// param fills one member from the texts that stand for it.
func (w *walk) param(m *member, v reflect.Value, texts []pair) {
	w.parameter = m.name
	s := m.shape
	switch {
	case len(texts) == 0 && !m.optional:
		w.fail(missing)
	case len(texts) == 0:
	case s.kind == kindSlice:
		w.paramList(s, v.FieldByIndex(m.field), texts)
	case len(texts) > 1:
		w.fail(duplicate)
	default:
		w.paramText(s, v.FieldByIndex(m.field), texts[0].value)
	}
}

func (w *walk) paramList(s *shape, v reflect.Value, texts []pair) {
	before := len(w.fields)
	if !w.size(&s.rules, len(texts)) {
		return
	}
	v.Set(reflect.MakeSlice(s.typ, len(texts), len(texts)))
	for i, t := range texts {
		w.push(step{index: i, item: true})
		w.paramText(s.elem, v.Index(i), t.value)
		w.pop()
	}
	if s.rules.unique && len(w.fields) == before && !w.more {
		w.unique(v)
	}
}

// paramText reads one text by the rules for the JSON of its type. A number has the
// grammar of JSON's, so that it has one spelling here too.
func (w *walk) paramText(s *shape, v reflect.Value, text string) {
	if !utf8.ValidString(text) { // in a path; a query has been looked at
		w.fail(notUTF8)
		return
	}
	if s.pointer {
		v.Set(reflect.New(s.typ))
		v = v.Elem()
	}
	switch s.kind {
	case kindString, kindSecret, kindTime:
		w.str(s, v, []byte(text))
	case kindText:
		if v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)) != nil {
			w.fail(badValue)
		}
	case kindBool:
		if text != "true" && text != "false" {
			w.fail(s.wrong)
			return
		}
		v.SetBool(text == "true")
	default:
		if !isNumber(text) {
			w.fail(s.wrong)
			return
		}
		w.scalar(s, v, jsontext.Value(text))
	}
}

// isNumber reports whether all of text is a number of RFC 8259 §6.
func isNumber(text string) bool {
	if text == "" || len(text) > maxNumber || !wire.IsDigit(text[len(text)-1]) {
		return false
	}
	return (text[0] == '-' || wire.IsDigit(text[0])) && jsontext.Value(text).IsValid()
}

// maxNumber is more than any number needs that says something to 64 bits.
const maxNumber = 400
