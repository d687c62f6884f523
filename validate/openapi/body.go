package openapi

import (
	"strings"
	"unicode/utf8"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

var (
	notUTF8 = wire.Malformed("invalid_utf8", "The body is not UTF-8.")
	badForm = wire.Malformed("malformed_form",
		"The form is not well encoded. Send name=value pairs, joined by &, percent-encoded as UTF-8.")
)

// check checks data, which has the given Content-Type.
func (b *body) check(c *check, contentType string, data []byte) *problem.Problem {
	name := mediaName(contentType)
	m := b.find(name)
	_, parameters, _ := strings.Cut(contentType, ";")
	switch {
	case m == nil:
		return b.unsupported
	case name == multipartType:
		return m.multipart(c, contentType, data)
	case m.unread(name) && !c.cfg.InsecureUncheckedBodies:
		return b.unsupported
	case !readable(name) && misleads(parameters):
		return b.unsupported
	case !readable(name):
		return nil
	case !parametersFit(name, parameters):
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
