package formdata

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxFields is how many fields the header of a part may have. Clients send up to four.
const maxFields = 16

// header reads the fields of a part, and returns the rule that they break.
func (p *Part) header(raw []byte) (rule string) {
	var seen [4]bool
	for n := 0; len(raw) > 0; n++ {
		var line []byte
		line, raw, _ = bytes.Cut(raw, []byte("\r\n"))
		name, value, ok := bytes.Cut(line, []byte(":"))
		switch {
		case n == maxFields:
			return "has too many header fields"
		case !ok || !isToken(string(name)):
			// White space before the colon, or at the beginning of the line (RFC 822's folding), is read by some alone.
			return "each header field must be a line of a name, a colon and a value"
		case !isText(value):
			return "header fields must be UTF-8 without control characters"
		}
		which, known := fields[strings.ToLower(string(name))]
		switch {
		case known && seen[which]:
			return "must have " + fieldNames[which] + " once"
		case embeds(value), !known && embeds(name):
			return "a header field must not hold the name of another"
		case known:
			seen[which] = true
			rule = p.field(which, strings.Trim(string(value), " \t"))
		}
		if rule != "" {
			return rule
		}
	}
	if !seen[disposition] {
		return "needs a Content-Disposition of form-data"
	}
	return p.consistent()
}

const (
	disposition = iota
	mediaType
	encoding
	length
)

// fields are those that a reader takes a meaning from. Others must be ignored (RFC 7578 §4.8): no reader that was
// looked at does anything with them.
var fields = map[string]int{
	"content-disposition":       disposition,
	"content-type":              mediaType,
	"content-transfer-encoding": encoding,
	"content-length":            length,
}

var fieldNames = [...]string{"Content-Disposition", "Content-Type", "Content-Transfer-Encoding", "Content-Length"}

// embeds reports whether Rack would find one of the fields within another: it looks for their names anywhere in a
// header.
func embeds(b []byte) bool {
	for {
		i := bytes.IndexByte(b, '-')
		if i < 0 {
			return false
		}
		before, after := b[:i], b[i+1:]
		if len(before) >= 7 && bytes.EqualFold(before[len(before)-7:], []byte("content")) &&
			(startsWith(after, "disposition") || startsWith(after, "type")) {
			return true
		}
		b = after
	}
}

func startsWith(b []byte, s string) bool {
	return len(b) >= len(s) && strings.EqualFold(string(b[:len(s)]), s)
}

func (p *Part) field(which int, value string) (rule string) {
	switch which {
	case disposition:
		return p.disposition(value)
	case mediaType:
		return p.mediaType(value)
	case encoding:
		// RFC 7578 §4.7 deprecates the field. Readers that know it decode, the others do not.
		if !isIdentity(value) {
			return "Content-Transfer-Encoding must be 7bit, 8bit or binary"
		}
	case length:
		// OkHttp and Spring send it. RFC 7578 knows none, and no reader goes by it.
		if value != strconv.Itoa(len(p.Content)) {
			return "Content-Length must be the size of the part, or be left out"
		}
	}
	return ""
}

// consistent holds the fields to each other.
func (p *Part) consistent() (rule string) {
	switch {
	case p.Empty && len(p.Content) > 0:
		// Multer and Rack leave such a part out, Go takes it for a text.
		return "a part with content must not have an empty filename"
	case strings.EqualFold(p.Name, "_charset_") && !isUTF8(string(p.Content)):
		return "_charset_ must be UTF-8" // RFC 7578 §4.6: the charset of the other parts
	}
	return ""
}

func isIdentity(encoding string) bool {
	switch strings.ToLower(encoding) {
	case "7bit", "8bit", "binary":
		return true
	}
	return false
}

// isText reports whether b is UTF-8 without controls, but for tabs.
func isText(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7F {
			return false
		}
	}
	return utf8.Valid(b)
}

// mediaType reads a Content-Type (RFC 9110 §8.3.1).
func (p *Part) mediaType(s string) (rule string) {
	const malformed = "Content-Type must be a media type, with each parameter once"
	name, rest, more := cutParameter(s)
	name = strings.ToLower(strings.TrimRight(name, " "))
	kind, sub, ok := strings.Cut(name, "/")
	switch {
	case !ok || !isToken(kind) || !isToken(sub):
		return malformed
	case kind == "multipart":
		return "must not be a multipart body itself" // RFC 7578 §4.3; some readers take it apart, others do not
	}
	p.Type = name

	var names [4]string
	for n := 0; more; n++ {
		var one string
		one, rest, more = cutParameter(rest)
		attribute, value, ok := strings.Cut(strings.Trim(one, " "), "=")
		attribute = strings.ToLower(attribute)
		value, ok = unquote(value, ok)
		switch {
		case !ok || n == len(names) || !isToken(attribute) || slices.Contains(names[:n], attribute):
			return malformed
		case strings.HasPrefix(attribute, "charset*"): // RFC 2231
			return malformed
		}
		if names[n] = attribute; attribute == "charset" {
			p.Charset = strings.ToLower(value)
		}
	}
	return ""
}

// unquote reads a token, or a quoted-string without escapes, of a media type.
func unquote(s string, ok bool) (string, bool) {
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
		return s, ok && !strings.ContainsAny(s, `"\`)
	}
	return s, ok && isPlainToken(s)
}
