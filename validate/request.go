package validate

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"sync"

	"github.com/sallyport-dev/sallyport/problem"
)

// request is a Go type that stands for a whole request.
type request struct {
	path, query, body *part
}

// part is one field of it.
type part struct {
	field int
	root  *shape
}

// Request reads r into T, a struct with one or more of the fields Path, Query and Body,
// each a type that [Path], [Query] or [Body] reads. What is wrong with any of them is in
// one answer. A query is refused where T has no Query; a body is left alone where T has
// no Body. The error is a *problem.Problem. It panics when T's tags are wrong.
func Request[T any](r *http.Request) (T, error) {
	req, err := compiledRequest(reflect.TypeFor[T]())
	if err != nil {
		panic(err)
	}
	v := new(T)
	if p := req.read(r, reflect.ValueOf(v).Elem()); p != nil {
		var zero T
		return zero, p
	}
	return *v, nil
}

var requests sync.Map // reflect.Type → *request

func compiledRequest(t reflect.Type) (*request, error) {
	if req, ok := requests.Load(t); ok {
		return req.(*request), nil
	}
	req, err := compileRequest(t)
	if err == nil {
		requests.Store(t, req)
	}
	return req, err
}

func compileRequest(t reflect.Type) (*request, error) {
	if t.Kind() != reflect.Struct {
		return nil, &ConfigError{t.String(), t.String(), "must be a struct with the fields Path, Query and Body"}
	}
	req := &request{}
	var errs []error
	for i := range t.NumField() {
		f := t.Field(i)
		place := t.String() + "." + f.Name
		if f.Tag != "" || f.Anonymous {
			errs = append(errs, &ConfigError{place, string(f.Tag), "must be a field without tags, and not embedded"})
		}
		if err := req.add(f, i); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", place, err))
		}
	}
	return req, errors.Join(errs...)
}

func (req *request) add(f reflect.StructField, i int) (err error) {
	at := &part{field: i}
	switch f.Name {
	case "Path":
		req.path = at
		at.root, err = compiledParams("path", f.Type)
	case "Query":
		req.query = at
		at.root, err = compiledParams("query", f.Type)
	case "Body":
		req.body = at
		at.root, err = compiled(f.Type)
	default:
		err = &ConfigError{f.Name, f.Type.String(), "must be named Path, Query or Body"}
	}
	return err
}

// read fills v. With a problem, v is half filled and to be thrown away.
func (req *request) read(r *http.Request, v reflect.Value) *problem.Problem {
	w := walks.Get().(*walk)
	p := req.fill(w, r, v)
	w.release()
	return p
}

var noMembers = &object{}

func (req *request) fill(w *walk, r *http.Request, v reflect.Value) *problem.Problem {
	if req.path != nil {
		w.params("path", req.path.root.object, r, v.Field(req.path.field))
	}
	query, at := noMembers, reflect.Value{}
	if req.query != nil {
		query, at = req.query.root.object, v.Field(req.query.field)
	}
	if p := w.params("query", query, r, at); p != nil {
		return p
	}
	said := &badParams
	if req.body != nil {
		switch p := req.body.read(r, v); {
		case p == nil:
		case len(w.fields) == 0 || p.Errors == nil:
			return p
		default:
			said = &badRequest
			room := MaxErrors - len(w.fields)
			w.more = w.more || len(p.Errors) > room
			w.fields = append(w.fields, p.Errors[:min(room, len(p.Errors))]...)
		}
	}
	return w.problem(said)
}

func (p *part) read(r *http.Request, v reflect.Value) *problem.Problem {
	rd := standardReader(p.root)
	data, bad := rd.read(r)
	if bad == nil {
		bad = rd.limits.Prescan(data)
	}
	if bad == nil {
		bad = rd.fill(data, v.Field(p.field))
	}
	return bad
}
