package account

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/sallyport-dev/sallyport/problem"
)

// domains maps the domains of addresses as browsers map hosts (UTS 46, non-transitional).
var domains = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true))

// maxName bounds the names that are mapped: nothing longer is one.
const maxName = 1024

// canonical returns the form in which a username or an e-mail address is stored and looked up:
// without white space around it, in Unicode's form NFC, and with a domain of an address in
// another script as its A-labels. What cannot be mapped stays as it is, and is refused by the
// rules, or found to be nobody's.
func canonical(name string) string {
	if len(name) > maxName {
		return name
	}
	name = norm.NFC.String(strings.TrimFunc(name, unicode.IsSpace))
	at := strings.LastIndexByte(name, '@')
	if at < 0 || isASCII(name[at:]) {
		return name
	}
	if strings.ContainsFunc(name[at+1:], notInDomain) || mixed(name[at+1:]) {
		return name
	}
	domain, err := domains.ToASCII(name[at+1:])
	if err != nil {
		return name
	}
	return name[:at+1] + domain
}

// notInDomain reports a code point that a person would not write in a domain, such as one that
// cannot be seen and that the mapping would drop.
func notInDomain(r rune) bool {
	return r >= utf8.RuneSelf && !isWordRune(r) && !strings.ContainsRune("。．｡", r)
}

// isWordRune reports whether r is a letter, a mark or a digit of any script.
func isWordRune(r rune) bool { return unicode.In(r, unicode.L, unicode.M, unicode.N) }

// alike are the scripts that have letters of one shape.
var alike = []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Coptic, unicode.Armenian, unicode.Cherokee}

// mixed reports whether a name is of several scripts that look alike, as no honest one is
// (UTS 39 §5.2).
func mixed(name string) bool {
	scripts := 0
	for _, script := range alike {
		if strings.ContainsFunc(name, func(r rune) bool { return unicode.Is(script, r) }) {
			scripts++
		}
	}
	return scripts > 1
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// wrongWithEmail returns what is wrong with an address in its canonical form. Its local part may
// have letters, marks and digits of every script (RFC 6531 §3.3), and nothing else outside ASCII:
// what cannot be seen, or looks like punctuation, is refused, and so is a mixture of scripts. The
// rule for ASCII is asked with a letter for each of their bytes.
func wrongWithEmail(email string) []problem.Field {
	at := strings.LastIndexByte(email, '@')
	var seen strings.Builder
	if mixed(email[:max(at, 0)]) {
		seen.WriteByte(' ')
	}
	for _, r := range email[:max(at, 0)] {
		switch n := utf8.RuneLen(r); {
		case r < utf8.RuneSelf:
			seen.WriteRune(r)
		case r == utf8.RuneError || !isWordRune(r):
			seen.WriteByte(' ')
		default:
			seen.WriteString("xxxx"[:n])
		}
	}
	return addressRule.Value(address{seen.String() + email[max(at, 0):]})
}
