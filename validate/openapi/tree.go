package openapi

import (
	"bytes"
	"encoding/json" // for Number alone
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

const (
	maxNumber   = 64  // characters of one number
	maxExponent = 308 // what fits in a double, and every reader with it
)

// reader reads one JSON value of a client into what the schema compiler takes. It stops
// at the first bound: what is over one is not looked at further.
type reader struct {
	dec    jsontext.Decoder
	in     bytes.Buffer
	cfg    *Config
	values int
	path   []string
	over   string // the code of the bound that was met, with its detail
	detail string
}

var errOver = errors.New("over a bound")

// decode reads data. The problem is a 400 for what is not JSON; over a bound, the
// failure is noted in f and ok is false.
func decode(data []byte, cfg *Config, limits *wire.Limits, f *failures) (v any, p *problem.Problem, ok bool) {
	if p := limits.Prescan(data); p != nil {
		return nil, p, false
	}
	r := reader{cfg: cfg, values: cfg.Values, in: *bytes.NewBuffer(data)}
	r.dec.Reset(&r.in)
	if r.dec.PeekKind() == jsontext.KindInvalid {
		if _, err := r.dec.ReadToken(); err != io.EOF {
			return nil, wire.SyntaxProblem(err), false
		}
		return nil, wire.EmptyBody, false
	}
	v, err := r.value()
	switch {
	case err == errOver:
		f.add(r.path, r.over, r.detail)
		return nil, nil, false
	case err != nil:
		return nil, wire.SyntaxProblem(err), false
	}
	if _, err := r.dec.ReadToken(); err != io.EOF {
		return nil, wire.TrailingData, false
	}
	return v, nil, true
}

func (r *reader) stop(code, detail string) error {
	r.over, r.detail = code, detail
	return errOver
}

func (r *reader) value() (any, error) {
	if r.values--; r.values < 0 {
		return nil, r.stop(validate.CodeTooMany, "the body may hold at most "+count(r.cfg.Values, "value")+" in all")
	}
	switch r.dec.PeekKind() {
	case '{':
		return r.object()
	case '[':
		return r.array()
	case '"', '0':
		raw, err := r.dec.ReadValue()
		if err != nil {
			return nil, err
		}
		return r.scalar(raw)
	}
	tok, err := r.dec.ReadToken()
	if err != nil || tok.Kind() == 'n' {
		return nil, err
	}
	return tok.Bool(), nil
}

func (r *reader) scalar(raw jsontext.Value) (any, error) {
	if raw[0] != '"' {
		if reason := badNumber(string(raw)); reason != "" {
			return nil, r.stop(validate.CodeTooLarge, reason)
		}
		return json.Number(raw), nil
	}
	if len(raw) > r.cfg.Text {
		return nil, r.stop(validate.CodeTooLong, "must have at most "+count(r.cfg.Text, "byte"))
	}
	return unquote(raw), nil
}

func unquote(raw jsontext.Value) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	text, _ := jsontext.AppendUnquote(nil, raw)
	return string(text)
}

// badNumber bounds what a number costs to compare exactly, and 1e400 is refused because
// the next reader would take it for infinity.
func badNumber(raw string) string {
	if len(raw) > maxNumber {
		return "must be a number of at most " + count(maxNumber, "character")
	}
	i := strings.IndexAny(raw, "eE")
	if i < 0 {
		return ""
	}
	if e, err := strconv.Atoi(raw[i+1:]); err != nil || e > maxExponent || e < -maxExponent {
		return "must be a number with an exponent of -308 to 308"
	}
	if _, err := strconv.ParseFloat(raw, 64); err != nil {
		return "must be a number that fits in 64 bits"
	}
	return ""
}

func (r *reader) object() (any, error) {
	if _, err := r.dec.ReadToken(); err != nil {
		return nil, err
	}
	m := map[string]any{}
	for r.dec.PeekKind() != '}' {
		if len(m) == r.cfg.Items {
			return nil, r.stop(validate.CodeTooMany, "must have at most "+count(r.cfg.Items, "member"))
		}
		raw, err := r.dec.ReadValue()
		if err != nil {
			return nil, err
		}
		if len(raw) > r.cfg.Text {
			return nil, r.stop(validate.CodeTooLong, "has a name of more than "+count(r.cfg.Text, "byte"))
		}
		name := unquote(raw)
		r.path = append(r.path, name)
		if m[name], err = r.value(); err != nil {
			return nil, err
		}
		r.path = r.path[:len(r.path)-1]
	}
	_, err := r.dec.ReadToken()
	return m, err
}

func (r *reader) array() (any, error) {
	if _, err := r.dec.ReadToken(); err != nil {
		return nil, err
	}
	list := []any{}
	for r.dec.PeekKind() != ']' {
		if len(list) == r.cfg.Items {
			return nil, r.stop(validate.CodeTooMany, "must have at most "+count(r.cfg.Items, "item"))
		}
		r.path = append(r.path, strconv.Itoa(len(list)))
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		r.path = r.path[:len(r.path)-1]
		list = append(list, v)
	}
	_, err := r.dec.ReadToken()
	return slices.Clip(list), err
}
