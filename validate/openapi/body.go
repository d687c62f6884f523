package openapi

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// CodeMediaType says that a part of a multipart body has another media type than asked.
const CodeMediaType = "media_type"

var (
	notUTF8      = wire.Malformed("invalid_utf8", "The body is not UTF-8.")
	badForm      = wire.Malformed("malformed_form", "The form is not well encoded. Send name=value pairs, joined by &, percent-encoded as UTF-8.")
	badMultipart = wire.Malformed("malformed_multipart", "The body is not multipart/form-data as RFC 7578 has it: parts with a name, in the boundary that Content-Type says.")
	manyParts    = wire.Malformed("too_many_parts", "The body has too many parts.")
)

// check checks data, which has the given Content-Type.
func (b *body) check(c *check, contentType string, data []byte) *problem.Problem {
	name := mediaName(contentType)
	m := b.find(name)
	_, parameter, more := strings.Cut(contentType, ";")
	switch parameter = strings.Trim(parameter, " \t"); {
	case m == nil:
		return b.unsupported
	case name == multipartType:
		return m.multipart(c, contentType, data)
	case m.unread(name) && !c.cfg.InsecureUncheckedBodies:
		return b.unsupported
	case !readable(name):
		return nil
	case more && !wire.IsUTF8Charset(parameter):
		return b.unsupported
	case isJSONType(name):
		return m.json(c, data)
	case !utf8.Valid(data):
		return notUTF8
	case name == formType:
		return m.form(c, data)
	}
	return m.text(c, string(data))
}

func (m *media) json(c *check, data []byte) *problem.Problem {
	defer c.cfg.checking(len(data))()
	v, p, ok := parse(data, c.cfg, c.limits, &c.failures)
	if ok {
		m.rule.judge(v, &c.failures)
	}
	return p
}

func (m *media) text(c *check, text string) *problem.Problem {
	m.shape.judge(&m.rule, m.shape.readings(text), &c.failures)
	return nil
}

func (m *media) form(c *check, data []byte) *problem.Problem {
	pairs, p := appendPairs(nil, string(data), c.cfg.Parts)
	switch {
	case p == badQuery:
		return badForm
	case p != nil:
		return p
	}
	if v, ok := form(c, m.shape, m.members, pairs); ok {
		m.rule.check(v, &c.failures)
	}
	return nil
}

// form reads pairs into an object: those the document describes in their style, and the
// others as texts, for the schema to judge.
func form(c *check, s *shape, members []*param, pairs []pair) (map[string]any, bool) {
	object, fine := map[string]any{}, true
	for _, p := range members {
		var mine []int
		for i := range pairs {
			if !pairs[i].used && p.owns(pairs[i].name) {
				mine, pairs[i].used = append(mine, i), true
			}
		}
		if len(mine) == 0 {
			continue
		}
		r := p.gather(c, pairs, mine)
		if r.code != "" {
			c.add([]string{p.name}, r.code, r.detail)
			fine = false
			continue
		}
		object[p.name] = r.readings[0]
	}
	for _, one := range pairs {
		if one.used {
			continue
		}
		text, ok := unescape(one.value)
		_, twice := object[one.name]
		switch {
		case !ok:
			c.add([]string{one.name}, badText.code, badText.detail)
		case twice:
			c.add([]string{one.name}, CodeDuplicate, "must stand once")
		default:
			object[one.name] = s.member(one.name).reading(text)
			continue
		}
		fine = false
	}
	return object, fine
}

func (m *media) multipart(c *check, contentType string, data []byte) *problem.Problem {
	_, parameters, err := mime.ParseMediaType(contentType)
	boundary := parameters["boundary"]
	if err != nil || boundary == "" || len(boundary) > 70 || len(parameters) > 1 {
		return badMultipart
	}
	if int64(len(data)) > c.cfg.Limit {
		return problem.TooLarge(c.cfg.Limit)
	}
	reader := multipart.NewReader(bytes.NewReader(data), boundary)
	object, fine := map[string]any{}, true
	for n := 0; ; n++ {
		part, err := reader.NextRawPart()
		switch {
		case err == io.EOF && n > 0:
			if fine {
				m.rule.check(object, &c.failures)
			}
			return nil
		case err != nil:
			return badMultipart
		case n == c.cfg.Parts:
			return manyParts
		}
		p, ok := m.part(c, part, object)
		if p != nil {
			return p
		}
		fine = fine && ok
	}
}

// part reads one part into the object.
func (m *media) part(c *check, part *multipart.Part, object map[string]any) (p *problem.Problem, fine bool) {
	name := part.FormName()
	content, err := io.ReadAll(part)
	encoding := part.Header["Content-Transfer-Encoding"]
	if name == "" || err != nil || len(part.Header["Content-Disposition"]) != 1 || len(encoding) > 1 ||
		len(encoding) == 1 && !slices.Contains([]string{"7bit", "8bit", "binary"}, strings.ToLower(encoding[0])) {
		return badMultipart, false
	}
	fail := func(code, detail string) (*problem.Problem, bool) {
		c.add([]string{name}, code, detail)
		return nil, false
	}
	kind := mediaName(part.Header.Get("Content-Type"))
	if asked := m.types[name]; asked != nil && !matchesAny(asked, kind) {
		return fail(CodeMediaType, "must be of the media type "+strings.Join(asked, " or "))
	}
	s := m.shape.member(name)
	repeated := s != nil && s.list
	if repeated {
		s = s.items
	}
	v, code, detail := readPart(c, s, kind, content)
	before, twice := object[name]
	switch {
	case code != "":
		return fail(code, detail)
	case repeated:
		list, _ := before.([]any)
		object[name] = append(list, v)
	case twice:
		return fail(CodeDuplicate, "must stand once")
	default:
		object[name] = v
	}
	return nil, true
}

// readPart reads a part as JSON where its member is an object, as bytes where the schema
// says so, and else as text.
func readPart(c *check, s *shape, kind string, content []byte) (v any, code, detail string) {
	switch {
	case s != nil && (s.object || s.list) && !s.text, isJSONType(kind):
		f := failures{}
		v, p, ok := decode(content, c.cfg, c.limits, &f)
		switch {
		case p != nil:
			return nil, CodeMalformed, "must be JSON"
		case !ok:
			return nil, f.fields[0].Code, f.fields[0].Detail
		}
		return v, "", ""
	case s != nil && s.bytes:
		return string(content), "", ""
	case len(content) > c.cfg.Text:
		return nil, validate.CodeTooLong, "must have at most " + wire.Count(c.cfg.Text, "byte")
	case !utf8.Valid(content):
		return nil, validate.CodeNotUTF8, "must be UTF-8"
	}
	return s.reading(string(content)), "", ""
}

func matchesAny(asked []string, kind string) bool {
	return slices.ContainsFunc(asked, func(a string) bool {
		family, sub, _ := strings.Cut(a, "/")
		return a == kind || a == "*/*" || sub == "*" && strings.HasPrefix(kind, family+"/")
	})
}
