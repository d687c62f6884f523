package sallyport

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/sallyport-dev/sallyport/internal/route"
	"github.com/sallyport-dev/sallyport/problem"
)

// asReceived is the path as it stood in the request. EscapedPath would mend what should
// not have been sent as it was, and only RawPath shows it.
func asReceived(u *url.URL) string {
	if u.RawPath != "" {
		return u.RawPath
	}
	return u.EscapedPath()
}

// plainPath gives r its path in the one spelling that is matched and sent on, and returns the
// forms that it holds.
func plainPath(r *http.Request) (route.Forms, *problem.Problem) {
	raw := asReceived(r.URL)
	clean, forms, fault := route.Scan(raw, route.AnyForm)
	switch {
	case fault.Rule == route.NotAPath:
		return 0, badTarget
	case fault.Rule != route.None:
		return 0, ambiguousPath(fault)
	case clean == raw:
		return forms, nil
	}

	u, err := url.ParseRequestURI(clean)
	if err != nil { // of a path that has been scanned
		return 0, badTarget
	}
	u.RawQuery, u.ForceQuery = r.URL.RawQuery, r.URL.ForceQuery
	if rest, ok := strings.CutPrefix(r.RequestURI, raw); ok {
		r.RequestURI = clean + rest
	}
	r.URL = u
	return forms, nil
}

// broken is what a rule about paths is called, and what a client sends instead.
type broken struct {
	rule, remedy string
	cause        error // for the log: the same for all clients
}

// allowance is the remedy for what the field of a route allows.
func allowance(rule, field string) broken {
	return broken{rule, "Send it without, or have the API's operator allow it for this route.",
		errors.New("the path has " + rule + "; " + field + " allows it for a route")}
}

func refused(rule, remedy string) broken {
	return broken{rule, remedy, errors.New("the path has " + rule)}
}

var brokenRules = map[route.Rule]broken{
	route.NoEncodedSlash:   allowance("an encoded slash", "AllowEncodedSlash"),
	route.NoSemicolon:      allowance("a semicolon", "AllowSemicolon"),
	route.NoEmptySegment:   allowance("an empty segment", "AllowEmptySegment"),
	route.NoEncodedPercent: allowance("an encoded percent sign", "AllowEncodedPercent"),
	route.NotEncoded:       refused("a byte that must be encoded", "Percent-encode it as UTF-8."),
	route.NoControl:        refused("a control character", "Send it without."),
	route.NoBackslash:      refused("a backslash", "Send it without."),
	route.NoDotSegment:     refused("a dot segment", "Resolve it before sending."),
	route.NotUTF8:          refused("an escape that is not UTF-8", "Percent-encode text as UTF-8."),
	route.BadEscape:        refused("a percent sign without two hexadecimal digits", "Write %25 for a percent sign."),
	route.TooManyReadings:  refused("more readings than are followed", "Send it with fewer of its forms."),
	reservedReading:        refused("a reading that is an address of the accounts", "Send it without."),
}

// reservedReading is the rule that no program behind the Gate may read a path as an address of
// the accounts, which the Gate answers itself.
const reservedReading route.Rule = 255

// ambiguousPath says which rule a path breaks, by what and where. The piece is at most six
// bytes. The cause names the rule alone, so that a client cannot make new events of it.
func ambiguousPath(f route.Fault) *problem.Problem {
	b := brokenRules[f.Rule]
	place := ""
	if f.Piece != "" {
		place = fmt.Sprintf(": %s at offset %d", quotePiece(f.Piece), f.At)
	}
	detail := "The path has " + b.rule + place + ". " + b.remedy
	return problem.New(http.StatusBadRequest, "ambiguous_path", detail).Because(b.cause)
}

// quotePiece writes a byte that is not visible as its number.
func quotePiece(piece string) string {
	if strings.Trim(piece, visibleASCII) != "" {
		return fmt.Sprintf("0x%X", piece)
	}
	return strconv.Quote(piece)
}

const visibleASCII = "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"

var errQuery = errors.New("the query has a byte that must be encoded")

// checkQuery refuses the bytes that no client sends raw, and that not every program accepts:
// white space, controls, "#" and what is not ASCII. Browsers send all others (the "query
// percent-encode set" of the URL standard), and a percent sign without digits too: what they
// mean is for who reads the query.
func checkQuery(raw string) *problem.Problem {
	for i := range len(raw) {
		if c := raw[i]; c <= ' ' || c >= 0x7f || c == '#' {
			detail := fmt.Sprintf("The query has a byte that must be encoded: %s at offset %d. Percent-encode it as UTF-8.",
				quotePiece(raw[i:i+1]), i)
			return problem.New(http.StatusBadRequest, "bad_query", detail).Because(errQuery)
		}
	}
	return nil
}
