package openapi

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
	"github.com/sallyport-dev/sallyport/validate/openapi/internal/formdata"
)

// CodeMediaType says that a part of a multipart body has another media type or charset than asked, or is a file where
// a text is asked.
const CodeMediaType = "media_type"

var manyParts = wire.Malformed("too_many_parts", "The body has too many parts.")

func badMultipart(err error) *problem.Problem {
	return wire.Malformed("malformed_multipart",
		"The body is not multipart/form-data as RFC 7578 has it: "+err.Error()+".")
}

// multipart reads a form whose parts are members of an object, and judges the object.
func (m *media) multipart(c *check, contentType string, data []byte) *problem.Problem {
	boundary, err := formdata.Boundary(contentType)
	switch {
	case err != nil:
		return badMultipart(err)
	case int64(len(data)) > c.cfg.Limit:
		return problem.TooLarge(c.cfg.Limit)
	}

	defer c.cfg.checking(len(data))()
	f := partForm{media: m, check: c, object: map[string]any{}, fine: true}
	for reader := formdata.NewReader(data, boundary); ; f.count++ {
		part, err := reader.Next()
		switch {
		case err == io.EOF && f.fine:
			m.rule.check(f.object, &c.failures)
			return nil
		case err == io.EOF:
			return nil
		case err != nil:
			return badMultipart(err)
		case f.count == c.cfg.Parts:
			return manyParts
		}
		f.add(part)
	}
}

// partForm is a form of parts that is being read.
type partForm struct {
	*media
	check  *check
	object map[string]any
	known  aliases // nil until a name is not declared
	count  int
	fine   bool // every part could be read
}

func (f *partForm) fail(name, code, detail string) {
	f.check.add([]string{name}, code, detail)
	f.fine = false
}

// add reads one part into the object.
func (f *partForm) add(part formdata.Part) {
	name := part.Name
	if !f.declares(name) && f.aliases().take(name) {
		f.fail(name, CodeBadName, looseName)
		return
	}
	asked := f.types[name]
	if asked != nil && !matchesAny(asked, part.Type) && !part.Empty {
		f.fail(name, CodeMediaType, "must be of the media type "+strings.Join(asked, " or "))
		return
	}

	s := f.shape.member(name)
	repeated := s != nil && s.list
	if repeated {
		s = s.items
	}
	if part.Empty && f.declares(name) && s.mayBeFile(asked) {
		return // a browser's field in which no file was chosen
	}
	if detail := s.kept(&part, asked); detail != "" {
		f.fail(name, CodeMediaType, detail)
		return
	}
	v, code, detail := readPart(f.check, s, &part)
	before, twice := f.object[name]
	switch {
	case code != "":
		f.fail(name, code, detail)
	case repeated:
		list, _ := before.([]any)
		f.object[name] = append(list, v)
	case twice:
		f.fail(name, CodeDuplicate, "must stand once")
	default:
		f.object[name] = v
	}
}

func (f *partForm) declares(name string) bool {
	if f.shape == nil {
		return false
	}
	_, ok := f.shape.members[name]
	return ok
}

func (f *partForm) aliases() aliases {
	if f.known == nil {
		f.known = aliases{}
		f.known.declare(methodOverride)
		if f.shape != nil {
			for name := range f.shape.members {
				f.known.declare(name)
			}
		}
	}
	return f.known
}

// isJSON reports whether a member is JSON in a part: an object, or a list in a list (OpenAPI 3.2 §4.15.1).
func (s *shape) isJSON() bool { return s != nil && (s.object || s.list) && !s.text }

// isText reports whether a member is a text, a number or a boolean, or is held to what such are held to.
func (s *shape) isText() bool {
	return s != nil && !s.bytes && (s.text || s.number || s.boolean || s.untyped() && (s.textual || s.numeric))
}

// mayBeFile reports whether a member, with the media types that the document asks for, may come as a file.
func (s *shape) mayBeFile(asked []string) bool {
	opaque := func(t string) bool { return !strings.HasPrefix(t, "text/") && !isJSONType(t) }
	return !s.isText() && !s.isJSON() || slices.ContainsFunc(asked, opaque)
}

// kept says what is wrong with how a part is marked. Readers go by the marks: a part with a filename is a file to all
// of them, and one of application/octet-stream to busboy, multer and Fastify; neither is then among the texts where
// the program looks for the member.
func (s *shape) kept(part *formdata.Part, asked []string) (detail string) {
	kind := part.Type
	text := kind == "" || strings.HasPrefix(kind, "text/")
	switch {
	case !part.File && bytes.HasPrefix(part.Content, []byte("\uFEFF")):
		return "must not begin with a byte order mark" // undici leaves it out, others do not
	case s.isJSON() && !text && !isJSONType(kind), s.isJSON() && part.File && !isJSONType(kind):
		// A browser sends a Blob of JSON with the filename "blob", which Spring's @RequestPart reads.
		return "must be of the media type application/json"
	case s.mayBeFile(asked) && (part.File || utf8.Valid(part.Content)):
		return isTextCharset(part, s.isText() || s == nil)
	case s.mayBeFile(asked):
		return "must have a filename, as it is not text"
	case s.isText() && part.File:
		return "must be a text, without a filename"
	case s.isText() && !text && (s.text || s.textual || !isJSONType(kind)):
		return "must be of the media type text/plain, or of none"
	}
	return isTextCharset(part, true)
}

// isTextCharset refuses charsets by which readers would decode another text. ISO-8859-1 is what Apache's HttpClient
// says of every text.
func isTextCharset(part *formdata.Part, text bool) (detail string) {
	switch part.Charset {
	case "", "utf-8":
		return ""
	case "us-ascii", "iso-8859-1":
		if wire.IsASCII(string(part.Content)) {
			return ""
		}
	}
	if part.File && !text {
		return ""
	}
	return "must be in UTF-8"
}

// readPart reads a part as JSON where its member is an object, as bytes where the schema says so, and else as text: a
// number is the same in both, and JSON could have white space around it.
func readPart(c *check, s *shape, part *formdata.Part) (v any, code, detail string) {
	switch content := part.Content; {
	case s != nil && s.bytes && !s.isJSON():
		return string(content), "", "" // of whatever type the client says: a JSON file is a file
	case s.isJSON(), !s.isText() && isJSONType(part.Type):
		f := failures{}
		v, p, ok := decode(content, c.cfg, c.limits, &f)
		switch {
		case p != nil:
			return nil, CodeMalformed, "must be JSON"
		case !ok:
			return nil, f.fields[0].Code, f.fields[0].Detail
		}
		return v, "", ""
	case len(content) > c.cfg.Text:
		return nil, validate.CodeTooLong, "must have at most " + wire.Count(c.cfg.Text, "byte")
	case !utf8.Valid(content):
		return nil, validate.CodeNotUTF8, "must be UTF-8"
	}
	return s.reading(string(part.Content)), "", ""
}

func matchesAny(asked []string, kind string) bool {
	return slices.ContainsFunc(asked, func(a string) bool {
		family, sub, _ := strings.Cut(a, "/")
		return a == kind || a == "*/*" || sub == "*" && strings.HasPrefix(kind, family+"/")
	})
}
