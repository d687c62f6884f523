package openapi

import (
	"maps"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
	"github.com/sallyport-dev/sallyport/validate/openapi/internal/schema"
	"github.com/sallyport-dev/sallyport/validate/openapi/internal/spec"
)

const (
	formType      = "application/x-www-form-urlencoded"
	multipartType = "multipart/form-data"
)

// body is the compiled requestBody of an operation.
type body struct {
	required    bool
	media       []*media // exact types first, then type/*, then */*
	unsupported *problem.Problem
	missing     *problem.Problem
}

// media is one media type, or range of them, with the schema that holds for it.
type media struct {
	name    string
	rule    rule
	shape   *shape
	members []*param            // of a form
	types   map[string][]string // media types of a part, by its name
	partial bool                // what is described of it is more than what is read here

	asks, structural bool // see [schema.Schema]'s methods
}

func (w *walker) body(op *Operation, c spec.Object) {
	if _, ok := c.Get("content"); !ok {
		c.Fail("needs content")
		return
	}
	b := &body{
		required: c.Flag("required", false),
		missing:  wire.Malformed("empty_body", "The body is empty, and needed here."),
	}
	eachMedia(c, func(name string, c spec.Object) {
		m := w.media(name, c)
		w.later(func() { b.add(m, w.d.cfg.InsecureUncheckedBodies) })
	})
	w.later(b.finish)
	op.body = b
}

// finish puts the media types in order, and makes the answer to all others.
func (b *body) finish() {
	slices.SortStableFunc(b.media, byRange)
	var names []string
	for _, m := range b.media {
		names = append(names, m.name)
	}
	b.unsupported = problem.UnsupportedMediaType(strings.Join(names, ", "))
	if len(names) == 0 {
		b.unsupported = problem.New(415, "unsupported_media_type", "No media type of this operation can be checked here.")
	}
}

// eachMedia calls f for every media type, by its name alone: two that differ in parameters
// are not told apart, and so are a problem.
func eachMedia(c spec.Object, f func(name string, c spec.Object)) {
	known := map[string]bool{}
	c.Map("content", func(text string, c spec.Object) {
		name := mediaName(text)
		if known[name] {
			c.Place.Failf("%s is a duplicate: media types are told apart by their names, not by parameters", name)
		}
		known[name] = true
		f(name, c)
	})
}

// add leaves out what could not be checked.
func (b *body) add(m *media, unchecked bool) {
	foreign := !strings.Contains(m.name, "*") && m.unread(m.name)
	if unchecked || !foreign && !m.partial {
		b.media = append(b.media, m)
	}
}

// unread reports whether the schema asks for more than can be seen in a body of a media
// type: anything at all where the type cannot be read, and members or items where it is
// read as a text.
func (m *media) unread(name string) bool {
	switch {
	case isJSONType(name) || name == formType || name == multipartType:
		return false
	case readable(name):
		return m.structural
	}
	return m.asks
}

func (w *walker) media(name string, c spec.Object) *media {
	m := &media{name: mediaName(name), types: map[string][]string{}, partial: sequence(c)}
	onlyWhole(m.name, c)
	at, ok := c.Get("schema")
	if !ok {
		return m
	}
	w.schema(m, w.in.Add(at))
	if isJSONType(m.name) {
		return m // JSON has its shape itself
	}
	m.shape = w.shapeOf(m.rule.schema)
	w.later(func() {
		encodings := m.encodings(c)
		for _, member := range sortedKeys(m.shape.members) {
			m.members = append(m.members, m.member(member, encodings[member]))
		}
	})
	return m
}

// schema sets the schema of a media type.
func (w *walker) schema(m *media, s *schema.Schema) {
	m.rule.schema = s
	w.later(func() { m.asks, m.structural = s.Asks(), s.Structural() })
}

// member compiles how a member of a form is written.
func (m *media) member(name string, encoding spec.Object) *param {
	p := &param{name: name, style: styleForm, shape: m.shape.members[name]}
	style := encoding.Text("style")
	if style != "" {
		p.style = style
	}
	if style != "" && !slices.Contains(styles["query"], style) {
		encoding.Failf("the style %q is not one of forms: %s", style, strings.Join(styles["query"], ", "))
	}
	p.explode = encoding.Flag("explode", p.style == styleForm)
	if types := encoding.Text("contentType"); types != "" {
		for t := range strings.SplitSeq(types, ",") {
			m.types[name] = append(m.types[name], strings.ToLower(strings.TrimSpace(t)))
		}
		p.asJSON = isJSONType(m.types[name][0])
	}
	// An object without a style is JSON (OpenAPI 3.2 §4.15.1).
	p.asJSON = p.asJSON || style == "" && p.shape.object && !p.shape.list && !p.shape.text
	p.malformed = p.malformedDetail()
	return p
}

// mediaName is the type without its parameters, in lower case.
func mediaName(s string) string {
	name, _, _ := strings.Cut(s, ";")
	return strings.ToLower(strings.Trim(name, " \t"))
}

func isJSONType(name string) bool {
	return name == "application/json" || name == "text/json" || strings.HasSuffix(name, "+json")
}

func readable(name string) bool {
	return isJSONType(name) || name == formType || name == multipartType || strings.HasPrefix(name, "text/")
}

// byRange puts exact types first, then type/*+suffix, type/*, and */*.
func byRange(a, b *media) int { return width(a.name) - width(b.name) }

func width(name string) int {
	stars := 2 * strings.Count(name, "*")
	if strings.Contains(name, "/*+") {
		stars--
	}
	return stars
}

// find is the entry for a media type. Where JSON or a form is described by its name, no range has what some reader takes
// for one.
func (b *body) find(name string) *media {
	m := findMedia(b.media, name)
	if m != nil && m.name != name && posesAs(name) && slices.ContainsFunc(b.media, func(m *media) bool { return readable(m.name) }) {
		return nil
	}
	return m
}

// findMedia is the entry for a media type, the most particular one.
func findMedia(list []*media, name string) *media {
	for _, m := range list {
		if m.name == name || m.name == "*/*" {
			return m
		}
		// ASP.NET Core describes application/*+json, the range of RFC 6839's suffix.
		if kind, suffix, ok := strings.Cut(m.name, "/*"); ok && strings.HasPrefix(name, kind+"/") && strings.HasSuffix(name, suffix) {
			return m
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
