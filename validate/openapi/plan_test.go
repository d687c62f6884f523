package openapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// plan is a request for an operation, before it is written out.
type plan struct {
	method, template string
	path             map[string]string
	query            []pairOf
	header, cookie   []pairOf
	media            string
	body             any // written as media says, or raw
	json             bool
	raw              string
	params           []paramOf
	spots            []spot // of the body
}

type pairOf struct{ name, value string } // the value of a query's is escaped

// paramOf is a parameter as it was described.
type paramOf struct {
	name, in string
	required bool
	schema   map[string]any
	single   bool // one text, which is not within a choice
}

var (
	errSlash = errors.New("a slash or dots in a value of the path")
	errStyle = errors.New("a style that is not written here")
	errMedia = errors.New("a media type that is not written here")
)

// plan makes a request for an operation.
func (m *maker) plan(method, template string, item, op map[string]any) (*plan, error) {
	p := &plan{method: strings.ToUpper(method), template: template, path: map[string]string{}}
	described := map[string]map[string]any{}
	for _, holder := range []map[string]any{item, op} {
		list, _ := holder["parameters"].([]any)
		for _, one := range list {
			d := m.follow(one)
			described[fmt.Sprint(d["in"], " ", d["name"])] = d
		}
	}
	for _, key := range sortedNames(described) {
		if err := m.param(p, described[key]); err != nil {
			return nil, err
		}
	}
	body := m.follow(op["requestBody"])
	content, _ := body["content"].(map[string]any)
	if len(content) == 0 || body["required"] != true && m.rnd.IntN(4) == 0 {
		return p, nil
	}
	names := slices.DeleteFunc(sortedNames(content), func(name string) bool { return strings.HasSuffix(name, "xml") || strings.HasPrefix(name, "image/") })
	if len(names) == 0 {
		return nil, errMedia
	}
	p.media = names[m.rnd.IntN(len(names))]
	return p, m.body(p, m.follow(content[p.media]))
}

func (m *maker) param(p *plan, d map[string]any) error {
	name, _ := d["name"].(string)
	in, _ := d["in"].(string)
	required := d["required"] == true
	if !required && m.rnd.IntN(2) == 0 {
		return nil
	}
	schema, asJSON := d["schema"], false
	if content, ok := d["content"].(map[string]any); ok {
		schema, asJSON = m.follow(content["application/json"])["schema"], true
	}
	if flat := m.flat(schema); required && flat["type"] == "array" && whole(flat, "minItems", 0) == 0 {
		schema = merged(map[string]any{"minItems": json.Number("1")}, flat) // an empty list cannot be told from none
	}
	before := len(m.spots)
	v, err := m.value(schema, nil, 0)
	_, isList := v.([]any)
	_, isObject := v.(map[string]any)
	single := len(m.spots) == before+1 && !isList && !isObject
	m.spots = m.spots[:before]
	if err != nil || v == nil {
		return errors.Join(err, map[bool]error{true: errStyle}[err == nil && required])
	}
	defer func(sent int) {
		if len(p.query)+len(p.path)+len(p.header)+len(p.cookie) > sent {
			p.params = append(p.params, paramOf{name, in, required, m.flat(schema), single && !asJSON})
		}
	}(len(p.query) + len(p.path) + len(p.header) + len(p.cookie))
	if asJSON {
		text, _ := json.Marshal(v)
		v = string(text)
	}
	return p.put(name, in, d, v)
}

// put writes a value in the parameter's style, of those that documents mostly have.
func (p *plan) put(name, in string, d map[string]any, v any) error {
	style, _ := d["style"].(string)
	list, isList := v.([]any)
	object, isObject := v.(map[string]any)
	switch {
	case isObject && in == "query" && style == "deepObject":
		return p.members(object, func(member string) string { return name + "[" + member + "]" })
	case isObject && in == "query" && d["explode"] != false && (style == "" || style == "form"):
		return p.members(object, func(member string) string { return member })
	case isObject:
		return errStyle
	case isList && in == "query" && d["explode"] != false && (style == "" || style == "form"):
		for _, item := range list {
			p.query = append(p.query, pairOf{name, url.QueryEscape(fmt.Sprint(item))})
		}
		if len(list) == 0 && d["required"] == true {
			return errStyle
		}
		return nil
	case isList && style != "" && style != "form" && style != "simple":
		return errStyle
	case isList:
		texts := make([]string, len(list))
		for i, item := range list {
			if texts[i] = fmt.Sprint(item); strings.ContainsAny(texts[i], ",") {
				return errStyle
			}
			if in == "query" {
				texts[i] = url.QueryEscape(texts[i])
			}
		}
		if len(list) == 0 { // no text says that
			return map[bool]error{true: errStyle}[d["required"] == true]
		}
		if v = strings.Join(texts, ","); in == "query" {
			p.query = append(p.query, pairOf{name, fmt.Sprint(v)})
			return nil
		}
	case in == "path" && style != "" && style != "simple":
		return errStyle
	}
	text := fmt.Sprint(v)
	switch in {
	case "path":
		if text == "" || text == "." || text == ".." || strings.ContainsAny(text, `/\`) {
			return errSlash
		}
		p.path[name] = text
	case "query":
		p.query = append(p.query, pairOf{name, url.QueryEscape(text)})
	case "header":
		p.header = append(p.header, pairOf{name, text})
	case "cookie":
		p.cookie = append(p.cookie, pairOf{name, text})
	}
	return nil
}

// members writes each member of an object as pairs of its own.
func (p *plan) members(object map[string]any, name func(string) string) error {
	for _, member := range sortedNames(object) {
		list, isList := object[member].([]any)
		if !isList {
			list = []any{object[member]}
		}
		for _, item := range list {
			switch item.(type) {
			case map[string]any, []any, nil:
				return errStyle
			}
			p.query = append(p.query, pairOf{name(member), url.QueryEscape(fmt.Sprint(item))})
		}
	}
	return nil
}

func (m *maker) body(p *plan, media map[string]any) error {
	if p.media == "application/octet-stream" {
		p.raw = "bytes"
		return nil
	}
	m.spots = nil
	v, err := m.value(media["schema"], nil, 0)
	if err != nil {
		return err
	}
	switch object, isObject := v.(map[string]any); {
	case strings.HasSuffix(p.media, "json"):
		p.body, p.spots, p.json = v, m.spots, true
	case strings.HasPrefix(p.media, "text/"):
		p.raw = fmt.Sprint(v)
	case p.media == "application/x-www-form-urlencoded" && isObject:
		form := url.Values{}
		for name, member := range object {
			switch member.(type) {
			case map[string]any, []any, nil:
			default:
				form.Set(name, fmt.Sprint(member))
			}
		}
		p.raw = form.Encode()
	case p.media == "multipart/form-data" && isObject:
		p.media += "; boundary=b"
		for _, name := range sortedNames(object) {
			text, isText := object[name].(string)
			if data, _ := json.Marshal(object[name]); !isText {
				text = string(data)
			}
			p.raw += "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + text + "\r\n"
		}
		p.raw += "--b--\r\n"
	default:
		return errMedia
	}
	return nil
}

// request writes the plan out.
func (p *plan) request(base string) requestCase {
	path := p.template
	for name, value := range p.path {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	c := requestCase{line: p.method + " " + base + path}
	for i, one := range p.query {
		c.line += map[bool]string{true: "?", false: "&"}[i == 0] + url.QueryEscape(one.name) + "=" + one.value
	}
	var fields, cookies []string
	for _, one := range p.header {
		fields = append(fields, one.name+": "+one.value)
	}
	for _, one := range p.cookie {
		cookies = append(cookies, one.name+"="+one.value)
	}
	if cookies != nil {
		fields = append(fields, "Cookie: "+strings.Join(cookies, "; "))
	}
	if p.media != "" {
		fields = append(fields, "Content-Type: "+p.media)
		if c.body = p.raw; p.body != nil || p.json {
			text, _ := json.Marshal(p.body)
			c.body = string(text)
		}
	}
	c.header = strings.Join(fields, "\n")
	return c
}

// mutation is a request that must be refused, and where.
type mutation struct {
	name    string
	request requestCase
	place   string // as verdict writes it, with the code where that is certain
}

// mutations are what can be made wrong of a plan.
func (p *plan) mutations(base string) (all []mutation) {
	add := func(name, place string, c requestCase) { all = append(all, mutation{name, c, place}) }
	with := func(change func(q *plan)) requestCase {
		q := *p
		q.query, q.header, q.path = slices.Clone(p.query), slices.Clone(p.header), map[string]string{}
		for k, v := range p.path {
			q.path[k] = v
		}
		change(&q)
		return q.request(base)
	}
	set := func(list []pairOf, name, value string) {
		for i := range list {
			if list[i].name == name {
				list[i].value = value
			}
		}
	}
	add("an unknown query parameter", "query:zzUnknown unknown_parameter", with(func(q *plan) { q.query = append(q.query, pairOf{"zzUnknown", canary}) }))
	for _, one := range p.params {
		place := one.in + ":" + one.name
		change := func(value string) requestCase {
			return with(func(q *plan) {
				set(q.query, one.name, value)
				set(q.header, one.name, value)
				if one.in == "path" {
					q.path[one.name] = value
				}
			})
		}
		if one.in == "cookie" || one.in == "header" {
			continue
		}
		if one.single && one.in == "query" {
			add("a query parameter twice", place+" duplicate", with(func(q *plan) { q.query = append(q.query, pairOf{one.name, canary}) }))
		}
		if one.required && one.in == "query" && one.single {
			add("a query parameter left out", place+" required", with(func(q *plan) {
				q.query = slices.DeleteFunc(q.query, func(x pairOf) bool { return x.name == one.name })
			}))
		}
		kind, _ := one.schema["type"].(string)
		if one.single && (kind == "integer" || kind == "number" || kind == "boolean") || one.single && kind == "string" && one.schema["enum"] != nil {
			add("a parameter of another type", place, change(canary))
		}
		if high, ok := one.schema["maximum"].(json.Number); ok && one.single {
			add("a parameter above its bound", place+" too_large", change(string(high)+"1"))
		}
	}
	if p.body == nil {
		return all
	}
	whole := p.request(base)
	text := func(body string) requestCase { c := whole; c.body = body; return c }
	add("JSON cut short", "malformed_json", text(whole.body[:len(whole.body)-1]))
	add("JSON with more behind it", "trailing_data", text(whole.body+"{}"))
	if strings.HasPrefix(whole.body, `{"`) {
		first, _, _ := strings.Cut(whole.body[2:], `"`)
		add("a member twice", "duplicate_member", text(whole.body[:len(whole.body)-1]+`,"`+first+`":1}`))
	}
	add("another media type", "unsupported_media_type", requestCase{line: whole.line, header: strings.Replace(whole.header, "Content-Type: "+p.media, "Content-Type: application/x-nothing", 1), body: whole.body})
	for _, s := range p.spots {
		for name, value := range s.wrong() {
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
		all["a text for another type"] = wrongValue{value: canary}
	}
	if s.schema["enum"] != nil {
		all["not of the enum"] = wrongValue{value: canary}
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
		all["not of the format"] = wrongValue{value: canary + " <>"}
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
			less := map[string]any{}
			for k, v := range object {
				if k != name {
					less[k] = v
				}
			}
			all["without "+name] = wrongValue{less, name, " required"}
			break
		}
	}
	if s.schema["properties"] != nil && (s.schema["additionalProperties"] == nil || s.schema["additionalProperties"] == false) {
		more := map[string]any{"zzUnknown": canary}
		for k, v := range object {
			more[k] = v
		}
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
		m := map[string]any{}
		for name, member := range v {
			m[name] = member
		}
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

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
