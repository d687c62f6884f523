package formdata

import (
	"encoding/base64"
	"net/url"
	"strings"
)

// The rules of Content-Disposition.
const (
	ruleDisposition = `Content-Disposition must be form-data; name="…"; filename="…", in this form and order`
	ruleExtended    = "Content-Disposition must have no asterisk, but a filename* that says what filename says"
	ruleName        = "the name must not be empty, be in spaces, or hold what some readers decode, unescape or cut"
	ruleFilename    = "the filename must be UTF-8, not be a folder's, and hold no quote and no parameter"
)

// disposition reads a Content-Disposition. RFC 7578 §4.2 has name and filename in it, and forbids RFC 2231's forms:
// of name="a"; name*=utf-8”b, multer and PHP take a, and Go takes b.
func (p *Part) disposition(s string) (rule string) {
	rest, ok := strings.CutPrefix(s, "form-data;")
	if !ok {
		return ruleDisposition
	}

	rest, ok = strings.CutPrefix(strings.TrimPrefix(rest, " "), "name=")
	if !ok && strings.HasPrefix(rest, "name*") {
		return ruleExtended
	}
	name, rest, fine := cutValue(rest)
	switch {
	case !ok || !fine:
		return ruleDisposition
	case !isPlainName(name):
		return ruleName
	}
	p.Name = name
	if rest == "" {
		return ""
	}

	rest, ok = strings.CutPrefix(strings.TrimPrefix(rest, " "), "filename=")
	if !ok {
		if strings.IndexByte(rest, '*') >= 0 {
			return ruleExtended
		}
		return ruleDisposition
	}
	filename, rest, fine := cutValue(rest)
	switch {
	case !fine:
		return ruleDisposition
	case !isPlainFilename(filename):
		return ruleFilename
	case rest != "" && !sameFilename(strings.TrimPrefix(rest, " "), filename):
		return ruleExtended
	}
	p.File, p.Empty = true, filename == ""
	return ""
}

// cutValue cuts a token or a quoted-string off s, and the semicolon behind it. Browsers write a quote as %22 and
// nothing else for itself (WHATWG HTML §4.10.21.8); older clients escape it with a backslash. Where the two would
// end at different quotes, ok is false.
func cutValue(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		value, rest, more := strings.Cut(s, ";")
		return value, rest, isPlainToken(value) && (!more || rest != "")
	}
	end := strings.IndexByte(s[1:], '"') + 1
	if end == 0 {
		return "", "", false
	}
	value, rest = s[1:end], s[end+1:]
	if backslashes := len(value) - len(strings.TrimRight(value, `\`)); backslashes%2 != 0 {
		return "", "", false
	}
	if rest == "" {
		return value, "", true
	}
	rest, ok = strings.CutPrefix(rest, ";")
	return value, rest, ok && rest != ""
}

// isPlainName reports whether all readers take the same name from s: no escapes of either kind, and no encoded words
// of RFC 2047, which ASP.NET Core decodes.
func isPlainName(s string) bool {
	if s == "" || s[0] == ' ' || s[len(s)-1] == ' ' || strings.HasPrefix(s, "=?") || strings.ContainsAny(s, ";\\\t") {
		return false
	}
	for i := range len(s) - 2 {
		if s[i] == '%' && isHex(s[i+1]) && isHex(s[i+2]) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }

// isPlainFilename refuses what a reader cuts down to nothing, to then leave the part out: busboy takes what follows
// the last slash or backslash, and of that neither "." nor "..".
func isPlainFilename(s string) bool {
	base := s[strings.LastIndexAny(s, `/\`)+1:]
	return s == "" || strings.Trim(base, " .") != "" && strings.IndexByte(s, '\t') < 0 && !assigns(s)
}

// assigns reports whether Rack would take a part of a filename for a parameter: it looks for "; name=" in quotes too.
func assigns(s string) bool {
	for _, one := range strings.Split(s, ";")[1:] {
		name, _, ok := strings.Cut(one, "=")
		if ok && strings.HasSuffix(strings.TrimRight(strings.ToLower(name), " *0123456789"), "name") {
			return true
		}
	}
	return false
}

// sameFilename reports whether extended is a filename* (RFC 8187) that says the same as plain. .NET's HttpClient
// sends both for every file, and plain as an encoded word (RFC 2047) where it is not ASCII.
func sameFilename(extended, plain string) bool {
	const prefix = "filename*=utf-8''"
	if len(extended) < len(prefix) || !strings.EqualFold(extended[:len(prefix)], prefix) {
		return false
	}
	value := extended[len(prefix):]
	for i := range len(value) {
		if c := value[i]; c != '%' && !isPlainTokenByte(c) {
			return false
		}
	}
	name, err := url.PathUnescape(value)
	return err == nil && (name == plain || name == decodedWord(plain))
}

// decodedWord decodes s where it is one encoded word of UTF-8 in base64.
func decodedWord(s string) string {
	const prefix = "=?utf-8?b?"
	word, ok := strings.CutSuffix(s, "?=")
	if !ok || len(word) < len(prefix) || !strings.EqualFold(word[:len(prefix)], prefix) {
		return ""
	}
	text, err := base64.StdEncoding.Strict().DecodeString(word[len(prefix):])
	if err != nil || !isText(text) || !isPlainFilename(string(text)) {
		return ""
	}
	return string(text)
}
