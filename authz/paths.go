package authz

import (
	"net/url"
	"strings"
)

// Paths reads the wildcards of a net/http.ServeMux pattern off a path. A ServeMux
// tells them only to the handler it calls itself; a Gate in front needs them before.
type Paths struct {
	segments []segment
}

type segment struct {
	name string // of a wildcard; empty for a literal
	rest bool   // {name...}: what remains of the path
}

// NewPaths takes a pattern that a ServeMux has accepted.
func NewPaths(pattern string) *Paths {
	start := strings.IndexByte(pattern, '/')
	if start < 0 {
		return &Paths{}
	}
	p := &Paths{}
	for _, s := range strings.Split(pattern[start+1:], "/") {
		name, isWildcard := strings.CutPrefix(s, "{")
		if !isWildcard || s == "{$}" {
			p.segments = append(p.segments, segment{})
			continue
		}
		name, rest := strings.CutSuffix(strings.TrimSuffix(name, "}"), "...")
		p.segments = append(p.segments, segment{name, rest})
	}
	return p
}

// Has reports whether the pattern has a wildcard of that name.
func (p *Paths) Has(name string) bool {
	for _, s := range p.segments {
		if s.name == name && name != "" {
			return true
		}
	}
	return false
}

// Values returns the wildcards of an escaped path that matches the pattern. A name
// the pattern lacks, and a segment that does not decode, is empty.
func (p *Paths) Values(escaped string) func(name string) string {
	return func(name string) string {
		if name == "" {
			return ""
		}
		rest := strings.TrimPrefix(escaped, "/")
		for _, s := range p.segments {
			one, after, _ := strings.Cut(rest, "/")
			if s.name == name {
				if s.rest {
					one = rest
				}
				value, err := url.PathUnescape(one)
				if err != nil {
					return ""
				}
				return value
			}
			rest = after
		}
		return ""
	}
}
