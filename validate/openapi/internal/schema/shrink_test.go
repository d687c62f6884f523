package schema

import (
	"bytes"
	"encoding/json"
)

// shrink makes a schema and a value smaller for as long as the verdicts differ.
func shrink(doc, value any) (schema, text []byte) {
	schema, text = plain(doc), plain(value)
	tries := 0
	differ := func(schema, text []byte) bool {
		if tries++; tries > 3000 {
			return false
		}
		us, them, err := verdicts(schema, text)
		return err == nil && us != them
	}
	for smaller := true; smaller; {
		smaller = false
		for _, less := range lesser(schema) {
			if differ(less, text) {
				schema, smaller = less, true
				break
			}
		}
		for _, less := range lesser(text) {
			if differ(schema, less) {
				text, smaller = less, true
				break
			}
		}
	}
	return schema, text
}

func plain(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

// lesser returns a text with one part taken out, or replaced by what is in it, in every way.
func lesser(text []byte) (all [][]byte) {
	var v any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		panic(err)
	}
	without(v, func(less any) { all = append(all, plain(less)) })
	return all
}

func without(v any, yield func(any)) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			yield(member)
			delete(v, name)
			yield(v)
			without(member, func(less any) {
				v[name] = less
				yield(v)
			})
			v[name] = member
		}
	case []any:
		for i, item := range v {
			yield(item)
			yield(append(append([]any{}, v[:i]...), v[i+1:]...))
			without(item, func(less any) {
				v[i] = less
				yield(v)
			})
			v[i] = item
		}
	}
}
