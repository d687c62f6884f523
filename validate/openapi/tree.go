package openapi

import (
	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
	"github.com/sallyport-dev/sallyport/validate/openapi/internal/schema"
)

// parse reads data, which must be one JSON value. The problem is a 400 for what is not JSON;
// over a bound, the failure is noted in f and ok is false.
func parse(data []byte, cfg *Config, limits *wire.Limits, f *failures) (v *schema.Value, p *problem.Problem, ok bool) {
	v, over, p := schema.Parse(data, schema.Bounds{Text: cfg.Text, Items: cfg.Items, Values: cfg.Values, Limits: limits})
	if over != nil {
		f.add(over.Path, over.Code, over.Detail)
	}
	return v, p, v != nil
}

// decode is parse for a value that is a part of another one.
func decode(data []byte, cfg *Config, limits *wire.Limits, f *failures) (v any, p *problem.Problem, ok bool) {
	value, p, ok := parse(data, cfg, limits, f)
	if !ok {
		return nil, p, false
	}
	return value.Any(), nil, true
}
