package openapi

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// check is the checking of one request.
type check struct {
	failures
	cfg    *Config
	limits *wire.Limits
	split  bool // a value of the path may hold an encoded slash
}

func (o *Operation) check() check {
	return check{failures: failures{shown: o.doc.shown}, cfg: &o.doc.cfg, limits: &o.doc.limits}
}

// at says that what follows is about p.
func (c *check) at(p *param) { c.in, c.parameter = p.in, p.name }

func (c *check) tooLong() read {
	return bad(validate.CodeTooLong, "must have at most "+wire.Count(c.cfg.Text, "byte"))
}

// Handler serves with next what the document describes, and answers everything else
// with a problem. What next reads as the body is byte for byte what was checked, and what
// it answers is held to the document too, see [Operation.Serve].
func (d *Document) Handler(next http.Handler) http.Handler {
	return problem.Handler(func(w http.ResponseWriter, r *http.Request) error {
		op, values, err := d.Match(r.Method, r.Host, r.URL.EscapedPath())
		if err != nil {
			return err
		}
		if err := op.Check(r, values); err != nil {
			return err
		}
		op.Serve(w, r, next)
		return nil
	})
}

// Check checks a request that [Document.Match] found to be for o, with the values it
// gave. It reads the body and leaves another reader of it in r; a body that is bytes
// without a shape is left unread, and bounded. The error is a *problem.Problem with
// every failure of parameters and body.
func (o *Operation) Check(r *http.Request, values []string) error { return o.request(r, values, false) }

// CheckSplit is Check for a caller that accepts an encoded slash in a value of the path, and
// holds the request to every path that a program may read it as, see [Document.Match].
func (o *Operation) CheckSplit(r *http.Request, values []string) error {
	return o.request(r, values, true)
}

func (o *Operation) request(r *http.Request, values []string, split bool) error {
	c := o.check()
	c.split = split
	if p := o.params(&c, values, r.URL.RawQuery, r.Header); p != nil {
		return p
	}
	if p := o.readBody(&c, r); p != nil {
		return p
	}
	return c.result()
}

// CheckParams checks everything but the body. It reads no more than it is given.
func (o *Operation) CheckParams(values []string, rawQuery string, h http.Header) error {
	c := o.check()
	if p := o.params(&c, values, rawQuery, h); p != nil {
		return p
	}
	return c.result()
}

// CheckBody checks a whole body with the Content-Type field it came with.
func (o *Operation) CheckBody(contentType string, data []byte) error {
	c := o.check()
	switch {
	case o.body == nil && len(data) > 0:
		return unexpected
	case o.body == nil, len(data) == 0 && !o.body.required:
		return nil
	}
	if p := o.body.check(&c, contentType, data); p != nil {
		return p
	}
	return c.result()
}

// result keeps a nil *problem.Problem from becoming an error.
func (c *check) result() error {
	if p := c.problem(); p != nil {
		return p
	}
	return nil
}

func (o *Operation) params(c *check, values []string, rawQuery string, h http.Header) *problem.Problem {
	for i, p := range o.path {
		if i >= len(values) {
			continue
		}
		if elsewhere(values[i], c.split) {
			p.judge(c, bad(CodeMalformed, "must hold no slash, and not be a dot segment"))
			continue
		}
		p.check(c, values[i], unescapePath)
	}
	if p := o.queries(c, rawQuery); p != nil {
		return p
	}
	for _, p := range o.header {
		p.headers(c, h[p.name])
	}
	if len(o.cookie) > 0 {
		if p := o.cookies(c, h["Cookie"]); p != nil {
			return p
		}
	}
	c.in, c.parameter = "", ""
	return nil
}

// elsewhere reports whether a value of the path would be another path to a reader that
// decodes first and cuts then; split says that the caller has seen to encoded slashes.
func elsewhere(raw string, split bool) bool {
	if raw != "." && raw != ".." && strings.IndexByte(raw, '%') < 0 {
		return strings.IndexByte(raw, '\\') >= 0
	}
	bytes := `/\`
	if split {
		bytes = `\`
	}
	text, ok := unescapePath(raw)
	return ok && (text == "." || text == ".." || strings.ContainsAny(text, bytes))
}

func (o *Operation) queries(c *check, raw string) *problem.Problem {
	if o.whole != nil {
		return o.querystring(c, raw)
	}
	var few [12]pair
	pairs, bad := appendPairs(few[:0], raw, c.cfg.Parts)
	if bad != nil {
		return bad
	}
	for _, p := range o.query {
		p.pairs(c, pairs)
	}

	var known aliases
	for i := range pairs {
		name := pairs[i].name
		switch {
		case pairs[i].used || slices.Contains(o.keys, name):
		case !c.cfg.InsecureIgnoreUnknownQuery:
			c.stranger(name, CodeUnknownParameter, "is not a parameter of this operation")
		default:
			if known == nil {
				known = o.queryAliases()
			}
			if known.take(name) {
				c.stranger(name, CodeBadName, looseName)
			}
		}
	}
	return nil
}

func (o *Operation) queryAliases() aliases {
	a := aliasesOf(o.query)
	a.declare(methodOverride)
	for _, key := range o.keys {
		a.declare(key)
	}
	return a
}

// stranger is a failure of a parameter that the document does not have. It is named where its name may be shown.
func (c *check) stranger(name, code, detail string) {
	c.in, c.parameter = "query", ""
	if wire.IsShown(name) {
		c.parameter = name
	} else {
		detail = wire.Unshown + detail
	}
	c.add(nil, code, detail)
}

// querystring checks the whole query as one value.
func (o *Operation) querystring(c *check, raw string) *problem.Problem {
	p := o.whole
	switch {
	case raw == "":
		p.absent(c)
	case p.style == styleForm:
		pairs, bad := appendPairs(nil, raw, c.cfg.Parts)
		if bad != nil {
			return bad
		}
		c.at(p)
		if v, ok := form(c, p.shape, p.members, pairs); ok {
			p.rule.check(v, &c.failures)
		}
	default:
		p.check(c, raw, unescape)
	}
	return nil
}

func (p *param) headers(c *check, lines []string) {
	switch {
	case len(lines) == 0:
		p.absent(c)
	case len(lines) == 1:
		p.check(c, lines[0], verbatim)
	case p.scalar():
		p.judge(c, bad(CodeDuplicate, "must stand once"))
	default: // RFC 9110 §5.3
		p.check(c, strings.Join(lines, ","), verbatim)
	}
}

var unexpected = wire.Malformed("unexpected_body", "This operation takes no body.")

// readBody reads and checks the body of r, and leaves a reader of the same bytes.
func (o *Operation) readBody(c *check, r *http.Request) *problem.Problem {
	empty, p := o.lacksBody(r)
	switch {
	case p != nil:
		return p
	case o.body == nil && empty:
		return nil
	case o.body == nil:
		return unexpected
	case empty && !o.body.required:
		return nil
	case empty:
		return o.body.missing
	}
	contentType, p := single(r.Header["Content-Type"], o.body)
	if p != nil {
		return p
	}
	name := mediaName(contentType)
	if _, parameters, _ := strings.Cut(contentType, ";"); !readable(name) && misleads(parameters) {
		return o.body.unsupported
	}
	if m := o.body.find(name); m != nil && !readable(name) && (!m.unread(name) || c.cfg.InsecureUncheckedBodies) {
		return o.body.stream(c, r)
	}
	data, p := c.limits.Read(r)
	if p != nil {
		return p
	}
	r.Body = io.NopCloser(bytes.NewReader(data))
	if len(data) == 0 && !o.body.required {
		return nil
	}
	return o.body.check(c, contentType, data)
}

// lacksBody reports whether r has no body. It reads of one without a length only where an empty body is a case of its
// own: a stream is left as it is.
func (o *Operation) lacksBody(r *http.Request) (bool, *problem.Problem) {
	if r.ContentLength < 0 && o.body != nil && !o.body.required && len(r.Header["Content-Type"]) > 0 {
		return false, nil
	}
	return wire.Empty(r)
}

func single(lines []string, b *body) (string, *problem.Problem) {
	if len(lines) != 1 {
		return "", b.unsupported
	}
	return lines[0], nil
}

// stream leaves bytes without a shape to the next reader, who gets an error where they
// are more than the limit.
func (b *body) stream(c *check, r *http.Request) *problem.Problem {
	if p := c.limits.Announced(r); p != nil {
		return p
	}
	r.Body = http.MaxBytesReader(nil, r.Body, c.cfg.Limit)
	return nil
}
