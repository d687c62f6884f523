package validate

import (
	"net/http"
	"strconv"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
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

// appendPairs appends the pairs of a query, which [wire.Pair] cuts.
func appendPairs(to []pair, raw string) ([]pair, *problem.Problem) {
	if len(raw) > MaxQuery {
		return nil, longQuery
	}
	for raw != "" {
		if raw[0] == '&' {
			raw = raw[1:]
			continue
		}
		name, value, rest, ok := wire.Pair(raw)
		value, fine := wire.Unescape(value)
		switch {
		case !ok || !fine:
			return nil, badQuery
		case len(to) == MaxPairs:
			return nil, manyPairs
		}
		to, raw = append(to, pair{name, value}), rest
	}
	return to, nil
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
