package validate

import (
	"slices"
	"strings"
)

// text writes the rules of a text. A format is given twice, by its name and by a pattern
// and a length: few readers look at the name, and those that do read it more widely.
func (all *Schemas) text(s *shape, where string) Schema {
	out := sized(Schema{"type": "string"}, &s.rules, "Length")
	if enum, ok := s.said["enum"]; ok {
		set := strings.Split(enum, "|")
		slices.Sort(set)
		out["enum"] = slices.Compact(set)
	}
	if text, ok := s.said["pattern"]; ok {
		portable, ok := portablePattern(text)
		if !ok {
			all.errs = append(all.errs, &ConfigError{where, "pattern=" + text, "cannot be said in a schema: (?m) has no counterpart in ECMA-262"})
		}
		out["pattern"] = portable
	}
	for _, f := range formats {
		if _, ok := s.said[f.name]; ok {
			out = out.with(formatSchema(f.name))
		}
	}
	return out
}

const (
	atom   = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
	label  = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
	top    = "[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
	octet  = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
	host   = `(?:(?:` + label + `\.)*` + top + `|` + octet + `(?:\.` + octet + `){3}|\[[0-9A-Fa-f:.]+\])`
	port   = "(?::[1-9][0-9]{0,4})?"
	inURL  = `!$&'()*+,\-./0-9:;=@A-Z\[\]_a-z~` // and, where they mean themselves, % # ?
	opaque = `(?:[` + inURL + `]|%[0-9A-Fa-f]{2})*`
	loose  = `[` + inURL + `?%]*`
	frag   = `(?:[` + inURL + `?#]|%[0-9A-Fa-f]{2})*`

	day  = "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
	hour = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
)

// formatSchema is what a schema can say of the formats.
func formatSchema(name string) Schema {
	switch name {
	case "email":
		return Schema{"format": "email", "maxLength": 254, "pattern": `^` + atom + `(?:\.` + atom + `)*@(?:` + label + `\.)+` + top + `$`}
	case "url":
		return Schema{"format": "uri", "maxLength": 2048, "pattern": `^https?://` + host + port + `(?:/` + opaque + `)?(?:\?` + loose + `)?(?:#` + frag + `)?$`}
	case "uuid":
		return Schema{"format": "uuid", "pattern": "^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$"}
	case "time":
		return Schema{"format": "date-time", "maxLength": 64, "pattern": `^` + day + `T` + hour + `:[0-5][0-9](?:\.[0-9]+)?(?:Z|[+\-]` + hour + `)$`}
	default: // date
		return Schema{"format": "date", "pattern": `^` + day + `$`}
	}
}

// bytesSchema counts the characters of whole groups, so a size that is no multiple of
// three is said too widely.
func bytesSchema(r *rules) Schema {
	const groups = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$"
	out := Schema{"type": "string", "contentEncoding": "base64", "pattern": groups}
	if r.min > 0 {
		out["minLength"] = (r.min + 2) / 3 * 4
	}
	if r.max != unbounded {
		out["maxLength"] = (r.max + 2) / 3 * 4
	}
	return out
}
