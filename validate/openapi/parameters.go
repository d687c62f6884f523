package openapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// params lists the parameters at c, each of them once.
func (w *walker) params(c spec.Object) []spec.Object {
	all, known := c.Children("parameters"), map[string]bool{}
	for _, p := range all {
		if key := paramKey(p); known[key] {
			p.Place.Fail("the parameter is a duplicate: remove one of the two")
		} else {
			known[key] = true
		}
	}
	return all
}

// paramKey tells parameters apart: by name and place (OpenAPI 3.2 §4.12), and header fields
// whatever the case of their names (RFC 9110 §5.1).
func paramKey(p spec.Object) string {
	in, name := p.Text("in"), p.Text("name")
	if in == "header" {
		name = strings.ToLower(name)
	}
	return in + " " + name
}

func (w *walker) parameters(op *Operation, c spec.Object, shared []spec.Object, names []string) {
	own := map[string]spec.Object{}
	for _, p := range shared {
		own[paramKey(p)] = p
	}
	for _, p := range w.params(c) {
		own[paramKey(p)] = p
	}
	found := map[string]*param{}
	for _, key := range sortedKeys(own) {
		if p := w.param(own[key]); p != nil {
			op.place(own[key], p, found)
		}
	}
	for _, name := range names {
		if found[name] == nil {
			c.Failf("the path's parameter %q is not described", name)
			continue
		}
		op.path = append(op.path, found[name])
	}
	for _, name := range sortedKeys(found) {
		if !slices.Contains(names, name) {
			own["path "+name].Failf("the path %s has no {%s}", op.Path, name)
		}
	}
	if op.whole != nil && len(op.query) > 0 {
		c.Fail("has parameters in the query and one in the querystring, which is the whole query; describe it in one way")
	}
	w.later(op.untangle)
}

// place puts p into the list for its place.
func (o *Operation) place(at spec.Object, p *param, inPath map[string]*param) {
	switch p.in {
	case "path":
		inPath[p.name] = p
	case "query":
		o.query = append(o.query, p)
	case "cookie":
		o.cookie = append(o.cookie, p)
	case "querystring":
		if o.whole != nil {
			at.Fail("there can be one parameter in the querystring")
		}
		o.whole = p
	case "header":
		p.name = http.CanonicalHeaderKey(p.name)
		if !slices.Contains(elsewhereHeaders, p.name) {
			o.header = append(o.header, p)
		}
	}
}

// elsewhereHeaders are fields that no parameter describes: the first three have other places
// in a document (OpenAPI 3.2 §4.12.2), and the others are between two hops, so that no handler
// gets them (RFC 9110 §7.6.1).
var elsewhereHeaders = []string{"Accept", "Content-Type", "Authorization", "Transfer-Encoding", "Trailer"}

// untangle lets objects that are spread over the query come last, and leave alone what
// other parameters are called.
func (o *Operation) untangle() {
	slices.SortStableFunc(o.query, func(a, b *param) int {
		switch {
		case a.spread() == b.spread():
			return 0
		case a.spread():
			return 1
		}
		return -1
	})
	var names []string
	for _, p := range o.query {
		if !p.spread() {
			names = append(names, p.name)
		}
	}
	for _, p := range o.query {
		p.taken = names
	}
}

var styles = map[string][]string{
	"path":   {styleSimple, styleLabel, styleMatrix},
	"query":  {styleForm, styleSpace, stylePipe, styleDeep},
	"header": {styleSimple},
	"cookie": {styleForm, styleCookie},
}

// param compiles one parameter, or says why not.
func (w *walker) param(c spec.Object) *param {
	p := &param{
		name:       c.Text("name"),
		in:         c.Text("in"),
		required:   c.Flag("required", false),
		allowEmpty: c.Flag("allowEmptyValue", false),
	}
	allowed, known := styles[p.in]
	p.field(c)
	switch {
	case p.name == "":
		c.Fail("needs a name")
		return nil
	case p.in == "querystring" && w.l.Version == "3.2":
	case !known:
		c.Failf("in is %q, and must be path, query, header or cookie", p.in)
		return nil
	case p.in == "path" && !p.required:
		c.Fail("a parameter of the path must have required: true")
	}
	_, hasContent := c.Get("content")
	schema, hasSchema := c.Get("schema")
	switch {
	case hasContent && hasSchema, !hasContent && !hasSchema:
		c.Fail("needs either a schema or content")
		return nil
	case hasContent:
		return w.contentParam(p, c)
	case p.in == "querystring":
		c.Fail("a parameter in the querystring needs content")
		return nil
	}
	p.style = allowed[0]
	if s := c.Text("style"); s != "" {
		p.style = s
	}
	if !slices.Contains(allowed, p.style) || p.style == styleCookie && w.l.Version != "3.2" {
		c.Failf("the style %q is not one of %s parameters: %s", p.style, p.in, strings.Join(allowed, ", "))
	}
	p.explode = c.Flag("explode", p.style == styleForm || p.style == styleCookie)
	p.rule.schema = w.in.Add(schema)
	p.shape = w.shapeOf(p.rule.schema)
	w.later(func() { p.malformed = p.malformedDetail() })
	return p
}

// field refuses header fields that no client can send, or no reader here gets.
func (p *param) field(c spec.Object) {
	switch {
	case p.allowEmpty && p.in != "query":
		c.Fail("allowEmptyValue is for parameters in the query alone; remove it")
	case p.in != "header" || p.name == "":
	case !isToken(p.name):
		c.Failf("%q is no name of a header field: letters, digits and !#$%%&'*+-.^_`|~ alone", p.name)
	case strings.EqualFold(p.name, "Host"):
		c.Fail("the host of a request is no parameter; name it in servers, and set MatchHost")
	}
}

// isToken reports whether s is a token (RFC 9110 §5.6.2).
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7F || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

// contentParam compiles a parameter that has a media type.
func (w *walker) contentParam(p *param, c spec.Object) *param {
	content, _ := c.Get("content")
	if m, _ := content.Value.(map[string]any); len(m) != 1 {
		content.Fail("must have exactly one media type")
		return nil
	}
	for _, name := range []string{"style", "explode", "allowReserved"} {
		if m, ok := c.Get(name); ok {
			m.Failf("%s is for a parameter with a schema, and this one has content; remove it", name)
		}
	}
	p.shape = &shape{text: true}
	c.Map("content", func(name string, media spec.Object) {
		base := mediaName(name)
		p.asJSON, p.raw = isJSONType(base), !isJSONType(base)
		if schema, ok := media.Get("schema"); ok {
			p.rule.schema = w.in.Add(schema)
			p.shape = w.shapeOf(p.rule.schema)
		}
		if p.in == "querystring" && base == formType {
			p.asJSON, p.raw, p.style = false, false, styleForm
			m := w.media(name, media)
			w.later(func() { p.members = m.members })
		}
	})
	return p
}
