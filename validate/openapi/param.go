package openapi

import (
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/validate"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// Styles of parameters (OpenAPI 3.2 §4.12.3).
const (
	styleSimple = "simple"
	styleLabel  = "label"
	styleMatrix = "matrix"
	styleForm   = "form"
	styleSpace  = "spaceDelimited"
	stylePipe   = "pipeDelimited"
	styleDeep   = "deepObject"
	styleCookie = "cookie"
)

// param is one compiled parameter, or one member of a form.
type param struct {
	name, in, style string
	explode         bool
	required        bool
	allowEmpty      bool
	asJSON          bool // by content
	raw             bool // by content of another type: the text itself
	shape           *shape
	rule            rule
	malformed       string   // what is asked where the style is not kept
	taken           []string // names of other parameters, which an exploded object leaves alone
	members         []*param // of a form, in: querystring
}

// decoder undoes the escaping of a place.
type decoder func(string) (string, bool)

// decoder is how pairs are escaped. A cookie's plus is a plus.
func (p *param) decoder() decoder {
	switch {
	case p.style == styleCookie:
		return verbatim
	case p.in == "cookie":
		return unescapePath
	}
	return unescape
}

// scalar reports whether the parameter can only be one text.
func (p *param) scalar() bool { return p.asJSON || p.raw || !p.shape.list && !p.shape.object }

// read is what a text, or several, may mean: the readings, the most particular first, or
// a failure at a place within.
type read struct {
	readings     []any
	path         []string
	code, detail string
}

func bad(code, detail string) read { return read{code: code, detail: detail} }

var badText = bad(CodeMalformed, "must be UTF-8, well encoded")

// check judges one text of a path, header or cookie, or of a single pair.
func (p *param) check(c *check, raw string, decode decoder) {
	if p.plain() {
		if text, ok := decode(raw); ok && p.rule.text(text) || p.allowEmpty && raw == "" {
			return
		}
	}
	p.judge(c, p.one(c, raw, decode))
}

// plain reports whether a text is the value, with nothing around it.
func (p *param) plain() bool {
	return p.scalar() && !p.asJSON && p.style != styleLabel && p.style != styleMatrix && p.style != styleDeep
}

// judge holds what was read to the schema.
func (p *param) judge(c *check, r read) {
	c.at(p)
	switch {
	case r.code != "":
		c.add(r.path, r.code, r.detail)
		return
	case len(r.readings) == 0:
		return
	}
	p.shape.judge(&p.rule, r.readings, &c.failures)
}

// one reads a single text, still escaped.
func (p *param) one(c *check, raw string, decode decoder) read {
	if len(raw) > 3*c.cfg.Text {
		return c.tooLong()
	}
	if p.asJSON || p.raw {
		return p.content(c, raw, decode)
	}
	body, ok := p.unprefixed(raw)
	if !ok {
		return bad(CodeMalformed, p.malformed)
	}
	if p.scalar() {
		text, ok := decode(body)
		if !ok {
			return badText
		}
		return read{readings: p.shape.readings(text)}
	}
	if p.shape.object {
		if m, ok := p.objectOf(body, decode); ok {
			return read{readings: []any{m}}
		}
		if !p.shape.list && !p.shape.text {
			return bad(CodeMalformed, p.malformed)
		}
	}
	if late, ok := p.splitLate(body); ok {
		r := p.listed(c, late, body, decode)
		if r.code != "" || !p.shape.items.isOpenText() || !p.fits(r) {
			return r
		}
	}
	return p.listed(c, p.split(body), body, decode)
}

// splitLate cuts a list as readers do that undo the escapes first: nearly all of them, though an escaped comma belongs
// to an item (RFC 6570 §3.2.1), and what URLSearchParams writes has no other. Items that are texts are held to the
// schema in both readings, and others in this one: no number has a comma, and an enum says which texts there are.
func (p *param) splitLate(body string) ([]string, bool) {
	if p.in == "cookie" || p.in == "header" || p.style != styleForm && p.style != styleSimple || !p.shape.list {
		return nil, false
	}
	plain := strings.NewReplacer("%2C", ",", "%2c", ",").Replace(body)
	return strings.Split(plain, ","), plain != body
}

// fits reports whether one of the readings is as the schema asks.
func (p *param) fits(r read) bool { return p.shape.judge(&p.rule, r.readings, &failures{most: 1}) }

// listed reads a list, or the text itself where the schema takes both.
func (p *param) listed(c *check, parts []string, whole string, decode decoder) read {
	if len(parts) > c.cfg.Items {
		return bad(validate.CodeTooMany, "must have at most "+wire.Count(c.cfg.Items, "item"))
	}
	for i := range parts {
		text, ok := decode(parts[i])
		if !ok {
			return badText
		}
		parts[i] = text
	}
	all := []any{p.shape.array(parts)}
	if text, ok := decode(whole); ok && (p.shape.text || p.shape.number || p.shape.boolean) {
		all = append(p.shape.readings(text), all...)
	}
	return read{readings: all}
}

// content reads a parameter that has a media type in place of a style.
func (p *param) content(c *check, raw string, decodeText decoder) read {
	text, ok := decodeText(raw)
	if !ok {
		return badText
	}
	if p.raw {
		return read{readings: []any{text}}
	}
	f := failures{}
	v, malformed, ok := decode([]byte(text), c.cfg, c.limits, &f)
	switch {
	case malformed != nil:
		return bad(CodeMalformed, "must be JSON")
	case !ok:
		return bad(f.fields[0].Code, f.fields[0].Detail)
	}
	return read{readings: []any{v}}
}

// unprefixed takes off what label and matrix put before the value.
func (p *param) unprefixed(raw string) (string, bool) {
	switch {
	case p.style == styleLabel:
		return strings.CutPrefix(raw, ".")
	case p.style != styleMatrix:
		return raw, true
	case p.explode && p.shape.object:
		return strings.CutPrefix(raw, ";")
	}
	return strings.CutPrefix(raw, ";"+p.name+"=")
}

// split cuts a list into its parts.
func (p *param) split(body string) []string {
	switch {
	case p.style == styleLabel && p.explode:
		return strings.Split(body, ".")
	case p.style == styleMatrix && p.explode:
		return strings.Split(body, ";"+p.name+"=")
	case p.style == styleSpace:
		return strings.Split(strings.ReplaceAll(body, "+", "%20"), "%20")
	case p.style == stylePipe:
		return strings.Split(strings.NewReplacer("%7C", "|", "%7c", "|").Replace(body), "|")
	}
	parts := strings.Split(body, ",")
	if p.in == "header" {
		for i := range parts {
			parts[i] = strings.Trim(parts[i], " \t")
		}
	}
	return parts
}

// objectOf reads an object from one text: name,value,name,value or, exploded,
// name=value,name=value.
func (p *param) objectOf(body string, decode decoder) (map[string]any, bool) {
	var parts []string
	switch {
	case p.style == styleMatrix && p.explode:
		parts = strings.Split(body, ";")
	default:
		parts = p.split(body)
	}
	m := map[string]any{}
	pair := 2
	if p.explode {
		pair = 1
	}
	if len(parts)%pair != 0 {
		return nil, false
	}
	for part := range slices.Chunk(parts, pair) {
		name, value, ok := strings.Cut(part[0], "=")
		if !p.explode {
			name, value, ok = part[0], part[1], true
		}
		name, okName := decode(name)
		value, okValue := decode(value)
		if _, twice := m[name]; twice || !ok || !okName || !okValue {
			return nil, false
		}
		m[name] = p.shape.member(name).reading(value)
	}
	return m, true
}

// malformedDetail tells how the parameter has to be written.
func (p *param) malformedDetail() string {
	switch {
	case p.style == styleLabel:
		return "must begin with a dot"
	case p.style == styleMatrix && p.explode && p.shape.object:
		return "must be written ;name=value;name=value"
	case p.style == styleMatrix:
		return "must be written ;" + p.name + "=value"
	case p.explode:
		return "must be written name=value,name=value, each name once"
	}
	return "must be written name,value,name,value, each name once"
}
