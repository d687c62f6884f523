package formdata

import (
	"bytes"
	"io"
	"strconv"
)

// Part is one part of a form. Its Content shares memory with the body.
type Part struct {
	// Name is the name of the form's member. It is UTF-8 without controls, and not empty.
	Name string
	// File reports whether the part has a filename: readers then hand it on as a file, and not as a text.
	File bool
	// Empty reports whether the filename is empty, which is how browsers send a field in which no file was chosen.
	// Some readers leave the part out, others take it for a text; it has no content.
	Empty bool
	// Type is the media type in lower case, without parameters. "" is none.
	Type string
	// Charset is the charset parameter of the media type, in lower case.
	Charset string
	// Content is what stands between the part's header and the next delimiter.
	Content []byte
}

// Error is why a body, or one of its parts, is not of the grammar. Its text holds nothing of the body.
type Error struct {
	// Part counts from 1; 0 is the body itself.
	Part int
	// Rule is the rule that is broken.
	Rule string
}

func (e *Error) Error() string {
	if e.Part == 0 {
		return e.Rule
	}
	return "part " + strconv.Itoa(e.Part) + ": " + e.Rule
}

// Reader reads the parts of one body.
type Reader struct {
	rest      []byte // begins behind a delimiter
	delimiter []byte // "--" boundary
	part      int
	err       error
}

// NewReader returns a reader of body, whose boundary [Boundary] has returned.
func NewReader(body []byte, boundary string) *Reader {
	r := &Reader{delimiter: append([]byte("--"), boundary...)}
	var ok bool
	if r.rest, ok = bytes.CutPrefix(body, r.delimiter); !ok {
		r.err = &Error{0, "the body must begin with the boundary that Content-Type names"}
	}
	return r
}

// Next returns the next part. After the last it returns [io.EOF], and only if the body ends as it must; every other
// error is an [*Error], and final.
func (r *Reader) Next() (Part, error) {
	if r.err != nil {
		return Part{}, r.err
	}
	p, err := r.next()
	r.err = err
	return p, err
}

func (r *Reader) next() (p Part, err error) {
	if end, ok := bytes.CutPrefix(r.rest, []byte("--")); ok {
		return p, r.close(end)
	}

	r.part++
	rest, ok := bytes.CutPrefix(r.rest, []byte("\r\n"))
	if !ok {
		// Padding here hides a part from Fastify, multer and PHP, and not from others.
		return p, r.fail("a delimiter must be followed by CRLF, or by -- at the end")
	}
	i := bytes.Index(rest, r.delimiter)
	if i < 0 {
		return p, r.fail("must be closed by the boundary")
	}
	if i < 2 || rest[i-2] != '\r' || rest[i-1] != '\n' {
		// PHP takes a delimiter after a bare LF, Flask after a bare CR; a sender picks a boundary that its content
		// has not (RFC 2046 §5.1.1).
		return p, r.fail("must not hold the boundary, but after CRLF as a delimiter")
	}

	r.rest = rest[i+len(r.delimiter):]
	// The delimiter's own CRLF may be that of the header's empty line, in a part without content.
	return r.read(rest[:i])
}

// close accepts what stands behind the last delimiter: PHP reads an epilogue as another form.
func (r *Reader) close(end []byte) error {
	if len(end) > 0 && !bytes.Equal(end, []byte("\r\n")) {
		return &Error{0, "nothing but one CRLF may follow the last delimiter"}
	}
	return io.EOF
}

func (r *Reader) fail(rule string) error { return &Error{r.part, rule} }

// maxHeader is the size of a part's header. PHP cuts lines at 5 KiB.
const maxHeader = 4 << 10

// read reads the part that is raw, with the CRLF of the delimiter behind it.
func (r *Reader) read(raw []byte) (p Part, err error) {
	i := bytes.Index(raw[:min(len(raw), maxHeader)], []byte("\r\n\r\n"))
	if i < 0 {
		return p, r.fail("needs a header of at most 4096 bytes, and an empty line behind it")
	}
	if i+4 > len(raw)-2 {
		return p, r.fail("needs an empty line between its header and the delimiter")
	}
	p.Content = raw[i+4 : len(raw)-2]
	if rule := p.header(raw[:i]); rule != "" {
		return p, r.fail(rule)
	}
	return p, nil
}
