package openapi

import "strings"

// parametersFit reports whether the parameters of a Content-Type, which follow its first semicolon, leave the body's
// reading as it is: charset is UTF-8 and stands once, and others such as the profile of RFC 6906 say nothing of bytes.
// An empty one is allowed (RFC 9110 §5.6.6). What readers that look for charset= or application/json anywhere in the
// field would go by is refused, and so is a continuation of RFC 2231.
func parametersFit(name, parameters string) bool {
	charset := false
	for one := range strings.SplitSeq(parameters, ";") {
		one = strings.ToLower(strings.Trim(one, " \t"))
		if one == "" {
			continue
		}
		key, value, ok := strings.Cut(one, "=")
		value, quoted := withoutQuotes(value)
		switch {
		case !ok || !isToken(key) || !quoted && !isToken(value):
			return false
		case key == "charset" && !charset && (value == "utf-8" || value == "utf8"):
			charset = true
		case strings.HasPrefix(key, "charset"), key == "boundary", name == formType, misleads(value):
			return false
		}
	}
	return true
}

// misleads reports whether a reader that searches the whole Content-Type, as Laravel does for /json and +json, may take
// the body for one of another type because of text.
func misleads(text string) bool {
	text = strings.ToLower(text)
	for _, mark := range []string{"charset", "boundary", "/json", "+json", "form-data", "urlencoded", "multipart/", ","} {
		if strings.Contains(text, mark) {
			return true
		}
	}
	return false
}

// withoutQuotes takes the quotes off a value. One that needs them for a semicolon, a quote or a backslash is left as it is.
func withoutQuotes(value string) (string, bool) {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' || strings.ContainsAny(value[1:len(value)-1], "\"\\") {
		return value, false
	}
	return value[1 : len(value)-1], true
}

// posesAs reports whether a media type that is matched by a range is one that some reader takes for JSON or for a form:
// Rails reads application/jsonrequest and text/x-json, Rack multipart/related.
func posesAs(name string) bool {
	return !readable(name) && strings.HasPrefix(name, "multipart/") ||
		!isJSONType(name) && strings.Contains(name, "json") ||
		name != formType && strings.Contains(name, "urlencoded") || name == "application/x-url-encoded"
}
