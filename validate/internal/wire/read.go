package wire

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-dev/sallyport/problem"
)

var (
	plainOnly = problem.New(http.StatusUnsupportedMediaType, "unsupported_content_encoding", "Send the body without a Content-Encoding.").
			With("Accept-Encoding", "identity") // RFC 9110 §15.5.16
	plainOrGzip = problem.New(http.StatusUnsupportedMediaType, "unsupported_content_encoding", "Send the body without a Content-Encoding, or with gzip, once.").
			With("Accept-Encoding", "gzip, identity")
	badGzip    = Malformed("malformed_gzip", "The body is not one whole gzip stream, as its Content-Encoding says.")
	unreadable = problem.New(http.StatusBadRequest, "unreadable_body", "The body ended before it was complete.")
)

// firstRead is the memory a body gets before its bytes have come: a Content-Length is
// only a promise.
const firstRead = 16 << 10

// Announced refuses what can be told without reading, of a body that is not expanded.
func (l *Limits) Announced(r *http.Request) *problem.Problem {
	switch {
	case !plain(r.Header["Content-Encoding"]):
		return plainOnly
	case r.ContentLength > l.size:
		return l.tooLarge
	}
	return nil
}

func plain(codings []string) bool {
	return !slices.ContainsFunc(codings, func(s string) bool { return !strings.EqualFold(strings.Trim(s, " \t"), "identity") })
}

// Read returns r's body whole, after everything that can be refused without reading it. A
// body that was expanded leaves r without its Content-Encoding, for the next reader.
func (l *Limits) Read(r *http.Request) ([]byte, *problem.Problem) {
	codings := r.Header["Content-Encoding"]
	packed := l.gzip && len(codings) == 1 && strings.EqualFold(strings.Trim(codings[0], " \t"), "gzip")
	switch {
	case l.gzip && !packed && !plain(codings):
		return nil, plainOrGzip
	case !packed && !plain(codings):
		return nil, plainOnly
	case r.ContentLength > l.size:
		return nil, l.tooLarge
	case r.Body == nil:
		return nil, nil // the decoder knows what to say to nothing
	}
	data, p := l.whole(r.Body, r.ContentLength)
	if !packed || p != nil || len(data) == 0 {
		return data, p
	}
	if data, p = l.expand(data); p == nil {
		delete(r.Header, "Content-Encoding")
		r.ContentLength = int64(len(data))
		if r.Header["Content-Length"] != nil {
			r.Header["Content-Length"] = []string{strconv.Itoa(len(data))}
		}
	}
	return data, p
}

// expand reads one gzip stream with nothing behind it, and no further than the limit.
func (l *Limits) expand(packed []byte) ([]byte, *problem.Problem) {
	rest := bytes.NewReader(packed)
	z, err := gzip.NewReader(rest)
	if err != nil {
		return nil, badGzip
	}
	z.Multistream(false)
	data, p := l.whole(z, int64(len(packed)))
	switch {
	case p == l.tooLarge:
		return nil, p
	case p != nil, rest.Len() > 0:
		return nil, badGzip
	}
	return data, nil
}

// whole reads to the end, or to the limit. size is what was announced.
func (l *Limits) whole(from io.Reader, size int64) ([]byte, *problem.Problem) {
	// Room for one byte more than announced lets the last Read see the end.
	data := make([]byte, 0, min(max(size, 511), firstRead)+1)
	for {
		n, err := from.Read(data[len(data):cap(data)])
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
	if p, ok := errors.AsType[*problem.Problem](err); ok && p != nil {
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
