package validate

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/sallyport-dev/sallyport/problem"
)

var (
	badEncoding = problem.New(http.StatusUnsupportedMediaType, "unsupported_content_encoding", "Send the body without a Content-Encoding.").
			With("Accept-Encoding", "identity") // RFC 9110 §15.5.16
	unreadable = problem.New(http.StatusBadRequest, "unreadable_body", "The body ended before it was complete.")
)

// firstRead is the memory a body gets before its bytes have come: a Content-Length is
// only a promise.
const firstRead = 16 << 10

// read returns the body, after everything that can be refused without reading it.
func (rd *reader) read(r *http.Request) ([]byte, *problem.Problem) {
	if !rd.accepts(r.Header["Content-Type"]) {
		return nil, rd.unsupported
	}
	for _, coding := range r.Header["Content-Encoding"] {
		if !strings.EqualFold(strings.Trim(coding, " \t"), "identity") {
			return nil, badEncoding
		}
	}
	if r.ContentLength > rd.limit {
		return nil, rd.tooLarge
	}
	if r.Body == nil {
		return nil, nil // Decode knows what to say to nothing
	}
	// Room for one byte more than announced lets the last Read see the end.
	data := make([]byte, 0, min(max(r.ContentLength, 511), firstRead)+1)
	for {
		n, err := r.Body.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case int64(len(data)) > rd.limit:
			return nil, rd.tooLarge
		case err == io.EOF:
			return data, nil
		case err != nil:
			return nil, readProblem(err)
		}
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
	}
}

func readProblem(err error) *problem.Problem {
	// A smaller limit, set by somebody around us.
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return problem.TooLarge(tooLarge.Limit).Because(err)
	}
	return unreadable.Because(err)
}

// accepts parses a Content-Type strictly: one field line, a type of the list, and no
// parameter but charset=utf-8. RFC 8259 §11 defines none for JSON; the charset is
// what many clients send.
func (rd *reader) accepts(lines []string) bool {
	if len(lines) != 1 {
		return false
	}
	name, parameter, more := strings.Cut(lines[0], ";")
	return rd.acceptsType(strings.Trim(name, " \t")) && (!more || isUTF8Charset(strings.Trim(parameter, " \t")))
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

// isUTF8Charset compares without regard to case, as RFC 9110 §8.3.1 and §8.3.2 have it.
func isUTF8Charset(s string) bool {
	return strings.EqualFold(s, "charset=utf-8") || strings.EqualFold(s, `charset="utf-8"`)
}
