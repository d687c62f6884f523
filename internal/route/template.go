package route

import (
	"net/url"
	"strings"
)

// Template reads a path template of OpenAPI, such as "/notes/{id}.json", for all methods
// and hosts. ok is false for braces that do not fit, for two wildcards with nothing
// between them, and for a path that does not begin with a slash. Names are as they are
// written, and may stand there twice. A slash at the end is part of the path.
func Template(path string) (p Pattern, ok bool) {
	p.text, p.template = path, true
	rest, ok := strings.CutPrefix(path, "/")
	if !ok {
		return p, false
	}
	if rest, ok = strings.CutSuffix(rest, "/"); ok || rest == "" {
		p.end = slashed
	}
	if rest == "" && !ok { // the root
		return p, true
	}
	for part := range strings.SplitSeq(rest, "/") {
		texts, names, ok := cutTemplate(part)
		if !ok {
			return p, false
		}
		p.segments = append(p.segments, newSegment(texts, names))
	}
	return p, true
}

// At returns the pattern for one host alone, which may have a port. An empty one is any.
func (p Pattern) At(host string) Pattern {
	p.host = strings.ToLower(host)
	return p
}

// cutTemplate cuts a segment into texts and the names between them.
func cutTemplate(s string) (texts, names []string, ok bool) {
	for {
		text, rest, more := strings.Cut(s, "{")
		if strings.Contains(text, "}") || len(texts) > 0 && text == "" && more {
			return nil, nil, false
		}
		texts = append(texts, decoded(text))
		if !more {
			return texts, names, true
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || name == "" || strings.ContainsAny(name, "{/") {
			return nil, nil, false
		}
		names, s = append(names, name), after
	}
}

// decoded undoes the escapes of a literal. One that is not well encoded means itself.
func decoded(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}
