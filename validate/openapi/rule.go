package openapi

import "github.com/sallyport-dev/sallyport/validate/openapi/internal/schema"

// rule is the schema that a value is held to, or none.
type rule struct{ schema *schema.Schema }

// text reports whether a text, taken as the only type the schema has, certainly fits.
func (r *rule) text(raw string) bool { return r.schema != nil && r.schema.FitsText(raw) }

// check judges a value of nil, bool, string, json.Number, []any, map[string]any and twofold.
func (r *rule) check(v any, f *failures) bool {
	if r.schema == nil {
		return true
	}
	first, some := resolved(v, false)
	fits := r.judge(schema.From(first), f)
	if fits && some {
		second, _ := resolved(v, true)
		fits = r.judge(schema.From(second), f)
	}
	return fits
}

// judge notes in f why v does not fit.
func (r *rule) judge(v *schema.Value, f *failures) bool {
	if r.schema == nil {
		return true
	}
	verdict := r.schema.Judge(v)
	f.addAll(verdict.Failures, verdict.More)
	return verdict.Fits
}
