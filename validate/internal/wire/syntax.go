package wire

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport-dev/sallyport/problem"
)

// The 400s with nothing to add. None wraps the parser's error: its text quotes the
// body, and a log is no place for that either.
var (
	EmptyBody    = Malformed("empty_body", "The body is empty. Send one JSON value.")
	byteOrder    = Malformed("malformed_json", "The body begins with a byte order mark. Send UTF-8 without one.")
	invalidUTF8  = Malformed("invalid_utf8", "The body is not UTF-8.")
	TrailingData = Malformed("trailing_data", "Something follows the JSON value. Send one value and nothing else.")
	endsEarly    = Malformed("malformed_json", "The JSON value is not complete.")
)

// Malformed is a 400 with a code and a detail.
func Malformed(code, detail string) *problem.Problem {
	return problem.New(http.StatusBadRequest, code, detail)
}

// Limits are the bounds of a body, with the answers for what is over them. They are made
// once, so that they cost an attacker's target nothing.
type Limits struct {
	size              int64
	depth             int
	gzip              bool
	tooLarge, tooDeep *problem.Problem
}

// NewLimits returns limits of size bytes and depth levels. With gzip, a body may be packed
// so; size then bounds it both ways.
func NewLimits(size int64, depth int, gzip bool) Limits {
	return Limits{size, depth, gzip, problem.TooLarge(size), Malformed("too_deep", "Objects and arrays may be nested "+strconv.Itoa(depth)+" deep.")}
}

// Prescan refuses what can be told without parsing.
func (l *Limits) Prescan(data []byte) *problem.Problem {
	switch {
	case int64(len(data)) > l.size:
		return l.tooLarge
	case bytes.HasPrefix(data, []byte("\xEF\xBB\xBF")):
		// RFC 8259 §8.1 lets a parser ignore it; we keep to one spelling.
		return byteOrder
	case !utf8.Valid(data):
		return invalidUTF8
	case deeper(data, l.depth):
		return l.tooDeep
	}
	return nil
}

// deeper reports whether data opens more than limit brackets within each other. It
// runs before the parser, so that no recursion depends on the client.
func deeper(data []byte, limit int) bool {
	if bytes.Count(data, []byte("["))+bytes.Count(data, []byte("{")) <= limit {
		return false
	}
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth > limit {
				return true
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return false
}

// SyntaxProblem says what the parser's error means, without its words.
func SyntaxProblem(err error) *problem.Problem {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return endsEarly
	}
	at := "."
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		at = ", at byte " + strconv.FormatInt(e.ByteOffset, 10) + "."
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return Malformed("duplicate_member", "A member name occurs twice in one object"+at)
	}
	return Malformed("malformed_json", "The body is not JSON"+at)
}
