package sallyport

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate"
)

// Handle adds a route to api. What a client sends is read into In by [validate.Request]:
// a struct with any of the fields Path, Query and Body, or struct{}. What f returns is
// sent as JSON with a 200, or for struct{} as a 204; an error as the problem that
// [problem.From] makes of it. f finds out who is calling by [visit.Caller].
//
// The pattern is one of [http.ServeMux] with a method and without a host. Its wildcards
// are the members of In's Path. Like the mux, Handle panics where pattern or types cannot
// be meant. A route that streams, redirects or sets header fields of its own is added to
// the mux directly, and is not in the document.
//
// Out is a type that package validate reads, and no pointer. What f returns is not checked
// against the rules of its tags, which the document repeats.
func Handle[In, Out any](api *API, pattern string, f func(ctx context.Context, in In) (Out, error)) {
	if err := api.add(pattern, reflect.TypeFor[In](), reflect.TypeFor[Out]()); err != nil {
		panic(err)
	}
	api.Mux.Handle(pattern, problem.Handler(func(w http.ResponseWriter, r *http.Request) error {
		in, err := validate.Request[In](r)
		if err != nil {
			return err
		}
		out, err := f(r.Context(), in)
		if !problem.IsNil(err) {
			return err
		}
		return send(w, out)
	}))
}

func send(w http.ResponseWriter, out any) error {
	if isNothing(reflect.TypeOf(out)) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	body, err := json.Marshal(out)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body) // where it fails, nobody is there to be told
	return nil
}

func isNothing(t reflect.Type) bool { return t.Kind() == reflect.Struct && t.NumField() == 0 }

// operation is one route as the document has it.
type operation struct {
	method, path string
	params       []validate.Param
	body, answer validate.Schema
}

var (
	documented = []string{"GET", "PUT", "POST", "DELETE", "PATCH"}
	bodiless   = []string{"GET", "DELETE"} // RFC 9110 §9.3: content has no meaning there
	wildcard   = regexp.MustCompile(`\{([^{}]*)\}`)
)

func newOperation(schemas *validate.Schemas, pattern string, in, out reflect.Type) (op *operation, err error) {
	op = &operation{}
	var answerErr error
	op.params, op.body, err = schemas.Request(in)
	if !isNothing(out) {
		op.answer, answerErr = schemas.Written(out)
	}
	reason := op.place(pattern)
	if err == nil && reason == "" {
		reason = op.fits()
	}
	if reason != "" {
		err = errors.Join(&ConfigError{Field: "Handle", Value: pattern, Reason: reason}, err)
	}
	return op, errors.Join(err, answerErr)
}

// place takes the pattern apart. It returns what is wrong with it.
func (op *operation) place(pattern string) (reason string) {
	method, path, _ := strings.Cut(pattern, " ")
	path = strings.TrimLeft(path, " \t")
	op.method, op.path = method, strings.TrimSuffix(path, "{$}")
	switch {
	case !slices.Contains(documented, method):
		return "must begin with one of " + strings.Join(documented, ", ") + " and a space"
	case !strings.HasPrefix(path, "/"):
		return "must have a path, and no host, after the method"
	case strings.Contains(path, "...}"), strings.HasSuffix(path, "/"):
		return "must be one path, not all below it, for which OpenAPI has no form"
	}
	return ""
}

// fits holds the pattern and In to each other.
func (op *operation) fits() (reason string) {
	if op.body != nil && slices.Contains(bodiless, op.method) {
		return "cannot have a Body: " + op.method + " gives it no meaning"
	}
	var want, have []string
	for _, m := range wildcard.FindAllStringSubmatch(op.path, -1) {
		want = append(want, m[1])
	}
	for _, p := range op.params {
		if p.In == "path" && !p.Required {
			return "cannot have the optional " + p.Name + ": a wildcard always stands for something"
		}
		if p.In == "path" {
			have = append(have, p.Name)
		}
	}
	slices.Sort(want)
	slices.Sort(have)
	if !slices.Equal(want, have) {
		return "has the wildcards [" + strings.Join(want, " ") + "], and Path the members [" + strings.Join(have, " ") + "]"
	}
	return ""
}
