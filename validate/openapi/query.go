package openapi

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/sallyport-dev/sallyport/problem"
)

var (
	badQuery = problem.New(http.StatusBadRequest, "bad_query", "The query is not well encoded. Send name=value pairs, joined by &, percent-encoded as UTF-8.")
	longForm = problem.New(http.StatusBadRequest, "too_many_pairs", "The query, or the form, has too many name=value pairs.")
)

// pair is one name=value of a query or a form. The value is still escaped, as its commas
// may be the style's.
type pair struct {
	name, value string
	used        bool
}

// appendPairs cuts a query or a form. A semicolon has been a separator to some, and two
// readers that differ see two queries: it has to be escaped.
func appendPairs(to []pair, raw string, most int) ([]pair, *problem.Problem) {
	for raw != "" {
		var one string
		one, raw, _ = strings.Cut(raw, "&")
		if one == "" {
			continue
		}
		name, value, _ := strings.Cut(one, "=")
		name, ok := unescape(name)
		if !ok || strings.Contains(one, ";") {
			return nil, badQuery
		}
		if len(to) == most {
			return nil, longForm
		}
		to = append(to, pair{name: name, value: value})
	}
	return to, nil
}

func unescape(s string) (string, bool) { return decoded(s, "%+", url.QueryUnescape) }

// verbatim is for fields, which escape nothing.
func verbatim(s string) (string, bool) { return s, utf8.ValidString(s) }

func unescapePath(s string) (string, bool) { return decoded(s, "%", url.PathUnescape) }

func decoded(s, escapes string, undo func(string) (string, error)) (string, bool) {
	if strings.ContainsAny(s, escapes) {
		text, err := undo(s)
		if err != nil {
			return "", false
		}
		s = text
	}
	return s, utf8.ValidString(s)
}
