package clientip

import "strings"

// lastForwarded takes the last element off a Forwarded line (RFC 7239 §4): pairs such
// as for=192.0.2.1;proto=https, each at most once, some values in quotes. An element
// whose for is "unknown" or an obfuscated name (§6.2, §6.3) has no address.
func lastForwarded(line string) (h hop, rest string, more, ok bool) {
	start, ok := lastElement(line)
	if !ok {
		return h, "", false, false
	}
	element := line[start:]
	if start > 0 {
		rest, more = line[:start-1], true
	}
	h, ok = parseElement(strings.Trim(element, " \t"))
	return h, rest, more, ok
}

// lastElement finds where the last element of a list begins: after the last comma
// outside quotes. Quotes can only be told from the left.
func lastElement(line string) (start int, ok bool) {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++
		case c == ',' && !quoted:
			start = i + 1
		}
	}
	return start, !quoted
}

func parseElement(s string) (h hop, ok bool) {
	var seen [4]bool // for, proto, by, host
	for more := true; more; {
		var name, value string
		if name, s, ok = strings.Cut(s, "="); !ok {
			return h, false
		}
		if value, s, more, ok = parseValue(s); !ok {
			return h, false
		}
		i := parameter(name)
		if i < 0 {
			continue // an extension (§5.5)
		}
		if seen[i] {
			return h, false
		}
		seen[i] = true
		switch i {
		case 0:
			if h.addr, ok = parseAddr(value); !ok && !nameless(value) {
				return h, false
			}
		case 1:
			h.secure = strings.EqualFold(value, "https")
		}
	}
	return h, seen[0]
}

func parameter(name string) int {
	for i, known := range [...]string{"for", "proto", "by", "host"} {
		if strings.EqualFold(name, known) {
			return i
		}
	}
	return -1
}

// parseValue reads a token or a quoted string, up to the next ; or the end. A
// backslash in quotes would be a second spelling of the same, and no proxy needs it:
// it is refused.
func parseValue(s string) (value, rest string, more, ok bool) {
	if quoted, found := strings.CutPrefix(s, `"`); found {
		end := strings.IndexByte(quoted, '"')
		if end < 0 || strings.IndexByte(quoted[:end], '\\') >= 0 {
			return "", "", false, false
		}
		value, rest = quoted[:end], quoted[end+1:]
		if rest == "" {
			return value, "", false, true
		}
		rest, ok = strings.CutPrefix(rest, ";")
		return value, rest, true, ok
	}
	value, rest, more = strings.Cut(s, ";")
	return value, rest, more, value != "" && !strings.ContainsAny(value, "\" \t,=:[]")
}

// nameless reports whether a node hides its address: unknown, or _name, either with a
// port.
func nameless(node string) bool {
	node, _, _ = strings.Cut(node, ":")
	return strings.EqualFold(node, "unknown") || len(node) > 1 && node[0] == '_'
}
