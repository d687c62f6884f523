package route

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Parse reads a pattern of net/http.ServeMux: [METHOD ][HOST]/[PATH]. allowed are the forms
// that its requests may have, and so its literals. What ServeMux takes and no request ever matches is an error
// here, as what is declared for it would never hold. So is what other routers write for
// a wildcard. The error says the rule that is broken and what to write instead.
func Parse(text string, allowed Forms) (Pattern, error) {
	p := Pattern{text: text}
	if text == "" {
		return p, errors.New(`is empty; write a path, such as "GET /notes/{id}"`)
	}

	rest := text
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		p.method, rest = text[:i], strings.TrimLeft(text[i:], " \t")
		if err := checkMethod(p.method, rest); err != nil {
			return p, err
		}
	}

	slash := strings.IndexByte(rest, '/')
	if slash < 0 {
		return p, fmt.Errorf("has no path; write %q", strings.TrimSpace(p.method+" /"+rest))
	}
	p.host = rest[:slash]
	if err := checkHost(p.host, rest[slash:]); err != nil {
		return p, err
	}
	return p, p.parsePath(rest[slash:], allowed)
}

func checkMethod(method, rest string) error {
	upper := strings.ToUpper(method)
	switch {
	case IsMethod(method):
		return nil
	case method == "":
		return fmt.Errorf("begins with white space; write %q", rest)
	case IsMethod(upper):
		return fmt.Errorf("method %q: must be in upper case; write %q", method, upper+" "+rest)
	case strings.ContainsAny(method, ",|"):
		return fmt.Errorf("method %q: must be one method; declare a route for each", method)
	case strings.Contains(method, "/"):
		return errors.New("path: must have no white space; write %20 for a space")
	}
	return fmt.Errorf("method %q: is never let in; write one of %s, "+
		"another registered one such as QUERY or PROPFIND, or none for all of them", method, strings.Join(Usual, ", "))
}

// checkHost accepts a host as a client sends it, in lower case and without a port.
// ServeMux compares it with the request's as it is written.
func checkHost(host, rest string) error {
	if host == "" {
		return nil
	}
	name, _, _ := strings.Cut(host, ":")
	switch {
	case strings.HasSuffix(host, ":") && strings.HasPrefix(rest, "//"):
		return fmt.Errorf("scheme %q: a pattern has none; write %q", host, strings.TrimPrefix(rest, "//"))
	case IsMethod(host):
		return fmt.Errorf("method %q: must stand apart; write %q", host, host+" "+rest)
	case strings.ContainsAny(host, "{}*"):
		return fmt.Errorf("host %q: has no wildcards; declare a route for each host, or for none", host)
	case host[0] == '[':
		addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
		if err != nil || host != "["+addr.String()+"]" || addr.Zone() != "" {
			return fmt.Errorf("host %q: is no IPv6 address in brackets, in its shortest form and without a port", host)
		}
		return nil
	case name != host:
		return fmt.Errorf("host %q: must have no port, as a pattern is for all of them; write %q", host, name+rest)
	case strings.ToLower(host) != host && isASCII(host):
		return fmt.Errorf("host %q: must be in lower case; write %q", host, strings.ToLower(host)+rest)
	case !isASCII(host):
		return fmt.Errorf("host %q: must be ASCII, as clients send it; write its xn-- form", host)
	case host[len(host)-1] == '.':
		return fmt.Errorf("host %q: must not end in a dot; write %q", host, strings.TrimRight(host, ".")+rest)
	case strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789.-_") != "":
		return fmt.Errorf("host %q: is no host; write letters, digits, dots and hyphens", host)
	}
	return nil
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// parsePath reads what follows the host.
func (p *Pattern) parsePath(text string, allowed Forms) error {
	if strings.TrimSpace(text) != text {
		return errors.New("ends in white space; leave it out")
	}
	parts := strings.Split(text[1:], "/")
	for i, part := range parts {
		last := i == len(parts)-1
		switch {
		case part == "" && last:
			p.end = open
		case part == "" || part == "." || part == "..":
			return fmt.Errorf("path %q: has an empty or a dot segment, and such requests are refused; write %q",
				text, cleaned(text))
		case part == "{$}" || strings.HasPrefix(part, "{") && strings.HasSuffix(part, "...}"):
			if !last {
				return fmt.Errorf("segment %q: must be the last; leave out what follows", part)
			}
			if err := p.parseEnd(part); err != nil {
				return err
			}
		default:
			s, err := parseSegment(part, last, allowed)
			if err != nil {
				return err
			}
			p.segments = append(p.segments, s)
		}
	}
	names := slices.Sorted(slices.Values(p.Names()))
	if unique := slices.Compact(slices.Clone(names)); len(unique) < len(names) {
		return errors.New("names a wildcard twice; give each its own name")
	}
	return nil
}

func cleaned(text string) string {
	clean := path.Clean(text)
	if strings.HasSuffix(text, "/") && clean != "/" {
		clean += "/"
	}
	return clean
}

func (p *Pattern) parseEnd(part string) error {
	if part == "{$}" {
		p.end = slashed
		return nil
	}
	p.end, p.rest = open, strings.TrimSuffix(part[1:], "...}")
	return checkName(p.rest, part)
}

// parseSegment reads a literal or a wildcard.
func parseSegment(part string, last bool, allowed Forms) (segment, error) {
	if name, ok := strings.CutPrefix(part, "{"); ok && strings.HasSuffix(name, "}") {
		name = name[:len(name)-1]
		return newSegment([]string{"", ""}, []string{name}), checkName(name, part)
	}
	if strings.ContainsAny(part, "{}") {
		return segment{}, fmt.Errorf("segment %q: a wildcard must be a whole segment; write /{name}/", part)
	}
	if err := foreign(part, last); err != nil {
		return segment{}, err
	}
	text, err := url.PathUnescape(part)
	if err != nil {
		return segment{}, fmt.Errorf("segment %q: is not well encoded; write two hexadecimal digits after each %%",
			part)
	}
	if err := reachable(part, text, allowed); err != nil {
		return segment{}, err
	}
	return newSegment([]string{text}, nil), nil
}

// checkName wants what ServeMux does: an identifier of Go.
func checkName(name, part string) error {
	for i, c := range name {
		if !unicode.IsLetter(c) && c != '_' && (i == 0 || !unicode.IsDigit(c)) {
			before, _, colon := strings.Cut(name, ":")
			if colon && checkName(before, part) == nil {
				return fmt.Errorf("segment %q: a wildcard has no format; write {%s}", part, before)
			}
			return fmt.Errorf("segment %q: a name is letters, digits and underscores; write {id}", part)
		}
	}
	if name == "" {
		return fmt.Errorf("segment %q: a wildcard needs a name; write {id}", part)
	}
	return nil
}

// foreign refuses the wildcards of other routers, which are literals here.
func foreign(part string, last bool) error {
	name := strings.Trim(part, ":*<>?")
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		name = name[i+1:] // <int:id>
	}
	if name == "" || checkName(name, part) != nil {
		name = "name"
	}
	switch {
	case strings.Contains(part, "*") && last:
		return fmt.Errorf("segment %q: \"*\" is no wildcard; "+
			"end the pattern in / for everything below, or write {%s} for one segment", part, name)
	case strings.Contains(part, "*"):
		return fmt.Errorf("segment %q: \"*\" is no wildcard; write {%s}", part, name)
	case part[0] == ':', part[0] == '<' && strings.HasSuffix(part, ">"):
		return fmt.Errorf("segment %q: is no wildcard; write {%s}", part, name)
	case strings.ContainsAny(part, "?#"):
		return fmt.Errorf("segment %q: a pattern is for a path alone; leave out what follows it", part)
	}
	return nil
}

// reachable refuses a literal that no request's path may hold, escaped or not.
func reachable(part, text string, allowed Forms) error {
	refused := func(form Forms, bytes string) bool { return allowed&form == 0 && strings.Contains(text, bytes) }
	isControl := func(r rune) bool { return r < ' ' || r == 0x7f }
	switch {
	case !utf8.ValidString(text):
		return fmt.Errorf("segment %q: must be UTF-8, as other requests are refused", part)
	case text == "." || text == "..":
		return fmt.Errorf("segment %q: is a dot segment, and such requests are refused", part)
	case strings.Contains(text, `\`) || strings.ContainsFunc(text, isControl):
		return fmt.Errorf("segment %q: must hold no backslash and no control character, as requests that do are refused",
			part)
	case refused(EncodedSlash, "/"), refused(Semicolon, ";"), refused(EncodedPercent, "%"):
		return fmt.Errorf("segment %q: must hold no slash, semicolon or percent sign, as requests that do are refused; "+
			"allow it for this route", part)
	}
	return nil
}
