package samples

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Mutation is a request that must be refused.
type Mutation struct {
	// Name is the kind of mutation.
	Name    string
	Request Request
	// Place is where it is refused: "in:parameter/pointer", or the pointer in the body, with
	// this project's code behind it where that is certain.
	Place string
}

// Mutations are what can be made wrong of a plan.
func (p *Plan) Mutations(base string) []Mutation {
	all := p.wrongParams(base)
	if p.body == nil {
		return all
	}
	return append(all, p.wrongBodies(base)...)
}

// with is the request after a change.
func (p *Plan) with(base string, change func(q *Plan)) Request {
	q := *p
	q.query, q.header, q.path = slices.Clone(p.query), slices.Clone(p.header), maps.Clone(p.path)
	change(&q)
	return q.Request(base)
}

func (p *Plan) wrongParams(base string) (all []Mutation) {
	add := func(name, place string, c Request) { all = append(all, Mutation{name, c, place}) }
	with := func(change func(q *Plan)) Request { return p.with(base, change) }
	add("an unknown query parameter", "query:zzUnknown unknown_parameter", with(func(q *Plan) { q.query = append(q.query, pairOf{"zzUnknown", Canary}) }))
	for _, one := range p.params {
		place := one.in + ":" + one.name
		change := func(value string) Request {
			return with(func(q *Plan) {
				if i := slices.IndexFunc(q.query, func(x pairOf) bool { return x.name == one.name }); one.in == "query" {
					q.query[i].value = value
				} else {
					q.path[one.name] = value
				}
			})
		}
		if one.in == "cookie" || one.in == "header" {
			continue
		}
		if one.single && one.in == "query" {
			add("a query parameter twice", place+" duplicate", with(func(q *Plan) { q.query = append(q.query, pairOf{one.name, Canary}) }))
		}
		if one.required && one.in == "query" && one.single {
			add("a query parameter left out", place+" required", with(func(q *Plan) {
				q.query = slices.DeleteFunc(q.query, func(x pairOf) bool { return x.name == one.name })
			}))
		}
		kind, _ := one.schema["type"].(string)
		if one.single && (kind == "integer" || kind == "number" || kind == "boolean") || one.single && kind == "string" && one.schema["enum"] != nil {
			add("a parameter of another type", place, change(Canary))
		}
		if high, ok := one.schema["maximum"].(json.Number); ok && one.single {
			add("a parameter above its bound", place+" too_large", change(string(high)+"1"))
		}
	}
	return all
}

func (p *Plan) wrongBodies(base string) (all []Mutation) {
	add := func(name, place string, c Request) { all = append(all, Mutation{name, c, place}) }
	whole := p.Request(base)
	text := func(body string) Request { c := whole; c.Body = body; return c }
	add("JSON cut short", "malformed_json", text(whole.Body[:len(whole.Body)-1]))
	add("JSON with more behind it", "trailing_data", text(whole.Body+"{}"))
	if strings.HasPrefix(whole.Body, `{"`) {
		first, _, _ := strings.Cut(whole.Body[2:], `"`)
		add("a member twice", "duplicate_member", text(whole.Body[:len(whole.Body)-1]+`,"`+first+`":1}`))
	}
	add("another media type", "unsupported_media_type", Request{Line: whole.Line, Header: strings.Replace(whole.Header, "Content-Type: "+p.media, "Content-Type: application/x-nothing", 1), Body: whole.Body})
	for _, s := range p.spots {
		wrong := s.wrong()
		for _, name := range sortedNames(wrong) {
			value := wrong[name]
			body := replaced(p.body, s.at, value.value)
			data, err := json.Marshal(body)
			if err != nil {
				continue
			}
			at := s.at
			if value.member != "" {
				at = append(slices.Clone(at), value.member)
			}
			add(name, pointerOf(at)+value.code, text(string(data)))
		}
	}
	return all
}

func pointerOf(at []string) string {
	var b strings.Builder
	for _, name := range at {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
	}
	return b.String()
}

type wrongValue struct {
	value        any
	member, code string
}

// wrong are values that do not fit at the spot.
func (s spot) wrong() map[string]wrongValue {
	all := map[string]wrongValue{}
	kind, _ := s.schema["type"].(string)
	if s.schema["allOf"] != nil || s.schema["const"] != nil {
		return all
	}
	switch {
	case kind == "string":
		all["a number for a text"] = wrongValue{value: json.Number("7")}
	case kind != "":
		all["a text for another type"] = wrongValue{value: Canary}
	}
	if s.schema["enum"] != nil {
		all["not of the enum"] = wrongValue{value: Canary}
		return all
	}
	text, isText := s.value.(string)
	if high := whole(s.schema, "maxLength", 1<<40); kind == "string" && high < 60_000 {
		all["a text too long"] = wrongValue{value: strings.Repeat("x", high+1)}
	}
	if low := whole(s.schema, "minLength", 0); isText && low > 0 {
		all["a text too short"] = wrongValue{value: text[:low-1]}
	}
	if slices.Contains([]any{"date-time", "email", "uuid", "uri", "date", "ipv4"}, s.schema["format"]) {
		all["not of the format"] = wrongValue{value: Canary + " <>"}
	}
	if high, ok := s.schema["maximum"].(json.Number); ok && kind == "integer" && s.schema["exclusiveMaximum"] == nil {
		all["above the bound"] = wrongValue{value: json.Number(string(high) + "1"), code: " too_large"}
	}
	if list, ok := s.value.([]any); ok && whole(s.schema, "maxItems", 1<<40) < 200 && len(list) > 0 {
		more := slices.Clone(list)
		for len(more) <= whole(s.schema, "maxItems", 0) {
			more = append(more, list[0])
		}
		all["too many items"] = wrongValue{value: more}
	}
	if object, ok := s.value.(map[string]any); ok && kind == "object" {
		s.wrongObject(object, all)
	}
	return all
}

func (s spot) wrongObject(object map[string]any, all map[string]wrongValue) {
	needed, _ := s.schema["required"].([]any)
	for _, name := range needed {
		if name, _ := name.(string); object[name] != nil {
			less := maps.Clone(object)
			delete(less, name)
			all["without "+name] = wrongValue{less, name, " required"}
			break
		}
	}
	if s.schema["properties"] != nil && (s.schema["additionalProperties"] == nil || s.schema["additionalProperties"] == false) {
		more := maps.Clone(object)
		more["zzUnknown"] = Canary
		all["a member that is not described"] = wrongValue{more, "zzUnknown", " unknown_member"}
	}
}

// replaced is v with another value at a place.
func replaced(v any, at []string, value any) any {
	if len(at) == 0 {
		return value
	}
	switch v := v.(type) {
	case map[string]any:
		m := maps.Clone(v)
		m[at[0]] = replaced(v[at[0]], at[1:], value)
		return m
	case []any:
		list := slices.Clone(v)
		for i := range list {
			if fmt.Sprint(i) == at[0] {
				list[i] = replaced(list[i], at[1:], value)
			}
		}
		return list
	}
	return v
}
