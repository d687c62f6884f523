package validate

import (
	"net/http"
	"strings"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

// read returns the body, after everything that can be refused without reading it.
func (rd *reader) read(r *http.Request) ([]byte, *problem.Problem) {
	if !rd.accepts(r.Header["Content-Type"]) {
		return nil, rd.unsupported
	}
	return rd.limits.Read(r)
}

// accepts parses a Content-Type strictly: one field line, a type of the list, and no
// parameter but charset=utf-8. RFC 8259 §11 defines none for JSON; the charset is
// what many clients send.
func (rd *reader) accepts(lines []string) bool {
	if len(lines) != 1 {
		return false
	}
	name, parameter, more := strings.Cut(lines[0], ";")
	return rd.acceptsType(strings.Trim(name, " \t")) && (!more || wire.IsUTF8Charset(strings.Trim(parameter, " \t")))
}

func (rd *reader) acceptsType(name string) bool {
	if strings.EqualFold(name, mediaType) {
		return true
	}
	for _, t := range rd.types {
		if strings.EqualFold(name, t) {
			return true
		}
	}
	return false
}
