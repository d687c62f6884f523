package openapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

// params lists the parameters at c, followed to where they are described.
func (w *walker) params(c spec.Cursor) (all []spec.Cursor) {
	c.Items("parameters", func(p spec.Cursor) {
		if p, ok := p.Deref(); ok && p.Object() {
			all = append(all, p)
		}
	})
	return all
}

func (w *walker) parameters(op *Operation, c spec.Cursor, shared []spec.Cursor, names []string) {
	own := map[string]spec.Cursor{}
	for _, p := range w.params(c) {
		key := p.Text("in") + " " + p.Text("name")
		if _, twice := own[key]; twice {
			p.Fail("the parameter stands twice")
		}
		own[key] = p
	}
	for _, p := range shared {
		if key := p.Text("in") + " " + p.Text("name"); own[key].IsZero() {
			own[key] = p
		}
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
	w.later(op.untangle)
}

// place puts p into the list for its place.
func (o *Operation) place(at spec.Cursor, p *param, inPath map[string]*param) {
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
		switch p.name = http.CanonicalHeaderKey(p.name); p.name {
		case "Accept", "Content-Type", "Authorization": // described elsewhere (OpenAPI 3.2 §4.12.2)
		default:
			o.header = append(o.header, p)
		}
	}
}

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
func (w *walker) param(c spec.Cursor) *param {
	p := &param{name: c.Text("name"), in: c.Text("in"), required: c.Flag("required", false), allowEmpty: c.Flag("allowEmptyValue", false)}
	allowed, known := styles[p.in]
	switch {
	case p.name == "":
		c.Fail("needs a name")
		return nil
	case p.in == "querystring" && w.root.Version() == "3.2":
	case !known:
		c.Failf("in is %q, and must be path, query, header or cookie", p.in)
		return nil
	case p.in == "path" && !p.required:
		c.Fail("a parameter of the path must have required: true")
	}
	content, hasContent := c.Get("content")
	schema, hasSchema := c.Get("schema")
	switch {
	case hasContent && hasSchema, !hasContent && !hasSchema:
		c.Fail("needs either a schema or content")
		return nil
	case hasContent:
		return w.contentParam(p, content)
	case p.in == "querystring":
		c.Fail("a parameter in the querystring needs content")
		return nil
	}
	p.style = allowed[0]
	if s := c.Text("style"); s != "" {
		p.style = s
	}
	if !slices.Contains(allowed, p.style) || p.style == styleCookie && w.root.Version() != "3.2" {
		c.Failf("the style %q is not one of %s parameters: %s", p.style, p.in, strings.Join(allowed, ", "))
	}
	p.explode = c.Flag("explode", p.style == styleForm || p.style == styleCookie)
	p.rule.schema = w.in.Add(schema)
	p.shape = w.shapeOf(p.rule.schema)
	w.later(func() {
		if p.style == styleDeep && !p.shape.object {
			c.Fail("deepObject is for objects")
		}
		p.malformed = p.malformedDetail()
	})
	return p
}

// contentParam compiles a parameter that has a media type.
func (w *walker) contentParam(p *param, content spec.Cursor) *param {
	m, _ := content.Value.(map[string]any)
	if len(m) != 1 {
		content.Fail("must have exactly one media type")
		return nil
	}
	p.shape = &shape{text: true}
	content.Members(func(name string, media spec.Cursor) {
		media, ok := media.Deref()
		if !ok {
			return
		}
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
