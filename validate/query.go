package validate

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sallyport-dev/sallyport/problem"
)

const (
	// MaxQuery is how long a query may be, in bytes as it is sent.
	MaxQuery = 8 << 10
	// MaxPairs is how many name=value pairs a query may have.
	MaxPairs = 100
)

var (
	badQuery  = problem.New(http.StatusBadRequest, "bad_query", "The query is not well encoded. Send name=value pairs, joined by &, percent-encoded as UTF-8.")
	manyPairs = problem.New(http.StatusBadRequest, "too_many_pairs", "The query may have "+strconv.Itoa(MaxPairs)+" name=value pairs.")
	longQuery = problem.New(http.StatusRequestURITooLong, "query_too_long", "The query may have "+strconv.Itoa(MaxQuery)+" bytes.")
)

type pair struct{ name, value string }

// appendPairs takes a query apart. Where [net/url] skips what it cannot read, this
// refuses it: another reader may take it for something. That is also the reason against
// a semicolon, which has been a separator to some.
func appendPairs(to []pair, raw string) ([]pair, *problem.Problem) {
	if len(raw) > MaxQuery {
		return nil, longQuery
	}
	for raw != "" {
		var one string
		if one, raw, _ = strings.Cut(raw, "&"); one == "" {
			continue
		}
		name, value, _ := strings.Cut(one, "=")
		name, ok := unescape(name)
		value, ok2 := unescape(value)
		switch {
		case !ok || !ok2 || strings.Contains(one, ";"):
			return nil, badQuery
		case len(to) == MaxPairs:
			return nil, manyPairs
		}
		to = append(to, pair{name, value})
	}
	return to, nil
}

func unescape(s string) (string, bool) {
	if !strings.ContainsAny(s, "%+") {
		return s, utf8.ValidString(s)
	}
	text, err := url.QueryUnescape(s)
	return text, err == nil && utf8.ValidString(text)
}

// named appends those pairs that have the name.
func named(to, pairs []pair, name string) []pair {
	for _, p := range pairs {
		if p.name == name {
			to = append(to, p)
		}
	}
	return to
}
