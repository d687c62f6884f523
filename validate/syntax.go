package validate

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
	emptyBody    = malformed("empty_body", "The body is empty. Send one JSON value.")
	byteOrder    = malformed("malformed_json", "The body begins with a byte order mark. Send UTF-8 without one.")
	invalidUTF8  = malformed("invalid_utf8", "The body is not UTF-8.")
	trailingData = malformed("trailing_data", "Something follows the JSON value. Send one value and nothing else.")
	endsEarly    = malformed("malformed_json", "The JSON value is not complete.")
)

func malformed(code, detail string) *problem.Problem {
	return problem.New(http.StatusBadRequest, code, detail)
}

// prescan refuses what can be told without parsing.
func (rd *reader) prescan(data []byte) *problem.Problem {
	switch {
	case int64(len(data)) > rd.limit:
		return rd.tooLarge
	case bytes.HasPrefix(data, []byte("\xEF\xBB\xBF")):
		// RFC 8259 §8.1 lets a parser ignore it; we keep to one spelling.
		return byteOrder
	case !utf8.Valid(data):
		return invalidUTF8
	case tooDeep(data, rd.depth):
		return rd.tooDeep
	}
	return nil
}

// tooDeep reports whether data opens more than limit brackets within each other. It
// runs before the parser, so that no recursion depends on the client.
func tooDeep(data []byte, limit int) bool {
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

// syntaxProblem says what the parser's error means, without its words.
func syntaxProblem(err error) *problem.Problem {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return endsEarly
	}
	at := "."
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		at = ", at byte " + strconv.FormatInt(e.ByteOffset, 10) + "."
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return malformed("duplicate_member", "A member name occurs twice in one object"+at)
	}
	return malformed("malformed_json", "The body is not JSON"+at)
}
