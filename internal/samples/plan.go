package samples

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Plan is a request for an operation, before it is written out.
type Plan struct {
	Operation
	path           map[string]string
	query          []pairOf
	header, cookie []pairOf
	media          string
	body           any // written as media says, or raw
	json           bool
	raw            string
	params         []paramOf
	spots          []spot // of the body
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
func (m *Maker) Plan(o Operation) (*Plan, error) {
	p := &Plan{Operation: o, path: map[string]string{}}
	described := map[string]map[string]any{}
	for _, holder := range []map[string]any{o.item, o.self} {
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
	body := m.follow(o.self["requestBody"])
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

func (m *Maker) param(p *Plan, d map[string]any) error {
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
func (p *Plan) put(name, in string, d map[string]any, v any) error {
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
func (p *Plan) members(object map[string]any, name func(string) string) error {
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

func (m *Maker) body(p *Plan, media map[string]any) error {
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
func (p *Plan) Request(base string) Request {
	path := p.Template
	for name, value := range p.path {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	c := Request{Line: p.Method + " " + base + path}
	for i, one := range p.query {
		c.Line += map[bool]string{true: "?", false: "&"}[i == 0] + url.QueryEscape(one.name) + "=" + one.value
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
		if c.Body = p.raw; p.body != nil || p.json {
			text, _ := json.Marshal(p.body)
			c.Body = string(text)
		}
	}
	c.Header = strings.Join(fields, "\n")
	return c
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
