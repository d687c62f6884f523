package openapi

import (
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/validate/internal/wire"
)

var (
	manyCookies = wire.Malformed("too_many_cookies", "The request has too many cookies.")
	badCookies  = wire.Malformed("bad_cookies", "The Cookie field can be read in more than one way. "+
		"Send one field of name=value pairs, joined by a semicolon and a space, as RFC 6265 section 4.2.1 has it.")
)

var (
	badCookie = bad(CodeMalformed, "must be a cookie value of RFC 6265 section 4.1.1, "+
		"with nothing percent-encoded that needs no encoding")
	jsonCookie = bad(CodeMalformed, "must not be j: and JSON, which some programs read as an object")
)

// cookies holds the declared cookies to the grammar of RFC 6265 §4.2.1. Others may look as they like (browsers return
// whatever a script once set), unless a common reader would find a declared one in them: then the request is refused.
func (o *Operation) cookies(c *check, lines []string) *problem.Problem {
	if len(lines) > 1 {
		return badCookies // RFC 6265 §5.4: one field. HTTP/2 may cut it, and net/http has joined it again
	}

	var few [12]pair
	pairs := few[:0]
	if len(lines) == 1 {
		var p *problem.Problem
		if pairs, p = o.appendCookies(pairs, lines[0], c.cfg.Parts); p != nil {
			return p
		}
	}

	for _, p := range o.cookie {
		if p.cookieValues(c, pairs) {
			p.pairs(c, pairs)
			p.otherReadings(c, pairs)
		}
	}
	return nil
}

// appendCookies appends the pairs of a Cookie field.
func (o *Operation) appendCookies(to []pair, line string, most int) ([]pair, *problem.Problem) {
	var known aliases
	for n, rest, more := 0, line, true; more; {
		var one string
		one, rest, more = strings.Cut(rest, ";")
		name, value, ok := strings.Cut(strings.TrimPrefix(one, " "), "=")
		if strings.Trim(one, " \t") == "" {
			continue
		}
		if n++; n > most {
			return nil, manyCookies
		}
		if ok && o.ownsCookie(name) {
			to = append(to, pair{name: name, value: value})
			continue
		}

		if known == nil {
			known = aliasesOf(o.cookie)
		}
		if known.foundIn(one) || isAttribute(name) || spans(value, rest) {
			return nil, badCookies
		}
	}
	return to, nil
}

func (o *Operation) ownsCookie(name string) bool {
	for _, p := range o.cookie {
		if p.owns(name) {
			return true
		}
	}
	return false
}

// foundIn reports whether some reader finds a declared cookie in a foreign one: PHP by its looser names and where
// there is no "=", ASP.NET Core and Rack behind a comma, Python's SimpleCookie behind a space, and most of them with
// spaces around the "=".
func (a aliases) foundIn(one string) bool {
	if name, _, _ := strings.Cut(one, "="); a.encodes(name) {
		return true
	}

	before := ""
	for token := range strings.FieldsFuncSeq(one, isCookieSeparator) {
		assigns := token[0] == '='
		if assigns && a.encodes(before) { // a space before the "="
			return true
		}
		token = strings.TrimLeft(token, "=")
		if name, _, ok := strings.Cut(token, "="); ok && a.encodes(name) {
			return true
		}
		before = token
	}
	return false
}

func isCookieSeparator(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '"' }

// encodes is takeCookie of a name that may be percent-encoded, as old PHP, Rack and ASP.NET Core decode it.
func (a aliases) encodes(name string) bool {
	if a.takeCookie(name) {
		return true
	}
	if strings.IndexByte(name, '%') < 0 {
		return false
	}
	text, err := url.PathUnescape(name)
	return err == nil && a.takeCookie(text)
}

// isAttribute reports whether name is one of RFC 2965, which has Java's readers go over to that RFC's grammar.
func isAttribute(name string) bool {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "$version", "$path", "$domain", "$port":
		return true
	}
	return false
}

// spans reports whether a value opens a quote that only a later cookie closes: Python's readers and Java's then take
// all between for one value.
func spans(value, rest string) bool {
	value, ok := strings.CutPrefix(strings.TrimLeft(value, " \t"), `"`)
	if !ok || strings.IndexByte(rest, '"') < 0 {
		return false
	}
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '\\':
			i++
		case '"':
			return false
		}
	}
	return true
}

// cookieValues reports whether the values of p's cookies are of the grammar.
func (p *param) cookieValues(c *check, pairs []pair) bool {
	for i := range pairs {
		if !p.owns(pairs[i].name) || pairs[i].used {
			continue
		}
		if why := p.cookieValue(pairs[i].value); why.code != "" {
			p.judge(c, why)
			return false
		}
	}
	return true
}

func (p *param) cookieValue(raw string) read {
	value, quoted := unquoted(raw)
	joined := !p.scalar() && !quoted // OpenAPI's own styles join lists with commas
	for i := range len(value) {
		if !isCookieByte(value[i]) && !(joined && value[i] == ',') {
			return badCookie
		}
	}
	if p.style != styleCookie && hidden(value) {
		return badCookie
	}
	if text, ok := unescapePath(value); ok && strings.HasPrefix(text, "j:") && isJSON(text[2:]) {
		return jsonCookie
	}
	return read{}
}

func isJSON(s string) bool { return jsontext.Value(s).IsValid(jsontext.AllowDuplicateNames(true)) }

// isCookieByte is cookie-octet of RFC 6265 §4.1.1.
func isCookieByte(c byte) bool {
	return ' ' < c && c < 0x7F && c != '"' && c != ',' && c != ';' && c != '\\'
}

// hidden reports whether a letter, a digit or one of "-._~" is percent-encoded. No client needs that (RFC 3986 §2.3),
// and readers that do not decode cookies would see another word than the one that was checked.
func hidden(value string) bool {
	for i := range len(value) - 2 {
		if value[i] != '%' {
			continue
		}
		c, ok := unescapePath(value[i : i+3])
		if ok && (wire.IsDigit(c[0]) || wire.IsLower(c[0]|0x20) || strings.Contains("-._~", c)) {
			return true
		}
	}
	return false
}

func unquoted(s string) (string, bool) {
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1], true
	}
	return s, false
}

// otherReadings holds a cookie to its rule as the other readers see it: quotes are a part of the value to PHP and Rack
// and not to Go, Express and Flask; percent-encoding is undone by Express, PHP and Rack, and not by Go and Flask.
func (p *param) otherReadings(c *check, pairs []pair) {
	for i := range pairs {
		if !p.owns(pairs[i].name) || !p.scalar() || p.asJSON {
			continue
		}
		value, quoted := unquoted(pairs[i].value)
		texts := []string{value}
		if text, ok := unescapePath(value); ok && p.style == styleCookie {
			texts = append(texts, text)
		} else if ok {
			texts[0] = text
		}
		for n, text := range texts {
			if n > 0 {
				p.check(c, text, verbatim)
			}
			if quoted {
				p.check(c, `"`+text+`"`, verbatim)
			}
		}
	}
}
