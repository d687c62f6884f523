package wire

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

// Announced refuses what can be told without reading.
func (l *Limits) Announced(r *http.Request) *problem.Problem {
	for _, coding := range r.Header["Content-Encoding"] {
		if !strings.EqualFold(strings.Trim(coding, " \t"), "identity") {
			return badEncoding
		}
	}
	if r.ContentLength > l.size {
		return l.tooLarge
	}
	return nil
}

// Read returns r's body whole, after everything that can be refused without reading it.
func (l *Limits) Read(r *http.Request) ([]byte, *problem.Problem) {
	if p := l.Announced(r); p != nil {
		return nil, p
	}
	if r.Body == nil {
		return nil, nil // the decoder knows what to say to nothing
	}
	// Room for one byte more than announced lets the last Read see the end.
	data := make([]byte, 0, min(max(r.ContentLength, 511), firstRead)+1)
	for {
		n, err := r.Body.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case int64(len(data)) > l.size:
			return nil, l.tooLarge
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
	// What somebody around us says, such as of a limit on bytes.
	if p, ok := errors.AsType[*problem.Problem](err); ok {
		return p
	}
	// A smaller limit, set by somebody around us.
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return problem.TooLarge(tooLarge.Limit).Because(err)
	}
	return unreadable.Because(err)
}

// IsUTF8Charset compares without regard to case, as RFC 9110 §8.3.1 and §8.3.2 have it.
func IsUTF8Charset(s string) bool {
	return strings.EqualFold(s, "charset=utf-8") || strings.EqualFold(s, `charset="utf-8"`)
}
