package wire

import (
	"bytes"
	"io"
	"net/http"

	"github.com/sallyport-dev/sallyport/problem"
)

// Empty reports whether r has no body. Where the length was not announced, it reads one byte to know: a chunked body
// may be empty (RFC 9112 §7.1), and so may a DATA frame that ends an HTTP/2 request. The byte is left for the next
// reader, and an empty body is left as one of no length.
func Empty(r *http.Request) (bool, *problem.Problem) {
	if r.ContentLength == 0 || r.Body == nil || r.Body == http.NoBody {
		return true, nil
	}
	if r.ContentLength > 0 {
		return false, nil
	}

	first := make([]byte, 1)
	switch _, err := io.ReadFull(r.Body, first); {
	case err == io.EOF:
		r.Body, r.ContentLength, r.TransferEncoding = http.NoBody, 0, nil
		return true, nil
	case err != nil:
		return false, readProblem(err)
	}
	r.Body = &peeked{Reader: io.MultiReader(bytes.NewReader(first), r.Body), Closer: r.Body}
	return false, nil
}

// peeked is a body whose first byte was read.
type peeked struct {
	io.Reader
	io.Closer
}
