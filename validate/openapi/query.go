package openapi

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

var (
	badQuery = problem.New(http.StatusBadRequest, "bad_query",
		"The query is not well encoded. Send name=value pairs, joined by &, percent-encoded as UTF-8.")
	longForm = problem.New(http.StatusBadRequest, "too_many_pairs",
		"The query, or the form, has too many name=value pairs.")
)

// pair is one name=value of a query, a form or a Cookie field. The value is still escaped, as its commas may be the
// style's.
type pair struct {
	name, value string
	used        bool
}

// appendPairs appends the pairs of a query or a form, which [wire.Pair] cuts.
func appendPairs(to []pair, raw string, most int) ([]pair, *problem.Problem) {
	for raw != "" {
		if raw[0] == '&' {
			raw = raw[1:]
			continue
		}
		name, value, rest, ok := wire.Pair(raw)
		if !ok {
			return nil, badQuery
		}
		if len(to) == most {
			return nil, longForm
		}
		to, raw = append(to, pair{name: name, value: value}), rest
	}
	return to, nil
}

func unescape(s string) (string, bool) { return wire.Unescape(s) }

// verbatim is for fields, which escape nothing.
func verbatim(s string) (string, bool) { return s, utf8.ValidString(s) }

func unescapePath(s string) (string, bool) {
	if strings.IndexByte(s, '%') < 0 {
		return s, utf8.ValidString(s)
	}
	text, err := url.PathUnescape(s)
	return text, err == nil && utf8.ValidString(text)
}
